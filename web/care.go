package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/app"
	"ennakko/channel/sms"
	"ennakko/criteria"
	"ennakko/library"
	"ennakko/person"
	"ennakko/population"
	"ennakko/register"
	"ennakko/service"
)

// care is the care library at the desk. app.Live has it.
type care interface {
	Care() (app.CareOverview, error)
	RunCare(ctx context.Context, asOf time.Time, officer string) error
	Worklist(ctx context.Context, criterion, officer string, from, most int) ([]app.Listed, int, error)
	Explain(ctx context.Context, criterion string, place int, officer string) (app.Explained, error)
	CareWhatIf(ctx context.Context, criterion string, values map[string]float64, officer string) (population.Difference, error)
}

const carePath = "/desk/care"

// hasCare reports whether the service finds its people by the care library.
func (s *site) hasCare() bool {
	return slices.Contains(s.pack.Purpose().Fields(), register.CareGap)
}

// careView is the criteria of care with the counts of a run.
type careView struct {
	Path      string
	Mark      string
	Version   string
	Overview  app.CareOverview
	People    cell
	Gaps      cell
	Families  []careFamily
	Verdicts  []string
	Family    *careFamily // the one that the address names
	Chart     chart
	Job       jobView
	CanRun    bool
	AsOf      string
	AsOfFault string // text key
}

type careFamily struct {
	Name, Title string
	N           int // criteria
	Gaps        cell
	Criteria    []careRow
}

// careRow is a criterion with its counts, in the order of the verdicts.
type careRow struct {
	Name, Title, Evidence string
	Cells                 []cell
	Runs                  bool
	CanList, CanTry       bool
}

// few is a count as a reader of figures sees it.
func few(n int) cell {
	shown, held := about(n)
	return cell{shown, held && n > 0}
}

// overview is the care library, if the service stands on one.
func (s *site) overview() (app.CareOverview, error) {
	if !s.hasCare() {
		return app.CareOverview{}, missing("web.care")
	}
	return s.care.Care()
}

func (s *site) careView(r *http.Request) (careView, error) {
	o, err := s.overview()
	if err != nil {
		return careView{}, err
	}
	t := s.words(r)
	v := careView{Path: carePath, Mark: o.Library.Mark().In(t.Lang), Version: o.Library.Version(), Overview: o, Job: s.jobView(t), People: few(o.People), Gaps: few(o.Gaps),
		AsOf: s.clock.Now().In(t.zone).Format(time.DateOnly)}
	v.CanRun = !v.Job.Busy && s.can(r, access.RunCare, access.On{})
	list, try := s.can(r, access.SeeFinding, access.On{}), s.can(r, access.TryCare, access.On{})
	for _, verdict := range shownVerdicts() {
		v.Verdicts = append(v.Verdicts, criteria.VerdictWord(verdict, t.Lang))
	}
	var bars []row
	for _, f := range o.Library.Families() {
		x := careFamily{Name: f.Name, Title: f.Title.In(t.Lang)}
		gaps := 0
		for _, c := range o.Library.Criteria() {
			if c.Family != f.Name {
				continue
			}
			row := careRow{Name: c.Name, Title: c.Title.In(t.Lang), Evidence: c.Evidence, Runs: c.Runs() && o.Run}
			counts := o.Counts[c.Name]
			for _, verdict := range shownVerdicts() {
				row.Cells = append(row.Cells, few(counts[verdict]))
			}
			row.CanList, row.CanTry = row.Runs && list && counts[criteria.Gap] > 0, row.Runs && try && len(paramsOf(c)) > 0
			x.Criteria = append(x.Criteria, row)
			gaps += counts[criteria.Gap]
			bars = append(bars, rowOf(row.Title, few(counts[criteria.Gap])))
		}
		x.N, x.Gaps = len(x.Criteria), few(gaps)
		v.Families = append(v.Families, x)
		if f.Name == r.URL.Query().Get("family") {
			v.Family = &x
		}
	}
	slices.SortStableFunc(bars, func(a, b row) int { return b.N - a.N })
	v.Chart = newChart(t, "gaps", "care.chart", t.T("care.chart.desc"), bars[:min(len(bars), mostBars)])
	return v, nil
}

// mostBars is how many criteria the picture shows: those with the most gaps.
const mostBars = 15

func rowOf(label string, c cell) row { return row{Label: label, N: c.N, Withheld: c.Withheld} }

// shownVerdicts are the five verdicts, and the errors of a run.
func shownVerdicts() []criteria.CareVerdict { return criteria.CareVerdicts() }

func (s *site) showCare(w http.ResponseWriter, r *http.Request) error {
	v, err := s.careView(r)
	if err != nil {
		return err
	}
	return s.renderCare(w, r, http.StatusOK, v)
}

func (s *site) renderCare(w http.ResponseWriter, r *http.Request, status int, v careView) error {
	t := s.words(r)
	return s.render(w, r, status, "care.html", view{words: t, Title: t.T("care.title"), Path: carePath, Events: carePath + "/events", State: v.state(), Data: v})
}

func (v careView) state() string {
	return strconv.FormatBool(v.Job.Busy) + v.Overview.AsOf.Format(time.DateOnly)
}

// careEvents tells the page of the library how far a run is.
func (s *site) careEvents(w http.ResponseWriter, r *http.Request) error {
	if !s.hasCare() {
		return missing("web.care")
	}
	t := s.words(r)
	return s.stream(w, r, func(ctx context.Context) (news, error) {
		v, err := s.careView(r.WithContext(ctx))
		if err != nil {
			return news{}, err
		}
		job, err := s.part("care.html", "job", view{words: t, Data: v})
		return news{State: v.state(), Parts: map[string]string{"job": job}}, err
	})
}

// runCare begins to run the library over everyone.
func (s *site) runCare(w http.ResponseWriter, r *http.Request) error {
	v, err := s.careView(r)
	if err != nil {
		return err
	}
	v.AsOf = r.PostFormValue("as_of")
	asOf, err := time.Parse(time.DateOnly, v.AsOf)
	if err != nil || asOf.Year() < 2000 || asOf.Year() > 2100 {
		v.AsOfFault = "find.badday"
		return s.renderCare(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.care.RunCare(s.ctx, asOf, whoOf(r).Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, carePath+"#now", http.StatusSeeOther)
	return nil
}

// criterionOf is the criterion that the address names.
func (s *site) criterionOf(r *http.Request) (*library.Criterion, app.CareOverview, error) {
	o, err := s.overview()
	if err != nil {
		return nil, o, err
	}
	c, ok := o.Library.Criterion(r.PathValue("criterion"))
	if !ok || !o.Run || !c.Runs() {
		return nil, o, missing("web.care")
	}
	return c, o, nil
}

func criterionPath(name string) string { return carePath + "/" + url.PathEscape(name) }

// linesOnPage is how many people one page of a worklist shows.
const linesOnPage = 25

// worklistView is one page of a criterion's worklist.
type worklistView struct {
	Path, Mark string
	Criterion  criterionWords
	AsOf       time.Time
	Lines      []listedView
	Total      int
	From       int
	More       int // the next page begins here; 0: there is none
}

// criterionWords is a criterion in the reader's language.
type criterionWords struct {
	Title, Gap, Evidence, Source string
	Benefit                      *library.Benefit
	Population, Done             string
}

func criterionIn(t words, c *library.Criterion) criterionWords {
	return criterionWords{c.Title.In(t.Lang), c.Gap.In(t.Lang), c.Evidence, c.Source, c.Benefit, c.Population, c.Done}
}

type listedView struct {
	app.Listed
	Why string
}

// worklist shows who has a gap, those first whom it is expected to help most.
func (s *site) worklist(w http.ResponseWriter, r *http.Request) error {
	c, o, err := s.criterionOf(r)
	if err != nil {
		return err
	}
	t := s.words(r)
	v := worklistView{Path: criterionPath(c.Name) + "/worklist", Mark: o.Library.Mark().In(t.Lang), Criterion: criterionIn(t, c), AsOf: o.AsOf}
	if v.From, err = strconv.Atoi(r.URL.Query().Get("from")); err != nil || v.From < 1 {
		v.From = 1
	}
	lines, total, err := s.care.Worklist(r.Context(), c.Name, whoOf(r).Actor(), v.From, linesOnPage)
	if err != nil {
		return err
	}
	v.Total = total
	for _, x := range lines {
		v.Lines = append(v.Lines, listedView{x, whyListed(t, x)})
	}
	if n := len(lines); n > 0 && lines[n-1].Place < total {
		v.More = lines[n-1].Place + 1
	}
	return s.render(w, r, http.StatusOK, "worklist.html", view{words: t, Title: t.T("worklist.title", v.Criterion.Title), Path: v.Path, Data: v})
}

// whyListed says in words why somebody stands where they do.
func whyListed(t words, x app.Listed) string {
	since := t.T("worklist.since", t.F(x.Overdue.Years, 1))
	if x.Overdue.Never {
		since = t.T("worklist.never")
	}
	return since
}

// findingView explains one criterion for one person.
type findingView struct {
	Crumb, CrumbText string
	Mark             string
	Name             string
	Criterion        criterionWords
	AsOf             time.Time
	Verdict          string
	Lines            []lineView
	Fault            bool
}

type lineView struct {
	Indent string // em
	Truth  string // word
	Kind   string // of truth, for the label's colour
	Text   string
	Head   bool
}

// finding explains the finding of whoever stands at a place of a worklist.
func (s *site) finding(w http.ResponseWriter, r *http.Request) error {
	c, o, err := s.criterionOf(r)
	if err != nil {
		return err
	}
	at, err := strconv.Atoi(r.PathValue("place"))
	if err != nil || at < 1 {
		return missing("web.finding")
	}
	x, err := s.care.Explain(r.Context(), c.Name, at, whoOf(r).Actor())
	if err != nil {
		return err
	}
	t := s.words(r)
	v := findingView{Crumb: criterionPath(c.Name) + "/worklist", CrumbText: c.Title.In(t.Lang), Mark: o.Library.Mark().In(t.Lang), Name: x.Name, Criterion: criterionIn(t, c), AsOf: o.AsOf, Fault: x.Fault}
	for i, line := range o.Library.Language().FindingWords(x.Trace, c.Reasons(), t.Lang) {
		if i == 0 {
			v.Verdict = line.Text
			continue
		}
		l := lineView{Text: line.Text, Head: line.Depth == 0, Indent: strconv.Itoa(min(line.Depth, mostIndent)), Kind: string(line.Truth)}
		if line.Truth != "" {
			l.Truth = criteria.TruthWord(line.Truth, t.Lang)
		}
		v.Lines = append(v.Lines, l)
	}
	return s.render(w, r, http.StatusOK, "finding.html", view{words: t, Title: t.T("finding.title", at), Path: criterionPath(c.Name) + "/worklist/" + strconv.Itoa(at), Data: v})
}

// mostIndent keeps deep steps on a small screen.
const mostIndent = 6

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
		x.Unit, x.Value = unit.String(), x.Now
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
