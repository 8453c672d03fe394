package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"ennakko/conversation"
	"ennakko/person"
	"ennakko/store"
)

// patience is how long a browser may take for one thing. No test rests for a
// time: each waits for something that can be seen.
const patience = time.Minute

// browser starts Chromium, or fails with what to do: pages that were not seen
// in a browser are not tested.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is needed; -short is make check's race run, make test runs this")
	}
	binary := ""
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); name != "" && err == nil {
			binary = p
			break
		}
	}
	if binary == "" {
		t.Fatal("Chromium is missing: run make test-tools, or name it in CHROMIUM")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(binary), chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("force-prefers-reduced-motion", true)) // a page that scrolls smoothly moves away under a click
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

// see does things in the browser, within patience.
func see(t *testing.T, ctx context.Context, do ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, do...); err != nil {
		t.Fatal(err)
	}
}

// ask asks the page something, within patience.
func ask[T any](t *testing.T, ctx context.Context, question chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, question)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// serve serves a made-up city and returns its address.
func serve(t *testing.T, c *city) string {
	t.Helper()
	s := httptest.NewServer(handlerOf(t, c))
	t.Cleanup(s.Close)
	// Pages that listen for changes stay open; the test does not wait for them.
	t.Cleanup(s.CloseClientConnections)
	return s.URL
}

// shownPage is a page with who looks, and what a city must look like to show it.
type shownPage struct {
	name, who, path string
	city            func() *city
}

// everyPage lists the pages.
var everyPage = slices.Concat(cityPages, omaPages, privacyPages)

var cityPages = []shownPage{
	{"start", "", "/", newCity},
	{"start-staff", asLeader, "/", func() *city { return newCity().running() }},
	{"real-start", "", "/", func() *city { c := newCity(); c.real = true; return c }},
	{"real-approver", asApprover, "/desk/rounds/3", func() *city { c := newCity().prepared(); c.real = true; return c }},
	{"real-running", asLeader, "/desk/rounds/3", func() *city { c := newCity().running(); c.real = true; return c }},
	{"tour", "", "/demo", func() *city { return newCity().prepared() }},
	{"logged-out", "", "/logged-out", newCity},
	{"desk-empty", asPreparer, "/desk", newCity},
	{"desk-approver", asApprover, "/desk", func() *city { return newCity().prepared() }},
	{"messages", asPreparer, "/desk/messages", newCity},
	{"service", asPreparer, "/desk/services/pre-primary", newCity},
	{"service-leader", asLeader, "/desk/services/pre-primary", func() *city { return newCity().running() }},
	{"service-failed", asPreparer, "/desk/services/pre-primary", func() *city { c := newCity(); c.job.Err = errBroken; return c }},
	{"service-busy", asPreparer, "/desk/services/pre-primary", func() *city {
		c := newCity()
		c.job.Busy, c.job.What, c.job.Done, c.job.Total = true, "checking criteria", 1500, 6600
		return c
	}},
	{"round-prepared", asApprover, "/desk/rounds/3", func() *city { return newCity().prepared() }},
	{"round-preparer", asPreparer, "/desk/rounds/3", func() *city { return newCity().prepared() }},
	{"round-running", asLeader, "/desk/rounds/3", func() *city { return newCity().running() }},
	{"found", asApprover, "/desk/rounds/3/found", func() *city { return newCity().prepared() }},
	{"round-paused", asApprover, "/desk/rounds/3", func() *city {
		c := newCity().running()
		c.round.State = store.Paused
		c.steps = []store.RoundStep{{Round: 3, At: begin, Officer: "officer:matti", Step: "pause", Words: "The text was wrong"}}
		return c
	}},
	{"queue", asExpert, "/desk/rounds/3/queue", func() *city { return newCity().running() }},
	{"queue-empty", asExpert, "/desk/rounds/3/queue", func() *city { c := newCity().running(); c.funnel.Items = nil; return c }},
	{"case", asExpert, "/desk/cases/12", func() *city { return newCity().running() }},
	{"search", asExpert, "/desk/search", func() *city { return newCity().running() }},
	{"own", "aino", "/", func() *city { return newCity().running() }},
	{"own-unknown", "stranger", "/", func() *city { return newCity().running() }},
	{"own-weak", "weak", "/", func() *city { return newCity().running() }},
	{"offer", "aino", "/my/offers/12", func() *city { return newCity().running() }},
	{"offer-accepted", "aino", "/my/offers/12?said", func() *city { c := newCity().running(); c.stage = conversation.Accepted; return c }},
	{"uses", "aino", "/my/uses?child=12", func() *city { return newCity().running() }},
	{"proof", "aino", "/my/uses/43", func() *city { return newCity().running() }},
	{"places", asPreparer, "/desk/rounds/3/places?unit=u1/fi", func() *city { return newCity().prepared() }},
	{"districts", asLeader, "/desk/rounds/3/districts", func() *city { return newCity().running() }},
	{"try", asPreparer, "/desk/services/pre-primary/try", newCity},
	{"record", asDPO, "/desk/record", newCity},
	{"care-none", asPreparer, "/desk/care", func() *city { return newCity().withCare(false) }},
	{"care", asExpert, "/desk/care?family=hypertension", func() *city { return newCity().withCare(true) }},
	{"care-worklist", asExpert, "/desk/care/hypertension-treated/worklist", func() *city { return newCity().withCare(true) }},
	{"care-finding", asExpert, "/desk/care/hypertension-treated/worklist/3", func() *city { return newCity().withCare(true) }},
	{"care-what-if", asPreparer, "/desk/care/hypertension-treated/what-if", func() *city { return newCity().withCare(true) }},
	{"care-effect", asLeader, "/desk/rounds/3/effect", func() *city { return newCity().running().withCare(true) }},
	{"care-effect-notyet", asPreparer, "/desk/rounds/3/effect", func() *city { return newCity().running().withCare(false) }},
	{"care-offer", "aino", "/my/offers/12", func() *city { return newCity().running().withCare(true) }},
	{"care-needs-none", asPreparer, "/desk/care-needs", func() *city { return newCity().withCare(false) }},
	{"care-needs", asLeader, "/desk/care-needs", func() *city { return newCity().withCare(true) }},
	{"care-need-list", asExpert, "/desk/care-needs/worklist", func() *city { return newCity().withCare(true) }},
	{"care-need", asExpert, "/desk/care-needs/worklist/3", func() *city { return newCity().withCare(true) }},
	{"care-own", "aino", "/", func() *city { return newCity().running().withCare(true) }},
	{"care-tour", "", "/demo", func() *city { return newCity().withCare(true) }},
	{"care-start", "", "/", func() *city { return newCity().withCare(false) }},
	{"care-desk", asPreparer, "/desk", func() *city { return newCity().withCare(true) }},
	{"care-service", asPreparer, "/desk/services/blood-pressure", func() *city { return newCity().withCare(true) }},
	{"care-messages", asPreparer, "/desk/messages", func() *city { return newCity().withCare(true) }},
	{"refused", asLeader, "/desk/record", newCity},
	{"handsets", "", "/demo/handset", func() *city { return newCity().running() }},
	{"handsets-fault", "", "/demo/handset/any", func() *city { return newCity().running() }},
	{"handset-other", "", "/demo/handset/40/0", func() *city { return newCity().running() }},
	{"handsets-none", "", "/demo/handset", newCity},
	{"handset", "", "/demo/handset/12/0", func() *city { return newCity().running() }},
	{"handset-letter", "", "/demo/handset/15/1", func() *city { return newCity().running() }},
	{"handset-in-person", "", "/demo/handset/16/0", func() *city { return newCity().running() }},
	{"open-none", "", "/open", newCity},
	{"open", "", "/open", func() *city { return newCity().running() }},
	{"open-proof", "", "/open/proof", newCity},
	{"missing", "", "/nothing", newCity},
}

// in is the address of a page in a language.
func in(path string, l person.Language) string {
	if strings.Contains(path, "?") {
		return path + "&lang=" + string(l)
	}
	return path + "?lang=" + string(l)
}

// enter logs somebody in, in the browser; nobody is logged out.
func enter(t *testing.T, ctx context.Context, address, who string) {
	t.Helper()
	see(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}))
	if who != "" {
		see(t, ctx, chromedp.Navigate(address+"/login?as="+who+"&back=/logged-out"), chromedp.WaitReady("form[action='/logout']"))
	}
}

// TestEveryPageIsAccessible holds every page against axe's rules, at the width
// of a desk and of a small phone, where nothing may stick out. 320 pixels are
// also a desk of 1280 at 400 % zoom (WCAG 2.1, 1.4.10). With SCREENSHOTS set
// to a folder the pages are kept as pictures.
func TestEveryPageIsAccessible(t *testing.T) {
	ctx := browser(t)
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal("axe-core is missing: run make test-tools")
	}
	for _, p := range cityPages {
		address := serve(t, p.city())
		enter(t, ctx, address, p.who)
		for _, width := range []int64{1280, 640, 360, 320} {
			for _, l := range languages {
				t.Run(fmt.Sprintf("%s %d %s", p.name, width, l), func(t *testing.T) {
					see(t, ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(address+in(p.path, l)), chromedp.WaitReady("main h1"))
					nothingSticksOut(t, ctx, width)
					if width == 1280 || width == 360 {
						axeFindsNothing(t, ctx, string(axe))
					}
					keep(t, ctx, fmt.Sprintf("%s-%d-%s", p.name, width, l))
				})
			}
		}
	}
}

func nothingSticksOut(t *testing.T, ctx context.Context, width int64) {
	t.Helper()
	over := ask(t, ctx, chromedp.Evaluate[[]string](`(() => {
		const wide = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= wide) return [];
		return ["the page"].concat([...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > wide + 1).map(e => e.outerHTML.slice(0, 120)));
	})()`))
	if len(over) > 0 {
		t.Errorf("at %d pixels this sticks out: %s", width, strings.Join(over, "\n"))
	}
}

func axeFindsNothing(t *testing.T, ctx context.Context, axe string) {
	t.Helper()
	see(t, ctx, chromedp.Evaluate[chromedp.Void](axe+"; undefined"))
	found := ask(t, ctx, chromedp.Evaluate[string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r =>
		JSON.stringify(r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html.slice(0, 150)).join(" | "))))`, chromedp.EvalAwaitPromise))
	var violations []string
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

// keep takes a picture when SCREENSHOTS names a folder.
func keep(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	png := ask(t, ctx, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutJavaScriptEveryFormWorks(t *testing.T) {
	ctx := browser(t)
	c := newCity()
	address := serve(t, c)
	see(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}),
		chromedp.Navigate(address+"/login?as=liisa&back=/desk/services/pre-primary?lang=en"), chromedp.Click(`form[action$="/find"] button`),
		chromedp.WaitVisible(`a[href="/desk/rounds/3"]`), chromedp.Click(`form[action="/logout"] button`), chromedp.WaitVisible(`a[href^="/login"]`),
		chromedp.Navigate(address+"/login?as=matti&back=/desk/rounds/3"), chromedp.WaitVisible(`form[action$="/approve"] button`), chromedp.Click(`form[action$="/approve"] button`),
		chromedp.WaitVisible(`button[name=speed][value="3600"]`), chromedp.Click(`button[name=speed][value="3600"]`),
		chromedp.WaitVisible(`button[name=speed][value="3600"][aria-pressed=true]`), chromedp.WaitVisible(`noscript a`),
		chromedp.Navigate(address+"/demo/handset"), chromedp.Click(`a[href="/demo/handset/12/0"]`),
		chromedp.WaitVisible(`form[action$="/take"] button`), chromedp.Click(`form[action$="/take"] button`), chromedp.WaitVisible(`.said`),
		chromedp.SendKeys(`#text`, "Kyllä kiitos"), chromedp.Click(`#write .hds-button`), chromedp.WaitVisible(`.line--out:nth-of-type(2)`),
		chromedp.Click(`button[name=letter][value=B]`), chromedp.WaitVisible(`.line--out:nth-of-type(3)`))
	want := []string{"prepare 2021-01-07 officer:liisa", "approve 3 officer:matti", "answer " + aNumber + " Kyllä kiitos", "answer " + aNumber + " B"}
	if got := c.requests(); !slices.Equal(got, want) {
		t.Errorf("the city was asked %q, not %q", got, want)
	}
	if !c.taken || c.Speed() != 3600 {
		t.Error("the phone was not taken, or the clock kept its speed")
	}
}

func TestTheKeyboardAloneReachesTheMainActions(t *testing.T) {
	ctx := browser(t)
	for _, p := range []struct{ who, path, want string }{
		{"", "/", "/login?as=liisa&back=%2Fdesk%2Fservices%2Fpre-primary%23now"}, {asPreparer, "/desk/services/pre-primary", "form:/desk/services/pre-primary/find"},
		{asPreparer, "/desk", "form:/logout"}, {"", "/demo/handset", "/demo/handset/12/0"}, {"", "/demo/handset/12/0", "form:/demo/handset/12/0"},
		{asDPO, "/desk/record", "/desk/record?before=26"},
	} {
		c := newCity()
		if strings.HasPrefix(p.path, "/demo") {
			c.running()
		}
		address := serve(t, c)
		enter(t, ctx, address, p.who)
		see(t, ctx, chromedp.Navigate(address+p.path), chromedp.WaitReady("main h1"))
		var at string
		var way []string
		for len(way) < 60 && at != p.want {
			see(t, ctx, chromedp.KeyEvent(kb.Tab))
			at = ask(t, ctx, chromedp.Evaluate[string](`(() => { const e = document.activeElement;
				return e.type === "submit" ? "form:" + e.form.getAttribute("action") : e.getAttribute("href") || e.id || e.tagName; })()`))
			way = append(way, at)
		}
		if at != p.want {
			t.Errorf("%s: Tab does not reach %s, only %q", p.path, p.want, way)
		}
		if way[0] != "#content" {
			t.Errorf("%s: the first Tab is at %s, not at the link that skips to the content", p.path, way[0])
		}
	}
}

func TestAnOpenDeskHearsOfChanges(t *testing.T) {
	ctx := browser(t)
	c := newCity().running()
	address := serve(t, c)
	enter(t, ctx, address, asLeader)
	see(t, ctx, chromedp.Navigate(address+"/desk/rounds/3?lang=en"), chromedp.WaitVisible(`body[data-live=yes]`))
	c.mu.Lock()
	c.funnel.Answered = 4801
	c.mu.Unlock()
	c.tell()
	see(t, ctx, chromedp.Poll[chromedp.Void](`document.querySelector("#progress").textContent.includes("4,801")`, chromedp.WithPollingTimeout(patience)))
	c.mu.Lock()
	c.round.State = "closed"
	c.mu.Unlock()
	c.tell()
	see(t, ctx, chromedp.WaitNotPresent(`form[action="/demo/clock"]`), chromedp.WaitReady("main h1"))
}

func TestAnOpenPhoneShowsMessagesAsTheyCome(t *testing.T) {
	ctx := browser(t)
	c := newCity().running()
	see(t, ctx, chromedp.Navigate(serve(t, c)+"/demo/handset/12/0"), chromedp.WaitVisible(`body[data-live=yes]`))
	hs, _ := c.Handsets(ctx, 3)
	if err := c.Answer(ctx, hs[0], "A"); err != nil {
		t.Fatal(err)
	}
	see(t, ctx, chromedp.WaitVisible(`.line--out`))
}

func TestPagesBreakNoRuleOfTheirOwnPolicy(t *testing.T) {
	ctx := browser(t)
	see(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: `window.broken = []; document.addEventListener("securitypolicyviolation", e => window.broken.push(e.violatedDirective + " " + e.blockedURI));`})
		return err
	}))
	for _, p := range everyPage {
		address := serve(t, p.city())
		enter(t, ctx, address, p.who)
		see(t, ctx, chromedp.Navigate(address+p.path), chromedp.WaitReady("main h1"))
		if broken := ask(t, ctx, chromedp.Evaluate[[]string]("window.broken")); len(broken) > 0 {
			t.Errorf("%s: %q", p.name, broken)
		}
	}
}
