package omadata

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register/incomes"
	"ennakko/store"
)

// Working is a fee as it was proposed, with all that it stands on: it is what the
// decision keeps as its grounds.
type Working struct {
	Fee     fee.Fee   `json:"fee"`
	Unit    string    `json:"unit"`  // the care place that goes with it
	On      time.Time `json:"on"`    // the day as of which it was worked out
	Hours   fee.Hours `json:"hours"` // a week, as the family wants them, or as is usual
	Adults  int       `json:"adults"`
	Anew    bool      `json:"anew"`    // another fee stood before
	Grounds []Ground  `json:"grounds"` // none: the highest fee was chosen
	// Picture is the fee by income, with all else as it is; nil: it does not hang on income.
	Picture *fee.Picture `json:"picture,omitempty"`
	// Assessed is what a caseworker put down; nil: all was computed.
	Assessed *Assessed `json:"assessed,omitempty"`
}

// Ground is what the working rests on of one grown-up.
type Ground struct {
	Adult   int           `json:"adult"` // from 1, as in the words of the working
	Permit  int64         `json:"permission"`
	Source  string        `json:"source"`
	Request string        `json:"request"`
	First   incomes.Month `json:"first"`
	Last    incomes.Month `json:"last"`
}

// Format hides the working from every verb of fmt.
func (Working) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[fee with its working]") }

// propose works the fee of a matter out anew, if all grown-ups have chosen and all
// that they permitted has come.
func (s *Service) propose(ctx context.Context, n store.MatterID) error {
	a, err := s.Agreement()
	if err != nil {
		return err
	}
	return s.steady(ctx, reading{verb: "read the family to propose a fee"}, n, func(f *family) error {
		act, err := s.act(0, "propose a fee", a)
		if err != nil {
			return err
		}
		return s.write(ctx, act, func(tx store.Tx) error {
			if err := unmoved(tx, f); err != nil {
				return err
			}
			if m, err := tx.Matter(n); err != nil || !m.Looked.Equal(f.matter.Looked) {
				return cmp.Or(err, store.ErrNothing) // another process has worked it out
			}
			out, err := s.proposeIn(ctx, atRead, tx, act, a, f)
			if err != nil {
				return err
			}
			tx.About(matterName(n), append(out.read, f.matter.Child)...)
			if len(out.read) > 0 {
				tx.Fields(a.Fields())
			}
			tx.Detail("%s", out.what)
			if _, err := s.noteFamily(tx, f); err != nil {
				return err
			}
			return tx.MatterLooked(n, s.now())
		})
	})
}

// outcome is what came of working a matter out.
type outcome struct {
	what string      // for the entry
	read []person.ID // whose fetched data was read
	made bool        // a proposal
}

// proposeIn works a matter out inside a write: on what was permitted and fetched, or as
// a caseworker has assessed it.
func (s *Service) proposeIn(ctx context.Context, where string, tx store.Tx, act audit.Act, a permission.Agreement, f *family) (outcome, error) {
	x, ok, err := s.begun(tx, f)
	if err != nil || !ok {
		return outcome{what: "there is no fee to propose: the child is not in the city's early education"}, err
	}
	if x.family.AcceptHighest, err = s.highestChosen(ctx, tx, a, f); err != nil {
		return outcome{}, err
	}
	if x.family.AcceptHighest {
		return s.compute(tx, f, x, false)
	}
	before, err := s.assessedBefore(ctx, tx, f)
	if err != nil {
		return outcome{}, err
	}
	need := everybody
	if ok, err = s.earnings(ctx, where, tx, act, a, f, &x, need); err == nil && !ok && before != nil {
		need = before.needs
		ok, err = s.earnings(ctx, where, tx, act, a, f, &x, need)
	} else if err == nil && ok && before != nil {
		made, failed := s.c.Fees.Compute(x.family, x.child)
		if failed != nil {
			return outcome{}, failed
		}
		if !before.answers(rawOf(made, x.w.Unit)) {
			before = nil // something has come in that nobody has looked at
		}
	}
	if err != nil || !ok {
		return outcome{what: "nothing is proposed yet: not all has been permitted and fetched"}, err
	}
	if before != nil {
		if err := s.put(tx, f, &x, before); err != nil {
			return outcome{}, err
		}
	}
	out, err := s.compute(tx, f, x, false)
	out.read = x.read
	return out, err
}

// highestChosen reports whether a grown-up of the household has accepted the
// highest fee: then nobody's income matters.
func (s *Service) highestChosen(ctx context.Context, tx store.Tx, a permission.Agreement, f *family) (bool, error) {
	for _, id := range f.adults {
		row, ok, err := tx.Permit(a.Purpose(), id, f.matter.Child)
		if err != nil {
			return false, err
		}
		if !ok || row.State != permission.Refused.String() {
			continue
		}
		p, err := s.restore(ctx, tx, row)
		if err != nil {
			return false, err
		}
		if p.Current().Way == Highest {
			return true, nil
		}
	}
	return false, nil
}

// earnings reads what was fetched of the grown-ups who are needed, each under their own
// permission as it stands at this moment. Ok is false when one does not stand or has
// brought nothing: then nothing is read.
func (s *Service) earnings(ctx context.Context, where string, tx store.Tx, act audit.Act, a permission.Agreement, f *family, x *worked, need func(adult int) bool) (bool, error) {
	type open struct {
		grant permission.Grant
		from  store.Handover
	}
	var all []open
	for i, id := range f.adults {
		if !need(i) {
			continue
		}
		row, ok, err := tx.Permit(a.Purpose(), id, f.matter.Child)
		if err != nil || !ok {
			return false, err
		}
		text, err := s.text(ctx, row.Purpose, row.Version)
		if err != nil {
			return false, err
		}
		g, err := s.grant(ctx, where, tx, act, text, f, id)
		if permission.IsViolation(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		kept, err := tx.HandoversOf(row.ID)
		if err != nil {
			return false, err
		}
		for _, src := range text.Spec().Sources {
			i := slices.IndexFunc(kept, func(h store.Handover) bool { return h.Source == src.ID && h.State == store.HandoverGot })
			if i < 0 {
				return false, nil
			}
			all = append(all, open{g, kept[i]})
		}
	}
	for _, o := range all {
		p, err := tx.OpenHandover(o.grant, o.from.ID)
		if err != nil {
			return false, err
		}
		var got Fetched
		if err := json.Unmarshal(p.Content, &got); err != nil {
			return false, fault.New(fault.Tampered, "omadata.propose", "what is kept of a source is not readable")
		}
		adult := slices.Index(f.adults, p.Subject)
		if err := earned(&x.family.Adults[adult], got); err != nil {
			return false, err
		}
		x.w.Grounds = append(x.w.Grounds, Ground{adult + 1, o.from.Permission, o.from.Source, o.from.Request, got.First, got.Last})
		x.grounds = append(x.grounds, store.Basis{Permission: o.from.Permission, Handover: o.from.ID})
		if !slices.Contains(x.read, p.Subject) {
			x.read = append(x.read, p.Subject)
		}
	}
	if len(all) > 0 {
		tx.Fields(a.Fields())
	}
	return true, nil
}

// earned puts what was fetched into the form of the fee.
func earned(a *fee.Adult, x Fetched) error {
	if x.First.First().IsZero() || x.Last.First().IsZero() {
		return fault.New(fault.Tampered, "omadata.propose", "the months of an income are not readable")
	}
	a.First, a.Last = fee.MonthOf(x.First.First()), fee.MonthOf(x.Last.First())
	for _, i := range x.Income {
		a.Income = append(a.Income, fee.Income{Month: fee.MonthOf(i.Month.First()), Kind: fee.Kind(i.Kind), Cents: fee.Cents(i.Cents)})
		a.Entrepreneur = a.Entrepreneur || i.Kind == incomes.Entrepreneur
	}
	return nil
}

// compute makes the proposal, unless the same fee stands already; always: also then.
func (s *Service) compute(tx store.Tx, f *family, x worked, always bool) (outcome, error) {
	var err error
	w := x.w
	if w.Fee, err = s.c.Fees.Compute(x.family, x.child); err != nil {
		return outcome{}, err
	}
	if w.Assessed != nil {
		w.Fee.Person = nil // a person has looked
	}
	before, there, err := tx.NewestProposal(f.matter.ID)
	if err != nil {
		return outcome{}, err
	}
	if there && len(before.Content) > 0 {
		old, err := workingOf(before)
		if err != nil {
			return outcome{}, err
		}
		if !always && w.same(old) {
			return outcome{what: "the fee stays as it is"}, nil
		}
		w.Anew = true
	}
	if err := s.draw(x.family, x.child, &w); err != nil {
		return outcome{}, err
	}
	p := store.Proposal{Matter: f.matter.ID, Made: s.now(), State: store.ProposalOpen, Grounds: x.grounds}
	if len(w.Fee.Person) > 0 {
		p.State = store.ProposalAsked
	}
	if p.Content, err = json.Marshal(w); err != nil {
		return outcome{}, fault.Wrap(err, "omadata.propose", "the working cannot be written")
	}
	id, err := tx.AddProposal(p)
	if err != nil {
		return outcome{}, err
	}
	out := outcome{what: fmt.Sprintf("proposal %d, from %d answers of sources", id, len(x.grounds)), made: true}
	if p.State == store.ProposalAsked {
		var why []string
		for _, r := range w.Fee.Person {
			why = append(why, r.Key)
		}
		out.what += "; a person must look: " + strings.Join(why, ", ")
		err = s.mustLook(tx, f, strings.Join(why, ", "))
	}
	return out, err
}

// mustLook puts a working before a caseworker, once.
func (s *Service) mustLook(tx store.Tx, f *family, why string) error {
	open, err := tx.OpenRequests(f.matter.ID)
	if err != nil || slices.ContainsFunc(open, func(r store.Request) bool { return r.Kind == RequestReason }) {
		return err
	}
	_, err = tx.AddRequest(store.Request{Kind: RequestReason, Person: f.adults[0], Matter: f.matter.ID, At: s.now(), Due: s.now().AddDate(0, 0, answerDays), Basis: withoutDelay, Words: why})
	return err
}

// draw adds the picture of the fee by income, where the fee hangs on it.
func (s *Service) draw(f fee.Family, child int, w *Working) error {
	if w.Fee.Highest {
		return nil
	}
	x, err := s.c.Fees.Picture(f, child)
	if fault.KindOf(err) == fault.Missing && err != nil {
		return nil //nolint:nilerr // nothing is charged whatever the income
	}
	w.Picture = &x
	return err
}

// seenBy cuts the working to what one grown-up may see: lines that tell of another's
// income alone are left out. Own is the reader's number in the working; 0: none of
// them is the reader's.
func (w *Working) seenBy(own int) {
	w.Fee.Lines = slices.DeleteFunc(w.Fee.Lines, func(l fee.Line) bool { return l.Adult != 0 && l.Adult != own })
}

// numberOf is the number in the working of the grown-up whose permission it is; 0 if
// nothing of theirs is in it.
func (w *Working) numberOf(permit int64) int {
	for _, g := range w.Grounds {
		if permit != 0 && g.Permit == permit {
			return g.Adult
		}
	}
	return 0
}

// same reports whether a family would pay the same for the same hours at the same place.
func (w Working) same(old Working) bool {
	return w.Fee.Euros == old.Fee.Euros && w.Hours == old.Hours && w.Fee.Highest == old.Fee.Highest && w.Unit == old.Unit && w.Fee.Size == old.Fee.Size && (len(w.Fee.Person) > 0) == (len(old.Fee.Person) > 0)
}

// onlyGuardians is what a parent's partner learns who would decide about the child.
func onlyGuardians(op string) error {
	return fault.New(fault.Refused, op, "only who acts for the child decides this").Do("let the child's guardian do it, or ask a person of the city")
}

// AnswerSeen takes the answer of a grown-up of the household to the proposal that they
// saw (0: whichever is open): it is accepted, and so decided, or a person of the city is
// asked to look. When another has come in its place: Conflict.
func (s *Service) AnswerSeen(ctx context.Context, who person.ID, n store.MatterID, seen int64, accept bool, words string) error {
	const op = "omadata.Answer"
	a, err := s.Agreement()
	if err != nil {
		return err
	}
	if len(words) > mostWords {
		return fault.New(fault.Invalid, op, "the words are too long").Do("write at most %d letters", mostWords)
	}
	verb, state := "accept a fee", store.ProposalAccepted
	if !accept {
		verb, state = "ask a person to look at a fee", store.ProposalAsked
	}
	return s.steady(ctx, reading{who: who, verb: "look whose matter it is"}, n, func(f *family) error {
		act, err := audit.Begin(actor(who), verb, Purpose, "GDPR 6(1)(c); "+Law, s.now())
		if err != nil {
			return err
		}
		return s.write(ctx, act, func(tx store.Tx) error {
			if err := unmoved(tx, f); err != nil {
				return err
			}
			if !slices.Contains(f.adults, who) {
				return noMatter(op)
			}
			if accept && f.partners[who] {
				return onlyGuardians(op)
			}
			p, ok, err := tx.NewestProposal(n)
			if err == nil && (!ok || p.State != store.ProposalOpen || seen != 0 && seen != p.ID) {
				err = fault.New(fault.Conflict, op, "there is no proposal that waits for an answer").Do("look at the matter again")
			}
			if err == nil && accept {
				err = s.acceptable(ctx, tx, f, p)
			}
			if err != nil {
				return err
			}
			if err := tx.AnswerProposal(p.ID, state, who, words, s.now()); err != nil {
				return err
			}
			if accept {
				if err := s.settleDocuments(tx, p); err != nil {
					return err
				}
			} else {
				if _, err := tx.AddRequest(store.Request{Kind: RequestPerson, Person: who, Matter: n, At: s.now(), Due: s.now().AddDate(0, 0, answerDays), Basis: withoutDelay, Words: words}); err != nil {
					return err
				}
			}
			tx.About(matterName(n), append(slices.Clone(f.adults), f.matter.Child)...)
			tx.Detail("proposal %d of agreement %s version %d", p.ID, a.Purpose(), a.Version())
			return nil
		})
	})
}

// mostWords is the longest text that somebody may write with an answer, in bytes.
const mostWords = 2000

// Review works out anew the fee of everyone with a standing permission, as when
// the law's figures change. It goes by blocks of matters; each block is one write
// with one entry, and looks at each permission at its own moment, so that whoever
// withdraws while it runs is left out of the next block. It returns how many
// proposals were made.
func (s *Service) Review(ctx context.Context) (made int, err error) {
	a, err := s.Agreement()
	if err != nil {
		return 0, err
	}
	for after, block := store.MatterID(0), 1; ; block++ {
		s.beforeBlock(block)
		ids, err := s.c.DB.MattersAfter(ctx, Purpose, after, s.c.Block)
		if err != nil || len(ids) == 0 {
			return made, err
		}
		after = ids[len(ids)-1]
		n, err := s.reviewBlock(ctx, a, ids)
		made += n
		if err != nil {
			return made, err
		}
	}
}

func (s *Service) reviewBlock(ctx context.Context, a permission.Agreement, ids []store.MatterID) (made int, err error) {
	matters := make([]store.Matter, len(ids))
	for i, id := range ids {
		if matters[i], err = s.c.DB.Matter(ctx, id); err != nil {
			return 0, err
		}
	}
	act, err := s.act(0, "work fees out anew", a)
	if err != nil {
		return 0, err
	}
	for range mostMoves {
		families, err := s.families(ctx, reading{verb: "read families to work fees out anew"}, matters)
		if err != nil {
			return 0, err
		}
		err = s.write(ctx, act, func(tx store.Tx) error {
			made = 0
			read := roaring.New()
			for _, f := range families { // before anything is read
				if err := unmoved(tx, f); err != nil {
					return err
				}
			}
			for _, f := range families {
				out, err := s.proposeIn(ctx, atBatch, tx, act, a, f)
				if err != nil {
					return err
				}
				if out.made {
					made++
				}
				for _, id := range out.read {
					read.Add(uint32(id))
				}
			}
			if read.IsEmpty() && made == 0 {
				return store.ErrNothing
			}
			for it := read.Iterator(); it.HasNext(); {
				tx.About("", person.ID(it.Next()))
			}
			tx.About(fmt.Sprintf("matters %d to %d", ids[0], ids[len(ids)-1]))
			tx.Fields(a.Fields())
			tx.Detail("%d proposals", made)
			return nil
		})
		if !errors.Is(err, errMoved) {
			return made, err
		}
	}
	return 0, fault.New(fault.Later, "omadata.Review", "registers keep coming in").Do("try again in a moment")
}
