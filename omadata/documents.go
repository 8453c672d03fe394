package omadata

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/document"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// MostDocuments is how many documents of one grown-up are kept at a time in one matter.
const MostDocuments = 20

// documentField is what the record calls a document.
const documentField permission.Field = "fee.document"

// File is a file as somebody sends it.
type File struct {
	Name    string // as they call it; it says nothing of what it is
	Content []byte
}

// Document is a document that was sent in a matter.
type Document struct {
	ID    int64
	Adult int // who sent it: their number in the working, from 1; 0: somebody who has no say any more
	Name  string
	Kind  document.Kind
	Size  int // bytes
	Came  time.Time
	Until time.Time // it is kept until then, for a decision rests on it; zero: none does
	Gone  time.Time // it was deleted then; zero: it is there
	Why   string    // it is gone: store.GoneBySender and the like
}

func documentOf(d store.Document, adults []person.ID) Document {
	return Document{ID: d.ID, Adult: slices.Index(adults, d.Person) + 1, Name: d.Name, Kind: document.Kind(d.Kind), Size: d.Size, Came: d.Came, Until: d.Until, Gone: d.Gone, Why: d.Why}
}

// matterAct begins a resident's act in the matter of a fee.
func (s *Service) matterAct(who person.ID, verb string) (audit.Act, error) {
	return audit.Begin(actor(who), verb, Purpose, "GDPR 6(1)(c); "+Law, s.now())
}

// inMatter writes as a grown-up of the household, who has a say now.
func (s *Service) inMatter(ctx context.Context, who person.ID, n store.MatterID, verb string, do func(tx store.Tx, f *family) error) error {
	return s.steady(ctx, reading{who: who, verb: "look whose matter it is"}, n, func(f *family) error {
		act, err := s.matterAct(who, verb)
		if err != nil {
			return err
		}
		return s.write(ctx, act, func(tx store.Tx) error {
			if err := unmoved(tx, f); err != nil {
				return err
			}
			if !slices.Contains(f.adults, who) {
				return noMatter("omadata.Matter")
			}
			tx.About(matterName(n), who, f.matter.Child)
			return do(tx, f)
		})
	})
}

// Send keeps documents by which a grown-up tells their income, sealed, and puts the
// matter before a caseworker. It keeps all of them or none; what was sent before is
// kept once. Kept is how many are new. A file of a kind that is not taken, and more
// than MostDocuments, are Invalid; who has not chosen to send any is a Conflict.
func (s *Service) Send(ctx context.Context, who person.ID, n store.MatterID, files []File) (kept int, err error) {
	const op = "omadata.Send"
	kinds := make([]document.Kind, len(files))
	for i, f := range files {
		if kinds[i], err = document.Of(f.Content); err != nil {
			return 0, err
		}
	}
	err = s.inMatter(ctx, who, n, "send documents", func(tx store.Tx, f *family) error {
		kept = 0
		open, err := tx.OpenRequests(n)
		if err != nil {
			return err
		}
		way, err := s.wayOf(ctx, tx, f, who)
		if err != nil {
			return err
		}
		if way != Documents && !slices.ContainsFunc(open, asksForIncome) {
			return fault.New(fault.Conflict, op, "documents are not waited for").Do("choose first that you send documents")
		}
		there, err := tx.DocumentsIn(n)
		if err != nil {
			return err
		}
		mine := 0
		for _, d := range there {
			if d.Person == who && d.Gone.IsZero() {
				mine++
			}
		}
		size := 0
		for i, x := range files {
			_, fresh, err := tx.AddDocument(store.Document{Matter: n, Person: who, Came: s.now(), Kind: string(kinds[i]), Name: nameOf(x.Name)}, x.Content)
			if err != nil {
				return err
			}
			if fresh {
				kept, size = kept+1, size+len(x.Content)
			}
		}
		switch {
		case kept == 0:
			return store.ErrNothing
		case mine+kept > MostDocuments:
			return fault.New(fault.Invalid, op, "more than %d documents cannot be kept", MostDocuments).Do("delete those that are not needed, or put pages into one PDF")
		}
		tx.Fields([]permission.Field{documentField})
		tx.Detail("%d documents, %d bytes", kept, size)
		return s.putBefore(tx, f, who, open)
	})
	return kept, err
}

// asksForIncome reports whether a request waits for somebody to tell their income.
func asksForIncome(r store.Request) bool { return slices.Contains(incomeKinds(), r.Kind) }

// putBefore puts a matter before a caseworker, unless it is there already.
func (s *Service) putBefore(tx store.Tx, f *family, who person.ID, open []store.Request) error {
	if slices.ContainsFunc(open, asksForIncome) {
		return nil
	}
	now := s.now()
	_, err := tx.AddRequest(store.Request{Kind: RequestDocuments, Person: who, Matter: f.matter.ID, At: now, Due: now.AddDate(0, 0, answerDays), Basis: withoutDelay})
	return err
}

// mostName is how long the name of a document may be, in letters.
const mostName = 80

// nameOf is the name of a file as it is kept: its last part, without what cannot be
// seen, and cut where it is long.
func nameOf(name string) string {
	var out []rune
	for _, r := range name {
		switch {
		case r == '/' || r == '\\':
			out = out[:0]
		case r < ' ' || r == 0x7f || r == '\ufffd' || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
		default:
			out = append(out, r)
		}
	}
	if len(out) > mostName {
		out = append(out[:mostName-1], '…')
	}
	return string(out)
}

// wayOf is the way that somebody has chosen now; "": none, or another that ended.
func (s *Service) wayOf(ctx context.Context, tx store.Tx, f *family, who person.ID) (string, error) {
	row, ok, err := tx.Permit(s.c.Agreements[0].Purpose(), who, f.matter.Child)
	if err != nil || !ok {
		return "", err
	}
	switch row.State {
	case permission.Standing.String():
		return permission.WayPermit, nil
	case permission.Refused.String():
	default:
		return "", nil
	}
	p, err := s.restore(ctx, tx, row)
	if err != nil {
		return "", err
	}
	if way := p.Current().Way; way != "" {
		return way, nil
	}
	return NotNow, nil
}

// OwnDocument gives a document back to who sent it. It is a look at one's own data.
func (s *Service) OwnDocument(ctx context.Context, who person.ID, n store.MatterID, id int64) (Document, []byte, error) {
	act, err := s.ownAct(who, "look at own document")
	if err != nil {
		return Document{}, nil, err
	}
	return s.openDocument(ctx, act, id, func(d store.Document) bool { return d.Matter == n && d.Person == who && who.Known() })
}

// TaskDocument gives a document to the caseworker who has its matter before them.
func (s *Service) TaskDocument(ctx context.Context, officer string, task, id int64) (Document, []byte, error) {
	r, err := s.taskOf(ctx, officer, task)
	if err != nil {
		return Document{}, nil, err
	}
	act, err := s.staffAct(officer, "look at a document")
	if err != nil {
		return Document{}, nil, err
	}
	return s.openDocument(ctx, act, id, func(d store.Document) bool { return d.Matter == r.Matter })
}

// openDocument reads a document in one write with its entry. To those who may not see it, it
// is not there.
func (s *Service) openDocument(ctx context.Context, act audit.Act, id int64, may func(store.Document) bool) (out Document, content []byte, err error) {
	err = s.write(ctx, act, func(tx store.Tx) error {
		d, b, err := tx.OpenDocument(id)
		if err != nil {
			return err
		}
		if !may(d) {
			return fault.New(fault.Missing, "omadata.Document", "there is no such document")
		}
		tx.About(matterName(d.Matter), d.Person)
		tx.Fields([]permission.Field{documentField})
		tx.Detail("document %d", id)
		out, content = documentOf(d, nil), b
		return nil
	})
	if err != nil {
		return Document{}, nil, err // nothing is read without its entry
	}
	return out, content, nil
}

// DeleteDocument deletes a document at the word of who sent it, while no decision
// rests on it; then it is a Conflict, and the law says until when it is kept. A
// proposal that rests on it goes with it.
func (s *Service) DeleteDocument(ctx context.Context, who person.ID, n store.MatterID, id int64) error {
	const op = "omadata.DeleteDocument"
	return s.inMatter(ctx, who, n, "delete own documents", func(tx store.Tx, f *family) error {
		all, err := tx.DocumentsIn(n)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(d store.Document) bool { return d.ID == id && d.Person == who })
		switch {
		case i < 0 || !all[i].Gone.IsZero():
			return fault.New(fault.Missing, op, "there is no such document")
		case !all[i].Until.IsZero():
			return fault.New(fault.Conflict, op, "a decision rests on the document, and it is kept for that").Do("the page says until when, and by which law")
		}
		if err := tx.DeleteDocument(id, store.GoneBySender, s.now()); err != nil {
			return err
		}
		empty, err := s.dropAssessed(tx, f)
		tx.Fields([]permission.Field{documentField})
		tx.Detail("document %d; %d proposals without content", id, empty)
		return err
	})
}

// dropAssessed takes away an assessed fee that is not decided: what it rests on is
// there no more.
func (s *Service) dropAssessed(tx store.Tx, f *family) (int, error) {
	before, ok, err := tx.NewestProposal(f.matter.ID)
	if err != nil || !ok || before.State != store.ProposalOpen && before.State != store.ProposalAsked || len(before.Content) == 0 {
		return 0, err
	}
	w, err := workingOf(before)
	if err != nil || w.Assessed == nil {
		return 0, err
	}
	return tx.DropProposals(f.matter.ID)
}

// otherWay deletes the documents of somebody who tells their income in another way
// from now on, but for those on which a decision rests.
func (s *Service) otherWay(tx store.Tx, f *family, who person.ID) (gone int, err error) {
	if gone, err = s.deleteUndecided(tx, f.matter.ID, who, store.GoneByWay); err != nil || gone == 0 {
		return gone, err
	}
	_, err = s.dropAssessed(tx, f)
	return gone, err
}

// deleteUndecided deletes documents of a matter on which no decision rests; who 0:
// those of everybody.
func (s *Service) deleteUndecided(tx store.Tx, n store.MatterID, who person.ID, why string) (gone int, err error) {
	all, err := tx.DocumentsIn(n)
	for _, d := range all {
		if err != nil || !d.Gone.IsZero() || !d.Until.IsZero() || who != 0 && d.Person != who {
			continue
		}
		gone, err = gone+1, tx.DeleteDocument(d.ID, why, s.now())
	}
	return gone, err
}

// settleDocuments says, when a fee is decided, what becomes of the documents in its
// matter: as long as the pack says they are kept, if the decision rests on them.
func (s *Service) settleDocuments(tx store.Tx, p store.Proposal) error {
	w, err := workingOf(p)
	if err != nil {
		return err
	}
	keep := s.c.Fees.Documents().Keep
	switch {
	case w.Assessed == nil:
		_, err = s.deleteUndecided(tx, p.Matter, 0, store.GoneUnneeded)
	case keep.IsZero():
		_, err = s.deleteUndecided(tx, p.Matter, 0, store.GoneDecided)
	default:
		_, err = tx.KeepDocuments(p.Matter, keep.After(s.now()))
	}
	return err
}

// oldDocuments deletes documents whose time is over.
func (s *Service) oldDocuments(ctx context.Context) (did bool, err error) {
	act, err := s.upkeep("delete documents whose time is over")
	if err != nil {
		return false, err
	}
	err = s.write(ctx, act, func(tx store.Tx) error {
		now, k := s.now(), s.c.Fees.Documents().Undecided
		n, err := tx.DeleteDocuments(now, now.AddDate(-k.Years, -k.Months, -k.Days), stepBatch)
		if err == nil && n == 0 {
			err = store.ErrNothing
		}
		did = err == nil
		tx.Detail("%d documents", n)
		return err
	})
	return did && err == nil, err
}

// sent fills in the reader's own documents, and whether they can send any now.
func (s *Service) sent(ctx context.Context, who person.ID, f *family, out *Matter) error {
	act, err := s.ownAct(who, "look at own documents")
	if err != nil {
		return err
	}
	all, err := s.c.DB.DocumentsIn(ctx, act, f.matter.ID, who)
	for _, d := range all {
		out.Documents = append(out.Documents, documentOf(d, f.adults))
	}
	return err
}

func workingOf(p store.Proposal) (Working, error) {
	var w Working
	if err := json.Unmarshal(p.Content, &w); err != nil {
		return w, fault.New(fault.Tampered, "omadata.working", "a proposal is not readable")
	}
	return w, nil
}
