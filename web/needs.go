package web

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"ennakko/access"
	"ennakko/app"
	"ennakko/needs"
)

// highNeed tells how costs lie among people. app.Live does.
type highNeed interface {
	Needs() (app.Needs, bool)
	RunNeeds(ctx context.Context, year int, officer string) error
	needed
}

const needsPath = carePath + "-needs"

// needsView is how the costs of a year lie, and how well signs found those with most.
type needsView struct {
	Path      string
	Mark      string
	Job       jobView
	CanRun    bool
	CanList   bool
	Year      string
	YearFault string // text key
	Run       bool
	N         app.Needs
	People    cell
	Tenth     string
	For80     string
	Gini      string
	Total     string
	Threshold string
	Curve     needCurve
	Ways      []needWay
	WayChart  chart
	Groups    []needGroup
	Spread    spread
	Signs     []needSign
	NotFor    []string
}

// needCurve is the concentration curve as it is drawn, and its numbers.
type needCurve struct {
	Line, Equal, At string
	Rows            [][2]string // share of people, share of costs
}

type needWay struct {
	Title, Sensitivity, Predictive, Cost string
	Named                                cell
}

type needGroup struct {
	Title                       string
	People                      cell
	Expected, Seen, Sensitivity string
}

// spread is a picture of what was expected and what came, group by group.
type spread struct {
	Height, Bottom string
	Rows           []spreadRow
}

type spreadRow struct {
	Label, Shown, TextY, ShownY, LineY, Expected, Seen string
}

type needSign struct {
	Title    string
	Points   int
	People   cell
	High     string
	Withheld bool
}

func (s *site) needsView(r *http.Request) (needsView, error) {
	if !s.hasCare() {
		return needsView{}, missing("web.needs")
	}
	t := s.words(r)
	v := needsView{Path: needsPath, Job: s.jobView(t), Year: strconv.Itoa(s.clock.Now().In(t.zone).Year() - 1)}
	v.CanRun = !v.Job.Busy && s.can(r, access.RunCare, access.On{})
	v.CanList = s.can(r, access.SeeFinding, access.On{})
	if v.N, v.Run = s.highNeed.Needs(); v.Run {
		v.fill(t)
	}
	return v, nil
}

// percent writes a share in whole per cent, with a decimal where it is small.
func percent(t words, x float64) string {
	digits := 0
	if x < 0.1 {
		digits = 1
	}
	sign := "\u00a0%"
	if t.Lang == "en" {
		sign = "%"
	}
	return t.F(100*x, digits) + sign
}

func (v *needsView) fill(t words) {
	n := v.N
	v.Mark, v.People = n.Library.Mark().In(t.Lang), few(n.Curve.People)
	v.Tenth, v.For80, v.Gini = percent(t, n.Curve.Tenth), percent(t, n.Curve.For80), t.F(n.Curve.Gini, 2)
	v.Total, v.Threshold = t.F(n.Curve.Total/1e6, 1), t.N(int(math.Round(n.Threshold/100))*100)
	v.Curve = drawCurve(t, n.Curve)
	var rows []row
	for _, w := range n.Ways {
		x := needWay{t.T("needs.way." + strings.ReplaceAll(w.Name, " ", "")), percent(t, w.Sensitivity), percent(t, w.Predictive), percent(t, w.Cost), few(w.Named)}
		v.Ways = append(v.Ways, x)
		rows = append(rows, row{Label: x.Title, N: int(math.Round(1000 * w.Cost)), Strong: w.Name == app.BySigns})
	}
	v.WayChart = newChart(t, "ways", "needs.ways", t.T("needs.ways.desc"), append(rows, row{N: 1000}))
	v.WayChart.Bars = v.WayChart.Bars[:len(rows)] // the full width is all costs
	for i := range v.WayChart.Bars {
		v.WayChart.Bars[i].Shown = v.Ways[i].Cost
	}
	for i, g := range n.Told() {
		x := needGroup{t.T("needs.group." + g.By + "." + g.Name), few(g.People), percent(t, g.Expected), percent(t, g.Seen), percent(t, g.Sensitivity)}
		v.Groups = append(v.Groups, x)
		top := plotPitch * float64(i)
		at := func(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) + "%" }
		v.Spread.Rows = append(v.Spread.Rows, spreadRow{x.Title, t.T("needs.spread.shown", x.Expected, x.Seen), em(top + 1.1), em(top + 2.4), em(top + 3.2), at(g.Expected), at(g.Seen)})
	}
	v.Spread.Height = em(plotPitch*float64(len(v.Groups)) + 1.2)
	for _, x := range n.Signs {
		y := needSign{Title: x.Criterion.Title.In(t.Lang), Points: x.Criterion.Points, People: few(x.People), Withheld: x.Few()}
		if !y.Withheld {
			y.High = percent(t, float64(x.High)/float64(x.People))
		}
		v.Signs = append(v.Signs, y)
	}
	v.NotFor = notFor(t, n.Library)
}

// The curve's picture: a square of curveSize with room for words around it.
const (
	curveSize = 300.0
	curveLeft = 44.0
	curveTop  = 12.0
)

func drawCurve(t words, c needs.Curve) needCurve {
	var b strings.Builder
	at := func(x, y float64) string {
		return strconv.FormatFloat(curveLeft+curveSize*x, 'f', 1, 64) + "," + strconv.FormatFloat(curveTop+curveSize*(1-y), 'f', 1, 64)
	}
	for i, p := range c.Points {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(at(p.People, p.Cost))
	}
	out := needCurve{Line: b.String(), Equal: at(0, 0) + " " + at(1, 1)}
	for i := 0; i < len(c.Points); i += 10 {
		out.Rows = append(out.Rows, [2]string{percent(t, c.Points[i].People), percent(t, c.Points[i].Cost)})
	}
	return out
}

func (s *site) showNeeds(w http.ResponseWriter, r *http.Request) error {
	v, err := s.needsView(r)
	if err != nil {
		return err
	}
	return s.renderNeeds(w, r, http.StatusOK, v)
}

func (s *site) renderNeeds(w http.ResponseWriter, r *http.Request, status int, v needsView) error {
	t := s.words(r)
	return s.render(w, r, status, "needs.html", view{words: t, Title: t.T("needs.title"), Path: needsPath, Events: needsPath + "/events", State: v.state(), Data: v})
}

func (v needsView) state() string { return strconv.FormatBool(v.Job.Busy) + strconv.Itoa(v.N.Year) }

// needsEvents tells the page how far the judgement is.
func (s *site) needsEvents(w http.ResponseWriter, r *http.Request) error {
	if !s.hasCare() {
		return missing("web.needs")
	}
	t := s.words(r)
	return s.stream(w, r, func(ctx context.Context) (news, error) {
		v, err := s.needsView(r.WithContext(ctx))
		if err != nil {
			return news{}, err
		}
		job, err := s.part("needs.html", "job", view{words: t, Data: v})
		return news{State: v.state(), Parts: map[string]string{"job": job}}, err
	})
}

// runNeeds begins to judge the signs by a year.
func (s *site) runNeeds(w http.ResponseWriter, r *http.Request) error {
	v, err := s.needsView(r)
	if err != nil {
		return err
	}
	v.Year = r.PostFormValue("year")
	year, err := strconv.Atoi(v.Year)
	if err != nil || year < 2000 || year > 2100 {
		v.YearFault = "needs.badyear"
		return s.renderNeeds(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.highNeed.RunNeeds(s.ctx, year, whoOf(r).Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, needsPath+"#now", http.StatusSeeOther)
	return nil
}
