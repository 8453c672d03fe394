package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"ennakko/access"
	"ennakko/channel/sms"
	"ennakko/library"
	"ennakko/person"
	"ennakko/population"
	"ennakko/service"
)

// paramsOf are the parameters that a criterion reads.
func paramsOf(c *library.Criterion) []string {
	var out []string
	for _, p := range c.Care.Parts() {
		for _, name := range p.Program.Params() {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// whatIfView is a trial of other thresholds.
type whatIfView struct {
	Path, Mark string
	Criterion  criterionWords
	Params     []paramView
	Fault, At  string // text key, and the field that is wrong
	Result     *movedView
	CanList    bool
}

// movedView is what a trial would change.
type movedView struct {
	Before, After, Enter, Leave cell
	Groups                      []movedGroup
	Cents                       float64 // of the messages to one person
	Euros                       float64 // to all, by the trial, rounded as the counts are
	EurosNow                    float64
	Nothing                     bool // nobody enters or leaves
}

// movedGroup is who enters and leaves, of one breakdown.
type movedGroup struct {
	Title string
	Chart chart
	Rows  []movedRow
}

type movedRow struct {
	Label        string
	Enter, Leave cell
}

// plainUnit writes a unit as people do: UCUM has mm[Hg].
var plainUnit = strings.NewReplacer("[", "", "]", "")

func (s *site) whatIfView(r *http.Request) (whatIfView, *library.Criterion, error) {
	c, o, err := s.criterionOf(r)
	if err != nil {
		return whatIfView{}, nil, err
	}
	t := s.words(r)
	v := whatIfView{Path: criterionPath(c.Name) + "/what-if", Mark: o.Library.Mark().In(t.Lang), Criterion: criterionIn(t, c), CanList: s.can(r, access.SeeFinding, access.On{})}
	used := paramsOf(c)
	for _, p := range o.Library.Params().All() {
		if !slices.Contains(used, p.Name) {
			continue
		}
		title, unit := o.Library.ParamTitle(p.Name)
		x := paramView{Name: p.Name, Title: title, Source: source(p, o.AsOf)}
		if now, err := p.At(o.AsOf); err == nil {
			x.Now = strconv.FormatFloat(now, 'f', -1, 64)
		}
		x.Unit, x.Value = plainUnit.Replace(unit.String()), x.Now
		if r.Method == http.MethodPost {
			x.Value = r.PostFormValue("param." + p.Name)
		}
		v.Params = append(v.Params, x)
	}
	return v, c, nil
}

func (s *site) whatIfForm(w http.ResponseWriter, r *http.Request) error {
	v, _, err := s.whatIfView(r)
	if err != nil {
		return err
	}
	return s.renderWhatIf(w, r, http.StatusOK, v)
}

func (s *site) renderWhatIf(w http.ResponseWriter, r *http.Request, status int, v whatIfView) error {
	t := s.words(r)
	return s.render(w, r, status, "whatif.html", view{words: t, Title: t.T("whatif.title", v.Criterion.Title), Path: v.Path, Data: v})
}

// whatIf compares other thresholds with those in force.
func (s *site) whatIf(w http.ResponseWriter, r *http.Request) error {
	v, c, err := s.whatIfView(r)
	if err != nil {
		return err
	}
	values := map[string]float64{}
	for _, p := range v.Params {
		n, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(p.Value), ",", ".", 1), 64)
		if err != nil || n < -1e6 || n > 1e6 {
			v.Fault, v.At = "try.badnumber", "param."+p.Name
			return s.renderWhatIf(w, r, http.StatusUnprocessableEntity, v)
		}
		if p.Value != p.Now {
			values[p.Name] = n
		}
	}
	d, err := s.care.CareWhatIf(r.Context(), c.Name, values, whoOf(r).Actor())
	if err != nil {
		return err
	}
	if v.Result, err = s.movedView(s.words(r), d); err != nil {
		return err
	}
	return s.renderWhatIf(w, r, http.StatusOK, v)
}

func (s *site) movedView(t words, d population.Difference) (*movedView, error) {
	v := &movedView{Before: few(int(d.Before)), After: few(int(d.After)), Enter: few(int(d.Enter.GetCardinality())), Leave: few(int(d.Leave.GetCardinality()))} //nolint:gosec // people fit
	cents, err := s.inviteCents()
	if err != nil {
		return nil, err
	}
	v.Cents, v.Euros, v.EurosNow = cents, cents*float64(v.After.N)/100, cents*float64(v.Before.N)/100
	enter, leave := map[string]int{}, map[string]int{}
	for k, m := range d.ByDistrict {
		enter[k], leave[k] = m.Enter, m.Leave
	}
	ages := movedBy(d.ByAge, func(k string) string { return t.T("cohort.age.years", strings.ReplaceAll(k, "-", "–")) }, t.T("cohort.unknown"))
	sexes := movedBy(d.BySex, func(k string) string { return t.T("sex." + k) }, t.T("cohort.unknown"))
	for _, g := range []struct {
		id, key string
		in, out []row
	}{{"age", "cohort.age", ages[0], ages[1]}, {"sex", "whatif.sex", sexes[0], sexes[1]}, {"home", "cohort.home", majors(t, enter), majors(t, leave)}} {
		in, out := hideIfAny(g.in), hideIfAny(g.out)
		x := movedGroup{Title: t.T(g.key)}
		var bars []row
		for i := range in {
			in[i].N, out[i].N = rounded(in[i].N), rounded(out[i].N)
			x.Rows = append(x.Rows, movedRow{in[i].Label, cell{in[i].N, in[i].Withheld}, cell{out[i].N, out[i].Withheld}})
			b := in[i]
			if v.Leave.N > v.Enter.N {
				b = out[i]
			}
			bars = append(bars, b)
		}
		title := "whatif.entering"
		if v.Leave.N > v.Enter.N {
			title = "whatif.leaving"
		}
		x.Chart = newChart(t, "moved-"+g.id, title, t.T("whatif.chart.desc"), bars)
		v.Groups = append(v.Groups, x)
	}
	v.Nothing = d.Enter.IsEmpty() && d.Leave.IsEmpty()
	v.Groups = slices.DeleteFunc(v.Groups, func(g movedGroup) bool { return len(g.Rows) == 0 })
	return v, nil
}

// hideIfAny withholds small counts, unless nobody is there at all: the total says
// so already.
func hideIfAny(rows []row) []row {
	for _, r := range rows {
		if r.N > 0 {
			return hide(rows)
		}
	}
	return rows
}

// movedBy puts a breakdown in order: who enters, and who leaves.
func movedBy(by map[string]population.Movement, label func(string) string, unknown string) (out [2][]row) {
	keys := make([]string, 0, len(by))
	for k := range by {
		keys = append(keys, k)
	}
	first := func(k string) int {
		n, err := strconv.Atoi(strings.SplitN(k, "-", 2)[0])
		if err != nil {
			return 1000
		}
		return n
	}
	slices.SortFunc(keys, func(a, b string) int {
		if d := first(a) - first(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, k := range keys {
		l := unknown
		if k != "" && k != "unknown" {
			l = label(k)
		}
		out[0], out[1] = append(out[0], row{Label: l, N: by[k].Enter}), append(out[1], row{Label: l, N: by[k].Leave})
	}
	return out
}

// inviteCents is what the text messages to one person cost who answers at once:
// the notice, the inquiry and the confirmation, in Finnish.
func (s *site) inviteCents() (float64, error) {
	at, err := s.pack.Schedule().Moments(s.clock.Now())
	if err != nil {
		return 0, err
	}
	parts := 0
	for _, k := range []service.Kind{service.Notice, service.Inquiry, service.ConfirmAccept} {
		text, err := s.pack.Text(k, person.Finnish, service.Values{Guardian: samples[0].guardian, Child: samples[0].child, Unit: samples[0].unit[person.Finnish], Answer: "A", Deadline: at.Deadline})
		if err != nil {
			return 0, err
		}
		parts += sms.Segments(text).Count
	}
	return float64(parts) * s.pack.Schedule().PartPrice(), nil
}
