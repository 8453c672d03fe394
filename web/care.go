package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/app"
	"ennakko/criteria"
	"ennakko/library"
	"ennakko/population"
	"ennakko/register"
)

// care is the care library at the desk. app.Live has it.
type care interface {
	Care() (app.CareOverview, error)
	KeptCare(ctx context.Context) (time.Time, error)
	RunCare(ctx context.Context, asOf time.Time, officer string) error
	Worklist(ctx context.Context, criterion, officer string, from, most int) ([]app.Listed, int, error)
	Explain(ctx context.Context, criterion string, place int, officer string) (app.Explained, error)
	NoteVisit(ctx context.Context, criterion string, place int, who string, v app.Visit, officer string) (app.Noted, error)
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
	Kept      time.Time
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
	if v.Kept, err = s.care.KeptCare(r.Context()); err != nil {
		return err
	}
	if asOf.Before(v.Kept) {
		v.AsOfFault = "care.earlier"
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

// careRun lets a page about one criterion be shown after a run; else, as while one is
// made again, it leads to the page that says so.
func (s *site) careRun(to handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		o, err := s.overview()
		if err != nil {
			return err
		}
		if _, ok := o.Library.Criterion(r.PathValue("criterion")); ok && !o.Run {
			http.Redirect(w, r, carePath+"#now", http.StatusSeeOther)
			return nil
		}
		return to(w, r)
	}
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
	Visit            *visitView // nil: nothing is to be entered
	Noted            *notedView // nil: nothing was entered
}

type lineView struct {
	Indent string // em
	Truth  string // word
	Kind   string // of truth, for the label's colour
	Text   string
	Code   string // the step itself, as the rule has it; "": the words are all
	Head   bool
}

// fieldName is a field of a register, as the rules name it.
var fieldName = regexp.MustCompile(`\b[a-z_]+\.[a-z_]+\b`)

// inTurn puts the words of a step before its rule: what it is, what was found, and then
// the rule. Fields are told by their names.
func inTurn(t words, line string) (said, code string) {
	rule, told, ok := strings.Cut(line, " — ")
	if !ok {
		return line, ""
	}
	title, code, titled := strings.Cut(rule, ": ")
	if !titled {
		title, code = "", rule
	}
	told = fieldName.ReplaceAllStringFunc(told, func(f string) string {
		if t.Has("field." + f) {
			return t.T("field." + f)
		}
		return f
	})
	if title == "" {
		return told, code
	}
	return title + ": " + told, code
}

// finding explains the finding of whoever stands at a place of a worklist.
func (s *site) finding(w http.ResponseWriter, r *http.Request) error {
	c, o, err := s.criterionOf(r)
	if err != nil {
		return err
	}
	at, err := placeOf(r)
	if err != nil {
		return err
	}
	x, err := s.care.Explain(r.Context(), c.Name, at, whoOf(r).Actor())
	if err != nil {
		return err
	}
	v := s.findingView(r, c, o, x)
	if x.Pressure && s.can(r, access.NoteVisit, access.On{}) {
		v.Visit = s.newVisit(r, c.Name, at, x.Who)
	}
	return s.renderFinding(w, r, http.StatusOK, c.Name, at, v)
}

func placeOf(r *http.Request) (int, error) {
	at, err := strconv.Atoi(r.PathValue("place"))
	if err != nil || at < 1 {
		return 0, missing("web.finding")
	}
	return at, nil
}

func (s *site) renderFinding(w http.ResponseWriter, r *http.Request, status int, criterion string, at int, v findingView) error {
	t := s.words(r)
	return s.render(w, r, status, "finding.html", view{words: t, Title: t.T("finding.title", at), Path: criterionPath(criterion) + "/worklist/" + strconv.Itoa(at), Data: v})
}

func (s *site) findingView(r *http.Request, c *library.Criterion, o app.CareOverview, x app.Explained) findingView {
	t := s.words(r)
	v := findingView{Crumb: criterionPath(c.Name) + "/worklist", CrumbText: c.Title.In(t.Lang), Mark: o.Library.Mark().In(t.Lang), Name: x.Name, Criterion: criterionIn(t, c), AsOf: o.AsOf, Fault: x.Fault}
	v.Verdict = verdictLine(t, o.Library, x.Trace, c)
	v.Lines = traceLines(t, o.Library, x.Trace, c)
	return v
}

// verdictLine is the verdict of a trace in words.
func verdictLine(t words, l *library.Library, trace criteria.CareTrace, c *library.Criterion) string {
	return l.Language().FindingWords(trace, c.Reasons(), t.Lang)[0].Text
}

// traceLines are the steps of a trace in words, without the verdict.
func traceLines(t words, l *library.Library, trace criteria.CareTrace, c *library.Criterion) (out []lineView) {
	for _, line := range l.Language().FindingWords(trace, c.Reasons(), t.Lang)[1:] {
		said, code := inTurn(t, line.Text)
		x := lineView{Text: said, Code: code, Head: line.Depth == 0, Indent: strconv.Itoa(min(line.Depth, mostIndent)), Kind: string(line.Truth)}
		if line.Truth != "" {
			x.Truth = criteria.TruthWord(line.Truth, t.Lang)
		}
		out = append(out, x)
	}
	return out
}

// mostIndent keeps deep steps on a small screen.
const mostIndent = 6
