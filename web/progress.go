package web

import (
	"context"
	"slices"
	"time"

	"ennakko/conversation"
	"ennakko/store"
)

// progressView is how far a round has come.
type progressView struct {
	Funnel              chart
	Offered             int
	Answered, Accepted  string // shares of those offered
	AnsweredN           int
	Letters, ByHand     int
	Unreached, Failsafe int
	Places, PlacesHeld  int
	Doubled, Overbooked int
	Messages            []row
	Items               []row
	OpenItems           int
	Confirmed           int
	ConfirmP50          string
	ConfirmP99          string
	Summary             string
}

func (s *site) progressView(ctx context.Context, t words, r store.Round) (*progressView, error) {
	n, err := s.count(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	f, handed := n.funnel, n.handed
	stage := func(g conversation.Stage) int { return f.Stages[string(g)] }
	accepted := stage(conversation.Accepted)
	share := func(n int) string { return t.Share(n, f.Offered) }
	v := &progressView{Offered: f.Offered, AnsweredN: f.Answered, Answered: share(f.Answered), Accepted: share(accepted), Letters: f.Letters,
		ByHand: f.ByHand, Unreached: f.Unreached, Failsafe: f.Failsafe, Places: f.Places, PlacesHeld: f.PlacesHeld, Doubled: n.twice,
		Overbooked: f.Overbooked, Messages: named(t, "message.", f.Messages), Items: named(t, "item.", f.Items), Confirmed: len(handed)}
	for _, i := range v.Items {
		v.OpenItems += i.N
	}
	var rows []row
	for _, x := range []struct {
		key string
		n   int
	}{{"offered", f.Offered}, {"sent", f.Sent}, {"delivered", f.Delivered}, {"answered", f.Answered}, {"accepted", accepted},
		{"declined", stage(conversation.Declined)}, {"conflict", stage(conversation.Conflict)}, {"letter", f.Letters}, {"byhand", f.ByHand},
		{"unreached", f.Unreached}} {
		rows = append(rows, row{Label: t.T("funnel." + x.key), N: x.n, Note: share(x.n), Strong: x.key == "accepted"})
	}
	v.Funnel = newChart(t, "funnel", "funnel.title", t.T("funnel.desc", t.N(f.Offered), t.N(f.Answered), t.N(accepted)), rows)
	v.ConfirmP50, v.ConfirmP99 = t.Seconds(quantile(handed, 50)), t.Seconds(quantile(handed, 99))
	v.Summary = t.T("funnel.summary", t.N(f.Sent), t.N(f.Answered), share(f.Answered), t.N(accepted))
	return v, nil
}

// counted is a round as it was counted at a real moment.
type counted struct {
	round  store.RoundID
	at     time.Time
	funnel store.Funnel
	twice  int       // messages that the network was handed more than once
	handed []float64 // seconds from each answer to its confirmation
}

// count counts a round, at most once in newsEvery for all pages together: it
// goes through every message.
func (s *site) count(ctx context.Context, id store.RoundID) (counted, error) {
	s.counting.Lock()
	defer s.counting.Unlock()
	now := s.real()
	if s.counted.round == id && now.Sub(s.counted.at) < newsEvery {
		return s.counted, nil
	}
	n := counted{round: id, at: now}
	var err error
	if n.funnel, err = s.figures.Funnel(ctx, id); err != nil {
		return n, err
	}
	if n.handed, _, err = s.figures.ConfirmTimes(ctx, id); err != nil {
		return n, err
	}
	if n.twice, err = s.screens.Twice(ctx); err != nil {
		return n, err
	}
	s.counted = n
	return n, nil
}

// quantile is the value below or at which per cent of the values lie; 0 when
// there are none.
func quantile(values []float64, percent int) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Clone(values)
	slices.Sort(v)
	return v[max(0, (len(v)*percent+99)/100-1)]
}
