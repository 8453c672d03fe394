package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/service"
	"ennakko/store"
)

// officer is who acts at the demo's desk: there is no log-in yet.
const officer = "officer:demo"

// deskView is the desk of one service.
type deskView struct {
	Pack       *service.Pack
	Criteria   []service.Criterion
	Found      bool // there is a round
	Round      store.Round
	Job        app.Job
	JobFault   string
	JobHint    string
	JobKey     string // text key of what is being done
	JobTotal   int
	Steps      []stateView
	CanFind    bool
	CanApprove bool
	AsOf       string // the day in the form
	AsOfFault  string // text key of what is wrong with it
	Running    bool
	Closed     bool
	Cohort     *cohortView
	Progress   *progressView
	Clock      clockView
}

// stateView is one of the states that a round goes through.
type stateView struct {
	Key      string
	On, Done bool
}

// clockView is the demo's clock.
type clockView struct {
	Now    time.Time
	Speeds []speed
}

type speed struct {
	Value int
	Key   string
	On    bool
}

// speeds are made-up seconds in a real one.
var speeds = []speed{{Value: 0, Key: "speed.stop"}, {Value: 60, Key: "speed.minute"}, {Value: 3600, Key: "speed.hour"}, {Value: 6 * 3600, Key: "speed.six"}}

// desk shows the service and how far its round has come.
func (s *site) desk(w http.ResponseWriter, r *http.Request) error {
	v, err := s.deskView(r.Context(), s.words(r))
	if err != nil {
		return err
	}
	return s.showDesk(w, r, http.StatusOK, v)
}

func (s *site) showDesk(w http.ResponseWriter, r *http.Request, status int, v deskView) error {
	t := s.words(r)
	return s.render(w, status, "desk.html", view{words: t, Title: t.T("desk.title"), Path: "/desk", Events: "/desk/events", State: v.state(), Data: v})
}

// state tells pages that must be loaded anew from those that only change in
// their numbers.
func (v deskView) state() string {
	return fmt.Sprintf("%d %s %t", v.Round.ID, v.Round.State, v.Job.Busy)
}

func (s *site) deskView(ctx context.Context, t words) (deskView, error) {
	v := deskView{Pack: s.pack, Criteria: s.pack.Criteria(), Job: s.rounds.Job(), Clock: s.clockView()}
	v.JobFault, v.JobHint = shown(v.Job.Err)
	if v.Job.Err != nil && v.JobFault == "" {
		v.JobFault = t.T("error.internal")
	}
	v.AsOf = v.Clock.Now.In(t.zone).Format(time.DateOnly)
	var err error
	if v.Round, v.Found, err = s.rounds.Round(ctx); err != nil {
		return v, err
	}
	v.Running, v.Closed = v.Found && v.Round.State == store.Running, v.Found && v.Round.State == store.Closed
	v.CanFind = !v.Job.Busy && (!v.Found || v.Closed)
	v.CanApprove = !v.Job.Busy && v.Found && v.Round.State == store.Prepared
	v.JobKey, v.JobTotal = "job."+v.Job.What, max(1, v.Job.Total)
	if !t.Has(v.JobKey) {
		v.JobKey = "job.start"
	}
	v.steps()
	if !v.Found {
		return v, nil
	}
	if v.Cohort, err = s.cohortView(ctx, t, v.Round); err != nil {
		return v, err
	}
	if v.Running || v.Closed || v.Round.State == store.Paused {
		v.Progress, err = s.progressView(ctx, t, v.Round)
	}
	return v, err
}

// steps marks the state in which the round is.
func (v *deskView) steps() {
	at := 0
	switch {
	case v.Closed:
		at = 3
	case v.Running:
		at = 2
	case v.Found:
		at = 1
	}
	for i, key := range []string{"state.find", "state.approve", "state.run", "state.closed"} {
		v.Steps = append(v.Steps, stateView{key, i == at, i < at})
	}
}

func (s *site) clockView() clockView {
	v := clockView{Now: s.clock.Now()}
	now := s.clock.Speed()
	for _, o := range speeds {
		o.On = float64(o.Value) == now
		v.Speeds = append(v.Speeds, o)
	}
	return v
}

// find begins to find people and to hold places.
func (s *site) find(w http.ResponseWriter, r *http.Request) error {
	v, err := s.deskView(r.Context(), s.words(r))
	if err != nil {
		return err
	}
	v.AsOf = r.PostFormValue("as_of")
	asOf, err := time.Parse(time.DateOnly, v.AsOf)
	switch {
	case !v.CanFind:
		return fault.New(fault.Conflict, "web.find", "a round is under way").Do("wait until it is closed")
	case err != nil || asOf.Year() < 2000 || asOf.Year() > 2100:
		v.AsOfFault = "find.badday"
		return s.showDesk(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.rounds.Prepare(s.ctx, asOf, officer); err != nil {
		return err
	}
	http.Redirect(w, r, "/desk#now", http.StatusSeeOther)
	return nil
}

// approve is the officer's yes to the round that was shown, and to no other.
func (s *site) approve(w http.ResponseWriter, r *http.Request) error {
	const op = "web.approve"
	id, err := strconv.ParseInt(r.PostFormValue("round"), 10, 64)
	if err != nil {
		return fault.New(fault.Invalid, op, "the form names no round")
	}
	rd, found, err := s.rounds.Round(r.Context())
	if err != nil {
		return err
	}
	if !found || rd.ID != store.RoundID(id) || rd.State != store.Prepared {
		return fault.New(fault.Conflict, op, "the round that was shown is no longer waiting for approval").Do("look at the desk again")
	}
	if err := s.rounds.Approve(s.ctx, rd.ID, officer); err != nil {
		return err
	}
	http.Redirect(w, r, "/desk#now", http.StatusSeeOther)
	return nil
}

// setClock changes how fast the demo's clock runs.
func (s *site) setClock(w http.ResponseWriter, r *http.Request) error {
	n, err := strconv.Atoi(r.PostFormValue("speed"))
	for _, o := range speeds {
		if err == nil && o.Value == n {
			s.clock.SetSpeed(float64(n))
			http.Redirect(w, r, "/desk#now", http.StatusSeeOther)
			return nil
		}
	}
	return fault.New(fault.Invalid, "web.setClock", "the clock does not run at such a speed").Do("choose one of the speeds of the desk")
}

// deskEvents tells the desk what changes.
func (s *site) deskEvents(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	return s.stream(w, r, func(ctx context.Context) (news, error) {
		v, err := s.deskView(ctx, t)
		if err != nil {
			return news{}, err
		}
		n := news{State: v.state(), Parts: map[string]string{}}
		page := view{words: t, Path: "/desk", Data: v}
		for _, part := range []string{"job", "time", "progress"} {
			if n.Parts[part], err = s.part("desk.html", part, page); err != nil {
				return n, err
			}
		}
		if v.Progress != nil {
			n.Summary = v.Progress.Summary
		}
		return n, nil
	})
}
