package omadata

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// taskKinds are the requests that wait for a caseworker.
func taskKinds() []string {
	return append(incomeKinds(), RequestPlace)
}

// incomeKinds are those that wait for somebody's income to be looked at.
func incomeKinds() []string {
	return []string{RequestDocuments, RequestPerson, RequestReason, RequestSource}
}

// mostTasks is how many tasks are listed.
const mostTasks = 200

// Task is what waits for a caseworker, with the matter it is in.
type Task struct {
	store.Request
	Child  string       // the given name
	Adults []string     // of the household, given names, in the order of the working
	Fee    *FeeProposal // the newest, with all its lines; nil: none

	Told      []Telling  // how each of them tells their income
	Documents []Document // that were sent in the matter, oldest first
	Hours     fee.Hours  // of care a week, as the family wants them or as is usual
}

// Telling is how a grown-up tells their income.
type Telling struct {
	Way     string // "": they have not chosen
	Fetched bool   // it was fetched with their permission, and is there
}

// staffAct begins an officer's act on matters of the fee.
func (s *Service) staffAct(officer, verb string) (audit.Act, error) {
	return audit.Begin(officer, verb, Purpose, "GDPR 6(1)(c); "+Law, s.now())
}

// Tasks are what waits for a caseworker, by the day of answer, and the newest that are
// settled. They name nobody. The look is on the record.
func (s *Service) Tasks(ctx context.Context, officer string) ([]store.Request, error) {
	act, err := s.staffAct(officer, "look at tasks of fees")
	if err != nil {
		return nil, err
	}
	all, err := s.c.DB.RequestsOfKinds(ctx, act, taskKinds(), 0, mostTasks)
	for i := range all {
		all[i].Person, all[i].Words, all[i].Answer = 0, "", ""
	}
	return all, err
}

// Task is one of them with its matter, for the caseworker who takes it up.
func (s *Service) Task(ctx context.Context, officer string, id int64) (Task, error) {
	r, err := s.taskOf(ctx, officer, id)
	if err != nil {
		return Task{}, err
	}
	out := Task{Request: r, Hours: s.c.Hours}
	m, err := s.c.DB.Matter(ctx, out.Matter)
	if err != nil {
		return out, err
	}
	families, err := s.families(ctx, reading{staff: officer, verb: "read the family of a task", names: true}, []store.Matter{m})
	if err != nil {
		return out, err
	}
	f := families[0]
	out.Child = f.names[m.Child]
	for _, id := range f.adults {
		out.Adults = append(out.Adults, f.names[id])
		t, err := s.telling(ctx, id, f)
		if err != nil {
			return out, err
		}
		out.Told = append(out.Told, t)
	}
	if h, ok, err := s.c.DB.HoursOf(ctx, Purpose, m.Child); err != nil {
		return out, err
	} else if ok {
		out.Hours = fee.Hours(h)
	}
	act, err := s.staffAct(officer, "look at a task of a fee")
	if err != nil {
		return out, err
	}
	all, err := s.c.DB.DocumentsIn(ctx, act, m.ID, 0)
	if err != nil {
		return out, err
	}
	for _, d := range all {
		out.Documents = append(out.Documents, documentOf(d, f.adults))
	}
	proposals, err := s.c.DB.Proposals(ctx, act, m.ID)
	if err != nil {
		return out, err
	}
	for _, p := range proposals {
		if len(p.Content) > 0 && p.State != store.ProposalReplaced {
			out.Fee, err = feeOf(p)
			return out, err
		}
	}
	return out, nil
}

// taskOf finds a task.
func (s *Service) taskOf(ctx context.Context, officer string, id int64) (store.Request, error) {
	act, err := s.staffAct(officer, "look at a task of a fee")
	if err != nil {
		return store.Request{}, err
	}
	found, err := s.c.DB.RequestsOfKinds(ctx, act, taskKinds(), id, 1)
	if err != nil {
		return store.Request{}, err
	}
	if id < 1 || len(found) == 0 {
		return store.Request{}, fault.New(fault.Missing, "omadata.Task", "there is no such task")
	}
	return found[0], s.notOwn(ctx, officer, found[0].Matter)
}

// notOwn fails with Refused when a matter is of the officer's own family: they are of its
// household, the child itself, or its guardian wherever they live. Who a member of the staff is comes
// from the log-in; where it does not say, nothing is known.
//
// Source: Administrative Procedure Act 434/2003, sections 27 and 28.
func (s *Service) notOwn(ctx context.Context, officer string, n store.MatterID) error {
	who, err := s.c.DB.PersonOfStaff(ctx, officer)
	if err != nil || !who.Known() {
		return err
	}
	f, err := s.familyOf(ctx, reading{staff: officer, verb: "look whether a task is of the officer's own family"}, n)
	if err != nil {
		return err
	}
	for _, all := range [][]person.ID{people(f.matter), f.adults, f.home, f.guards} {
		if slices.Contains(all, who) {
			return fault.New(fault.Refused, "omadata.Task", "this matter is of your own family").Do("let a colleague take it up").Because(access.OwnFamily(access.SeeCase))
		}
	}
	return nil
}

// telling is how somebody tells their income now.
func (s *Service) telling(ctx context.Context, who person.ID, f *family) (out Telling, err error) {
	row, ok, err := s.permitIn(ctx, who, f.matter.Child)
	if err != nil || !ok {
		return out, err
	}
	p, a, err := s.lifeOf(ctx, row)
	if err != nil {
		return out, err
	}
	stands, _ := p.Stands(s.now(), a, f)
	switch {
	case stands:
		out.Way = permission.WayPermit
	case p.State() == permission.Refused:
		out.Way = cmp.Or(p.Current().Way, NotNow)
		return out, nil
	default:
		return out, nil
	}
	kept, err := s.c.DB.Handovers(ctx, row.ID)
	out.Fetched = slices.ContainsFunc(kept, func(h store.Handover) bool { return h.State == store.HandoverGot })
	return out, err
}

// Sent counts the documents that are there, by matter. It tells of nobody.
func (s *Service) Sent(ctx context.Context) (map[store.MatterID]store.SentIn, error) {
	return s.c.DB.SentIn(ctx)
}

// Kinds are the kinds of income that a caseworker can put down.
func (s *Service) Kinds() []fee.KindOfIncome { return s.c.Fees.Kinds() }

// Paper is what the city says of documents: where they go, and how long they are kept.
func (s *Service) Paper() fee.Documents { return s.c.Fees.Documents() }

// SettleTask notes what a caseworker did about a task. Whoever asked sees the words.
func (s *Service) SettleTask(ctx context.Context, officer string, id int64, words string) error {
	const op = "omadata.SettleTask"
	words = strings.TrimSpace(words)
	if n := utf8.RuneCountInString(words); n < 3 || len(words) > mostWords {
		return fault.New(fault.Invalid, op, "say in 3 to %d letters what was done", mostWords)
	}
	if _, err := s.taskOf(ctx, officer, id); err != nil {
		return err
	}
	act, err := s.staffAct(officer, "settle a task of a fee")
	if err != nil {
		return err
	}
	return s.write(ctx, act, func(tx store.Tx) error {
		r, err := tx.SettleRequest(id, officer, words, s.now())
		if err == nil && !slices.Contains(taskKinds(), r.Kind) {
			err = fault.New(fault.Missing, op, "there is no such task")
		}
		if err == nil {
			tx.About(matterName(r.Matter), r.Person)
		}
		return err
	})
}

// answered finds what a caseworker answered to somebody last, in a matter.
func (s *Service) answered(ctx context.Context, who person.ID, _ *family, out *Matter) error {
	act, err := s.ownAct(who, "look at own requests")
	if err != nil {
		return err
	}
	all, err := s.c.DB.RequestsOf(ctx, act, who)
	for _, r := range all {
		if r.Matter == out.N && !r.Settled.IsZero() && r.Settled.After(out.AnsweredAt) {
			out.Answer, out.AnsweredAt = r.Answer, r.Settled
		}
		if r.Matter == out.N && r.Settled.IsZero() && r.Kind == RequestPlace {
			out.PlaceAsked = r.At
		}
	}
	return err
}
