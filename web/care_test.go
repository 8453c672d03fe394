package web

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/app"
	"ennakko/criteria"
	groups "ennakko/effect"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/needs"
	"ennakko/packs"
	"ennakko/person"
	"ennakko/population"
	"ennakko/store"
)

// withCare makes the city's service the one that finds its people by the care
// library; run says that the library was run.
func (c *city) withCare(run bool) *city {
	c.pack, c.careRun = "blood-pressure", run
	c.round.Service = cmp.Or(c.pack, c.round.Service)
	return c
}

// careLib is the library that comes with the program, loaded once.
var careLib = sync.OnceValue(func() *library.Library {
	l, err := library.Load(packs.FS, "health", app.Catalog())
	if err != nil {
		panic(err) // the library is checked by its own tests
	}
	return l
})

func (c *city) Care() (app.CareOverview, error) {
	o := app.CareOverview{Library: careLib()}
	if !c.careRun {
		return o, nil
	}
	o.Run, o.Before, o.AsOf, o.People, o.Gaps, o.Counts = true, c.careBefore, begin.Truncate(24*time.Hour), 19873, 7211, map[string]map[criteria.CareVerdict]int{}
	for i, k := range o.Library.Criteria() {
		o.Counts[k.Name] = map[criteria.CareVerdict]int{criteria.NotApplicable: 15000 - i, criteria.Excluded: 3, criteria.Done: 4000, criteria.Gap: max(870-40*i, 0), criteria.CareUnknown: 41 * i}
	}
	return o, nil
}

func (c *city) RunCare(_ context.Context, asOf time.Time, officer string) error {
	c.say("run care %s %s", asOf.Format(time.DateOnly), officer)
	return nil
}

func (c *city) Worklist(_ context.Context, criterion, officer string, from, most int) (out []app.Listed, total int, _ error) {
	c.say("worklist %s %d %s", criterion, from, officer)
	total = 60
	for i := from; i <= total && len(out) < most; i++ {
		out = append(out, app.Listed{Place: i, Name: fmt.Sprintf("Matti Meikäläinen <%d>", i), Benefit: 2.8, Overdue: app.Overdue{Years: 3.2, Never: i%3 == 0}, Gaps: 1 + i%4})
	}
	return out, total, nil
}

// made are facts of a made-up person.
type made map[string][]criteria.Fact

func (m made) Facts(name string) ([]criteria.Fact, bool) { return m[name], true }

func (c *city) Explain(_ context.Context, criterion string, place int, officer string) (app.Explained, error) {
	c.say("explain %s %d %s", criterion, place, officer)
	if place > 60 {
		return app.Explained{}, fault.New(fault.Missing, "test", "nobody stands there")
	}
	l := careLib()
	k, _ := l.Criterion(criterion)
	day := begin.Truncate(24 * time.Hour)
	at := day.AddDate(0, -5, 0)
	facts := criteria.RecordFacts{Language: l.Language(), Read: true, Concepts: map[string][]criteria.Fact{
		"hypertension": {{From: day.AddDate(-6, 0, 0)}},
		"systolic":     {{From: at, Until: at, Value: 163.0, Class: "AMB"}},
		"diastolic":    {{From: at, Until: at, Value: 98.0, Class: "AMB"}},
	}, Other: made{"population.birth_date": {{Value: day.AddDate(-61, 0, 0)}}, "population.sex": {{Value: "m"}}}}
	x := app.Explained{Name: "Matti Meikäläinen", Criterion: k, Who: "w123", Pressure: true}
	var err error
	x.Trace, err = k.Care.Trace(facts, l.Params(), criteria.Run{AsOf: day})
	return x, err
}

func (c *city) NoteVisit(ctx context.Context, criterion string, place int, who string, v app.Visit, officer string) (app.Noted, error) {
	c.say("visit %s %d %s %d/%d on %s %t %s", criterion, place, who, v.Systolic, v.Diastolic, v.Day.Format(time.DateOnly), v.Offered, officer)
	if who != "w123" {
		return app.Noted{}, fault.New(fault.Conflict, "test", "somebody else stands there by now")
	}
	x, err := c.Explain(ctx, criterion, place, officer)
	return app.Noted{Explained: x, Fresh: v.Systolic != 141, Later: v.Systolic == 142}, err
}

func (c *city) CareWhatIf(_ context.Context, criterion string, values map[string]float64, officer string) (population.Difference, error) {
	c.say("what if %s %v %s", criterion, values, officer)
	enter := roaring.New()
	enter.AddRange(0, 412)
	move := func(n int) population.Movement { return population.Movement{Enter: n} }
	return population.Difference{Before: 870, After: 1280, Enter: enter, Leave: roaring.BitmapOf(500, 501),
		ByAge: map[string]population.Movement{"40-49": move(101), "50-59": move(150), "60-69": {Enter: 158, Leave: 2}, "100-": move(3)},
		BySex: map[string]population.Movement{"f": move(180), "m": {Enter: 232, Leave: 2}}, ByDistrict: map[string]population.Movement{"0911101010": move(200), "0912301030": move(209), "0918101010": {Enter: 3, Leave: 2}}}, nil
}

// measured is what the made-up city's round brought about.
func (c *city) Effect(_ context.Context, id store.RoundID, officer string) (app.Effect, error) {
	c.say("effect %d %s", id, officer)
	if !c.careRun {
		return app.Effect{}, fault.New(fault.Conflict, "test", "the library was not run after the round")
	}
	e := app.Effect{Round: c.round, AsOf: begin.AddDate(0, 0, 80).Truncate(24 * time.Hour), Invited: 448, Accepted: 301,
		Lot: &store.Lot{Seed: "00ff17", Share: 20, Weeks: 12, Harmed: 17, Eligible: make([]person.ID, 402), Later: make([]person.ID, 80), Until: begin.AddDate(0, 0, 84)}}
	for i, g := range [][3]groups.Group{{{People: 448, Reached: 263}, {People: 322, Reached: 190}, {People: 80, Reached: 2}}, {{People: 287, Reached: 141}, {People: 210, Reached: 65}, {People: 52, Reached: 6}},
		{{People: 448, Reached: 152}, {People: 322, Reached: 96}, {People: 80, Reached: 18}}} {
		o := app.Outcome{Outcome: careLib().Outcomes()[i], Among: i == 1, All: g[0], Needed: 900}
		d, err := groups.Compare(g[1], g[2], 0.95)
		if err != nil {
			return e, err
		}
		o.Compared = &d
		e.Outcomes = append(e.Outcomes, o)
	}
	return e, nil
}

func TestThePagesOfCareNeedAServiceThatStandsOnIt(t *testing.T) {
	h := handlerOf(t, newCity())
	for _, p := range []string{"/desk/care", "/desk/care/hypertension-treated/worklist", "/desk/care/hypertension-treated/what-if"} {
		if w := getAs(t, h, asExpert, p); w.Code != http.StatusNotFound {
			t.Errorf("%s gives %d where no service stands on the care library", p, w.Code)
		}
	}
	if strings.Contains(getAs(t, h, asExpert, "/desk").Body.String(), "/desk/care") {
		t.Error("the desk leads to a library that is not there")
	}
}

func TestCountsOfCareAreRoundedAndSmallOnesWithheld(t *testing.T) {
	body := getAs(t, handlerOf(t, newCity().withCare(true)), asLeader, "/desk/care?lang=en&family=hypertension").Body.String()
	for _, want := range []string{"19,875", "7,210", "fewer than 5", "Example content: needs local clinical approval."} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"19,873", "7,211", "/worklist", "/what-if", "/run\""} {
		if strings.Contains(body, not) {
			t.Errorf("a leader's page has %q", not)
		}
	}
}

func TestAWorklistNamesPeopleByTheirPlaceAndLeadsToWhy(t *testing.T) {
	c := newCity().withCare(true)
	h := handlerOf(t, c)
	body := getAs(t, h, asExpert, "/desk/care/hypertension-treated/worklist?lang=en&from=26").Body.String()
	for _, want := range []string{"Meikäläinen &lt;26&gt;", `href="/desk/care/hypertension-treated/worklist/26"`, "from=51", "on the record", "2.8"} {
		if !strings.Contains(body, want) {
			t.Errorf("the worklist lacks %q", want)
		}
	}
	body = getAs(t, h, asExpert, "/desk/care/hypertension-treated/worklist/26?lang=en").Body.String()
	for _, want := range []string{"care gap", "163", "98", "Matti Meikäläinen", "blood pressure is raised", "truth--true"} {
		if !strings.Contains(body, want) {
			t.Errorf("the finding lacks %q", want)
		}
	}
	want := []string{"worklist hypertension-treated 26 officer:sari", "explain hypertension-treated 26 officer:sari"}
	if got := c.requests(); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the city was asked %q, not %q", got, want)
	}
	for path, code := range map[string]int{"/desk/care/hypertension-treated/worklist/61": 404, "/desk/care/hypertension-treated/worklist/0": 404, "/desk/care/nothing/worklist": 404} {
		if w := getAs(t, h, asExpert, path); w.Code != code {
			t.Errorf("%s gives %d, not %d", path, w.Code, code)
		}
	}
	if w := getAs(t, h, asPreparer, "/desk/care/hypertension-treated/worklist"); w.Code != http.StatusForbidden {
		t.Errorf("a preparer sees names: %d", w.Code)
	}
}

func TestAnotherThresholdShowsWhoEntersAndLeavesAndWhatItCosts(t *testing.T) {
	c := newCity().withCare(true)
	h := handlerOf(t, c)
	w := post(t, h, asPreparer, "/desk/care/hypertension-treated/what-if?lang=en", url.Values{"param.systolic_limit": {"130"}, "param.diastolic_limit": {"90"}})
	body := w.Body.String()
	for _, want := range []string{"870", "1,280", "410", "fewer than 5", "40–49 years", "men", "withheld", "euros"} {
		if !strings.Contains(body, want) {
			t.Errorf("the trial lacks %q", want)
		}
	}
	if strings.Contains(body, "412") || strings.Contains(body, ">3<") {
		t.Error("the trial shows a count that is neither rounded nor withheld")
	}
	if got := c.requests(); len(got) != 1 || got[0] != "what if hypertension-treated map[systolic_limit:130] officer:liisa" {
		t.Errorf("the city was asked %q", got)
	}
	if w := post(t, h, asPreparer, "/desk/care/hypertension-treated/what-if?lang=en", url.Values{"param.systolic_limit": {"many"}, "param.diastolic_limit": {"90"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a threshold that is no number gives %d", w.Code)
	}
}

func TestThePreparerRunsTheLibraryAsOfADay(t *testing.T) {
	c := newCity().withCare(false)
	h := handlerOf(t, c)
	if w := post(t, h, asPreparer, "/desk/care/run", url.Values{"as_of": {"2021-01-07"}}); w.Code != http.StatusSeeOther {
		t.Errorf("the run gives %d", w.Code)
	}
	if w := post(t, h, asPreparer, "/desk/care/run", url.Values{"as_of": {"someday"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a day that is none gives %d", w.Code)
	}
	if w := post(t, h, asExpert, "/desk/care/run", url.Values{"as_of": {"2021-01-07"}}); w.Code != http.StatusForbidden {
		t.Errorf("an expert runs the library: %d", w.Code)
	}
	if got := c.requests(); len(got) != 1 || got[0] != "run care 2021-01-07 officer:liisa" {
		t.Errorf("the city was asked %q", got)
	}
}

func TestAServiceForGrownUpsSpeaksOfNoChildrenAtTheDesk(t *testing.T) {
	for _, p := range everyPage {
		c := p.city()
		if c.pack == "" || strings.HasPrefix(p.path, carePath) {
			continue // the library of care speaks of children's health, too
		}
		h := handlerOf(t, c)
		for _, l := range languages {
			body := strings.ToLower(getAs(t, h, p.who, in(p.path, l)).Body.String())
			body = strings.NewReplacer("kind.which_child", "", "/my/uses?child=", "").Replace(body) // names of a kind of message and of a query
			for _, word := range []string{"lapse", "lapsi", "huoltaj", "barn", "vårdnadshavar", "child", "guardian", "pre-primary", "esiopetus", "förskole"} {
				if i := strings.Index(body, word); i >= 0 {
					t.Errorf("%s in %s: %q in %q", p.name, l, word, body[max(0, i-60):min(len(body), i+40)])
				}
			}
		}
	}
}

// signsLib is the library of signs that comes with the program, loaded once.
var signsLib = sync.OnceValue(func() *library.Library {
	l, err := library.Load(packs.FS, "high-need", app.Catalog())
	if err != nil {
		panic(err) // the library is checked by its own tests
	}
	return l
})

func (c *city) Needs() (app.Needs, bool) {
	if !c.careRun {
		return app.Needs{}, false
	}
	costs := make([]float64, 11873)
	for i := range costs {
		costs[i] = max(0, math.Exp(float64(i%997)/90)-40)
	}
	curve, err := needs.Concentration(costs)
	if err != nil {
		panic(err) // made up above
	}
	n := app.Needs{Library: signsLib(), Year: 2020, Curve: curve, Threshold: 2184}
	for _, w := range []struct {
		name    string
		s, p, c float64
	}{{app.BySigns, 0.312, 0.305, 0.478}, {app.ByLastYear, 0.249, 0.25, 0.391}, {app.ByAge, 0.288, 0.286, 0.421}} {
		n.Ways = append(n.Ways, app.Way{Name: w.name, Found: needs.Found{Named: 1187, High: 1187, Both: 366, Sensitivity: w.s, Predictive: w.p, Cost: w.c}})
	}
	for i, g := range []struct {
		by, name string
		n        int
	}{{"age", "00-17", 1978}, {"age", "18-64", 8043}, {"age", "65-74", 1083}, {"age", "75-84", 560}, {"age", "85-", 7}, {"sex", "f", 6305}, {"sex", "m", 5566}} {
		high := g.n / (12 - i)
		n.Groups = append(n.Groups, app.NeedGroup{By: g.by, Expected: 0.09 + 0.04*float64(i), Seen: float64(high) / float64(g.n),
			Group: needs.Group{Name: g.name, People: g.n, Found: needs.Found{Named: high + 2, High: high, Both: high / 2, Sensitivity: 0.5}}})
	}
	for i, s := range n.Library.Criteria() {
		n.Signs = append(n.Signs, app.SignUse{Criterion: s, People: 40*i + 3, High: 11 * i})
	}
	return n, true
}

func (c *city) RunNeeds(_ context.Context, year int, officer string) error {
	c.say("needs %d %s", year, officer)
	return nil
}

func TestWhoNeedsMostIsToldInCountsWithWhatItMustNotBeUsedFor(t *testing.T) {
	h := handlerOf(t, newCity().withCare(true))
	body := getAs(t, h, asLeader, "/desk/care-needs?lang=en").Body.String()
	for _, want := range []string{"Points of the signs", "31%", "48%", "Last year&#39;s tenth with most costs", "75 to 84 years", "To refuse or limit a service", "Heart failure", "withheld", "2,200 euros", "polyline"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"85 years and older", "11,873", "1,187", `action="/desk/care-needs/run"`} {
		if strings.Contains(body, not) {
			t.Errorf("a leader's page has %q", not)
		}
	}
	if w := post(t, h, asPreparer, "/desk/care-needs/run", url.Values{"year": {"last"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a year that is none gives %d", w.Code)
	}
	if w := getAs(t, handlerOf(t, newCity()), asLeader, "/desk/care-needs"); w.Code != http.StatusNotFound {
		t.Errorf("a service without care gives %d", w.Code)
	}
}

func TestWhatARoundBroughtAboutIsToldInPlainWordsAndSmallNumbersAreWithheld(t *testing.T) {
	c := newCity().running().withCare(true)
	body := getAs(t, handlerOf(t, c), asLeader, "/desk/rounds/3/effect?lang=en").Body.String()
	for _, want := range []string{"Of 100 invited 31, of 100 not yet invited 12. The difference is 19, between", "That may be chance", "withheld", "The pressure has been dangerously high.", "00ff17", "450", "265", "20 in a hundred"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{">448<", ">263<", "of 100 not yet invited 3."} {
		if strings.Contains(body, not) {
			t.Errorf("the page has %q", not)
		}
	}
	if got := c.requests(); len(got) != 1 || got[0] != "effect 3 officer:anna" {
		t.Errorf("the city was asked %q", got)
	}
	h := handlerOf(t, newCity().running().withCare(false))
	if body := getAs(t, h, asLeader, "/desk/rounds/3/effect?lang=en").Body.String(); !strings.Contains(body, "have not been run after the round") {
		t.Error("a round without a later run tells of an effect")
	}
	if w := getAs(t, handlerOf(t, newCity().running()), asLeader, "/desk/rounds/3/effect"); w.Code != http.StatusNotFound {
		t.Errorf("a service that names no outcomes gives %d", w.Code)
	}
}

// What a nurse enters is shown with the finding after it; what is wrong is told at
// the field, and nothing is kept.
func TestWhatWasMeasuredAtAVisitIsEnteredOnTheFinding(t *testing.T) {
	c := newCity().withCare(true)
	h := handlerOf(t, c)
	const at = "/desk/care/hypertension-treated/worklist/3"
	for lang, want := range map[string]string{"fi": "Kirjaa käynti", "sv": "Anteckna besöket", "en": "Enter the visit"} {
		if body := getAs(t, h, asExpert, at+"?lang="+lang).Body.String(); !strings.Contains(body, want) || !strings.Contains(body, `value="2021-01-07"`) || !strings.Contains(body, `name="who" value="w123"`) {
			t.Errorf("%s: the form is not there", lang)
		}
	}
	form := func(change ...string) url.Values {
		v := url.Values{"who": {"w123"}, "day": {"2021-01-05"}, "systolic": {"131"}, "diastolic": {" 79 "}, "offered": {"1"}}
		for i := 0; i < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	send := func(v url.Values) *httptest.ResponseRecorder {
		return post(t, h, asExpert, at+"/visit?lang=en", v)
	}
	c.requests()
	w := send(form())
	for _, want := range []string{"Entered: 131/79 mmHg", `role="status"`, "Matti Meikäläinen"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %q: %d", want, w.Code)
		}
	}
	if strings.Contains(w.Body.String(), `name="systolic"`) {
		t.Error("the form stands there again: who stands at the place by now is somebody else")
	}
	if got := strings.Join(c.requests(), "|"); !strings.Contains(got, "visit hypertension-treated 3 w123 131/79 on 2021-01-05 true officer:sari") {
		t.Errorf("the city was asked %s", got)
	}
	if body := send(form("systolic", "141")).Body.String(); !strings.Contains(body, "was entered before") {
		t.Error("that it was entered before is not told")
	}
	if body := send(form("systolic", "142")).Body.String(); !strings.Contains(body, "as of a later day") {
		t.Error("that it does not count yet is not told")
	}
	asked := len(c.requests())
	for _, bad := range []struct{ field, value, at, say string }{
		{"systolic", "1310", `id="systolic"`, "Check the numbers"}, {"systolic", "high", `id="systolic"`, "Check the numbers"}, {"diastolic", "", `id="diastolic"`, "Check the numbers"},
		{"day", "2021-01-08", `id="day"`, "not in the future"}, {"day", "yesterday", `id="day"`, "not in the future"},
	} {
		w := send(form(bad.field, bad.value))
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), bad.say) || !strings.Contains(w.Body.String(), `aria-describedby="visit-fault"`) || !strings.Contains(w.Body.String(), `value="w123"`) {
			t.Errorf("%s %q: %d", bad.field, bad.value, w.Code)
		}
	}
	for _, r := range c.requests()[asked:] {
		if strings.HasPrefix(r, "visit") {
			t.Errorf("the city was asked %s", r)
		}
	}
	if w := send(form("who", "other")); w.Code != http.StatusConflict {
		t.Errorf("somebody else: %d", w.Code)
	}
	if w := post(t, h, asLeader, at+"/visit", form()); w.Code != http.StatusForbidden {
		t.Errorf("a leader: %d", w.Code)
	}
}
