package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ennakko/fault"
)

// feeTasks are what waits for a caseworker in matters of fees. Each look is on the
// record, and the family sees it.
type feeTasks interface {
	// FeeTasks are all of them: the open ones by their day, then the newest that are
	// settled. They name nobody.
	FeeTasks(ctx context.Context, officer string) ([]feeTask, error)
	FeeTask(ctx context.Context, officer string, n int64) (feeTask, error)
	SettleFeeTask(ctx context.Context, officer string, n int64, words string) error
}

// feeTask is something that waits for a caseworker. In a list it has neither people
// nor words.
type feeTask struct {
	N       int64
	Kind    string // with words: task.<kind>
	At, Due time.Time
	Settled time.Time // zero: open
	Words   string    // of whoever asks
	Answer  string
	Child   string
	Adults  []string
	Fee     *proposal

	Sent      int // documents that are there
	Newest    time.Time
	Told      []telling
	Documents []sentDocument
	Kinds     []incomeKind
	Hours     int // of care a week, in hundredths
}

// Path is the task's address.
func (f feeTask) Path() string { return "/desk/fees/" + strconv.FormatInt(f.N, 10) }

// tasksView is the list of tasks.
type tasksView struct {
	Open, Done []feeTask
	Today      time.Time
}

// Late reports whether the day of answer is past.
func (v tasksView) Late(f feeTask) bool { return f.Due.Before(v.Today) }

// tasks shows what waits for a caseworker.
func (s *site) tasks(w http.ResponseWriter, r *http.Request) error {
	all, err := s.omaData.FeeTasks(r.Context(), whoOf(r).Actor())
	if err != nil {
		return err
	}
	v := tasksView{Today: s.clock.Now()}
	for _, x := range all {
		if x.Settled.IsZero() {
			v.Open = append(v.Open, x)
		} else {
			v.Done = append(v.Done, x)
		}
	}
	t := s.words(r)
	return s.render(w, r, http.StatusOK, "tasks.html", view{words: t, Title: t.T("tasks.title"), Path: "/desk/fees", Data: v})
}

// taskView is one task.
type taskView struct {
	feeTask
	Fault string
	Typed string
	Form  assessForm
	Done  bool // the fee was just proposed
}

// task shows one task with its matter.
func (s *site) task(w http.ResponseWriter, r *http.Request) error {
	v, err := s.taskOf(r)
	if err != nil {
		return err
	}
	v.Done = doneOf(r, "proposed") != ""
	return s.showTask(w, r, http.StatusOK, v)
}

func (s *site) taskOf(r *http.Request) (taskView, error) {
	n, err := numberOf(r, "task")
	if err != nil {
		return taskView{}, err
	}
	x, err := s.omaData.FeeTask(r.Context(), whoOf(r).Actor(), n)
	return taskView{feeTask: x, Form: newAssessForm(x)}, err
}

func (s *site) showTask(w http.ResponseWriter, r *http.Request, status int, v taskView) error {
	t := s.words(r)
	return s.render(w, r, status, "task.html", view{words: t, Title: t.T("task.title", v.N), Path: v.Path(), Data: v})
}

// settleTask notes what was done. Whoever asked sees it.
func (s *site) settleTask(w http.ResponseWriter, r *http.Request) error {
	v, err := s.taskOf(r)
	if err != nil {
		return err
	}
	v.Typed = strings.TrimSpace(strings.ToValidUTF8(r.PostFormValue("words"), ""))
	switch n := utf8.RuneCountInString(v.Typed); {
	case !v.Settled.IsZero():
		return fault.New(fault.Conflict, "web.settleTask", "the task is settled already").Do("look at the page again")
	case n < leastAsk || n > mostAsk:
		v.Fault = "case.words.fault"
		return s.showTask(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.omaData.SettleFeeTask(r.Context(), whoOf(r).Actor(), v.N, v.Typed); err != nil {
		return err
	}
	http.Redirect(w, r, v.Path(), http.StatusSeeOther)
	return nil
}
