package web

import (
	"net/http"

	"ennakko/access"
	"ennakko/store"
)

// deskView is the first page of the desk.
type deskView struct {
	Services []serviceCard
	Waits    []waiting // what waits for the reader
}

// serviceCard is a service and its rounds.
type serviceCard struct {
	Name, Title, Owner string
	Rounds             []store.Round
}

// waiting is something that waits for the reader.
type waiting struct {
	Text, Href, Link string
}

// desk shows the services and what waits for the reader.
func (s *site) desk(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	rounds, err := s.rounds.Rounds(r.Context())
	if err != nil {
		return err
	}
	v := deskView{Services: []serviceCard{{Name: s.pack.Name(), Title: s.pack.Title(t.Lang), Owner: s.pack.Owner(), Rounds: rounds}}}
	if v.Waits, err = s.waits(r, rounds); err != nil {
		return err
	}
	for _, other := range s.others() {
		rounds, err := other.rounds.Rounds(r.Context())
		if err != nil {
			return err
		}
		v.Services = append(v.Services, serviceCard{Name: other.pack.Name(), Title: other.pack.Title(t.Lang), Owner: other.pack.Owner(), Rounds: rounds})
		waits, err := other.waits(r, rounds)
		if err != nil {
			return err
		}
		v.Waits = append(v.Waits, waits...)
	}
	return s.render(w, r, http.StatusOK, "desk.html", view{words: t, Title: t.T("desk.title"), Path: "/desk", Data: v})
}

// waits lists what waits for the reader, by what the reader may do.
func (s *site) waits(r *http.Request, rounds []store.Round) ([]waiting, error) {
	t := s.words(r) // of this service: each says it in its own way
	var out []waiting
	newest, any := store.Round{}, len(rounds) > 0
	if any {
		newest = rounds[0]
	}
	if (!any || newest.State == store.Closed) && s.can(r, access.Prepare, access.On{}) {
		out = append(out, waiting{t.T("waits.prepare"), servicePath(s.pack.Name()) + "#now", t.T("waits.prepare.link")})
	}
	if any && newest.State == store.Prepared && s.can(r, access.Approve, aboutRound(newest)) {
		out = append(out, waiting{t.T("waits.approve", newest.ID), roundPath(newest.ID) + "#now", t.T("waits.approve.link")})
	}
	if any && newest.State != store.Prepared && s.can(r, access.SeeQueue, access.On{}) {
		n, err := s.count(r.Context(), newest.ID)
		if err != nil {
			return out, err
		}
		open := 0
		for _, c := range n.funnel.Items {
			open += c
		}
		if open > 0 {
			out = append(out, waiting{t.T("waits.queue", t.N(open)), roundPath(newest.ID) + "/queue", t.T("waits.queue.link")})
		}
	}
	return append(out, s.waitsForDPO(r, t)...), nil
}

func servicePath(name string) string { return "/desk/services/" + name }

// jobView is the work under way.
type jobView struct {
	Busy        bool
	Key         string // text key of what is being done
	Done, Total int
	Fault, Hint string // how the last work ended
}

func (s *site) jobView(t words) jobView {
	j := s.rounds.Job()
	v := jobView{Busy: j.Busy, Key: "job." + j.What, Done: j.Done, Total: max(1, j.Total)}
	v.Fault, v.Hint = shown(j.Err)
	if j.Err != nil && v.Fault == "" {
		v.Fault = t.T("error.internal")
	}
	if !t.Has(v.Key) {
		v.Key = "job.start"
	}
	return v
}
