package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work"
)

// The city's one case: that of Onni, for whom Aino and somebody else decide.
const (
	aCase    = conversation.CaseID(12)
	aChildID = person.ID(18)
	other    = person.ID(19)
)

func (c *city) theCase() conversation.Case {
	return mustCase(conversation.Case{ID: aCase, Child: aChildID, Place: offer.Place{Unit: "u1", Language: "fi"}, Stage: c.stage, Deadline: begin.AddDate(0, 0, 8), Version: 3,
		Parties: []conversation.Party{{Person: ainos, Name: aGuardian, Phone: "p1", Language: person.Finnish, Reach: conversation.Reached, AskedAt: begin},
			{Person: other, Name: "Erik Virtanen", Language: person.Swedish, Answer: conversation.Yes, AnswerAt: begin.Add(7 * time.Hour), Stopped: true}}})
}

// mustCase gives a case its names by way of the stored form.
func mustCase(c conversation.Case) conversation.Case {
	text := fmt.Sprintf(`{"id":%d,"child":%d,"place":{"Unit":"u1","Language":"fi"},"stage":%q,"deadline":%q,"version":3,"child_name":%q,
		"unit_names":{"fi":"Päiväkoti Kielo","sv":"Daghemmet Kielo","en":"Kielo daycare centre"},"parties":[]}`, c.ID, c.Child, c.Stage, c.Deadline.Format(time.RFC3339), aChild)
	named, err := conversation.Decode([]byte(text))
	if err != nil {
		panic(err)
	}
	named.Parties, named.Place = c.Parties, c.Place
	return named
}

func (c *city) history(id conversation.CaseID) (store.History, error) {
	if id != aCase {
		return store.History{}, fault.New(fault.Missing, "test", "there is no such case")
	}
	if c.stage == "" {
		c.stage = conversation.Asked
	}
	return store.History{Round: cmp.Or(c.offered, 3), Case: c.theCase(), Numbers: []string{aNumber, ""}, Reason: "stays", Distance: 640,
		Sent: []store.Sent{{Kind: conversation.Inquiry, Language: person.Finnish, State: channel.Delivered, Text: "Hei <b>", Segments: 2, Queued: begin}},
		Came: []store.Came{{Text: "Kyllä <i>", At: begin.Add(time.Hour), Meaning: "accept"}},
		Items: []store.OpenItem{{ID: 5, Round: 3, Case: aCase, Kind: "conflict", Reason: "the guardians answered differently", Opened: begin},
			{ID: 4, Round: 3, Case: aCase, Kind: "unclear", Reason: "x", Opened: begin, Settled: begin.Add(time.Hour), By: "officer:sari", Words: "Soitin & sovittiin"}},
		Letter: "no mobile number", LetterAt: begin, Entries: []audit.Entry{{Seq: 40, At: begin, Actor: "officer:sari", Verb: "look at a case", Purpose: "pre-primary", Basis: "x"}}}, nil
}

func (c *city) say(format string, args ...any) {
	c.mu.Lock()
	c.asked = append(c.asked, fmt.Sprintf(format, args...))
	c.mu.Unlock()
	c.tell()
}

func (c *city) History(_ context.Context, id conversation.CaseID, officer string) (store.History, error) {
	h, err := c.history(id)
	if err == nil {
		c.say("look %d %s", id, officer)
	}
	return h, err
}

func (c *city) RoundOf(_ context.Context, id conversation.CaseID) (store.RoundID, error) {
	h, err := c.history(id)
	return h.Round, err
}

func (c *city) Items(_ context.Context, _ store.RoundID, kind string, after store.ItemID, limit int) (out []store.OpenItem, _ error) {
	for i := after + 1; i <= 73 && len(out) < limit; i++ {
		k := []string{"conflict", "declined", "unclear"}[i%3]
		if kind == "" || kind == k {
			out = append(out, store.OpenItem{ID: i, Round: 3, Case: conversation.CaseID(100 + i), Kind: k, Opened: begin.Add(time.Duration(i) * time.Hour)})
		}
	}
	return out, nil
}

func (c *city) LetterList(context.Context, store.RoundID) ([]store.Listed, error) {
	return []store.Listed{{Case: 77, Reason: "no mobile number"}}, nil
}

func (c *city) Settle(_ context.Context, round store.RoundID, item store.ItemID, officer, words string) error {
	c.say("settle %d %d %s %s", round, item, officer, words)
	return nil
}

func (c *city) Decide(_ context.Context, round store.RoundID, id conversation.CaseID, want conversation.Choice, way work.Way, officer string) error {
	c.say("decide %d %d %s %s %s", round, id, want, way, officer)
	return nil
}

func (c *city) Search(_ context.Context, q app.Query, officer string) ([]conversation.CaseID, error) {
	c.say("search %s", officer)
	switch {
	case q.Code.Reveal() == madeUpCode, q.Phone == aNumber, q.Case == aCase:
		return []conversation.CaseID{aCase}, nil
	case strings.EqualFold(q.Name, "virtanen"):
		return []conversation.CaseID{aCase, 13}, nil
	}
	return nil, nil
}

func (c *city) Hold(_ context.Context, id store.RoundID, step, officer, words string) error {
	c.say("%s %d %s %s", step, id, officer, words)
	return nil
}

func (c *city) Steps(context.Context, store.RoundID) ([]store.RoundStep, error) { return c.steps, nil }

func (c *city) Own(ctx context.Context, who person.ID) ([]app.Own, error) {
	o, err := c.OwnCase(ctx, who, aCase)
	if fault.KindOf(err) == fault.Missing {
		return nil, nil
	}
	return []app.Own{o}, err
}

func (c *city) OwnCase(_ context.Context, who person.ID, id conversation.CaseID) (app.Own, error) {
	h, err := c.history(id)
	if err != nil || who != ainos {
		return app.Own{}, fault.New(fault.Missing, "test", "there is no such offer")
	}
	return app.Own{History: h, State: store.Running, Open: c.stage == conversation.Asked}, nil
}

func (c *city) AnswerOnline(_ context.Context, id conversation.CaseID, who person.ID, want conversation.Choice) error {
	c.say("answer online %d %d %s", id, who, want)
	return nil
}

func (c *city) Object(_ context.Context, who, about person.ID, on bool) error {
	c.say("object %d %d %t", who, about, on)
	return nil
}

func (c *city) Wards(_ context.Context, who person.ID) (map[person.ID]conversation.CaseID, error) {
	if who != ainos {
		return nil, nil
	}
	return map[person.ID]conversation.CaseID{aChildID: aCase}, nil
}

func (c *city) Objections(_ context.Context, who person.ID) (map[string]time.Time, error) {
	if who == aChildID {
		return map[string]time.Time{"pre-primary": begin}, nil
	}
	return nil, nil
}

func (c *city) UsesOf(_ context.Context, who person.ID, before uint64, limit int) (out []audit.Entry, _ error) {
	all, _ := c.Entries(context.Background(), before, false, lastEntry)
	for _, e := range all {
		if e.People != nil && e.People.Contains(uint32(who)) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (c *city) Prove(_ context.Context, seq uint64) (log.Proof, error) {
	if seq > lastEntry-2 {
		return log.Proof{}, fault.New(fault.Later, "test", "not yet")
	}
	return log.Proof{Seq: seq, Hashes: [][]byte{{1, 2, 3}}, Checkpoint: "ennakko/record\n43\nroot\n"}, nil
}

func (c *city) Checkpoint(context.Context) (string, error) { return "ennakko/record\n43\nroot\n", nil }

func (c *city) Reassign(_ context.Context, id store.RoundID, change store.PlaceCount, officer string) error {
	c.say("reassign %d %s/%s %d %s", id, change.Unit, change.Language, change.Places, officer)
	return nil
}

func (c *city) Try(_ context.Context, asOf time.Time, _ service.Trial, officer string) (round.Tried, error) {
	c.say("try %s %s", asOf.Format(time.DateOnly), officer)
	if asOf.Year() == 2050 {
		return round.Tried{}, fault.New(fault.Invalid, "test", "nobody")
	}
	return round.Tried{Found: 5801, Justified: 5531, FoundNow: 5801, JustifiedNow: 5170, Enter: 363, Leave: 2, LeftOut: map[string]int{"no_decision": 101, "alive": 3},
		District: map[string][2]int{"0911101010": {700, 741}, "0912301030": {812, 890}, "0918101010": {3, 4}}}, nil
}

func (c *city) TestSend(_ context.Context, officer, to, text string) (channel.State, error) {
	c.say("test %s %s %t", officer, to, strings.Contains(text, "Eevi"))
	return channel.Handed, nil
}

func (c *city) FunnelBy(context.Context, store.RoundID, time.Time) ([]store.FunnelCell, error) {
	c.say("count by district")
	cell := func(district, language string, n int) store.FunnelCell {
		return store.FunnelCell{District: district, Language: language, FunnelCounts: store.FunnelCounts{Offered: n, Sent: n - 1, Delivered: n - 2, Answered: n / 2, Accepted: n / 2, Unreached: 2}}
	}
	return []store.FunnelCell{cell("0911101010", "fi", 703), cell("0911101010", "sv", 104), cell("0912301030", "fi", 812), cell("0918101010", "fi", 4), cell("0917102010", "fi", 333),
		cell("", "fi", 7)}, nil
}

func (c *city) UnitFill(context.Context, store.RoundID, time.Time) ([]store.UnitFill, error) {
	name := func(s string) map[person.Language]string {
		return map[person.Language]string{"fi": s, "sv": s, "en": s}
	}
	return []store.UnitFill{{Place: offer.Place{Unit: "u1", Language: "fi"}, Name: name("Kielo <b>"), District: "0911101010", Registered: 20, Places: 21, Held: 21, MeanM: 640, MostM: 1900},
		{Place: offer.Place{Unit: "u2", Language: "sv"}, Name: name("Daghemmet Blåklockan"), District: "0911101010", Registered: 14, Places: 14, Held: 3, MeanM: 900, MostM: 2200},
		{Place: offer.Place{Unit: "u3", Language: "fi"}, Name: name("Kaukainen"), District: "0918101010", Registered: 10, Places: 10}}, nil
}

func TestPlacesAreSeenAndChangedBeforeARoundIsApproved(t *testing.T) {
	c := newCity().prepared()
	h := handlerOf(t, c)
	body := getAs(t, h, asPreparer, "/desk/rounds/3/places?lang=en").Body.String()
	for _, s := range []string{"Kielo &lt;b&gt;", "20 by the register", "unit=u1%2ffi", "820 m"} {
		if !strings.Contains(body, s) {
			t.Errorf("the page does not show %q", s)
		}
	}
	if strings.Contains(body, "Kaukainen") || !strings.Contains(getAs(t, h, asPreparer, "/desk/rounds/3/places?area=0918000000").Body.String(), "Kaukainen") {
		t.Error("the units are not those of the district")
	}
	if body := getAs(t, h, asApprover, "/desk/rounds/3/places?unit=u1/fi").Body.String(); strings.Contains(body, "<form method=\"post\" action=\"/desk/rounds") || strings.Contains(body, "#change") {
		t.Error("an approver is offered to change places")
	}
	body = getAs(t, h, asPreparer, "/desk/rounds/3/places?lang=en&unit=u1/fi").Body.String()
	if !strings.Contains(body, `name="unit" value="u1/fi"`) || !strings.Contains(body, `value="21"`) {
		t.Error("there is no form for the unit")
	}
	w := post(t, h, asPreparer, "/desk/rounds/3/places", url.Values{"unit": {"u1/fi"}, "area": {"1"}, "places": {"many"}})
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `value="many"`) {
		t.Errorf("a number that is none: status %d", w.Code)
	}
	if w := post(t, h, asPreparer, "/desk/rounds/3/places", url.Values{"unit": {"u1/fi"}, "places": {" 12 "}}); w.Code != http.StatusSeeOther {
		t.Errorf("status %d", w.Code)
	}
	if got := c.requests(); !slices.Equal(got, []string{"reassign 3 u1/fi 12 officer:liisa"}) {
		t.Errorf("%q", got)
	}
	if w := post(t, handlerOf(t, newCity().running()), asPreparer, "/desk/rounds/3/places", url.Values{"unit": {"u1/fi"}, "places": {"12"}}); w.Code != http.StatusConflict {
		t.Errorf("a round that runs: status %d", w.Code)
	}
}

func TestABreakdownDisclosesNobodyAndIsCountedOnceADay(t *testing.T) {
	c := newCity().running()
	h := handlerOf(t, c)
	body := getAs(t, h, asLeader, "/desk/rounds/3/districts?lang=en").Body.String()
	for _, s := range []string{"By major district", "withheld", "810", "Finnish"} {
		if !strings.Contains(body, s) {
			t.Errorf("the page does not show %q", s)
		}
	}
	for _, s := range []string{">812<", ">807<", ">4<", ">333<"} {
		if strings.Contains(body, s) {
			t.Errorf("the page shows the exact %s", s)
		}
	}
	getAs(t, h, asLeader, "/desk/rounds/3/districts")
	if n := len(c.requests()); n != 1 {
		t.Errorf("counted %d times in one day", n)
	}
	if w := getAs(t, handlerOf(t, newCity().prepared()), asLeader, "/desk/rounds/3/districts"); w.Code != http.StatusNotFound {
		t.Errorf("a round that does not run yet: status %d", w.Code)
	}
}

func TestCriteriaAreTriedOut(t *testing.T) {
	c := newCity()
	h := handlerOf(t, c)
	const path = "/desk/services/pre-primary/try"
	body := getAs(t, h, asPreparer, path+"?lang=en").Body.String()
	for _, s := range []string{`name="param.starting_age"`, `value="6"`, "out.in_municipal_early_education", "section 25"} {
		if !strings.Contains(body, s) {
			t.Errorf("the form does not show %q", s)
		}
	}
	form := func(change ...string) url.Values {
		f := url.Values{"as_of": {"2021-01-07"}, "param.starting_age": {"5"}, "out.alive": {"1"}}
		for i := 0; i+1 < len(change); i += 2 {
			f.Set(change[i], change[i+1])
		}
		return f
	}
	w := post(t, h, asPreparer, path, form())
	for _, s := range []string{"5,530", "5,170", "365", "fewer than 5", `checked`, `value="5"`} {
		if !strings.Contains(w.Body.String(), s) {
			t.Errorf("the result does not show %q", s)
		}
	}
	for _, f := range []url.Values{form("as_of", "soon"), form("param.starting_age", "old"), form("as_of", "2050-01-01")} {
		if w := post(t, h, asPreparer, path, f); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `aria-invalid="true"`) {
			t.Errorf("%v: status %d", f, w.Code)
		}
	}
	if got := c.requests(); len(got) != 2 || got[0] != "try 2021-01-07 officer:liisa" {
		t.Errorf("%q", got)
	}
}

func TestATestGoesToTheOfficersOwnPhone(t *testing.T) {
	c := newCity()
	h := handlerOf(t, c)
	good := url.Values{"message": {"kind.inquiry"}, "language": {"sv"}, "number": {"045 7000017"}}
	if w := post(t, h, asPreparer, "/desk/messages", good); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Handed to the network") {
		t.Errorf("status %d", w.Code)
	}
	for _, change := range [][2]string{{"number", "112"}, {"message", "kind.letter"}, {"language", "no"}} {
		f := url.Values{"message": good["message"], "language": good["language"], "number": good["number"]}
		f.Set(change[0], change[1])
		if w := post(t, h, asPreparer, "/desk/messages", f); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%v: status %d", change, w.Code)
		}
	}
	if got := c.requests(); !slices.Equal(got, []string{"test officer:liisa " + aNumber + " true"}) {
		t.Errorf("%q", got)
	}
}

func TestAnExpertSeesTheQueueWithoutNames(t *testing.T) {
	h := handlerOf(t, newCity().running())
	body := getAs(t, h, asExpert, "/desk/rounds/3/queue?lang=en").Body.String()
	if n := strings.Count(body, `href="/desk/cases/`); n != itemsOnPage {
		t.Errorf("%d matters on the page", n)
	}
	for _, s := range []string{"The guardians answered differently <b>28</b>", "after=50", "Case 101"} {
		if !strings.Contains(body, s) {
			t.Errorf("the queue does not show %q", s)
		}
	}
	for _, s := range []string{aChild, "Virtanen", aNumber} {
		if strings.Contains(body, s) {
			t.Errorf("the queue names %q", s)
		}
	}
	body = getAs(t, h, asExpert, "/desk/rounds/3/queue?lang=en&kind=conflict&after=50").Body.String()
	if letters := getAs(t, h, asExpert, "/desk/rounds/3/queue?lang=en&kind=letter+list").Body.String(); !strings.Contains(letters, "Case 77") || !strings.Contains(letters, "no mobile number") {
		t.Error("the letter list is not on the queue")
	}
	if n := strings.Count(body, `href="/desk/cases/`); n != 8 || strings.Contains(body, ">Next<") {
		t.Errorf("%d conflicts on the last page", n)
	}
}

func TestACaseIsShownWholeAndSettledWithAReason(t *testing.T) {
	c := newCity().running()
	h := handlerOf(t, c)
	body := getAs(t, h, asExpert, "/desk/cases/12?lang=en").Body.String()
	for _, s := range []string{"Case 12: Onni", aGuardian, "358457000017</a>", "Hei &lt;b&gt;", "Kyllä &lt;i&gt;", "Kielo daycare centre", "0.6 km from home", "Soitin &amp; sovittiin", "wants no text messages",
		"looked at the family"} {
		if !strings.Contains(body, s) {
			t.Errorf("the case does not show %q", s)
		}
	}
	for _, tt := range []struct {
		path   string
		form   url.Values
		status int
	}{
		{"/desk/cases/12/settle", url.Values{"item": {"5"}, "words": {" x "}}, http.StatusUnprocessableEntity},
		{"/desk/cases/12/settle", url.Values{"words": {"long enough"}}, http.StatusUnprocessableEntity},
		{"/desk/cases/13/settle", url.Values{"item": {"5"}, "words": {"Called them"}}, http.StatusNotFound},
		{"/desk/cases/12/settle", url.Values{"item": {"5"}, "words": {"Called them"}}, http.StatusSeeOther},
		{"/desk/cases/12/answer", url.Values{"choice": {"accept"}}, http.StatusUnprocessableEntity},
		{"/desk/cases/12/answer", url.Values{"choice": {"accept"}, "way": {"phone"}}, http.StatusSeeOther},
		{"/desk/cases/0/answer", url.Values{"choice": {"accept"}, "way": {"phone"}}, http.StatusNotFound},
	} {
		if w := post(t, h, asExpert, tt.path, tt.form); w.Code != tt.status {
			t.Errorf("POST %s %v: status %d", tt.path, tt.form, w.Code)
		}
	}
	got := c.requests()
	for _, want := range []string{"look 12 officer:sari", "settle 3 5 officer:sari Called them", "decide 3 12 accept phone officer:sari"} {
		if !slices.Contains(got, want) {
			t.Errorf("the city was not asked to %q: %q", want, got)
		}
	}
}

func TestASearchNeedsSomethingWholeAndStandsInNoAddress(t *testing.T) {
	c := newCity().running()
	h := handlerOf(t, c)
	for q, want := range map[string]string{madeUpCode: "/desk/cases/12", "045 7000017": "/desk/cases/12", "12": "/desk/cases/12", "Virtanen": "Cases found: 2", "Nobody": "No case was found",
		"": "cannot be searched", "a": "cannot be searched", "12345678901234": "cannot be searched"} {
		w := post(t, h, asExpert, "/desk/search", url.Values{"q": {q}})
		if got := w.Header().Get("Location") + w.Body.String(); !strings.Contains(got, want) {
			t.Errorf("searching for %q: status %d", q, w.Code)
		}
		if strings.Contains(w.Header().Get("Location"), "1801") {
			t.Error("an identity code stands in an address")
		}
	}
}

func TestARoundIsHeldUpWithAReason(t *testing.T) {
	c := newCity().running()
	c.steps = []store.RoundStep{{Round: 3, At: begin, Officer: "officer:matti", Step: "pause", Words: "The letter <wrong>"}}
	h := handlerOf(t, c)
	body := getAs(t, h, asApprover, "/desk/rounds/3?lang=en").Body.String()
	for _, s := range []string{"/desk/rounds/3/pause", "/desk/rounds/3/stop", "The letter &lt;wrong&gt;"} {
		if !strings.Contains(body, s) {
			t.Errorf("the round does not show %q", s)
		}
	}
	if body := getAs(t, h, asLeader, "/desk/rounds/3").Body.String(); strings.Contains(body, "/pause") {
		t.Error("a leader is offered to pause the round")
	}
	if w := post(t, h, asApprover, "/desk/rounds/3/pause", url.Values{"words": {"x"}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "hold-fault") {
		t.Errorf("without a reason: status %d", w.Code)
	}
	for _, step := range []string{"pause", "resume", "stop"} {
		if w := post(t, h, asApprover, "/desk/rounds/3/"+step, url.Values{"words": {"The letter is wrong"}}); w.Code != http.StatusSeeOther {
			t.Errorf("%s: status %d", step, w.Code)
		}
	}
	want := []string{"pause 3 officer:matti The letter is wrong", "resume 3 officer:matti The letter is wrong", "stop 3 officer:matti The letter is wrong"}
	if got := c.requests(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
