package web

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"ennakko/person"
)

// privacyPages are the pages of the data-protection officer's desk and what of it is
// open to everybody.
var privacyPages = []shownPage{
	{"privacy", asDPO, "/desk/privacy", newCity},
	{"privacy-purpose", asDPO, "/desk/privacy?purpose=pre-primary&by=day", newCity},
	{"privacy-desk", asDPO, "/desk", newCity},
	{"privacy-requests", asDPO, "/desk/privacy/requests?done", newCity},
	{"asks", "aino", "/my/requests?done=asked", func() *city { return newCity().running().withOma(feeOffered) }},
	{"privacy-unusual", asDPO, "/desk/privacy/unusual?done=looked", newCity},
	{"privacy-decide", asDPO, "/desk/privacy/decide", newCity},
	{"open-algorithms", "", "/open/algorithms", newCity},
	{"open-checkpoints", "", "/open/checkpoints", newCity},
	{"open-precedents", "", "/open/precedents", newCity},
}

func TestEveryPageOfDataProtectionIsAccessible(t *testing.T) {
	ctx := browser(t)
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal("axe-core is missing: run make test-tools")
	}
	look := func(name string, width int64) {
		nothingSticksOut(t, ctx, width)
		axeFindsNothing(t, ctx, string(axe))
		keep(t, ctx, name)
	}
	for _, p := range privacyPages {
		address := serve(t, p.city())
		enter(t, ctx, address, p.who)
		for _, x := range []struct {
			width int64
			lang  person.Language
		}{{1280, person.English}, {640, person.Swedish}, {320, person.Finnish}} {
			t.Run(fmt.Sprintf("%s %d %s", p.name, x.width, x.lang), func(t *testing.T) {
				see(t, ctx, chromedp.EmulateViewport(x.width, 900), chromedp.Navigate(address+in(p.path, x.lang)), chromedp.WaitReady("main h1"))
				look(fmt.Sprintf("%s-%d-%s", p.name, x.width, x.lang), x.width)
			})
		}
	}
	// What comes of a form is held against the same rules.
	address := serve(t, newCity())
	enter(t, ctx, address, asDPO)
	see(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(address+"/desk/privacy/decide?lang=fi"), chromedp.SetValue("#agreement", "early-education-fee-income"),
		chromedp.Click("#automation-proposes"), chromedp.Click("#task-check"), chromedp.Click("#area-early-education"), chromedp.Click(`form[action="/desk/privacy/decide"] button`), chromedp.WaitReady("#proposal"))
	look("privacy-proposal-1280-fi", 1280)
	see(t, ctx, chromedp.EmulateViewport(320, 900))
	look("privacy-proposal-320-fi", 320)
	see(t, ctx, chromedp.Click(`form[action="/desk/privacy/decide/decision"] button`), chromedp.WaitReady("div.fault"))
	look("privacy-proposal-fault-320-fi", 320)
	for _, x := range []struct{ path, button, wait string }{
		{"/desk/privacy/requests", `form[action$="/11/settle"] button`, "#request-fault"},
		{"/desk/privacy/requests", `form[action$="/11/who"] button`, `b.asker`},
		{"/desk/privacy/unusual", `form[action$="/unusual"] button`, "#unusual-fault"},
	} {
		see(t, ctx, chromedp.Navigate(address+x.path+"?lang=en"), chromedp.Click(x.button), chromedp.WaitReady(x.wait))
		look("privacy-after"+strings.NewReplacer("/", "-").Replace(x.path), 320)
	}
}

// theUse is a whole description of a new use.
func theUse() url.Values {
	v := url.Values{"purpose": {"bus-cards"}, "user": {"0201256-6"}, "field": {"population.birth_date", "population.municipality"}, "basis": {"6(1)(c)"}, "law": {"Act 1/2020, section 3"},
		"condition": {"residence"}, "keep": {"1"}, "unit": {"Y"}, "automation": {"proposes"}, "task": {"benefit"}, "area": {"basic-education"}}
	for _, l := range []string{"fi", "sv", "en"} {
		for _, x := range []string{"name", "what", "user"} {
			v.Set(x+"."+l, x+" in "+l)
		}
	}
	return v
}

func with(v url.Values, pairs ...string) url.Values {
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func TestTheOfficerSettlesRequestsAndReadings(t *testing.T) {
	c := newCity()
	h := handlerOf(t, c)
	key := (&desk{c}).findings()[0].Key()
	for _, x := range []struct {
		path  string
		form  url.Values
		code  int
		shows string
	}{
		{"/desk/privacy/requests/11/settle", url.Values{"words": {"erased"}}, http.StatusSeeOther, ""},
		{"/desk/privacy/requests/11/settle", url.Values{"words": {"  "}}, http.StatusUnprocessableEntity, `href="#words-11"`},
		{"/desk/privacy/requests/x/settle", url.Values{"words": {"erased"}}, http.StatusNotFound, ""},
		{"/desk/privacy/requests/11/who", nil, http.StatusOK, aGuardian},
		{"/desk/privacy/requests", url.Values{"kind": {"access"}, "code": {madeUpCode}, "came": {"2021-01-04"}, "said": {"a copy"}}, http.StatusSeeOther, ""},
		{"/desk/privacy/requests", url.Values{"kind": {"nothing"}, "code": {madeUpCode}, "came": {"2021-01-04"}, "said": {"a copy"}}, http.StatusUnprocessableEntity, "Choose what is asked for"},
		{"/desk/privacy/requests", url.Values{"kind": {"access"}, "code": {"x"}, "came": {"2021-01-04"}, "said": {"a copy"}}, http.StatusUnprocessableEntity, "Check the identity code"},
		{"/desk/privacy/requests", url.Values{"kind": {"access"}, "code": {"020282-9014"}, "came": {"2021-01-04"}, "said": {"a copy"}}, http.StatusUnprocessableEntity, "do not hold this person"},
		{"/desk/privacy/requests", url.Values{"kind": {"access"}, "code": {madeUpCode}, "came": {"2031-01-04"}, "said": {"a copy"}}, http.StatusUnprocessableEntity, "not in the future"},
		{"/desk/privacy/unusual", url.Values{"finding": {key}, "words": {"asked her"}}, http.StatusSeeOther, ""},
		{"/desk/privacy/unusual", url.Values{"finding": {key}}, http.StatusUnprocessableEntity, `href="#words-` + key},
		{"/desk/privacy/unusual/relatives", nil, http.StatusSeeOther, ""},
		{"/desk/privacy/unusual/famous", url.Values{"code": {madeUpCode}, "on": {"no"}}, http.StatusSeeOther, ""},
		{"/desk/privacy/unusual/famous", url.Values{"code": {"x"}}, http.StatusUnprocessableEntity, "Check the identity code"},
	} {
		w := post(t, h, asDPO, x.path+"?lang=en", x.form)
		if w.Code != x.code || !strings.Contains(w.Body.String(), x.shows) {
			t.Errorf("%s %v: status %d, without %q", x.path, x.form, w.Code, x.shows)
		}
		if strings.Contains(w.Body.String(), madeUpCode) {
			t.Errorf("%s shows an identity code", x.path)
		}
	}
	want := []string{"settle 11 erased officer:pekka", "note access of 2021-01-04 a copy officer:pekka", "look into " + key + " asked her officer:pekka", "ask about relatives officer:pekka", "famous false officer:pekka"}
	if got := c.requests(); !slices.Equal(got, want) {
		t.Errorf("the desk was asked %q", got)
	}
}

func TestAUseIsProposedAndAPersonDecides(t *testing.T) {
	c := newCity()
	h := handlerOf(t, c)
	w := post(t, h, asDPO, "/desk/privacy/decide?lang=en", theUse())
	for _, want := range []string{"The nearest decisions", "name in en", "Only while the person lives in the municipality", "GDPR 6(1)(c)", `name="law" value="Act 1/2020, section 3"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("status %d: the proposal lacks %q", w.Code, want)
		}
	}
	w = post(t, h, asDPO, "/desk/privacy/decide?lang=en", url.Values{"agreement": {"early-education-fee-income"}, "automation": {"proposes"}, "task": {"check"}, "area": {"early-education"}})
	for _, want := range []string{"The task is another: watching whether rules are kept (there: setting a fee).", "What kind of task the data is used for</dt><dd>watching whether rules are kept", "What differs", "Read the whole decision", "Example "} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("status %d: the proposal of an agreement lacks %q", w.Code, want)
		}
	}
	if w := post(t, h, asDPO, "/desk/privacy/decide?lang=en", url.Values{"purpose": {"UPPER"}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Give a short id") {
		t.Errorf("half a use: status %d", w.Code)
	}
	ruling := with(theUse(), "outcome", "lawful", "source", "GDPR 6(1)(c)", "reason.fi", "syy", "reason.sv", "skäl", "reason.en", "reason")
	if w := post(t, h, asDPO, "/desk/privacy/decide/decision", ruling); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/open/precedents#2021-7" {
		t.Errorf("the decision: status %d to %s", w.Code, w.Header().Get("Location"))
	}
	for name, v := range map[string]url.Values{
		"no outcome":         with(theUse(), "source", "GDPR", "reason.fi", "a", "reason.sv", "b", "reason.en", "c"),
		"no reason":          with(theUse(), "outcome", "lawful", "source", "GDPR"),
		"terms without them": with(theUse(), "outcome", "on terms", "source", "GDPR", "reason.fi", "a", "reason.sv", "b", "reason.en", "c"),
	} {
		if w := post(t, h, asDPO, "/desk/privacy/decide/decision", v); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	if got := c.requests(); !slices.Equal(got, []string{"decide bus-cards lawful officer:pekka"}) {
		t.Errorf("the desk was asked %q", got)
	}
}

// TestWhatADecisionLacksIsSaidAtItsField: each fault leads to a field that is there, and
// is said in the reader's language.
func TestWhatADecisionLacksIsSaidAtItsField(t *testing.T) {
	h := handlerOf(t, newCity())
	for _, l := range languages {
		for name, x := range map[string]struct {
			path string
			form url.Values
		}{
			"nothing":     {"/desk/privacy/decide", url.Values{"recipient.fi": {"x"}, "special": {"health"}}},
			"no decision": {"/desk/privacy/decide/decision", theUse()},
			"no terms":    {"/desk/privacy/decide/decision", with(theUse(), "outcome", "on terms")},
		} {
			w := post(t, h, asDPO, x.path+"?lang="+string(l), x.form)
			_, faults, _ := strings.Cut(w.Body.String(), `<div class="fault"`)
			faults, _, _ = strings.Cut(faults, "</div>")
			if strings.Contains(faults, `<li lang="en"`) || w.Code != http.StatusUnprocessableEntity {
				t.Errorf("%s in %s: status %d, %s", name, l, w.Code, faults)
			}
			at := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(faults, -1)
			if len(at) < 3 {
				t.Errorf("%s in %s: only %d faults: %s", name, l, len(at), faults)
			}
			for _, m := range at {
				if id, err := url.PathUnescape(m[1]); err != nil || !strings.Contains(w.Body.String(), `id="`+id+`"`) {
					t.Errorf("%s in %s: there is no field %s", name, l, m[1])
				}
			}
		}
	}
}

func TestTheDeskNamesNoPersonAndEscapesWords(t *testing.T) {
	h := handlerOf(t, newCity())
	for _, p := range privacyPages {
		if p.who == "aino" {
			continue // her own page names her
		}
		body := getAs(t, h, p.who, in(p.path, person.English)).Body.String()
		for _, secret := range []string{aGuardian, "resident:17", madeUpCode, "<b>erase</b>"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s shows %q", p.path, secret)
			}
		}
	}
	body := getAs(t, h, asDPO, "/desk/privacy/unusual?lang=en").Body.String()
	for _, want := range []string{"Officer (sari) read of 14 people", "There are 6 others of the role (expert), and the middle one of them read of 3", "These are your own readings", "It was an ordinary visit", "but there is more since", `/desk/record?show=readings&amp;before=41`} {
		if !strings.Contains(body, want) {
			t.Errorf("the unusual readings lack %q", want)
		}
	}
	requests := getAs(t, h, asDPO, "/desk/privacy/requests?lang=en").Body.String()
	if late, next := strings.Index(requests, "late, days: 5"), strings.Index(requests, "days left: 4"); late < 0 || next < late {
		t.Errorf("the late request comes at %d, the next at %d", late, next)
	}
}

func TestAPublishedCheckpointIsAFileOfItsDay(t *testing.T) {
	h := handlerOf(t, newCity())
	w := get(t, h, "/open/checkpoints/2021-01-06")
	if w.Code != http.StatusOK || w.Body.String() != checkpointText || !strings.Contains(w.Header().Get("Content-Disposition"), "ennakko-checkpoint-2021-01-06.txt") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	for _, day := range []string{"2021-01-07", "..%2Fkeys", "x"} {
		if w := get(t, h, "/open/checkpoints/"+day); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", day, w.Code)
		}
	}
}
