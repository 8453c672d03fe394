package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"ennakko/fault"
)

// assessments are what a caseworker looks at and puts down. Each look is on the
// record, with its purpose and basis.
type assessments interface {
	// TaskDocument is a document of the task's matter, with its content.
	TaskDocument(ctx context.Context, officer string, task, id int64) (sentFile, error)
	// TryAssessment says what fee would follow; nothing is proposed.
	TryAssessment(ctx context.Context, officer string, task int64, a assessment) (*proposal, error)
	// Assess proposes the fee that follows to the family, and settles the task.
	Assess(ctx context.Context, officer string, task int64, a assessment, words string) error
}

// assessment is a family's income as a caseworker puts it down.
type assessment struct {
	Highest bool // the income was not told
	Adults  []assessedAdult
}

// assessedAdult is the income of one grown-up.
type assessedAdult struct {
	Fetched bool
	Income  []assessedIncome // none: no income that counts
}

type assessedIncome struct {
	Kind  string
	Cents int64 // a month
}

// telling is how a grown-up tells their income.
type telling struct {
	Name    string
	Way     string // with words: told.<way>; "": they have not chosen
	Fetched bool
}

// incomeKind is a kind of income that can be put down.
type incomeKind struct {
	ID       string
	Title    said
	Deducted bool
}

// How the income of a grown-up is put down.
const (
	byFetched = "fetched"
	byAmounts = "amounts"
	byNone    = "none"
)

// usualKinds are the kinds that stand in the rows of the form at first.
func usualKinds() []string {
	return []string{"wages", "holiday-pay", "unemployment", "parental", "entrepreneur", "maintenance-paid"}
}

// assessedRow is one row of the form.
type assessedRow struct {
	ID     string
	Kind   string
	Amount string // as it was typed
	Fault  bool
}

// adultForm is one grown-up's part of the form.
type adultForm struct {
	telling
	N    int // from 1
	How  string
	Rows []assessedRow
}

// ID is the name of the adult's field of a kind.
func (a adultForm) ID(what string) string { return fmt.Sprintf("%s-%d", what, a.N) }

// assessForm is the form as it was filled in, or is at first.
type assessForm struct {
	Adults  []adultForm
	Highest bool
	Words   string
	Fault   string // key
	At      string // the id of the field that is wrong
	Tried   *proposal
}

// newAssessForm is the form before anything is put down.
func newAssessForm(t feeTask) assessForm {
	f := assessForm{}
	for i, a := range t.Told {
		x := adultForm{telling: a, N: i + 1, How: byAmounts}
		if a.Fetched {
			x.How = byFetched
		}
		for j, k := range usualKinds() {
			x.Rows = append(x.Rows, assessedRow{ID: fmt.Sprintf("%d-%d", i+1, j+1), Kind: k})
		}
		f.Adults = append(f.Adults, x)
	}
	return f
}

// maxEuros bounds an income a month.
const maxEuros = 1_000_000

// readAssessment reads the form; the fault in it names the field that is wrong.
func readAssessment(r *http.Request, t feeTask) (assessForm, assessment) {
	f, a := newAssessForm(t), assessment{}
	f.Highest, a.Highest = r.PostFormValue("highest") == "yes", r.PostFormValue("highest") == "yes"
	f.Words = strings.TrimSpace(strings.ToValidUTF8(r.PostFormValue("words"), ""))
	wrong := func(key, at string) {
		if f.Fault == "" {
			f.Fault, f.At = key, at
		}
	}
	for i := range f.Adults {
		x := &f.Adults[i]
		if how := r.PostFormValue(x.ID("how")); how == byNone || how == byAmounts || how == byFetched && x.Fetched {
			x.How = how
		}
		out := assessedAdult{Fetched: x.How == byFetched}
		for j := range x.Rows {
			row := &x.Rows[j]
			row.Amount = strings.TrimSpace(strings.ToValidUTF8(r.PostFormValue("amount-"+row.ID), ""))
			if k := r.PostFormValue("kind-" + row.ID); t.knows(k) {
				row.Kind = k
			}
			if row.Amount == "" || x.How != byAmounts || f.Highest {
				continue
			}
			cents, ok := hundredthsOf(row.Amount, maxEuros)
			if !ok {
				row.Fault = true
				wrong("assess.amount.fault", "amount-"+row.ID)
				continue
			}
			out.Income = append(out.Income, assessedIncome{row.Kind, int64(cents)})
		}
		if x.How == byAmounts && len(out.Income) == 0 && !f.Highest {
			wrong("assess.none.fault", "amount-"+x.Rows[0].ID)
		}
		a.Adults = append(a.Adults, out)
	}
	return f, a
}

func (f feeTask) knows(kind string) bool {
	for _, k := range f.Kinds {
		if k.ID == kind {
			return true
		}
	}
	return false
}

// assess tries what a caseworker has put down, or proposes it to the family.
func (s *site) assess(w http.ResponseWriter, r *http.Request) error {
	v, err := s.taskOf(r)
	if err != nil {
		return err
	}
	if !v.Settled.IsZero() {
		return fault.New(fault.Conflict, "web.assess", "the task is settled already").Do("look at the page again")
	}
	form, a := readAssessment(r, v.feeTask)
	propose := r.PostFormValue("do") == "propose"
	if n := utf8.RuneCountInString(form.Words); propose && form.Fault == "" && (n < leastAsk || n > mostAsk) {
		form.Fault, form.At = "assess.words.fault", "reason"
	}
	v.Form = form
	if form.Fault != "" {
		return s.showTask(w, r, http.StatusUnprocessableEntity, v)
	}
	officer := whoOf(r).Actor()
	if !propose {
		if v.Form.Tried, err = s.omaData.TryAssessment(r.Context(), officer, v.N, a); err != nil {
			return err
		}
		return s.showTask(w, r, http.StatusOK, v)
	}
	if err := s.omaData.Assess(r.Context(), officer, v.N, a, form.Words); err != nil {
		return err
	}
	http.Redirect(w, r, v.Path()+"?done=proposed", http.StatusSeeOther)
	return nil
}

// taskDocument hands a document to the caseworker who has its matter before them.
func (s *site) taskDocument(w http.ResponseWriter, r *http.Request) error {
	n, err := numberOf(r, "task")
	if err != nil {
		return err
	}
	id, err := numberOf(r, "document")
	if err != nil {
		return err
	}
	d, err := s.omaData.TaskDocument(r.Context(), whoOf(r).Actor(), n, id)
	if err != nil {
		return err
	}
	return handOut(w, id, d)
}
