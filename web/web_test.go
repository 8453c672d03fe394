package web

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/person"
	"ennakko/store"
)

// post sends a form as a page of the site does, unless headers say otherwise.
func post(t *testing.T, h http.Handler, who, address string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8080"+address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", "en")
	if len(headers) == 0 {
		headers = []string{"Origin", "http://127.0.0.1:8080"}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	carry(t, h, r, who)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryPageHasItsStatusItsHeadersAndAllItsTexts(t *testing.T) {
	missing := regexp.MustCompile(`\[[a-z]+\.[^\]]*\]|%!`)
	for _, p := range everyPage {
		h := handlerOf(t, p.city())
		for _, l := range languages {
			w := getAs(t, h, p.who, in(p.path, l))
			want := http.StatusOK
			switch p.name {
			case "missing":
				want = http.StatusNotFound
			case "refused", "own-weak":
				want = http.StatusForbidden
			case "handsets-fault":
				want = http.StatusUnprocessableEntity
			}
			body := w.Body.String()
			if w.Code != want {
				t.Errorf("%s: status %d, not %d", p.name, w.Code, want)
			}
			if m := missing.FindString(body); m != "" {
				t.Errorf("%s in %s lacks a text: %s", p.name, l, m)
			}
			if !strings.Contains(body, `<html lang="`+string(l)+`">`) || strings.Count(body, "<h1") != 1 {
				t.Errorf("%s does not say its language, or has not exactly one heading of the first level", p.name)
			}
			for header, part := range map[string]string{"Content-Security-Policy": "script-src 'self'", "X-Content-Type-Options": "nosniff",
				"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Strict-Transport-Security": "max-age=31536000", "Content-Type": "text/html; charset=utf-8", "Content-Language": string(l)} {
				if !strings.Contains(w.Header().Get(header), part) {
					t.Errorf("%s: header %s is %q", p.name, header, w.Header().Get(header))
				}
			}
			if inline := regexp.MustCompile(`<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+=`).FindString(body); inline != "" {
				t.Errorf("%s has script or style of its own: %s", p.name, inline)
			}
		}
	}
}

func TestNobodyIsNamedOutsideTheHandset(t *testing.T) {
	h := handlerOf(t, newCity().running())
	for path, who := range map[string]string{"/": asLeader, "/desk": asExpert, "/desk/rounds/3": asApprover, "/desk/rounds/3/found": asApprover, "/open": "", "/desk/record": asDPO,
		"/desk/record?before=20": asDPO, "/desk/record?show=readings": asDPO} {
		body := getAs(t, h, who, path).Body.String()
		for _, secret := range []string{aNumber, aGuardian, "Virtanen", aChild, "resident:17", "case 12"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s shows %q", path, secret)
			}
		}
	}
	for _, path := range []string{"/demo/handset", "/demo/handset/12/0"} {
		body := get(t, h, path).Body.String()
		if !strings.Contains(body, aGuardian) || strings.Contains(body, aNumber) {
			t.Errorf("%s must name the made-up family and never its number", path)
		}
	}
	if body := get(t, h, "/demo/handset/12/0").Body.String(); !strings.Contains(body, "otan vastaan &lt;b&gt;") {
		t.Error("the text of a message is not shown as it is")
	}
}

func TestTheDeskShowsWhatAnOfficerNeeds(t *testing.T) {
	for _, tt := range []struct {
		name, who, path string
		city            *city
		shows, not      []string
	}{
		{"a desk without rounds", asPreparer, "/desk", newCity(), []string{"Prepare a round", "There are no rounds yet"}, []string{"/desk/rounds/"}},
		{"a desk of one who only looks", asLeader, "/desk", newCity(), []string{"There are no rounds yet"}, []string{"Prepare a round"}},
		{"a desk with a round to approve", asApprover, "/desk", newCity().prepared(), []string{"Round 3 is prepared", "/desk/rounds/3#now"}, nil},
		{"a desk of the preparer", asPreparer, "/desk", newCity().prepared(), []string{"waits for approval"}, []string{"Round 3 is prepared"}},
		{"the service", asPreparer, "/desk/services/pre-primary", newCity(), []string{"/desk/services/pre-primary/find", `value="2021-01-07"`, "The five conditions", "Statutory", "The child turns six this year.",
			"Good for both", "early_education.provider.active()", "section 26 a"}, []string{"/approve"}},
		{"the service for another role", asLeader, "/desk/services/pre-primary", newCity(), []string{"A preparer begins a new round"}, []string{"/find"}},
		{"the service with a round", asPreparer, "/desk/services/pre-primary", newCity().prepared(), []string{"/desk/rounds/3"}, []string{"/find"}},
		{"a prepared round", asApprover, "/desk/rounds/3", newCity().prepared(), []string{"/desk/rounds/3/approve", "5,158", "15 January 2021 at 08:00"}, []string{"/demo/clock", "From offer to answer"}},
		{"a prepared round for its preparer", asPreparer, "/desk/rounds/3", newCity().prepared(), []string{"Whoever prepared or changed a round cannot approve it"}, []string{"/approve\""}},
		{"a prepared round for a leader", asLeader, "/desk/rounds/3", newCity().prepared(), []string{"approved by an officer who has the approver"}, []string{"/approve\""}},
		{"who was found", asLeader, "/desk/rounds/3/found", newCity().prepared(), []string{"5,801", "5,170", "820 m", "0.69%", "On the failsafe list", "withheld", "By age", "5 years", "By language of contact", "Other or not known", "1,205"}, []string{"1,206", "5,081"}},
		{"a running round", asLeader, "/desk/rounds/3", newCity().running(), []string{"/demo/clock", "70%", "3,344", "47 s", "The guardians answered differently", "15 January 2021 at 08:00",
			"4,920 of 6,011"}, []string{"/approve\""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := getAs(t, handlerOf(t, tt.city), tt.who, tt.path+"?lang=en").Body.String()
			for _, s := range tt.shows {
				if !strings.Contains(body, s) {
					t.Errorf("the page does not show %q", s)
				}
			}
			for _, s := range tt.not {
				if strings.Contains(body, s) {
					t.Errorf("the page shows %q", s)
				}
			}
		})
	}
}

func TestAFormGoesToTheCityOnce(t *testing.T) {
	c := newCity()
	h := handlerOf(t, c)
	const find = "/desk/services/pre-primary/find"
	for _, tt := range []struct {
		who, address string
		form         url.Values
		status       int
	}{
		{asApprover, "/desk/rounds/3/approve", nil, http.StatusNotFound},
		{asPreparer, find, url.Values{"as_of": {"yesterday"}}, http.StatusUnprocessableEntity},
		{asPreparer, find, url.Values{"as_of": {"1021-01-07"}}, http.StatusUnprocessableEntity},
		{asPreparer, "/desk/services/other/find", url.Values{"as_of": {"2021-01-07"}}, http.StatusNotFound},
		{asPreparer, find, url.Values{"as_of": {"2021-01-07"}}, http.StatusSeeOther},
		{asPreparer, find, url.Values{"as_of": {"2021-01-07"}}, http.StatusConflict},
		{asApprover, "/desk/rounds/2/approve", nil, http.StatusNotFound},
		{asApprover, "/desk/rounds/x/approve", nil, http.StatusNotFound},
		{asApprover, "/desk/rounds/3/approve", nil, http.StatusSeeOther},
		{asApprover, "/desk/rounds/3/approve", nil, http.StatusConflict},
		{asLeader, "/demo/clock", url.Values{"speed": {"3600"}, "back": {"/desk/rounds/3"}}, http.StatusSeeOther},
		{asLeader, "/demo/clock", url.Values{"speed": {"99999999"}}, http.StatusUnprocessableEntity},
		{"", "/demo/handset/12/0", url.Values{"letter": {"A"}}, http.StatusSeeOther},
		{"", "/demo/handset/12/0", url.Values{"text": {" Kyllä "}}, http.StatusSeeOther},
		{"", "/demo/handset/12/0", url.Values{"text": {"  "}}, http.StatusUnprocessableEntity},
		{"", "/demo/handset/12/0", url.Values{"text": {strings.Repeat("ä", maxAnswer+1)}}, http.StatusUnprocessableEntity},
		{"", "/demo/handset/12/0", url.Values{"text": {strings.Repeat("a", maxBody)}}, http.StatusUnprocessableEntity},
		{"", "/demo/handset/15/1", url.Values{"letter": {"A"}}, http.StatusConflict},
		{"", "/demo/handset/99/0", url.Values{"letter": {"A"}}, http.StatusNotFound},
		{"", "/demo/handset/15/1/take", nil, http.StatusConflict},
		{"", "/demo/handset/12/0/take", nil, http.StatusSeeOther},
	} {
		if w := post(t, h, tt.who, tt.address, tt.form); w.Code != tt.status {
			t.Errorf("POST %s %.60s: status %d, not %d", tt.address, tt.form.Encode(), w.Code, tt.status)
		}
	}
	want := []string{"prepare 2021-01-07 officer:liisa", "approve 3 officer:matti", "answer " + aNumber + " A", "answer " + aNumber + " Kyllä"}
	if got := c.requests(); !slices.Equal(got, want) {
		t.Errorf("the city was asked %q, not %q", got, want)
	}
}

func TestWhatIsWrongWithAFormIsSaidAtItsField(t *testing.T) {
	body := post(t, handlerOf(t, newCity()), asPreparer, "/desk/services/pre-primary/find", url.Values{"as_of": {"soon"}}).Body.String()
	for _, s := range []string{`href="#as_of"`, `aria-invalid="true"`, `as_of-fault`, `value="soon"`} {
		if !strings.Contains(body, s) {
			t.Errorf("the page does not hold %s", s)
		}
	}
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	forms := []string{"/desk/services/pre-primary/find", "/desk/rounds/3/approve", "/demo/clock", "/demo/handset/12/0", "/demo/handset/12/0/take", "/logout"}
	for _, headers := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:99"},
		{"Origin", "null"}, {"X-Nothing", "said"}} {
		c := newCity()
		h := handlerOf(t, c)
		for _, address := range forms {
			if w := post(t, h, "both", address, url.Values{"as_of": {"2021-01-07"}, "round": {"3"}, "speed": {"0"}, "letter": {"A"}}, headers...); w.Code != http.StatusForbidden {
				t.Errorf("POST %s with %q: status %d", address, headers, w.Code)
			}
		}
		if got := c.requests(); len(got) > 0 || c.Speed() != 60 {
			t.Errorf("with %q the city was asked %q", headers, got)
		}
	}
}

func TestOnlyThisMachineIsServed(t *testing.T) {
	h := handlerOf(t, newCity().running())
	for host, status := range map[string]int{"127.0.0.1:8080": 200, "localhost": 200, "[::1]:8080": 200, "evil.example": 421, "127.0.0.1.evil.example:8080": 421,
		"localhost.evil.example": 421, "192.168.1.4:8080": 421, "": 421} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/desk/rounds/3", nil)
		r.Host = host
		carry(t, h, r, asLeader)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("host %q: status %d, not %d", host, w.Code, status)
		}
		if status != 200 && strings.Contains(w.Body.String(), "5,158") {
			t.Errorf("host %q is shown the numbers", host)
		}
	}
}

func TestAChangeIsNotMadeByLooking(t *testing.T) {
	h := handlerOf(t, newCity().running())
	for _, path := range []string{"/desk/services/pre-primary/find", "/desk/rounds/3/approve", "/demo/clock", "/demo/handset/12/0/take", "/logout"} {
		if w := getAs(t, h, "both", path); w.Code != http.StatusMethodNotAllowed && w.Code != http.StatusNotFound {
			t.Errorf("GET %s: status %d", path, w.Code)
		}
	}
}

func TestOnlyWhatIsServedIsAnswered(t *testing.T) {
	h := handlerOf(t, newCity().running())
	for _, method := range []string{http.MethodTrace, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8080/desk", nil))
		if w.Code < 400 || w.Code >= 500 || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: status %d", method, w.Code)
		}
	}
	for _, path := range []string{"/assets/", "/assets/vendor/", "/assets/../web.go", "/assets/%2e%2e/web.go", "/.git/config", "/debug/pprof/"} {
		if w := get(t, h, path); w.Code == http.StatusOK {
			t.Errorf("%s is served", path)
		}
	}
	if csp := get(t, h, "/").Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "base-uri 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("the policy is %q", csp)
	}
}

func TestAFaultInsideIsNotShown(t *testing.T) {
	c := newCity()
	c.fail = errBroken
	w := getAs(t, handlerOf(t, c), asLeader, "/desk")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "fire") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestTheOpenPageShowsNoSmallOrExactCount(t *testing.T) {
	c := newCity().running()
	c.funnel.Letters = 3
	c.round.Summary["found"] = 5803
	body := regexp.MustCompile(`\?[0-9a-f]{12}"`).ReplaceAllString(get(t, handlerOf(t, c), "/open?lang=en").Body.String(), "") // marks of assets
	for _, s := range []string{"5,805", "fewer than 5", "3,345"} {
		if !strings.Contains(body, s) {
			t.Errorf("the page does not show %s", s)
		}
	}
	for _, s := range []string{"5,803", ">3<", "3,344", "131"} {
		if strings.Contains(body, s) {
			t.Errorf("the page shows %s", s)
		}
	}
	if body := get(t, handlerOf(t, newCity().prepared()), "/open?lang=en").Body.String(); strings.Contains(body, "5,800") {
		t.Error("a round that nobody approved is shown to the public")
	}
}

func TestTheRecordIsPagedAndPlain(t *testing.T) {
	h := handlerOf(t, newCity())
	seen := map[string]bool{}
	next := "/desk/record?lang=en"
	for pages := 0; next != ""; pages++ {
		if pages > 3 {
			t.Fatal("the pages do not end")
		}
		body := getAs(t, h, asDPO, next).Body.String()
		for _, m := range regexp.MustCompile(`Entry (\d+) `).FindAllStringSubmatch(body, -1) {
			seen[m[1]] = true
		}
		next = ""
		if m := regexp.MustCompile(`href="(/desk/record\?before=\d+)">Older`).FindStringSubmatch(body); m != nil {
			next = m[1]
			if pages == 0 {
				next += "&lang=en"
			}
		}
		if next != "" && !strings.Contains(next, "lang") {
			next += "&lang=en"
		}
	}
	if len(seen) != lastEntry {
		t.Errorf("%d of %d entries are seen", len(seen), lastEntry)
	}
	body := getAs(t, h, asDPO, "/desk/record?lang=en").Body.String()
	for _, s := range []string{"<b>A resident</b> <span>answered</span>", "Arranging pre-primary education", "fewer than 5", "nobody", `<span lang="en">a verb of tomorrow</span>`,
		"43 entries are proved unchanged, 2 still wait", "date of birth"} {
		if !strings.Contains(body, s) {
			t.Errorf("the record does not say %q", s)
		}
	}
}

func TestALanguageOnceChosenStays(t *testing.T) {
	h := handlerOf(t, newCity())
	w := get(t, h, "/?lang=sv")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/open", nil)
	for _, c := range w.Result().Cookies() {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
			t.Error("the cookie can be read by scripts or goes to other sites")
		}
		r.AddCookie(c)
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), `<html lang="sv">`) {
		t.Error("the next page is not in the language that was chosen")
	}
	for accept, lang := range map[string]string{"": "fi", "sv-FI,sv;q=0.9": "sv", "en-GB": "en", "de": "en", "fi": "fi", "%%%": "fi"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", nil)
		r.Header.Set("Accept-Language", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `<html lang="`+lang+`">`) {
			t.Errorf("a browser that prefers %q is not served in %s", accept, lang)
		}
	}
}

func TestEveryTextIsThereInEveryLanguageWithTheSameBlanks(t *testing.T) {
	c, err := readTexts()
	if err != nil {
		t.Fatal(err)
	}
	blank := regexp.MustCompile(`%[sd%]`)
	for key, texts := range c {
		var first []string
		for i, l := range languages {
			got := blank.FindAllString(texts[l], -1)
			if i == 0 {
				first = got
			} else if !slices.Equal(first, got) {
				t.Errorf("%s in %s has the blanks %q, in %s %q", key, l, got, languages[0], first)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(newCity().running().funnel.Items)) {
		if !(words{catalogue: c}).Has("item." + name) {
			t.Errorf("the item %s has no words", name)
		}
	}
}

func TestNumbersHaveTheFormOfTheirLanguage(t *testing.T) {
	for _, tt := range []struct{ lang, want string }{{"fi", "1\u00a0234\u00a0567 0,5 71\u00a0%"}, {"sv", "1\u00a0234\u00a0567 0,5 71\u00a0%"}, {"en", "1,234,567 0.5 71%"}} {
		w := words{Lang: languages[slices.Index([]string{"fi", "sv", "en"}, tt.lang)]}
		if got := fmt.Sprintf("%s %s %s", w.N(1234567), w.F(0.5, 1), w.Share(5, 7)); got != tt.want {
			t.Errorf("%s: %q, not %q", tt.lang, got, tt.want)
		}
	}
}

func TestAClosedRoundMakesRoomForTheNext(t *testing.T) {
	c := newCity().running()
	c.round.State = store.Closed
	h := handlerOf(t, c)
	if body := getAs(t, h, asPreparer, "/desk/rounds/3?lang=en").Body.String(); !strings.Contains(body, "The round is closed") {
		t.Error("the page does not say that the round is closed")
	}
	if body := getAs(t, h, asPreparer, "/desk/services/pre-primary").Body.String(); !strings.Contains(body, "/find") {
		t.Error("after a round is closed another cannot be begun")
	}
	if w := post(t, h, asPreparer, "/desk/services/pre-primary/find", url.Values{"as_of": {begin.Format(time.DateOnly)}}); w.Code != http.StatusSeeOther {
		t.Errorf("status %d", w.Code)
	}
}

func TestAnyFamilyCanBeLookedAt(t *testing.T) {
	h := handlerOf(t, newCity().running())
	for _, c := range []struct {
		path   string
		status int
		holds  string // in the page, or where it leads
	}{
		{"/demo/handset/any?case=7", http.StatusSeeOther, "/demo/handset/40/0"},
		{"/demo/handset/any?case=+12+", http.StatusSeeOther, "/demo/handset/40/0"},
		{"/demo/handset/any?case=", http.StatusUnprocessableEntity, `aria-invalid="true"`},
		{"/demo/handset/any?case=-1", http.StatusUnprocessableEntity, `value="-1"`},
		{"/demo/handset/any?case=%3Cb%3E", http.StatusUnprocessableEntity, `value="&lt;b&gt;"`},
		{"/demo/handset/any?case=41", http.StatusUnprocessableEntity, `value="41"`},
		{"/demo/handset/40/0", http.StatusOK, "Pirkko Lahti"},
		{"/demo/handset/12/0", http.StatusOK, aGuardian},
		{"/demo/handset/12/3", http.StatusNotFound, ""},
		{"/demo/handset/39/0", http.StatusNotFound, ""},
		{"/demo/handset/41/0", http.StatusNotFound, ""},
		{"/demo/handset/x/0", http.StatusNotFound, ""},
	} {
		w := get(t, h, c.path)
		if w.Code != c.status || !strings.Contains(w.Body.String()+w.Header().Get("Location"), c.holds) {
			t.Errorf("%s: %d, to %q", c.path, w.Code, w.Header().Get("Location"))
		}
	}
	if w := get(t, handlerOf(t, newCity()), "/demo/handset/any?case=1"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("before a round runs: %d", w.Code)
	}
}

// TestEveryVerbOfTheRecordHasWords finds the acts in the program's own code.
func TestEveryVerbOfTheRecordHasWords(t *testing.T) {
	texts, err := readTexts()
	if err != nil {
		t.Fatal(err)
	}
	begun := regexp.MustCompile(`(?:(?:audit\.Begin|\.act)\((?:[\w.()]+, |"system:\w+", |"source:"\+[\w.]+, )?|\.writeAct\(ctx, \w+, |\.ownAct\(\w+, |\.upkeep\(|\bverb: )"([^"]+)"( ?\+)?`)
	found := 0
	err = fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == "node_modules" || d.Name() == "storetest" {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		code, err := os.ReadFile(filepath.Join("..", path))
		for _, m := range begun.FindAllSubmatch(code, -1) {
			found++
			verb := string(m[1])
			if len(m[2]) > 0 { // the name of a source follows
				verb += map[string]string{"ask ": "x", "take in what ": "x sent", "tell ": "x of a permission"}[verb]
			}
			if _, ok := (words{catalogue: texts, Lang: person.Swedish}).verb(verb); !ok {
				t.Errorf("%s: the page of the record has no words for %q", path, m[1])
			}
		}
		return err
	})
	if err != nil || found < 12 {
		t.Errorf("%d verbs found, %v", found, err)
	}
}

func TestAnOfficerSeesEveryMessageBeforeItGoesOut(t *testing.T) {
	c := newCity().running()
	h := handlerOf(t, c)
	for family, holds := range map[string][]string{
		"":        {"Maija Esimerkki", "Eevi", "Daghemmet Kielo", "Kielo daycare centre", "Parts: 2, characters"},
		"long":    {"Anna-Katariina Esimerkki-Suomalainen", "Pohjoinen Metsänpoikanen"},
		"letters": {"Máret Ánnesáččá", "Special letters"},
		"nobody":  {"Maija Esimerkki"},
	} {
		body := getAs(t, h, asPreparer, "/desk/messages?lang=en&family="+family).Body.String()
		for _, s := range append(holds, "Advance notice", "A = otan paikan vastaan", "A = jag tar emot platsen", "A = I accept the place", "Letter, characters:") {
			if !strings.Contains(body, s) {
				t.Errorf("for the family %q the page lacks %q", family, s)
			}
		}
		if n := strings.Count(body, "<article"); n != 3*16 {
			t.Errorf("%d texts, not 16 in three languages", n)
		}
		if strings.Contains(body, aGuardian) || strings.Contains(body, aChild) {
			t.Error("a family of the round is named")
		}
	}
	if asked := c.requests(); len(asked) != 0 {
		t.Errorf("looking at the messages did something: %v", asked)
	}
}
