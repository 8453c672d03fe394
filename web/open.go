package web

import (
	"context"
	"net/http"
	"time"

	"ennakko/conversation"
	"ennakko/service"
	"ennakko/store"
)

// openView is what anyone may know of a service.
type openView struct {
	Pack    *service.Pack
	Running bool
	Closed  bool
	Round   store.Round
	At      time.Time
	Results []result
	Chart   chart
}

// result is a count that discloses nobody.
type result struct {
	Label string
	N     int
	Few   bool
}

// open shows which services run, on what basis and with what results. Results
// are counted once a day and rounded, so that nobody can watch one answer
// change a count.
func (s *site) open(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	rd, found, err := s.rounds.Round(r.Context())
	if err != nil {
		return err
	}
	v := openView{Pack: s.pack, Round: rd, Running: found && (rd.State == store.Running || rd.State == store.Paused), Closed: found && rd.State == store.Closed}
	if v.Running || v.Closed {
		n, err := s.daily(r.Context(), t, rd)
		if err != nil {
			return err
		}
		v.At = n.at
		v.Results = results(t, rd, n.funnel)
		var rows []row
		for _, x := range v.Results {
			rows = append(rows, row{Label: x.Label, N: x.N, Withheld: x.Few})
		}
		v.Chart = newChart(t, "results-chart", "open.results", t.T("open.chart.desc"), rows)
	}
	return s.render(w, r, http.StatusOK, "open.html", view{words: t, Title: t.T("open.title"), Path: "/open", Data: v})
}

func results(t words, rd store.Round, f store.Funnel) (out []result) {
	stage := func(g conversation.Stage) int { return f.Stages[string(g)] }
	for _, x := range []struct {
		key string
		n   int
	}{{"found", rd.Summary["found"]}, {"justified", rd.Summary["justified"]}, {"offered", f.Offered}, {"answered", f.Answered},
		{"accepted", stage(conversation.Accepted)}, {"declined", stage(conversation.Declined)}, {"letter", f.Letters}, {"failsafe", f.Failsafe}} {
		n, few := about(x.n)
		out = append(out, result{t.T("open.n." + x.key), n, few})
	}
	return out
}

// daily counts a round once for each of its days.
func (s *site) daily(ctx context.Context, t words, rd store.Round) (counted, error) {
	now := s.clock.Now()
	key := roundPath(rd.ID) + " " + string(rd.State) + " " + now.In(t.zone).Format(time.DateOnly)
	s.mu.Lock()
	kept, ok := s.public[key]
	s.mu.Unlock()
	if ok {
		return kept, nil
	}
	n, err := s.count(ctx, rd.ID)
	if err != nil {
		return n, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept, ok := s.public[key]; ok {
		return kept, nil
	}
	n.at = now
	s.public[key] = n
	return n, nil
}

// checkpoint is the newest signed state of the record, for anybody to keep.
func (s *site) checkpoint(w http.ResponseWriter, r *http.Request) error {
	text, err := s.proof.Checkpoint(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="ennakko-checkpoint.txt"`)
	_, _ = w.Write([]byte(text)) // a reader who went away is no fault
	return nil
}
