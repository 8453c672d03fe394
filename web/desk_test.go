package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
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
	return store.History{Round: 3, Case: c.theCase(), Numbers: []string{aNumber, ""}, Reason: "stays", Distance: 640,
		Sent: []store.Sent{{Kind: conversation.Inquiry, Language: person.Finnish, State: channel.Delivered, Text: "Hei <b>", Segments: 2, Queued: begin}},
		Came: []store.Came{{Text: "Kyllä <i>", At: begin.Add(time.Hour), Meaning: "accept"}},
		Items: []store.OpenItem{{ID: 5, Round: 3, Case: aCase, Kind: "conflict", Reason: "the guardians answered differently", Opened: begin},
			{ID: 4, Round: 3, Case: aCase, Kind: "unclear", Reason: "x", Opened: begin, Settled: begin.Add(time.Hour), By: "officer:sari", Words: "Soitin & sovittiin"}},
		Letter: "no mobile number", LetterAt: begin, Entries: []audit.Entry{{Seq: 40, At: begin, Actor: "officer:sari", Verb: "look at a case", Purpose: "pre-primary", Basis: "x"}}}, nil
}

func (c *city) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, fmt.Sprintf(format, args...))
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
	if err != nil {
		return nil, nil
	}
	return []app.Own{o}, nil
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

var _ = roaring.New

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
	if n := strings.Count(body, `href="/desk/cases/`); n != 8 || strings.Contains(body, "after=") {
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

func TestAResidentSeesOwnMattersAndAnswers(t *testing.T) {
	c := newCity().running()
	h := handlerOf(t, c)
	body := getAs(t, h, "aino", "/?lang=en").Body.String()
	for _, s := range []string{"Onni: a place in pre-primary education", "/my/offers/12", "We are waiting for your answer", "You have objected since"} {
		if !strings.Contains(body, s) {
			t.Errorf("the first page does not show %q", s)
		}
	}
	body = getAs(t, h, "aino", "/my/offers/12?lang=en").Body.String()
	for _, s := range []string{"Kielo daycare centre", "Do you accept the place for Onni", "15 January 2021"} {
		if !strings.Contains(body, s) {
			t.Errorf("the offer does not show %q", s)
		}
	}
	for _, s := range []string{aNumber, "Erik", "Hei &lt;b&gt;", "Soitin", "conflict"} {
		if strings.Contains(body, s) {
			t.Errorf("the offer shows the officers' or the other guardian's %q", s)
		}
	}
	if w := post(t, h, "aino", "/my/offers/12", nil); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Choose yes or no") {
		t.Errorf("no choice: status %d", w.Code)
	}
	for _, tt := range []struct {
		path string
		form url.Values
	}{{"/my/offers/12", url.Values{"choice": {"accept"}}}, {"/my/objections", url.Values{"about": {"12"}, "on": {"no"}}}, {"/my/objections", url.Values{"about": {"me"}, "on": {"yes"}}}} {
		if w := post(t, h, "aino", tt.path, tt.form); w.Code != http.StatusSeeOther {
			t.Errorf("POST %s: status %d", tt.path, w.Code)
		}
	}
	if got, want := c.requests(), []string{"answer online 12 17 accept", "object 17 18 false", "object 17 17 true"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestNobodySeesAnothersMatters is insecure direct object reference: numbers
// in addresses and forms are changed.
func TestNobodySeesAnothersMatters(t *testing.T) {
	c := newCity().running()
	h := handlerOf(t, c)
	for who, paths := range map[string][]string{
		"aino":     {"/my/offers/13", "/my/offers/0", "/my/offers/x", "/my/uses?child=13", "/my/uses/45", "/my/uses/42", "/my/uses/99", "/my/uses/0"},
		"stranger": {"/my/offers/12", "/my/uses?child=12", "/my/uses", "/my/uses/44", "/my/uses/43"},
	} {
		for _, path := range paths {
			if w := getAs(t, h, who, path); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), aChild) {
				t.Errorf("%s at %s: status %d", who, path, w.Code)
			}
		}
	}
	for _, form := range []url.Values{{"about": {"13"}, "on": {"yes"}}, {"about": {"18"}, "on": {"yes"}}} {
		if w := post(t, h, "aino", "/my/objections", form); w.Code != http.StatusNotFound {
			t.Errorf("objecting about %v: status %d", form, w.Code)
		}
	}
	if w := post(t, h, "stranger", "/my/offers/12", url.Values{"choice": {"accept"}}); w.Code != http.StatusNotFound {
		t.Errorf("another answers: status %d", w.Code)
	}
	if w := post(t, h, "stranger", "/my/objections", url.Values{"about": {"me"}, "on": {"yes"}}); w.Code != http.StatusNotFound {
		t.Errorf("somebody who is not in the registers objects: status %d", w.Code)
	}
	if got := c.requests(); len(got) != 0 {
		t.Errorf("the city was asked %q", got)
	}
	if w := getAs(t, h, "weak", "/?lang=en"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "strong identification") || strings.Contains(w.Body.String(), aChild) {
		t.Errorf("a weak log-in: status %d", w.Code)
	}
	if w := getAs(t, h, "stranger", "/?lang=en"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "hold no data about you") {
		t.Errorf("somebody who is not in the registers: status %d", w.Code)
	}
}

func TestAResidentSeesWhoUsedTheDataWithItsProof(t *testing.T) {
	h := handlerOf(t, newCity().running())
	body := getAs(t, h, "aino", "/my/uses?lang=en").Body.String()
	for _, s := range []string{"<b>The resident (you)</b> answered", "section 26 a", "Arranging pre-primary education", "/my/uses/43", "/my/uses?child=12"} {
		if !strings.Contains(body, s) {
			t.Errorf("the page does not show %q", s)
		}
	}
	if strings.Contains(body, "resident:17") || strings.Contains(body, "officer:") {
		t.Error("the page shows the record's own numbers")
	}
	body = getAs(t, h, "aino", "/my/uses/43?lang=en").Body.String()
	for _, s := range []string{"The entry stands in the record", "AQID", "ennakko/record"} {
		if !strings.Contains(body, s) {
			t.Errorf("the proof does not show %q", s)
		}
	}
}
