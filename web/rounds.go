package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/service"
	"ennakko/store"
)

// roundView is one round.
type roundView struct {
	Pack       *service.Pack
	Round      store.Round
	Path       string
	Tabs       []link
	Job        jobView
	Steps      []stateView
	Prepared   bool
	Running    bool
	Closed     bool
	CanApprove bool
	WhyNot     string // why the reader may not approve, in words
	Placed     int
	Progress   *progressView
	Clock      clockView
	Paused     bool
	CanHold    bool   // pause, resume and stop
	HoldFault  string // text key of what is wrong with the reason
	HoldStep   string // the form in which it is
	Done       []store.RoundStep
}

// stateView is one of the states that a round goes through.
type stateView struct {
	Key      string
	On, Done bool
}

// clockView is the demonstration's clock.
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
var speeds = []speed{{Value: 0, Key: "speed.stop"}, {Value: 60, Key: "speed.minute"}, {Value: 3600, Key: "speed.hour"}, {Value: 6 * 3600, Key: "speed.six"}, {Value: 24 * 3600, Key: "speed.day"}}

func roundPath(id store.RoundID) string { return "/desk/rounds/" + strconv.FormatInt(int64(id), 10) }

// aboutRound is a round as the policies see it.
func aboutRound(rd store.Round) access.On {
	return access.On{Round: int64(rd.ID), Hands: append([]string{}, rd.Prepared...)}
}

// roundOf is the round that the address names.
func (s *site) roundOf(r *http.Request) (store.Round, error) {
	id, err := strconv.ParseInt(r.PathValue("round"), 10, 64)
	if err != nil || id < 1 {
		return store.Round{}, missing("web.round")
	}
	rounds, err := s.rounds.Rounds(r.Context())
	if err != nil {
		return store.Round{}, err
	}
	for _, rd := range rounds {
		if rd.ID == store.RoundID(id) && rd.Service == s.pack.Name() {
			return rd, nil
		}
	}
	return store.Round{}, missing("web.round")
}

// round shows how far a round has come.
func (s *site) round(w http.ResponseWriter, r *http.Request) error {
	v, err := s.roundView(r)
	if err != nil {
		return err
	}
	return s.renderRound(w, r, http.StatusOK, v)
}

func (s *site) renderRound(w http.ResponseWriter, r *http.Request, status int, v roundView) error {
	t := s.words(r)
	return s.render(w, r, status, "round.html", view{words: t, Title: t.T("round.title", v.Round.ID), Path: v.Path, Events: v.Path + "/events", State: v.state(), Data: v})
}

// state tells pages that must be loaded anew from those that only change in
// their numbers.
func (v roundView) state() string { return fmt.Sprintf("%s %t", v.Round.State, v.Job.Busy) }

func (s *site) roundView(r *http.Request) (roundView, error) {
	t := s.words(r)
	rd, err := s.roundOf(r)
	if err != nil {
		return roundView{}, err
	}
	v := roundView{Pack: s.pack, Round: rd, Path: roundPath(rd.ID), Job: s.jobView(t), Clock: s.clockView(), Placed: rd.Summary["placed"],
		Prepared: rd.State == store.Prepared, Running: rd.State == store.Running, Closed: rd.State == store.Closed, Paused: rd.State == store.Paused}
	v.CanHold = (v.Running || v.Paused) && !v.Job.Busy && s.can(r, access.Pause, access.On{})
	if v.Done, err = s.matters.Steps(r.Context(), rd.ID); err != nil {
		return v, err
	}
	v.Tabs = s.tabs(r, t, rd, v.Path)
	v.steps()
	if v.Prepared && !v.Job.Busy {
		err := s.policies.Check(whoOf(r), access.Approve, aboutRound(rd))
		if v.CanApprove = err == nil; err != nil {
			v.WhyNot = why(t, err)
		}
	}
	if !v.Prepared {
		v.Progress, err = s.progressView(r.Context(), t, rd)
	}
	return v, err
}

// tabs lead to the pages of a round.
func (s *site) tabs(r *http.Request, t words, rd store.Round, here string) []link {
	base := roundPath(rd.ID)
	var out []link
	add := func(path, key string, ok bool) {
		if ok {
			out = append(out, link{base + path, t.T(key), base+path == here})
		}
	}
	add("", "tab.round", true)
	add("/found", "tab.found", true)
	add("/places", "tab.places", s.can(r, access.SeePlaces, access.On{}))
	add("/effect", "tab.effect", rd.State != store.Prepared && s.hasEffect() && s.can(r, access.SeeCare, access.On{}))
	add("/districts", "tab.districts", rd.State != store.Prepared)
	add("/queue", "tab.queue", rd.State != store.Prepared && s.can(r, access.SeeQueue, access.On{}))
	return out
}

// steps marks the state in which the round is.
func (v *roundView) steps() {
	at := 1
	switch {
	case v.Closed:
		at = 3
	case !v.Prepared:
		at = 2
	}
	run := "state.run"
	if v.Paused {
		run = "state.paused"
	}
	for i, key := range []string{"state.find", "state.approve", run, "state.closed"} {
		v.Steps = append(v.Steps, stateView{key, i == at, i < at})
	}
}

func (s *site) clockView() clockView {
	v := clockView{Now: s.clock.Now()}
	if !s.demo() {
		return v
	}
	now := s.pace.Speed()
	for _, o := range speeds {
		o.On = float64(o.Value) == now
		v.Speeds = append(v.Speeds, o)
	}
	return v
}

// foundView is who was found and where places are held for them.
type foundView struct {
	Round  store.Round
	Path   string
	Tabs   []link
	Cohort *cohortView
}

// found shows the cohort of a round.
func (s *site) found(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	rd, err := s.roundOf(r)
	if err != nil {
		return err
	}
	v := foundView{Round: rd, Path: roundPath(rd.ID) + "/found"}
	v.Tabs = s.tabs(r, t, rd, v.Path)
	if v.Cohort, err = s.cohortView(r.Context(), t, rd); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "found.html", view{words: t, Title: t.T("tab.found"), Path: v.Path, Data: v})
}

// approve is the officer's yes to the round that was shown.
func (s *site) approve(w http.ResponseWriter, r *http.Request) error {
	rd, err := s.roundOf(r)
	if err != nil {
		return err
	}
	if err := s.may(r, access.Approve, aboutRound(rd)); err != nil {
		return err
	}
	if rd.State != store.Prepared {
		return fault.New(fault.Conflict, "web.approve", "the round that was shown is no longer waiting for approval").Do("look at the desk again")
	}
	if err := s.rounds.Approve(s.ctx, rd.ID, whoOf(r).Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, roundPath(rd.ID)+"#now", http.StatusSeeOther)
	return nil
}

// setClock changes how fast the demonstration's clock runs.
func (s *site) setClock(w http.ResponseWriter, r *http.Request) error {
	n, err := strconv.Atoi(r.PostFormValue("speed"))
	for _, o := range speeds {
		if err == nil && o.Value == n {
			s.pace.SetSpeed(float64(n))
			http.Redirect(w, r, local(r.PostFormValue("back"))+"#now", http.StatusSeeOther)
			return nil
		}
	}
	return fault.New(fault.Invalid, "web.setClock", "the clock does not run at such a speed").Do("choose one of the speeds of the desk")
}

// roundEvents tells the round's page what changes.
func (s *site) roundEvents(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.roundOf(r); err != nil {
		return err
	}
	t := s.words(r)
	return s.stream(w, r, func(ctx context.Context) (news, error) {
		v, err := s.roundView(r.WithContext(ctx))
		if err != nil {
			return news{}, err
		}
		n := news{State: v.state(), Parts: map[string]string{}}
		page := view{words: t, Path: v.Path, Data: v}
		for _, part := range []string{"job", "time", "progress"} {
			if n.Parts[part], err = s.part("round.html", part, page); err != nil {
				return n, err
			}
		}
		if v.Progress != nil {
			n.Summary = v.Progress.Summary
		}
		return n, nil
	})
}
