package web

import (
	"net/http"
	"net/url"

	"ennakko/access"
	"ennakko/store"
)

// startView is the first page for somebody who is no resident.
type startView struct {
	Tour *tourView // in a demonstration
	Fees bool      // a lower early-education fee may be possible, for whoever logs in
}

// tourView is the way of a newcomer through one round.
type tourView struct {
	Steps []step
	Next  int // the step that is due, from 1
}

type step struct {
	Title, Text, Link, Href string
	Done, Next              bool
}

// start is the first page: the three doors, and in a demonstration the tour.
func (s *site) start(w http.ResponseWriter, r *http.Request) error {
	if whoOf(r).Is(access.Resident) {
		return s.own(w, r)
	}
	t := s.words(r)
	v := startView{Fees: s.hasOmaData() && whoOf(r).Nobody()}
	if s.demo() {
		tour, err := s.tourView(r)
		if err != nil {
			return err
		}
		v.Tour = &tour
	}
	return s.render(w, r, http.StatusOK, "start.html", view{words: t, Title: t.T("start.title"), Path: "/", Data: v})
}

// tour leads a newcomer through one round.
func (s *site) tour(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	v, err := s.tourView(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "tour.html", view{words: t, Title: t.T("nav.tour"), Path: "/demo", Data: startView{Tour: &v}})
}

// The demonstration's people. testcity/idp knows them.
const (
	asPreparer = "liisa"
	asApprover = "matti"
	asExpert   = "sari"
	asDPO      = "pekka"
	asLeader   = "anna"
)

// as is an address that a person of the demonstration opens: those who are
// somebody else log in first.
func as(r *http.Request, id, path string) string {
	if whoOf(r).ID == id {
		return path
	}
	return "/login?" + url.Values{"as": {id}, "back": {path}}.Encode()
}

// ownOf is the way of a newcomer to the first guardian's own pages.
func ownOf(rd store.Round) string {
	if rd.State == "" || rd.State == store.Prepared {
		return "/login?back=%2F"
	}
	return "/login?" + url.Values{"as": {"case-1-0"}, "back": {"/"}}.Encode()
}

// tourStep is a step of the tour: its key, where it leads, and whether it was taken.
type tourStep struct {
	name, href string
	done       bool
}

func (s *site) tourView(r *http.Request) (tourView, error) {
	if s = s.first(); len(s.beside) > 0 && s.hasCare() {
		return s.longTour(r)
	}
	return s.shortTour(r)
}

func (s *site) shortTour(r *http.Request) (tourView, error) {
	t := s.words(r)
	rd, found, err := s.rounds.Round(r.Context())
	if err != nil {
		return tourView{}, err
	}
	running := found && rd.State != store.Prepared
	var n counted
	if running {
		if n, err = s.count(r.Context(), rd.ID); err != nil {
			return tourView{}, err
		}
	}
	f := n.funnel
	steps := []tourStep{
		{"find", as(r, asPreparer, servicePath(s.pack.Name())+"#now"), found},
		{"approve", as(r, asApprover, roundPath(rd.ID)+"#now"), running},
		{"send", as(r, asApprover, roundPath(rd.ID)+"#now"), f.Sent > 0},
		{"answer", "/demo/handset", f.Answered > 0},
		{"own", ownOf(rd), false},
		{"queue", as(r, asExpert, roundPath(rd.ID)+"/queue"), false},
		{"record", as(r, asDPO, "/desk/record?show=readings"), false},
	}
	if s.hasCare() {
		o, err := s.care.Care()
		if err != nil {
			return tourView{}, err
		}
		steps = append([]tourStep{{"care", as(r, asPreparer, carePath+"#now"), o.Run || found}, {"worklist", as(r, asExpert, carePath+"?family=hypertension#family"), found}}, steps...)
	}
	return tourOfSteps(t, steps), nil
}

// longTour leads from raised blood pressure to a place in an exercise group: through
// a round of the first service, the weeks after it, and a round of the second.
func (s *site) longTour(r *http.Request) (tourView, error) {
	ctx, next := r.Context(), s.beside[1]
	rd, found, err := s.rounds.Round(ctx)
	if err != nil {
		return tourView{}, err
	}
	o, err := s.care.Care()
	if err != nil {
		return tourView{}, err
	}
	group, prepared, err := next.rounds.Round(ctx)
	if err != nil {
		return tourView{}, err
	}
	running, joining := found && rd.State != store.Prepared, prepared && group.State != store.Prepared
	var first, second counted
	if running {
		if first, err = s.count(ctx, rd.ID); err != nil {
			return tourView{}, err
		}
	}
	if joining {
		if second, err = next.count(ctx, group.ID); err != nil {
			return tourView{}, err
		}
	}
	const control = 50 // days after the last to answer: those invited came, and were measured anew
	passed := running && s.clock.Now().After(rd.Schedule.Deadline.AddDate(0, 0, control))
	again := running && o.Run && o.AsOf.After(rd.Schedule.Deadline)
	effect := roundPath(rd.ID) + "/effect"
	steps := []tourStep{
		{"care", as(r, asPreparer, carePath+"#now"), o.Run || found},
		{"worklist", as(r, asExpert, carePath+"?family=hypertension#family"), found},
		{"find", as(r, asPreparer, servicePath(s.pack.Name())+"#now"), found},
		{"approve", as(r, asApprover, roundPath(rd.ID)+"#now"), running},
		{"send", as(r, asApprover, roundPath(rd.ID)+"#now"), first.funnel.Sent > 0},
		{"answer", "/demo/handset", first.funnel.Answered > 0},
		{"weeks", as(r, asPreparer, effect+"#now"), passed},
		{"again", as(r, asPreparer, carePath+"#now"), again},
		{"effect", as(r, asLeader, effect), prepared},
		{"group", as(r, asPreparer, servicePath(next.pack.Name())+"#now"), prepared},
		{"approvegroup", as(r, asApprover, roundPath(group.ID)+"#now"), joining},
		{"join", "/demo/handset", second.funnel.Stages["accepted"] > 0},
		{"own", ownOf(rd), false},
		{"queue", as(r, asExpert, roundPath(rd.ID)+"/queue"), false},
		{"record", as(r, asDPO, "/desk/record?show=readings"), false},
	}
	return tourOfSteps(s.words(r), steps), nil
}

// tourOfSteps words the steps and marks the one that is due.
func tourOfSteps(t words, steps []tourStep) tourView {
	var v tourView
	for _, x := range steps {
		p := step{Title: t.T("step." + x.name), Text: t.T("step." + x.name + ".text"), Link: t.T("step." + x.name + ".link"), Href: x.href, Done: x.done}
		if !p.Done && v.Next == 0 {
			p.Next, v.Next = true, len(v.Steps)+1
		}
		v.Steps = append(v.Steps, p)
	}
	return v
}
