package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/person"
	"ennakko/store"
)

// needed are the signs of a made-up person.
func neededSigns() []*library.Criterion {
	var out []*library.Criterion
	for _, name := range []string{"dementia", "heart-failure", "age-85", "age-75"} {
		c, _ := signsLib().Criterion(name)
		out = append(out, c)
	}
	return out
}

func (c *city) NeedList(_ context.Context, state store.NeedState, officer string, from, most int) (app.NeedPage, error) {
	c.say("need list %s %d %s", state, from, officer)
	if !c.careRun {
		return app.NeedPage{}, fault.New(fault.Missing, "test", "nobody was named yet")
	}
	out := app.NeedPage{Library: signsLib(), AsOf: begin.Truncate(24 * time.Hour), Planned: 12, States: map[store.NeedState]int{store.NeedOpen: 57, store.NeedInHand: 2, store.NeedNotNow: 1}}
	for i := from; i <= 60 && len(out.Lines) < most; i++ {
		out.Lines = append(out.Lines, app.NeedLine{Place: i, Name: fmt.Sprintf("Maija Meikäläinen <%d>", i), Points: 30 - i/10, Chance: 0.62, Signs: neededSigns(), State: store.NeedOpen})
	}
	if last := from + len(out.Lines); last <= 60 {
		out.More = last
	}
	return out, nil
}

func (c *city) ExplainNeed(_ context.Context, place int, officer string) (app.NeedFinding, error) {
	c.say("explain need %d %s", place, officer)
	if place > 60 {
		return app.NeedFinding{}, fault.New(fault.Missing, "test", "nobody stands there")
	}
	l, day := signsLib(), begin.Truncate(24*time.Hour)
	facts := criteria.RecordFacts{Language: l.Language(), Read: true, Concepts: map[string][]criteria.Fact{
		"dementia":      {{From: day.AddDate(-3, 0, 0), Source: "Condition/muisti"}},
		"heart_failure": {{From: day.AddDate(-6, 0, 0), Source: "Condition/sydan"}},
	}, Other: made{"population.birth_date": {{Value: day.AddDate(-88, 0, 0)}}, "population.death_date": {}}}
	x := app.NeedFinding{Library: l, AsOf: day, Place: place, Name: "Maija Meikäläinen", Who: "w77", Points: 13, Chance: 0.62, State: store.NeedInHand,
		Notes: []store.NeedNote{{ID: 2, At: begin, By: "officer:sari", Day: day, State: store.NeedInHand, Words: "Called <twice>, no answer"}}}
	for _, s := range neededSigns() {
		t, err := s.Care.Trace(facts, l.Params(), criteria.Run{AsOf: day})
		if err != nil {
			return x, err
		}
		x.Signs = append(x.Signs, app.NeedSign{Criterion: s, Trace: t})
	}
	return x, nil
}

func (c *city) NoteNeed(_ context.Context, place int, who string, v app.NeedVisit, officer string) error {
	c.say("note need %d %s %s %s %q %s", place, who, v.Day.Format(time.DateOnly), v.State, v.Words, officer)
	if who != "w77" {
		return fault.New(fault.Conflict, "test", "somebody else stands there by now")
	}
	return nil
}

func (c *city) ObjectToNaming(_ context.Context, who person.ID, on bool) error {
	c.say("object to naming %d %t", who, on)
	return nil
}

func (c *city) KeptCare(context.Context) (time.Time, error) {
	if !c.careRun {
		return time.Time{}, nil
	}
	return begin.Truncate(24 * time.Hour), nil
}

func TestTheListOfWhoMayNeedMuchNamesPeopleByTheirPlaceAndSaysWhy(t *testing.T) {
	c := newCity().withCare(true)
	h := handlerOf(t, c)
	body := getAs(t, h, asExpert, "/desk/care-needs/worklist?lang=en&from=26&state=open").Body.String()
	for _, want := range []string{"Meikäläinen &lt;26&gt;", `href="/desk/care-needs/worklist/26"`, "from=51", "state=open", "on the record", "62%", "Dementia; Heart failure", "and 1 more signs", "In hand <b>2</b>",
		"To refuse or limit a service", "12 others have a care plan", "Whoever objected"} {
		if !strings.Contains(body, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	body = getAs(t, h, asExpert, "/desk/care-needs/worklist/26?lang=en").Body.String()
	for _, want := range []string{"13 points, predicted need 62%", "Maija Meikäläinen", "Dementia", "Called &lt;twice&gt;, no answer", "sari", `value="in hand" selected`, `value="w77"`, "muisti", "age in years: 88"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page of a person lacks %q", want)
		}
	}
	if strings.Contains(body, "the person is alive") {
		t.Error("what holds of everybody named is said of every sign")
	}
	if got, want := strings.Join(c.requests(), "|"), "need list open 26 officer:sari|explain need 26 officer:sari"; got != want {
		t.Errorf("the city was asked %q, not %q", got, want)
	}
	for _, p := range []string{"", "/3"} {
		for _, who := range []string{asLeader, asPreparer, asDPO, "aino"} {
			if w := getAs(t, h, who, "/desk/care-needs/worklist"+p); w.Code != http.StatusForbidden {
				t.Errorf("%s sees names: %d", who, w.Code)
			}
		}
	}
	for _, p := range []string{"/61", "/0", "/x"} {
		if w := getAs(t, h, asExpert, "/desk/care-needs/worklist"+p); w.Code != http.StatusNotFound {
			t.Errorf("%s gives %d", p, w.Code)
		}
	}
	if w := getAs(t, handlerOf(t, newCity()), asExpert, "/desk/care-needs/worklist"); w.Code != http.StatusNotFound {
		t.Errorf("a service without care gives %d", w.Code)
	}
	if body := getAs(t, h, asLeader, "/desk/care-needs").Body.String(); strings.Contains(body, "/worklist") {
		t.Error("a leader is led to names")
	}
}

func TestANoteOfACallIsKeptForWhoeverWasSeen(t *testing.T) {
	c := newCity().withCare(true)
	h := handlerOf(t, c)
	form := func(change ...string) url.Values {
		v := url.Values{"who": {"w77"}, "day": {"2021-01-06"}, "state": {"done"}, "words": {"A plan was made together"}}
		for i := 0; i < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	const at = "/desk/care-needs/worklist/3"
	if w := post(t, h, asExpert, at+"/note", form()); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), at+"?") {
		t.Errorf("a note gives %d to %q", w.Code, w.Header().Get("Location"))
	}
	if got, want := strings.Join(c.requests(), "|"), `note need 3 w77 2021-01-06 done "A plan was made together" officer:sari`; got != want {
		t.Errorf("the city was asked %s, not %s", got, want)
	}
	asked := len(c.requests())
	for _, bad := range []struct{ field, value, say string }{{"day", "2021-01-08", "not in the future"}, {"day", "then", "not in the future"}, {"state", "gone", "Choose a state"}, {"words", "x", "3 to 500 characters what"}} {
		w := post(t, h, asExpert, at+"/note?lang=en", form(bad.field, bad.value))
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, bad.say) || !strings.Contains(body, `href="#`+bad.field+`"`) || !strings.Contains(body, `aria-invalid="true"`) {
			t.Errorf("%s %q gives %d", bad.field, bad.value, w.Code)
		}
		if bad.field == "day" && !strings.Contains(body, "A plan was made together") {
			t.Error("what was written is lost")
		}
	}
	for _, r := range c.requests()[asked:] {
		if strings.HasPrefix(r, "note") {
			t.Errorf("a faulty note was kept: %s", r)
		}
	}
	if w := post(t, h, asExpert, at+"/note", form("who", "other")); w.Code != http.StatusConflict {
		t.Errorf("somebody else: %d", w.Code)
	}
	if w := post(t, h, asLeader, at+"/note", form()); w.Code != http.StatusForbidden {
		t.Errorf("a leader: %d", w.Code)
	}
}

func TestAResidentCanObjectToBeingNamed(t *testing.T) {
	c := newCity().running().withCare(true)
	h := handlerOf(t, c)
	for l, want := range map[string]string{"fi": "Hoidon tarpeen ennakointi", "sv": "Att förutse behovet av vård", "en": "Telling ahead who needs care"} {
		if body := getAs(t, h, "aino", "/?lang="+l).Body.String(); !strings.Contains(body, want) || !strings.Contains(body, `value="naming"`) {
			t.Errorf("in %s there is no way to object", l)
		}
	}
	c.requests()
	if w := post(t, h, "aino", "/my/objections", url.Values{"about": {"naming"}, "on": {"yes"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/#naming" {
		t.Errorf("an objection gives %d to %s", w.Code, w.Header().Get("Location"))
	}
	if got := c.requests(); len(got) == 0 || got[len(got)-1] != "object to naming 17 true" {
		t.Errorf("the city was asked %q", got)
	}
	h = handlerOf(t, newCity().running())
	if w := post(t, h, "aino", "/my/objections", url.Values{"about": {"naming"}, "on": {"yes"}}); w.Code != http.StatusNotFound {
		t.Errorf("where nobody is named: %d", w.Code)
	}
}

func TestADayBeforeTheNewestRunIsRefusedAtTheField(t *testing.T) {
	c := newCity().withCare(true)
	h := handlerOf(t, c)
	w := post(t, h, asPreparer, "/desk/care/run?lang=en", url.Values{"as_of": {"2021-01-06"}})
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "were run as of 7 January 2021 already") || !strings.Contains(w.Body.String(), `id="as_of-fault"`) {
		t.Errorf("a day before gives %d", w.Code)
	}
	if w := post(t, h, asPreparer, "/desk/care/run", url.Values{"as_of": {"2021-01-07"}}); w.Code != http.StatusSeeOther {
		t.Errorf("the same day gives %d", w.Code)
	}
	if got := c.requests(); len(got) != 1 || got[0] != "run care 2021-01-07 officer:liisa" {
		t.Errorf("the city was asked %q", got)
	}
	c.careBefore = true
	if body := getAs(t, h, asPreparer, "/desk/care?lang=en").Body.String(); !strings.Contains(body, "An earlier run as of the same day is kept") {
		t.Error("that services go by an earlier run is not said")
	}
}

func TestBeforeARunThePagesOfPeopleLeadToWhereItIsMade(t *testing.T) {
	h := handlerOf(t, newCity().withCare(false))
	for path, to := range map[string]string{"/desk/care-needs/worklist": "/desk/care-needs#now", "/desk/care-needs/worklist/3": "/desk/care-needs#now",
		"/desk/care/hypertension-treated/worklist": "/desk/care#now", "/desk/care/hypertension-treated/worklist/3": "/desk/care#now"} {
		if w := getAs(t, h, asExpert, path); w.Code != http.StatusSeeOther || w.Header().Get("Location") != to {
			t.Errorf("%s gives %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	if w := getAs(t, h, asExpert, "/desk/care/nothing/worklist"); w.Code != http.StatusNotFound {
		t.Errorf("a criterion that is none gives %d", w.Code)
	}
}
