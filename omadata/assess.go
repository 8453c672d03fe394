package omadata

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// Assessment is a family's income as a caseworker puts it down.
type Assessment struct {
	Highest bool            `json:"highest,omitempty"` // the income was not told: the fee is the highest
	Adults  []AssessedAdult `json:"adults,omitempty"`  // in the order of the working
}

// AssessedAdult is the income of one grown-up of the household.
type AssessedAdult struct {
	Fetched bool           `json:"fetched,omitempty"` // what was fetched with their permission holds
	Income  []fee.Assessed `json:"income,omitempty"`  // a month, by kind; none: they have no income that counts
}

// Assessed is what a working keeps of an assessment.
type Assessed struct {
	Assessment
	By    string `json:"by"`            // who put it down, as in the record
	Words string `json:"words"`         // what they wrote to the family
	Raw   *raw   `json:"raw,omitempty"` // what had been worked out without it; nil: nothing was
}

// raw is a working before a caseworker's look, as far as a later one is held against
// it.
type raw struct {
	Euros  int       `json:"euros"`
	Size   int       `json:"size"`
	Unit   string    `json:"unit"`
	Income fee.Cents `json:"income"`
	Why    []string  `json:"why"` // a caseworker had to look
}

func rawOf(f fee.Fee, unit string) raw {
	r := raw{Euros: f.Euros, Size: f.Size, Unit: unit, Income: f.Income}
	for _, x := range f.Person {
		r.Why = append(r.Why, x.Key)
	}
	return r
}

// answers reports whether an assessment answers a working: nothing has come in that
// the caseworker has not seen.
func (a *Assessed) answers(r raw) bool {
	return a.Raw != nil && a.Raw.Income == r.Income && a.Raw.Unit == r.Unit && slices.Equal(a.Raw.Why, r.Why)
}

// applied puts an assessment in the place of what is known of the grown-ups.
func (a Assessment) applied(adults []fee.Adult) []fee.Adult {
	out := slices.Clone(adults)
	for i := range out {
		switch {
		case a.Highest:
			out[i] = fee.Adult{}
		case !a.Adults[i].Fetched:
			out[i] = fee.Adult{Assessed: append([]fee.Assessed{}, a.Adults[i].Income...)}
		}
	}
	return out
}

// needs reports whether the assessment rests on what was fetched of a grown-up.
func (a Assessment) needs(i int) bool { return !a.Highest && a.Adults[i].Fetched }

// assessedBefore is the assessment on which a matter's newest fee rests; nil when it
// rests on none, or the grown-ups of the household are others.
func (s *Service) assessedBefore(ctx context.Context, tx store.Tx, f *family) (*Assessed, error) {
	p, ok, err := tx.NewestProposal(f.matter.ID)
	if err != nil || !ok || len(p.Content) == 0 {
		return nil, err
	}
	w, err := workingOf(p)
	if err != nil || w.Assessed == nil || w.Adults != len(f.adults) {
		return nil, err
	}
	for i, id := range f.adults {
		row, ok, err := tx.Permit(s.c.Agreements[0].Purpose(), id, f.matter.Child)
		if err != nil {
			return nil, err
		}
		if !ok && w.numberOfAdult(i+1) != 0 || ok && w.numberOf(row.ID) != i+1 {
			return nil, nil //nolint:nilnil // another household
		}
		way, err := s.wayOf(ctx, tx, f, id)
		if err != nil || !w.Assessed.Highest && !w.Assessed.Adults[i].Fetched && way != Documents && way != permission.WayPermit {
			return nil, err // they tell their income so no more
		}
	}
	return w.Assessed, nil
}

// numberOfAdult is the permission under which the working knows a grown-up; 0: none.
func (w *Working) numberOfAdult(n int) int64 {
	for _, g := range w.Grounds {
		if g.Adult == n {
			return g.Permit
		}
	}
	return 0
}

// sourceDocuments is the source of a ground that a caseworker assessed.
const sourceDocuments = "assessed"

// assess works a fee out as a caseworker has assessed the income, inside a write: on
// what was fetched where the assessment says so, and on nothing that is not permitted.
func (s *Service) assess(ctx context.Context, tx store.Tx, act audit.Act, a permission.Agreement, f *family, as *Assessed) (worked, error) {
	const op = "omadata.Assess"
	x, ok, err := s.begun(tx, f)
	if err != nil {
		return x, err
	}
	if !ok {
		return x, fault.New(fault.Conflict, op, "the child is not in the city's early education: there is no fee")
	}
	if !as.Highest && len(as.Adults) != len(f.adults) {
		return x, fault.New(fault.Conflict, op, "the family is another than it was").Do("look at the task again")
	}
	if x.family.AcceptHighest, err = s.highestChosen(ctx, tx, a, f); err != nil {
		return x, err
	}
	if ok, err = s.earnings(ctx, atRead, tx, act, a, f, &x, as.needs); err != nil {
		return x, err
	}
	if !ok {
		return x, fault.New(fault.Conflict, op, "what was fetched of an adult is not there").Do("put down the income of each adult")
	}
	return x, s.put(tx, f, &x, as)
}

// put puts an assessment into a working.
func (s *Service) put(tx store.Tx, f *family, x *worked, as *Assessed) error {
	x.family.Adults = as.applied(x.family.Adults)
	x.w.Assessed = as
	for i, id := range f.adults {
		if as.needs(i) || x.w.numberOfAdult(i+1) != 0 {
			continue
		}
		row, ok, err := tx.Permit(s.c.Agreements[0].Purpose(), id, f.matter.Child)
		if err != nil {
			return err
		}
		if ok {
			x.w.Grounds = append(x.w.Grounds, Ground{Adult: i + 1, Permit: row.ID, Source: sourceDocuments})
		}
	}
	return nil
}

// Assess proposes to a family the fee that follows from its income as a caseworker has
// assessed it, and settles what waits in the matter with the words that they write to
// the family. The task must wait still.
func (s *Service) Assess(ctx context.Context, officer string, task int64, as Assessment, words string) error {
	const op = "omadata.Assess"
	words = strings.TrimSpace(words)
	if n := utf8.RuneCountInString(words); n < 3 || len(words) > mostWords {
		return fault.New(fault.Invalid, op, "say in 3 to %d letters what the income was assessed from", mostWords)
	}
	_, err := s.assessing(ctx, officer, task, "propose a fee as assessed", func(tx store.Tx, act audit.Act, a permission.Agreement, f *family) (FeeProposal, error) {
		open, err := tx.OpenRequests(f.matter.ID)
		if err != nil {
			return FeeProposal{}, err
		}
		if !slices.ContainsFunc(open, func(r store.Request) bool { return r.ID == task }) {
			return FeeProposal{}, fault.New(fault.Conflict, op, "the task is settled already").Do("look at it again")
		}
		kept := Assessed{Assessment: as, By: officer, Words: words}
		if kept.Raw, err = s.rawNow(ctx, tx, act, a, f); err != nil {
			return FeeProposal{}, err
		}
		x, err := s.assess(ctx, tx, act, a, f, &kept)
		if err != nil {
			return FeeProposal{}, err
		}
		out, err := s.compute(tx, f, x, true)
		if err != nil {
			return FeeProposal{}, err
		}
		settled := 0
		for _, r := range open {
			if asksForIncome(r) {
				settled++
				if _, err := tx.SettleRequest(r.ID, officer, words, s.now()); err != nil {
					return FeeProposal{}, err
				}
				tx.About("", r.Person)
			}
		}
		tx.Detail("%s; %d tasks settled", out.what, settled)
		return FeeProposal{}, tx.MatterLooked(f.matter.ID, s.now())
	})
	return err
}

// TryAssessment says what fee would follow from an assessment. Nothing is proposed.
func (s *Service) TryAssessment(ctx context.Context, officer string, task int64, as Assessment) (FeeProposal, error) {
	return s.assessing(ctx, officer, task, "try an assessment of income", func(tx store.Tx, act audit.Act, a permission.Agreement, f *family) (FeeProposal, error) {
		x, err := s.assess(ctx, tx, act, a, f, &Assessed{Assessment: as, By: officer})
		if err != nil {
			return FeeProposal{}, err
		}
		out := FeeProposal{Made: s.now(), Working: x.w}
		out.Working.Fee, err = s.c.Fees.Compute(x.family, x.child)
		out.Working.Fee.Person = nil
		return out, err
	})
}

// assessing does a caseworker's act in the matter of a task.
func (s *Service) assessing(ctx context.Context, officer string, task int64, verb string, do func(store.Tx, audit.Act, permission.Agreement, *family) (FeeProposal, error)) (out FeeProposal, err error) {
	r, err := s.taskOf(ctx, officer, task)
	if err != nil {
		return out, err
	}
	a, err := s.Agreement()
	if err != nil {
		return out, err
	}
	act, err := s.assessAct(ctx, officer, verb, r.Matter, a)
	if err != nil {
		return out, err
	}
	err = s.steady(ctx, reading{staff: officer, verb: "read the family of a task"}, r.Matter, func(f *family) error {
		return s.write(ctx, act, func(tx store.Tx) error {
			if err := unmoved(tx, f); err != nil {
				return err
			}
			tx.About(matterName(r.Matter), append(slices.Clone(f.adults), f.matter.Child)...)
			tx.Fields([]permission.Field{"fee.working"})
			out, err = do(tx, act, a, f)
			return err
		})
	})
	if err != nil {
		return FeeProposal{}, err
	}
	return out, nil
}

// assessAct begins a caseworker's act: under the agreement's purpose where somebody's
// permission stands, for then what was fetched is looked at, too; else under that of the
// fee.
func (s *Service) assessAct(ctx context.Context, officer, verb string, n store.MatterID, a permission.Agreement) (audit.Act, error) {
	m, err := s.c.DB.Matter(ctx, n)
	if err != nil {
		return audit.Act{}, err
	}
	permits, err := s.c.DB.PermitsAbout(ctx, m.Child)
	if err != nil {
		return audit.Act{}, err
	}
	if !slices.ContainsFunc(permits, func(p store.Permit) bool { return p.State == permission.Standing.String() }) {
		return s.staffAct(officer, verb)
	}
	x := a.Spec()
	return audit.Begin(officer, verb, x.Purpose, x.Basis+"; "+x.Law, s.now())
}

// rawNow is what follows now from what was fetched, if all was: what the caseworker has
// before them.
func (s *Service) rawNow(ctx context.Context, tx store.Tx, act audit.Act, a permission.Agreement, f *family) (*raw, error) {
	x, ok, err := s.begun(tx, f)
	if err != nil || !ok || act.Purpose() != a.Purpose() {
		return nil, err
	}
	if ok, err = s.earnings(ctx, atRead, tx, act, a, f, &x, everybody); err != nil || !ok {
		return nil, err
	}
	made, err := s.c.Fees.Compute(x.family, x.child)
	if err != nil {
		return nil, err
	}
	r := rawOf(made, x.w.Unit)
	return &r, nil
}

func everybody(int) bool { return true }

// worked is a fee on its way: the family and what the working stands on so far.
type worked struct {
	family  fee.Family
	child   int // in the family
	w       Working
	grounds []store.Basis
	read    []person.ID // whose fetched data was read
}

// begun is the family of a matter, without anybody's income; ok is false when there is
// no fee to work out.
func (s *Service) begun(tx store.Tx, f *family) (worked, bool, error) {
	x := worked{child: slices.Index(f.home, f.matter.Child)}
	c := f.care[f.matter.Child]
	if x.child < 0 || c.unit == "" || !c.municipal || len(f.adults) == 0 {
		return x, false, nil
	}
	x.family = fee.Family{On: s.now().Truncate(24 * time.Hour), Adults: make([]fee.Adult, len(f.adults))}
	for i, id := range f.home {
		k := fee.Child{Born: f.born[id]}
		if e := f.care[id]; e.unit != "" && e.municipal {
			h, err := s.hoursIn(tx, id)
			if err != nil {
				return x, false, err
			}
			k.Hours, k.PrePrimary = h, e.prePrimary
		}
		if x.family.Children = append(x.family.Children, k); i == x.child {
			x.w.Hours = k.Hours
		}
	}
	x.w.Unit, x.w.On, x.w.Adults = c.unit, x.family.On, len(f.adults)
	return x, true, nil
}
