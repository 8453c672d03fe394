package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"ennakko/app"
)

// visitView is the form for what was measured at a visit.
type visitView struct {
	Path, Who                string
	Day, Systolic, Diastolic string
	Offered                  bool
	At, Fault                string // the field that is wrong, and the text key of why
}

// notedView is what was entered, above the finding as it is now.
type notedView struct {
	Systolic, Diastolic int
	Day                 time.Time
	Fresh, Later        bool
}

func (s *site) newVisit(r *http.Request, criterion string, at int, who string) *visitView {
	return &visitView{Path: criterionPath(criterion) + "/worklist/" + strconv.Itoa(at) + "/visit", Who: who, Day: s.today(r).Format(time.DateOnly)}
}

// today is the day by the calendar of the city.
func (s *site) today(r *http.Request) time.Time {
	y, m, d := s.clock.Now().In(s.words(r).zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// noteVisit keeps what was measured at a visit, and shows the finding as it is
// then. The answer is no redirect: another stands at the place of the worklist by
// then, and the address names nobody. Sent again, it is refused.
func (s *site) noteVisit(w http.ResponseWriter, r *http.Request) error {
	c, o, err := s.criterionOf(r)
	if err != nil {
		return err
	}
	at, err := placeOf(r)
	if err != nil {
		return err
	}
	form := s.newVisit(r, c.Name, at, r.PostFormValue("who"))
	form.Day, form.Systolic, form.Diastolic, form.Offered = r.PostFormValue("day"), strings.TrimSpace(r.PostFormValue("systolic")), strings.TrimSpace(r.PostFormValue("diastolic")), r.PostFormValue("offered") != ""
	visit := app.Visit{Offered: form.Offered}
	day, err := time.Parse(time.DateOnly, form.Day)
	visit.Day = day
	visit.Systolic, _ = strconv.Atoi(form.Systolic) // what is no number is 0, and too low
	visit.Diastolic, _ = strconv.Atoi(form.Diastolic)
	field, bad := visit.Check(s.today(r))
	if err != nil {
		field = "day"
	}
	if err != nil || bad != nil {
		form.At, form.Fault = field, "finding.visit.bad"+field
		x, err := s.care.Explain(r.Context(), c.Name, at, whoOf(r).Actor())
		if err != nil {
			return err
		}
		v := s.findingView(r, c, o, x)
		v.Visit = form
		return s.renderFinding(w, r, http.StatusUnprocessableEntity, c.Name, at, v)
	}
	x, err := s.care.NoteVisit(r.Context(), c.Name, at, form.Who, visit, whoOf(r).Actor())
	if err != nil {
		return err
	}
	v := s.findingView(r, c, o, x.Explained)
	v.Noted = &notedView{visit.Systolic, visit.Diastolic, visit.Day, x.Fresh, x.Later}
	return s.renderFinding(w, r, http.StatusOK, c.Name, at, v)
}
