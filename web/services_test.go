package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"ennakko/store"
)

// twoServices are the pages of blood pressure and of exercise groups, each with its
// own round.
func twoServices(t *testing.T) (http.Handler, *city, *city) {
	t.Helper()
	first, second := newCity().running().withCare(true), newCity().prepared()
	second.pack = "exercise-group"
	second.round.Service, second.round.ID = "exercise-group", 4
	// One city keeps who is logged in, as one store does.
	second.sessions = first.sessions
	a, b := partsOf(t, first, slog.New(slog.DiscardHandler)), partsOf(t, second, slog.New(slog.DiscardHandler))
	b.sessions = a.sessions
	h, err := newSites([]parts{a, b})
	if err != nil {
		t.Fatal(err)
	}
	return h, first, second
}

func TestEachPageOfTwoServicesBelongsToItsService(t *testing.T) {
	h, _, second := twoServices(t)
	for _, x := range []struct{ who, path, want, not string }{
		{asPreparer, "/desk?lang=en", "A place in a city exercise group", ""},
		{asPreparer, "/desk?lang=en", "An appointment at the health station", ""},
		{asPreparer, "/desk/services/exercise-group?lang=en", "Sports Act", "holds an appointment"},
		{asPreparer, "/desk/services/blood-pressure?lang=en", "Health Care Act", "Sports Act"},
		{asApprover, "/desk/rounds/4?lang=en", "Places in groups are held", "Appointments are held"},
		{asLeader, "/desk/rounds/3?lang=en", "What came of it", ""},
		{asApprover, "/desk/rounds/4?lang=en", "", "What came of it"},
		{"", "/demo?lang=en", "Offer places in exercise groups", ""},
		{asPreparer, "/desk/care?lang=en", "Criteria of care", ""},
	} {
		w := getAs(t, h, x.who, x.path)
		body := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(body, x.want) || x.not != "" && strings.Contains(body, x.not) {
			t.Errorf("%s: %d; has %q: %t; has %q: %t", x.path, w.Code, x.want, strings.Contains(body, x.want), x.not, x.not != "" && strings.Contains(body, x.not))
		}
	}
	if w := getAs(t, h, asLeader, "/desk/rounds/5"); w.Code != http.StatusNotFound {
		t.Errorf("a round that is not there gives %d", w.Code)
	}
	if w := post(t, h, asApprover, "/desk/rounds/4/approve", nil); w.Code != http.StatusSeeOther || second.requests()[0] != "approve 4 officer:matti" {
		t.Errorf("the second service's round is approved: %d %v", w.Code, second.requests())
	}
}

func TestTheLongTourKnowsHowFarTheVisitorIs(t *testing.T) {
	h, first, second := twoServices(t)
	body := get(t, h, "/demo?lang=en").Body.String()
	for _, want := range []string{"Let the weeks pass", "Run the criteria of care again", "See whether the invitation helped", "Take the place in the exercise group"} {
		if !strings.Contains(body, want) {
			t.Errorf("the tour lacks %q", want)
		}
	}
	at := func(step string) int { return strings.Index(body, step) }
	if at("Let the weeks pass") > at("Run the criteria of care again") || at("See whether") > at("Offer places in exercise") {
		t.Error("the steps are out of order")
	}
	second.mu.Lock()
	second.round.State, second.funnel = store.Running, store.Funnel{Stages: map[string]int{"accepted": 3}}
	second.mu.Unlock()
	first.mu.Lock()
	first.found = true
	first.mu.Unlock()
	body = get(t, h, "/demo?lang=en").Body.String()
	if i := at("Take the place in the exercise group"); i < 0 || !strings.Contains(body[i:i+200], "Done") {
		t.Errorf("who took the place has not come to the end: %.200s", body[max(i, 0):])
	}
}

// A resident's first page is served by the newest service, and tells of an offer of each
// in the words of its own; an objection goes to the service that it is about.
func TestAResidentsOffersAreToldInTheWordsOfTheirOwnServices(t *testing.T) {
	h, first, second := twoServices(t)
	second.mu.Lock()
	second.round.State = store.Running
	second.offered = 3 // the round of the first service
	second.mu.Unlock()
	body := getAs(t, h, "aino", "/?lang=en").Body.String()
	for _, want := range []string{"an appointment at the health station", `name="service" value="blood-pressure"`, `name="service" value="exercise-group"`, "Inviting to care of blood pressure", "Offering an exercise group", "Telling ahead who needs care"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "a place in an exercise group</h2>") {
		t.Error("an appointment is told to be a place in a group")
	}
	second.mu.Lock()
	second.offered = 4
	second.mu.Unlock()
	if body := getAs(t, h, "aino", "/?lang=en").Body.String(); !strings.Contains(body, "a place in an exercise group</h2>") {
		t.Error("a place in a group is not told to be one")
	}
	for _, x := range []struct {
		service string
		of      *city
	}{{"blood-pressure", first}, {"exercise-group", second}} {
		before := len(x.of.requests())
		if w := post(t, h, "aino", "/my/objections", url.Values{"service": {x.service}, "about": {"me"}, "on": {"yes"}}); w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", x.service, w.Code)
		}
		if got := x.of.requests()[before:]; !slices.Contains(got, "object 17 17 true") {
			t.Errorf("%s was asked %q", x.service, got)
		}
	}
	if w := post(t, h, "aino", "/my/objections", url.Values{"service": {"other"}, "about": {"me"}, "on": {"yes"}}); w.Code != http.StatusNotFound {
		t.Errorf("a service that is none gives %d", w.Code)
	}
}
