package web

import (
	"net/http"
	"net/url"

	"ennakko/access"
	"ennakko/conversation"
	"ennakko/service"
	"ennakko/store"
)

// startView is the first page for somebody who is no resident.
type startView struct {
	Tour *tourView // in a demonstration
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
	var v startView
	if s.demo {
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
	return s.render(w, r, http.StatusOK, "tour.html", view{words: t, Title: t.T("nav.tour"), Path: "/demo", Data: startView{&v}})
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

func (s *site) tourView(r *http.Request) (tourView, error) {
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
	var v tourView
	for _, x := range []struct {
		name, href string
		done       bool
	}{
		{"find", as(r, asPreparer, servicePath(s.pack.Name())+"#now"), found},
		{"approve", as(r, asApprover, roundPath(rd.ID)+"#now"), running},
		{"send", as(r, asApprover, roundPath(rd.ID)+"#now"), f.Sent > 0},
		{"answer", "/demo/handset", f.Answered > 0},
		{"record", as(r, asDPO, "/desk/record?show=readings"), false},
	} {
		p := step{Title: t.T("step." + x.name), Text: t.T("step." + x.name + ".text"), Link: t.T("step." + x.name + ".link"), Href: x.href, Done: x.done}
		if !p.Done && v.Next == 0 {
			p.Next, v.Next = true, len(v.Steps)+1
		}
		v.Steps = append(v.Steps, p)
	}
	return v, nil
}

// openView is what anyone may know of a service.
type openView struct {
	Pack    *service.Pack
	Running bool
	Closed  bool
	Round   store.Round
	Results []result
}

// result is a count that discloses nobody.
type result struct {
	Label string
	N     int
	Few   bool
}

// open shows which services run, on what basis and with what results.
func (s *site) open(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	rd, found, err := s.rounds.Round(r.Context())
	if err != nil {
		return err
	}
	v := openView{Pack: s.pack, Round: rd, Running: found && rd.State == store.Running, Closed: found && rd.State == store.Closed}
	if v.Running || v.Closed {
		n, err := s.count(r.Context(), rd.ID)
		if err != nil {
			return err
		}
		f := n.funnel
		stage := func(g conversation.Stage) int { return f.Stages[string(g)] }
		for _, x := range []struct {
			key string
			n   int
		}{{"found", rd.Summary["found"]}, {"justified", rd.Summary["justified"]}, {"offered", f.Offered}, {"answered", f.Answered},
			{"accepted", stage(conversation.Accepted)}, {"declined", stage(conversation.Declined)}, {"letter", f.Letters}, {"failsafe", f.Failsafe}} {
			n, few := about(x.n)
			v.Results = append(v.Results, result{t.T("open.n." + x.key), n, few})
		}
	}
	return s.render(w, r, http.StatusOK, "open.html", view{words: t, Title: t.T("open.title"), Path: "/open", Data: v})
}
