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
	"github.com/chromedp/chromedp/kb"

	"ennakko/person"
)

// omaDoors is doors for the pages of permissions and fees.
var omaDoors = map[string]string{
	"GET /desk/fees":                                           "sari",
	"GET /desk/fees/{task}":                                    "sari",
	"POST /desk/fees/{task}":                                   "sari",
	"POST /desk/fees/{task}/assess":                            "sari",
	"GET /desk/fees/{task}/documents/{document}":               "sari",
	"POST /my/fees/{matter}/documents":                         "aino stranger",
	"GET /my/fees/{matter}/documents/{document}":               "aino stranger",
	"POST /my/fees/{matter}/documents/{document}/delete":       "aino stranger",
	"POST /my/fees/{matter}/hours":                             "aino stranger",
	"POST /my/fees/{matter}/place":                             "aino stranger",
	"GET /my/fees/{matter}":                                    "aino stranger",
	"POST /my/fees/{matter}/way":                               "aino stranger",
	"POST /my/fees/{matter}/answer":                            "aino stranger",
	"GET /my/permissions/{permission}":                         "aino stranger",
	"POST /my/permissions/{permission}/take-back":              "aino stranger",
	"POST /my/permissions/{permission}/anew":                   "aino stranger",
	"GET /my/permissions/{permission}/receipts/{event}":        "aino stranger",
	"GET /my/permissions/{permission}/receipts/{event}/file":   "aino stranger",
	"GET /my/permissions/{permission}/receipts/{event}/signed": "aino stranger",
	"GET /my/copy":                                             "aino stranger",
	"GET /my/copy/file":                                        "aino stranger",
	"GET /my/erase":                                            "aino stranger",
	"POST /my/erase":                                           "aino stranger",
}

// omaPages are the pages of permissions, fees and one's own data.
var omaPages = []shownPage{
	{"fee-start", "", "/", func() *city { return newCity().withOma(feeOffered) }},
	{"fee-own", "aino", "/", func() *city { return newCity().running().withOma(feeProposed) }},
	{"fee-own-ended", "aino", "/", func() *city { return newCity().withOma(feeTakenBack) }},
	{"fee-offered", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeOffered) }},
	{"fee-documents", "aino", "/my/fees/5?done=chosen", func() *city { return newCity().withOma(feeDocuments) }},
	{"fee-highest", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeHighest) }},
	{"fee-partner", "aino", "/my/fees/5", func() *city { return newCity().withOma(feePartner) }},
	{"fee-fetching", "aino", "/my/fees/5?done=chosen", func() *city { return newCity().withOma(feeFetching) }},
	{"fee-proposed", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeProposed) }},
	{"fee-anew", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeAnew) }},
	{"fee-person", "aino", "/my/fees/5?done=asked", func() *city { return newCity().withOma(feePerson) }},
	{"fee-accepted", "aino", "/my/fees/5?done=accepted", func() *city { return newCity().withOma(feeAccepted) }},
	{"fee-taken-back", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeTakenBack) }},
	{"fee-answered", "aino", "/my/fees/5", func() *city {
		c := newCity().withOma(feePerson)
		c.oma.matter.Answer, c.oma.matter.Answered = "We left the holiday pay of May out.", begin
		return c
	}},
	{"fee-without-place", "aino", "/my/fees/5", func() *city { return newCity().withoutPlace() }},
	{"fee-sent", "aino", "/my/fees/5?done=sent", func() *city { return newCity().withDocuments() }},
	{"fee-tasks", asExpert, "/desk/fees", func() *city { return newCity().withOma(feePerson) }},
	{"fee-task", asExpert, "/desk/fees/4", func() *city { return newCity().withOma(feePerson) }},
	{"permission", "aino", "/my/permissions/9", func() *city { return newCity().withOma(feeAccepted) }},
	{"permission-ending", "aino", "/my/permissions/9", func() *city { return newCity().ending() }},
	{"permission-let-go", "aino", "/my/permissions/9?done=let-go", func() *city { c := newCity().ending(); c.oma.permit.LetGo = true; return c }},
	{"permission-new-text", "aino", "/my/permissions/9", func() *city { c := newCity().ending(); c.oma.permit.Under.Hash = "new"; return c }},
	{"own-ending", "aino", "/", func() *city { return newCity().ending() }},
	{"permission-taken-back", "aino", "/my/permissions/9?done=taken-back", func() *city { return newCity().withOma(feeTakenBack) }},
	{"receipt", "aino", "/my/permissions/9/receipts/2", func() *city { return newCity().withOma(feeAccepted) }},
	{"copy", "aino", "/my/copy", func() *city { return newCity().withOma(feeAccepted) }},
	{"erase", "aino", "/my/erase", func() *city { return newCity().withOma(feeAccepted) }},
}

// TestEveryPageOfPermissionsIsAccessible is TestEveryPageIsAccessible for these,
// with each width and each language, but not with each pair of them.
func TestEveryPageOfPermissionsIsAccessible(t *testing.T) {
	ctx := browser(t)
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal("axe-core is missing: run make test-tools")
	}
	for _, p := range omaPages {
		address := serve(t, p.city())
		enter(t, ctx, address, p.who)
		for _, x := range []struct {
			width int64
			lang  person.Language
			axe   bool
		}{{1280, person.Finnish, true}, {640, person.English, false}, {360, person.Swedish, true}, {320, person.Finnish, false}, {320, person.Swedish, false}} {
			t.Run(fmt.Sprintf("%s %d %s", p.name, x.width, x.lang), func(t *testing.T) {
				see(t, ctx, chromedp.EmulateViewport(x.width, 900), chromedp.Navigate(address+in(p.path, x.lang)), chromedp.WaitReady("main h1"))
				nothingSticksOut(t, ctx, x.width)
				if x.axe {
					axeFindsNothing(t, ctx, string(axe))
				}
				keep(t, ctx, fmt.Sprintf("%s-%d-%s", p.name, x.width, x.lang))
			})
		}
	}
}

// shows asks for a page and holds it against what it must and must not show.
func shows(t *testing.T, h http.Handler, who, path string, must, not []string) string {
	t.Helper()
	w := getAs(t, h, who, path)
	body := w.Body.String()
	if w.Code != http.StatusOK {
		t.Errorf("%s: status %d", path, w.Code)
	}
	for _, s := range must {
		if !strings.Contains(body, s) {
			t.Errorf("%s does not show %q", path, s)
		}
	}
	for _, s := range not {
		if strings.Contains(body, s) {
			t.Errorf("%s shows %q", path, s)
		}
	}
	return body
}

// textNow is the hash of the agreement that the pages show.
func textNow() string { return feePack().Agreement().Hash() }

func TestAFamilyGoesFromTheOfferToTheReceipt(t *testing.T) {
	c := newCity().withOma(feeOffered)
	h := handlerOf(t, c)
	shows(t, h, "", "/?lang=en", []string{"Your early education fee may become lower", `href="/login?back=/"`}, []string{aChild, "/my/fees"})
	shows(t, h, "aino", "/?lang=en", []string{"Onni: early education fee", `href="/my/fees/5"`, "Look and choose", "You can give"}, []string{"There are no offers"})
	shows(t, h, "aino", "/my/fees/5?lang=en", []string{"what it is: such as wages, holiday pay", "Tax Administration, Incomes Register Unit", "depends on the family&#39;s income", "1 year", "10 years", "City of Helsinki, Education Division",
		"the staff who handle fees", "1503/2016, sections 5 and 11", "Only as long as your own permission stands", "does not depend on this permission"}, []string{"a month on average", "take-back"})
	post(t, h, "aino", "/my/fees/5/way", url.Values{"way": {wayPermit}, "text": {textNow()}})
	shows(t, h, "aino", "/my/fees/5?lang=en&done=chosen", []string{"Your choice is saved", `href="/my/permissions/9">See the receipt`, "We ask the register for the income", `href="/my/fees/5">See whether it is ready`}, []string{"http-equiv", `value="permit"`})
	c.oma.at(feeProposed)
	shows(t, h, "aino", "/my/fees/5?lang=en", []string{"Proposed fee", "<b>€93</b>", "€3,226.09", "September 2026", "€104.35", "Adult 1: wages", "10.7%", "€92.555", "1503/2016, section 5", "Kielo daycare centre, 37.5 hours a week", "your family", "€5,635"}, []string{"The fee now, and the one proposed"})
	post(t, h, "aino", "/my/fees/5/answer", url.Values{"answer": {"accept"}, "fee": {"6500"}})
	shows(t, h, "aino", "/my/fees/5?lang=en&done=accepted", []string{"Your acceptance is saved", "<b>€93</b>"}, []string{`value="accept"`})
	c.oma.at(feeAnew)
	shows(t, h, "aino", "/my/fees/5?lang=en", []string{"The family&#39;s income has changed", "<b>€93</b>", "<b>€146</b>", `value="person"`}, nil)
	post(t, h, "aino", "/my/fees/5/answer", url.Values{"answer": {"person"}, "words": {" May was special "}, "fee": {"7000"}})
	shows(t, h, "aino", "/my/fees/5?lang=en&done=asked", []string{"A member of staff will contact you", "Business income is always checked"}, []string{`value="accept"`})
	want := []string{"choose 17 5 permit", "answer fee 17 5 true", "answer fee 17 5 false May was special"}
	if got := c.requests(); !slices.Equal(got, want) {
		t.Errorf("the city was asked %q, not %q", got, want)
	}
	for _, e := range []string{"resident:17 look at own fees", "resident:17 look at own fee", "resident:17 choose", "resident:17 answer fee", "resident:17 look at own permissions"} {
		if !slices.Contains(c.entries(), e) {
			t.Errorf("the record lacks %q: %q", e, c.entries())
		}
	}
}

// TestEveryWayHasTheSameWeight holds the forms against dark patterns: the same
// button for each, none chosen before, and as many steps to refuse as to permit.
func TestEveryWayHasTheSameWeight(t *testing.T) {
	h := handlerOf(t, newCity().withOma(feeOffered))
	for _, l := range languages {
		body := getAs(t, h, "aino", in("/my/fees/5", l)).Body.String()
		buttons := regexp.MustCompile(`<button class="([^"]*)" name="way" value="([^"]*)">`).FindAllStringSubmatch(body, -1)
		var ways []string
		for _, b := range buttons {
			ways = append(ways, b[2])
			if b[1] != buttons[0][1] || strings.Contains(b[1], "primary") {
				t.Errorf("the button of %s looks like %q, another like %q", b[2], b[1], buttons[0][1])
			}
		}
		if !slices.Equal(ways, []string{wayPermit, wayDocuments, wayHighest, wayNotNow}) {
			t.Errorf("the ways are %q", ways)
		}
		if regexp.MustCompile(`<[^>]*\s(checked|selected|autofocus)\b`).MatchString(body) {
			t.Error("something is chosen before the reader chose")
		}
	}
}

func TestTheButtonsOfTheWaysHaveTheSameSize(t *testing.T) {
	ctx := browser(t)
	address := serve(t, newCity().withOma(feeOffered))
	enter(t, ctx, address, "aino")
	for _, width := range []int64{1280, 360} {
		for _, l := range languages {
			see(t, ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(address+in("/my/fees/5", l)), chromedp.WaitReady("main h1"))
			sizes := ask(t, ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll("button[name=way]")].map(b => { const r = b.getBoundingClientRect(), s = getComputedStyle(b);
				return [Math.round(r.width), Math.round(r.height), s.color, s.backgroundColor, s.borderColor, s.fontSize, s.fontWeight].join(" "); })`))
			if len(sizes) != 4 || len(slices.Compact(slices.Clone(sizes))) != 1 {
				t.Errorf("at %d pixels in %s the buttons are %q", width, l, sizes)
			}
		}
	}
}

// TestThePartnersIncomeIsNotShown: of the other grown-up a page says that they
// have chosen, and of their money nothing but the family's sum.
func TestThePartnersIncomeIsNotShown(t *testing.T) {
	for _, stage := range []string{feeOffered, feePartner, feeFetching, feeProposed, feeAnew, feePerson, feeAccepted, feeTakenBack} {
		h := handlerOf(t, newCity().withOma(stage))
		for _, path := range []string{"/?lang=en", "/my/fees/5?lang=en", "/my/permissions/9?lang=en", "/my/copy?lang=en"} {
			shows(t, h, "aino", path, nil, []string{"Adult 2", words{Lang: "en"}.Euro(erikIncome), "Erik has permitted", "resident:17", madeUpCode})
		}
		must := "Erik has chosen"
		if stage == feePartner {
			must = "Erik has not chosen yet"
		}
		shows(t, h, "aino", "/my/fees/5?lang=en", []string{must, "do not see the other adult"}, nil)
	}
}

func TestWhatCannotBeAnsweredIsRefused(t *testing.T) {
	for _, tt := range []struct {
		stage, path string
		form        url.Values
		status      int
		says        string
	}{
		{feeOffered, "/my/fees/5/way", nil, http.StatusUnprocessableEntity, "Choose one of the ways"},
		{feeOffered, "/my/fees/5/way", url.Values{"way": {"give-all"}}, http.StatusUnprocessableEntity, "Choose one of the ways"},
		{feeFetching, "/my/fees/5/way", url.Values{"way": {wayHighest}}, http.StatusConflict, "Your page was old"},
		{feeFetching, "/my/fees/5/answer", url.Values{"answer": {"accept"}}, http.StatusConflict, "Your page was old"},
		{feeAccepted, "/my/fees/5/answer", url.Values{"answer": {"person"}, "words": {"May was special"}}, http.StatusConflict, "Your page was old"},
		{feeOffered, "/my/fees/5/way", url.Values{"way": {wayPermit}}, http.StatusConflict, "Your page was old"},
		{feeOffered, "/my/fees/5/way", url.Values{"way": {wayPermit}, "text": {"of another agreement"}}, http.StatusConflict, "Your page was old"},
		{feeAnew, "/my/fees/5/answer", url.Values{"answer": {"accept"}, "fee": {"6500"}}, http.StatusConflict, "Your page was old"},
		{feeProposed, "/my/fees/5/answer", url.Values{"answer": {"accept"}}, http.StatusConflict, "Your page was old"},
		{feeProposed, "/my/fees/5/answer", nil, http.StatusUnprocessableEntity, "Choose whether you accept"},
		{feeProposed, "/my/fees/5/answer", url.Values{"answer": {"person"}, "words": {"  a "}}, http.StatusUnprocessableEntity, `aria-invalid="true"`},
		{feeProposed, "/my/fees/5/answer", url.Values{"answer": {"person"}, "words": {strings.Repeat("ä", mostAsk+1)}}, http.StatusUnprocessableEntity, `href="#words"`},
		{feeOffered, "/my/fees/6/way", url.Values{"way": {wayPermit}}, http.StatusNotFound, ""},
		{feeOffered, "/my/fees/x/way", url.Values{"way": {wayPermit}}, http.StatusNotFound, ""},
		{feeAccepted, "/my/permissions/8/take-back", nil, http.StatusNotFound, ""},
		{feeAccepted, "/my/erase", nil, http.StatusUnprocessableEntity, `href="#sure"`},
	} {
		c := newCity().withOma(tt.stage)
		w := post(t, handlerOf(t, c), "aino", tt.path+"?lang=en", tt.form)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s at %s %.40v: status %d, without %q", tt.stage, tt.path, tt.form, w.Code, tt.says)
		}
		if got := c.requests(); len(got) != 0 {
			t.Errorf("%s at %s: the city was asked %q", tt.stage, tt.path, got)
		}
	}
}

// TestAButtonPressedTwiceIsPressedOnce: the second press shows what the first one did.
func TestAButtonPressedTwiceIsPressedOnce(t *testing.T) {
	for _, tt := range []struct {
		stage, path, to string
		form            url.Values
	}{
		{feeFetching, "/my/fees/5/way", "/my/fees/5?done=chosen", url.Values{"way": {wayPermit}}},
		{feeAccepted, "/my/fees/5/answer", "/my/fees/5?done=accepted", url.Values{"answer": {"accept"}}},
		{feePerson, "/my/fees/5/answer", "/my/fees/5?done=asked", url.Values{"answer": {"person"}, "words": {"May was special"}}},
		{feeTakenBack, "/my/permissions/9/take-back", "/my/permissions/9?done=taken-back", nil},
	} {
		c := newCity().withOma(tt.stage)
		w := post(t, handlerOf(t, c), "aino", tt.path, tt.form)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != tt.to {
			t.Errorf("%s again: status %d, to %q", tt.path, w.Code, w.Header().Get("Location"))
		}
		if got := c.requests(); len(got) != 0 {
			t.Errorf("%s again: the city was asked %q", tt.path, got)
		}
	}
	c := newCity().withOma(feeAccepted)
	c.oma.permit.State = permitExpired
	if w := post(t, handlerOf(t, c), "aino", "/my/permissions/9/take-back?lang=en", nil); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "nothing to take back") {
		t.Errorf("an expired permission taken back: status %d", w.Code)
	}
}

// TestNobodySeesAnothersFee is insecure direct object reference, by a resident
// who is not of the family, and by one whose log-in is weak.
func TestNobodySeesAnothersFee(t *testing.T) {
	c := newCity().withOma(feeProposed)
	h := handlerOf(t, c)
	for _, path := range []string{"/my/fees/5", "/my/permissions/9", "/my/permissions/9/receipts/2", "/my/permissions/9/receipts/2/file"} {
		for who, status := range map[string]int{"stranger": http.StatusNotFound, "weak": http.StatusForbidden, asExpert: http.StatusForbidden} {
			w := getAs(t, h, who, path)
			if w.Code != status || strings.Contains(w.Body.String(), aChild) || strings.Contains(w.Body.String(), "dpv") {
				t.Errorf("%s at %s: status %d", who, path, w.Code)
			}
		}
	}
	for _, path := range []string{"/my/permissions/9/receipts/1", "/my/permissions/9/receipts/3", "/my/permissions/9/receipts/0", "/my/permissions/0", "/my/fees/-5"} {
		if w := getAs(t, h, "aino", path); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	for path, form := range map[string]url.Values{"/my/fees/5/way": {"way": {wayPermit}}, "/my/fees/5/answer": {"answer": {"accept"}}, "/my/permissions/9/take-back": nil, "/my/erase": {"sure": {"yes"}}} {
		if w := post(t, h, "weak", path, form); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "strong identification") {
			t.Errorf("a weak log-in at %s: status %d", path, w.Code)
		}
		if path == "/my/erase" {
			continue
		}
		if w := post(t, h, "stranger", path, form); w.Code != http.StatusNotFound {
			t.Errorf("a stranger at %s: status %d", path, w.Code)
		}
	}
	if got := c.requests(); len(got) != 0 {
		t.Errorf("the city was asked %q", got)
	}
	if !slices.Contains(c.entries(), "resident:17 be refused permit") {
		t.Errorf("a refused permission is not on the record: %q", c.entries())
	}
}

func TestACityWithoutPermissionsHasNoPageOfThem(t *testing.T) {
	h := handlerOf(t, newCity().running())
	for _, path := range []string{"/my/fees/5", "/my/permissions/9", "/my/copy", "/my/erase"} {
		if w := getAs(t, h, "aino", path); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	shows(t, h, "aino", "/?lang=en", []string{"My matters"}, []string{"Permissions", "/my/copy", "early education fee"})
	shows(t, h, "", "/?lang=en", nil, []string{"early education fee"})
}

// TestTheWholePathByKeyboardAlone goes from the first page to the receipt of a
// withdrawal, with Tab, Space and Enter, in a browser without JavaScript.
func TestTheWholePathByKeyboardAlone(t *testing.T) {
	ctx := browser(t)
	withoutScripts(t, ctx)
	c := newCity().withOma(feeOffered)
	address := serve(t, c)
	enter(t, ctx, address, "aino")
	press := func(element, then string) {
		t.Helper()
		tabTo(t, ctx, element)
		see(t, ctx, chromedp.KeyEvent(kb.Enter), chromedp.WaitReady(then))
	}
	see(t, ctx, chromedp.Navigate(address+"/?lang=en"), chromedp.WaitReady("#permissions"))
	press(`main a[href="/my/fees/5"]`, `#ways`)
	press(`button[value="permit"]`, `.states [aria-current]`)
	c.mu.Lock()
	c.oma.at(feeProposed)
	c.mu.Unlock()
	press(`.now a[href="/my/fees/5"]`, `#fee button[value="accept"]`)
	press(`button[value="accept"]`, `.said`)
	press(`main a[href="/my/permissions/9"]`, `form[action$="/take-back"]`)
	press(`form[action$="/take-back"] button`, `.said`)
	press(`a[href="/my/permissions/9/receipts/3"]`, `a[download]`)
	if want := []string{"choose 17 5 permit", "answer fee 17 5 true", "take back 17 9"}; !slices.Equal(c.requests(), want) {
		t.Errorf("the city was asked %q, not %q", c.requests(), want)
	}
}

func TestACaseworkerIsToldThatAMatterIsOfTheirOwnFamily(t *testing.T) {
	h := handlerOf(t, newCity().withOma(feePerson))
	for l, want := range map[person.Language]string{person.Finnish: "koskee omaa perhettäsi", person.Swedish: "din egen familj", person.English: "of your own family"} {
		w := getAs(t, h, asExpert, in("/desk/fees/8", l))
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), want) {
			t.Errorf("in %s: status %d", l, w.Code)
		}
	}
	if w := post(t, h, asExpert, "/desk/fees/8", url.Values{"words": {"I looked at it"}}); w.Code != http.StatusForbidden {
		t.Errorf("settled: status %d", w.Code)
	}
}

func TestACaseworkerSettlesWhatTheFamilyAsked(t *testing.T) {
	c := newCity().withOma(feePerson)
	h := handlerOf(t, c)
	shows(t, h, asExpert, "/desk/fees?lang=en", []string{`href="/desk/fees/4"`, "The family asks for the fee to be checked", "The family sends documents", "<b>late</b>"}, []string{aChild, "Erik", "May was special"})
	shows(t, h, asExpert, "/desk/fees/4?lang=en", []string{aChild, "Aino, Erik", "May was special", "€93", "This look is on the record"}, []string{"resident:17"})
	if w := post(t, h, asExpert, "/desk/fees/4", url.Values{"words": {" x "}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `href="#words"`) {
		t.Errorf("no words: status %d", w.Code)
	}
	if w := post(t, h, asExpert, "/desk/fees/5", url.Values{"words": {"done"}}); w.Code != http.StatusNotFound {
		t.Errorf("another task: status %d", w.Code)
	}
	for _, status := range []int{http.StatusSeeOther, http.StatusConflict} {
		if w := post(t, h, asExpert, "/desk/fees/4", url.Values{"words": {"May was left out"}}); w.Code != status {
			t.Errorf("status %d, not %d", w.Code, status)
		}
	}
	if got := c.requests(); !slices.Equal(got, []string{"settle fee 4 officer:sari May was left out"}) {
		t.Errorf("%q", got)
	}
	shows(t, h, "aino", "/my/fees/5?lang=en", []string{"Answer from a member of staff", "May was left out", "A first working"}, []string{"officer:sari", "Sari"})
	if !slices.Contains(c.entries(), "officer:sari look at a task of a fee") {
		t.Errorf("the look is not on the record: %q", c.entries())
	}
}
