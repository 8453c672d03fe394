package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"ennakko/access"
	"ennakko/app"
	"ennakko/conversation"
	"ennakko/packs"
	"ennakko/signin"
	"ennakko/store"
	"ennakko/testcity"
	"ennakko/testcity/idp"
)

// liveCity opens the whole program over a small made-up city, with its clock
// stopped on the morning of the round.
func liveCity(t *testing.T) *app.Live {
	t.Helper()
	if testing.Short() {
		t.Skip("a city is imported; -short is make check's race run, make test runs this")
	}
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	if _, err := testcity.Write(ctx, filepath.Join(dir, "files"), testcity.Options{Residents: 12000, Seed: 7}, nil); err != nil {
		t.Fatal(err)
	}
	clock := app.NewPacedClock(begin, 0, time.Now)
	a, err := app.Open(ctx, app.Config{Data: filepath.Join(dir, "data"), Packs: packs.FS, Seed: 7, Clock: clock, Families: true, New: true})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	live, err := a.NewLive(ctx, pack, clock)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Import(ctx, filepath.Join(dir, "files"), "officer:test", func(string, int, int) {}); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- live.Run(ctx) }()
	return live
}

// until waits until the round and its job are as they should be.
func until(t *testing.T, live *app.Live, what string, is func(r store.Round, found bool) bool) store.Round {
	t.Helper()
	changed, stop := live.Watch()
	defer stop()
	late := time.After(patience)
	for {
		r, found, err := live.Round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if job := live.Job(); !job.Busy {
			if job.Err != nil {
				t.Fatal(job.Err)
			}
			if is(r, found) {
				return r
			}
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// realSite are the pages with a real log-in: the demonstration's provider.
type realSite struct {
	http.Handler
	provider string
}

// realCity serves the pages of a live city and its log-in.
func realCity(t *testing.T, live *app.Live) realSite {
	t.Helper()
	var provider http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { provider.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	const site = "http://127.0.0.1:8080"
	var err error
	if provider, err = idp.New(idp.Options{Issuer: s.URL, ClientID: "c", ClientSecret: "s", Redirect: site + "/login/done", AfterLogout: site + "/logged-out",
		People: app.NewMadeUp(live), Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	client, err := signin.NewClient(signin.Config{Issuer: s.URL, ClientID: "c", ClientSecret: "s", Redirect: site + "/login/done", AfterLogout: site + "/logged-out",
		Staff: true, Residents: true}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	policies, err := access.Load(access.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Config{Live: live, Context: t.Context(), Door: client, Policies: policies, Pace: live.Clock.(*app.PacedClock)})
	if err != nil {
		t.Fatal(err)
	}
	return realSite{h, s.URL}
}

// logIn goes through the provider's own page.
func (s realSite) logIn(t *testing.T, who string) map[string]*http.Cookie {
	t.Helper()
	cookies := map[string]*http.Cookie{}
	ask := func(method, address string, form url.Values) (to, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		w, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.Body.Close() }()
		b, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		return w.Header.Get("Location"), string(b)
	}
	to, _ := ask(http.MethodGet, follow(t, s.Handler, "/login?as="+who, cookies).Header().Get("Location"), nil)
	_, page := ask(http.MethodGet, s.provider+to, nil)
	request := regexp.MustCompile(`name="request" value="([^"]+)"`).FindStringSubmatch(page)
	if request == nil {
		t.Fatalf("the provider shows no form to %s: %s", who, page)
	}
	to, _ = ask(http.MethodPost, s.provider+"/login", url.Values{"request": {request[1]}, "person": {who}})
	to, _ = ask(http.MethodGet, to, nil)
	if w := follow(t, s.Handler, strings.TrimPrefix(to, "http://127.0.0.1:8080"), cookies); w.Code != http.StatusSeeOther {
		t.Fatalf("%s does not get in: status %d %s", who, w.Code, w.Body)
	}
	return cookies
}

// TestTheLogInPageIsAccessible holds the demonstration's own log-in against the
// same rules as the pages.
func TestTheLogInPageIsAccessible(t *testing.T) {
	ctx := browser(t)
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal("axe-core is missing: run make test-tools")
	}
	h := realCity(t, liveCity(t))
	to := follow(t, h.Handler, "/login?back=/desk", map[string]*http.Cookie{}).Header().Get("Location")
	see(t, ctx, chromedp.Navigate(to), chromedp.WaitReady("main h1"))
	address := ask(t, ctx, chromedp.Evaluate[string]("location.href"))
	for _, width := range []int64{1280, 640, 360, 320} {
		for _, l := range languages {
			t.Run(fmt.Sprintf("%d %s", width, l), func(t *testing.T) {
				see(t, ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(address+"&lang="+string(l)), chromedp.WaitReady("main h1"))
				nothingSticksOut(t, ctx, width)
				axeFindsNothing(t, ctx, string(axe))
				keep(t, ctx, fmt.Sprintf("login-%d-%s", width, l))
			})
		}
	}
}

// TestARoundFromFindingToAnswer goes the way of a first visit through the real
// program: find, approve, send, answer as a family, see the record.
func TestARoundFromFindingToAnswer(t *testing.T) {
	live := liveCity(t)
	h := realCity(t, live)
	do := func(who, address string, form url.Values) {
		t.Helper()
		if w := post(t, h, who, address, form); w.Code != http.StatusSeeOther {
			t.Fatalf("POST %s: status %d\n%s", address, w.Code, w.Body)
		}
	}
	do(asPreparer, "/desk/services/pre-primary/find", url.Values{"as_of": {"2021-01-07"}})
	r := until(t, live, "the round is prepared", func(r store.Round, found bool) bool { return found && r.State == store.Prepared })
	if body := getAs(t, h, asLeader, "/desk/rounds/1/found?lang=en").Body.String(); !strings.Contains(body, "Stays in the present unit") || !strings.Contains(body, "Northeastern") {
		t.Error("the desk shows no cohort and no assignment")
	}
	if w := post(t, h, asPreparer, "/desk/rounds/1/approve", nil); w.Code != http.StatusForbidden {
		t.Fatalf("the preparer approves: status %d", w.Code)
	}
	do(asApprover, "/desk/rounds/1/approve", nil)
	until(t, live, "the round runs", func(r store.Round, _ bool) bool { return r.State == store.Running })

	hs, err := live.Handsets(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	var phone store.Handset
	for _, x := range hs {
		if x.Why == "one guardian" && x.Number != "" {
			phone = x
			break
		}
	}
	href := regexp.MustCompile(`href="(/demo/handset/\d+/\d+)"><span class="kind__who">` + regexp.QuoteMeta(phone.Guardian)).FindStringSubmatch(get(t, h, "/demo/handset").Body.String())
	if href == nil {
		t.Fatal("the phone is not on the list of families")
	}
	do("", href[1]+"/take", nil)
	do(asLeader, "/demo/clock", url.Values{"speed": {"3600"}})
	until(t, live, "the inquiry is on the phone", func(store.Round, bool) bool {
		return strings.Count(get(t, h, href[1]).Body.String(), `class="line"`) >= 2
	})
	do("", href[1], url.Values{"letter": {"A"}})
	until(t, live, "the answer is confirmed", func(store.Round, bool) bool {
		return strings.Count(get(t, h, href[1]).Body.String(), `class="line"`) >= 3
	})

	pages := map[string]string{}
	for path, who := range map[string]string{"/desk": asLeader, "/desk/rounds/1": asLeader, "/desk/rounds/1/found": asLeader, "/open": "", "/desk/record": asDPO, "/desk/record?show=readings": asDPO} {
		pages[path] = getAs(t, h, who, path).Body.String()
		for _, x := range hs {
			if x.Number != "" && strings.Contains(pages[path], x.Number) || strings.Contains(pages[path], x.Guardian) {
				t.Errorf("%s names a family", path)
			}
		}
	}
	for _, s := range []string{"matkapuhelinnumero", "nimi", "varhaiskasvatuksen yksikkö", "perusopetuslaki (628/1998)"} {
		if !strings.Contains(pages["/desk/record?show=readings"], s) {
			t.Errorf("the record of readings does not name %s", s)
		}
	}
	ownAndOthers(t, live, h, phone)
}

// ownAndOthers looks at the round as the guardian who answered, as an expert and
// as those who may not, and at what of it stands on the record.
func ownAndOthers(t *testing.T, live *app.Live, h realSite, phone store.Handset) {
	t.Helper()
	guardian := fmt.Sprintf("case-%d-%d", phone.Case, phone.Party)
	mine := fmt.Sprintf("/my/offers/%d", phone.Case)
	body := getAs(t, h, guardian, "/?lang=en").Body.String()
	if !strings.Contains(body, phone.Children[0]) || !strings.Contains(body, mine) || !strings.Contains(body, "The place is confirmed") {
		t.Errorf("the guardian does not see the offer: %.400s", body)
	}
	if w := post(t, h, guardian, mine, url.Values{"choice": {"decline"}}); w.Code != http.StatusSeeOther {
		t.Errorf("the guardian changes the answer: status %d %s", w.Code, w.Body)
	}
	if body := getAs(t, h, guardian, mine+"?lang=en").Body.String(); !strings.Contains(body, "The place was declined") {
		t.Error("the new answer is not shown")
	}
	uses := getAs(t, h, guardian, fmt.Sprintf("/my/uses?lang=en&child=%d", phone.Case)).Body.String()
	for _, s := range []string{"found people and held places", "approved offers", "The resident (you)", "Basic Education Act 628/1998"} {
		if !strings.Contains(uses, s) {
			t.Errorf("the uses of the child's data lack %q", s)
		}
	}
	other := conversation.CaseID(1)
	if other == phone.Case {
		other = 2
	}
	for who, tt := range map[string]struct {
		path   string
		status int
	}{guardian: {fmt.Sprintf("/my/offers/%d", other), http.StatusNotFound}, "low-" + guardian: {"/", http.StatusForbidden}, asLeader: {fmt.Sprintf("/desk/cases/%d", phone.Case), http.StatusForbidden},
		asExpert: {fmt.Sprintf("/desk/cases/%d", phone.Case), http.StatusOK}} {
		w := getAs(t, h, who, tt.path)
		if w.Code != tt.status {
			t.Errorf("%s at %s: status %d", who, tt.path, w.Code)
		}
		if shows := strings.Contains(w.Body.String(), phone.Children[0]); shows != (tt.status == http.StatusOK) {
			t.Errorf("%s at %s: the child is named: %t", who, tt.path, shows)
		}
	}
	if w := post(t, h, asExpert, "/desk/search", url.Values{"q": {phone.Number}}); w.Header().Get("Location") == "" && !strings.Contains(w.Body.String(), fmt.Sprintf("/desk/cases/%d", phone.Case)) {
		t.Error("the family is not found by its number")
	}
	entries, err := live.App.DB.Entries(t.Context(), 0, false, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{fmt.Sprintf("resident:%d log in ", phone.Person), fmt.Sprintf("resident:%d look at own matters case %d", phone.Person, phone.Case),
		fmt.Sprintf("resident:%d answer online case %d", phone.Person, phone.Case), fmt.Sprintf("resident:%d be refused ", phone.Person), "officer:anna be refused ",
		fmt.Sprintf("officer:sari look at a case case %d", phone.Case), "officer:sari search for a family "} {
		found := false
		for _, e := range entries {
			found = found || e.Actor+" "+e.Verb+" "+e.Object == want
			if strings.Contains(fmt.Sprintf("%+v", e), phone.Number) || strings.Contains(fmt.Sprintf("%+v", e), phone.Guardian) {
				t.Errorf("entry %d names the family", e.Seq)
			}
		}
		if !found {
			t.Errorf("the record lacks %q", want)
		}
	}
}
