package web

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/service"
	"ennakko/store"
)

// effects say what a round brought about. app.Judged does.
type effects interface {
	Effect(ctx context.Context, id store.RoundID, officer string) (app.Effect, error)
}

// hasEffect reports whether the service names outcomes by which it is judged.
func (s *site) hasEffect() bool { return len(s.pack.Outcomes()) > 0 }

// effectView is what came of a round, and what it brought about.
type effectView struct {
	Round    store.Round
	Path     string
	Tabs     []link
	Clock    clockView
	NotYet   bool // the care library was not run after the round
	CanRun   bool
	AsOf     time.Time
	Chart    chart // of those invited, how far they came
	Outcomes []outcomeView
	Plot     plot
	Lot      *lotView
	Harms    []string // when nobody may wait
}

// lotView is the lot of a round in counts.
type lotView struct {
	Share, Weeks                   int
	Text                           string
	Eligible, Later, Harmed, Ended cell
	Until                          time.Time
	Seed                           string
}

// outcomeView is one outcome with its comparison.
type outcomeView struct {
	Title, Words         string
	Among                bool
	Withheld             bool
	InvitedN, LaterN     cell
	Invited, Later, Diff string
	Between              string
	Unsure               string // why the difference may be chance, and how many people would do
}

// plot is a picture of differences with what each lies between.
type plot struct {
	ID, Title, Desc, Height string
	Rows                    []plotRow
	Bottom                  string
}

// plotRow is one difference, in per cent of the width from no effect at the middle.
type plotRow struct {
	Label, Shown     string
	Withheld         bool
	TextY, ShownY    string
	LineY, Low, High string
	At               string
}

// effect shows what a round brought about.
func (s *site) effect(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	rd, err := s.roundOf(r)
	if err != nil {
		return err
	}
	if rd.State == store.Prepared || !s.hasEffect() {
		return missing("web.effect")
	}
	v := effectView{Round: rd, Path: roundPath(rd.ID) + "/effect", Clock: s.clockView()}
	v.Tabs = s.tabs(r, t, rd, v.Path)
	if c, ok := s.pack.Comparison(); ok {
		for _, h := range c.Harms {
			v.Harms = append(v.Harms, t.Of(h.Text))
		}
		v.Lot = &lotView{Share: c.Share, Weeks: c.Weeks, Text: t.Of(c.Text)}
	}
	e, err := s.effects.Effect(r.Context(), rd.ID, whoOf(r).Actor())
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Missing:
		v.NotYet = true
		return s.render(w, r, http.StatusOK, "effect.html", view{words: t, Title: t.T("tab.effect"), Path: v.Path, Data: v})
	}
	if err != nil {
		return err
	}
	v.fill(t, e)
	return s.render(w, r, http.StatusOK, "effect.html", view{words: t, Title: t.T("tab.effect"), Path: v.Path, Data: v})
}

// fill puts what was found into the reader's words.
func (v *effectView) fill(t words, e app.Effect) {
	v.AsOf = e.AsOf
	rows := []row{rowOf(t.T("effect.invited"), few(e.Invited)), rowOf(t.T("effect.accepted"), few(e.Accepted))}
	for _, o := range e.Outcomes {
		rows = append(rows, rowOf(o.Title.In(t.Lang), few(o.All.Reached)))
		v.Outcomes = append(v.Outcomes, outcomeIn(t, o))
	}
	v.Chart = newChart(t, "follow", "effect.follow", t.T("effect.follow.desc"), rows)
	v.Plot = plotOf(t, v.Outcomes, e.Outcomes)
	if l := e.Lot; l != nil && v.Lot != nil {
		v.Lot.Share, v.Lot.Weeks, v.Lot.Seed, v.Lot.Until = l.Share, l.Weeks, l.Seed, l.Until
		v.Lot.Eligible, v.Lot.Later, v.Lot.Harmed, v.Lot.Ended = few(len(l.Eligible)), few(len(l.Later)), few(l.Harmed), few(e.Ended)
	} else {
		v.Lot = nil
	}
}

func in100(x float64) int { return int(math.Round(100 * x)) }

func outcomeIn(t words, o app.Outcome) outcomeView {
	x := outcomeView{Title: o.Title.In(t.Lang), Among: o.Among, Withheld: o.Withheld()}
	if o.Compared == nil {
		x.Words = t.T("effect.none")
		return x
	}
	d := o.Compared
	x.InvitedN, x.LaterN = few(d.Invited.People), few(d.Later.People)
	if x.Withheld {
		x.Words = t.T("effect.withheld")
		return x
	}
	a, b := in100(d.Invited.Share()), in100(d.Later.Share())
	x.Invited, x.Later = t.Share(d.Invited.Reached, d.Invited.People), t.Share(d.Later.Reached, d.Later.People)
	x.Diff, x.Between = signed(t, a-b), t.T("effect.between", signed(t, in100(d.Range.Low)), signed(t, in100(d.Range.High)))
	x.Words = t.T("effect.words", a, b, signed(t, a-b), signed(t, in100(d.Range.Low)), signed(t, in100(d.Range.High)))
	if !d.Sure() && o.Needed > 0 {
		n, _ := about(max(o.Needed, smallest))
		x.Unsure = t.T("effect.unsure", t.N(n))
	}
	return x
}

// signed writes a number of points with a true minus sign.
func signed(t words, n int) string {
	if n < 0 {
		return "−" + t.N(-n)
	}
	return t.N(n)
}

const plotPitch = 4.4 // em from one difference to the next

// plotOf draws the differences: the middle is no effect, the sides are a hundred of a
// hundred.
func plotOf(t words, shown []outcomeView, list []app.Outcome) plot {
	p := plot{ID: "plot", Title: t.T("effect.plot"), Desc: t.T("effect.plot.desc"), Height: em(plotPitch*float64(len(list)) + 1.2), Bottom: em(plotPitch * float64(len(list)))}
	percent := func(x float64) string { return strconv.FormatFloat(50+50*x, 'f', 2, 64) + "%" }
	for i, o := range list {
		top := plotPitch * float64(i)
		r := plotRow{Label: shown[i].Title, Withheld: shown[i].Withheld, TextY: em(top + 1.1), ShownY: em(top + 2.4), LineY: em(top + 3.2), Shown: t.T("withheld")}
		if !r.Withheld {
			d := o.Compared
			r.Shown = shown[i].Diff + " (" + shown[i].Between + ")"
			r.Low, r.High, r.At = percent(d.Range.Low), percent(d.Range.High), percent(d.By)
		}
		p.Rows = append(p.Rows, r)
	}
	return p
}

// Appointment writes when an appointment is; "" if there is none.
func (w words) Appointment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return service.When(at.In(w.zone), w.Lang)
}
