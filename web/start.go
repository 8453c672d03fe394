package web

import (
	"net/http"

	"ennakko/conversation"
	"ennakko/service"
	"ennakko/store"
)

// startView is the first page.
type startView struct {
	Steps []step
	Next  int // the step that is due, from 1
}

type step struct {
	Title, Text, Link, Href string
	Done, Next              bool
}

// start leads a newcomer through one round.
func (s *site) start(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	rd, found, err := s.rounds.Round(r.Context())
	if err != nil {
		return err
	}
	running := found && rd.State != store.Prepared
	var n counted
	if running {
		if n, err = s.count(r.Context(), rd.ID); err != nil {
			return err
		}
	}
	f := n.funnel
	done := []bool{found, running, f.Sent > 0, f.Answered > 0, false}
	hrefs := []string{"/desk", "/desk", "/desk", "/demo/handset", "/record?show=readings"}
	var v startView
	for i, name := range []string{"find", "approve", "send", "answer", "record"} {
		x := step{Title: t.T("step." + name), Text: t.T("step." + name + ".text"), Link: t.T("step." + name + ".link"), Href: hrefs[i], Done: done[i]}
		if !x.Done && v.Next == 0 {
			x.Next, v.Next = true, i+1
		}
		v.Steps = append(v.Steps, x)
	}
	return s.render(w, http.StatusOK, "start.html", view{words: t, Title: t.T("start.title"), Path: "/", Data: v})
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
	return s.render(w, http.StatusOK, "open.html", view{words: t, Title: t.T("open.title"), Path: "/open", Data: v})
}
