package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"ennakko/access"
	"ennakko/app"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/packs"
	"ennakko/permission/receipt"
	"ennakko/person"
	"ennakko/register/incomes"
	"ennakko/signin"
	"ennakko/store"
	"ennakko/testcity"
)

// payroll is a register of incomes in which everybody earns the same each month,
// and no two the same.
type payroll struct {
	mu    sync.Mutex
	asked map[int64]int64 // cents a month, by the number of the permission
	raise int64
}

func (p *payroll) Fetch(_ context.Context, r incomes.Request) (incomes.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked[r.Permission] == 0 {
		p.asked[r.Permission] = 3111_00 + int64(len(p.asked))*222_00
	}
	out := incomes.Answer{Request: r.ID, At: feeOn, Months: incomes.MonthsBetween(r.From, r.To)}
	for _, m := range out.Months {
		out.Income = append(out.Income, incomes.Income{Month: m, Kind: incomes.Wages, Cents: p.asked[r.Permission] + p.raise})
	}
	return out, nil
}

// monthly is what somebody earns, as a page in English writes it in the working.
func (p *payroll) monthly(permission int64) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return words{Lang: person.English}.Euro(p.asked[permission] + p.raise)
}

// household is a made-up city with the use of income, and one family of it.
type household struct {
	t       *testing.T
	app     *app.App
	clock   *app.PacedClock
	service *omadata.Service
	payroll *payroll
	site    http.Handler
	matter  store.MatterID
	adults  []person.ID
	cookies []*http.Cookie // of each
}

// newHousehold opens the whole program over a small made-up city and finds two
// grown-ups of one child in it.
func newHousehold(t *testing.T) *household {
	t.Helper()
	if testing.Short() {
		t.Skip("a city is imported; -short is make check's race run, make test runs this")
	}
	dir := t.TempDir()
	if _, err := testcity.Write(t.Context(), filepath.Join(dir, "files"), testcity.Options{Residents: 2000, Seed: 7, Day: feeOn.AddDate(0, 0, -3)}, nil); err != nil {
		t.Fatal(err)
	}
	clock := app.NewPacedClock(feeOn.Add(9*time.Hour), 0, time.Now)
	a, err := app.Open(t.Context(), app.Config{Data: filepath.Join(dir, "data"), Packs: packs.FS, Seed: 7, Clock: clock, Families: true, New: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := a.Import(t.Context(), filepath.Join(dir, "files"), "officer:test", func(string, int, int) {}); err != nil {
		t.Fatal(err)
	}
	h := &household{t: t, app: a, clock: clock, payroll: &payroll{asked: map[int64]int64{}}}
	contact := receipt.Contact{Address: "P.O. Box 1", Email: "a@example.org", URL: "https://example.org"}
	service, closing, err := a.NewOmaData(clock, app.OmaData{Sources: map[string]incomes.Incomes{"incomes-register": h.payroll}, Address: "https://example.org",
		Contacts: map[string]receipt.Contact{"0201256-6": contact, "0245458-3": contact}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
	h.service = service
	h.open()
	h.find()
	return h
}

// TestPagesAreNotServedWhereTheLogOfTheRecordIsNot: they could not show what is proved.
func TestPagesAreNotServedWhereTheLogOfTheRecordIsNot(t *testing.T) {
	h := newHousehold(t)
	log := h.app.Log
	h.app.Log = nil
	defer func() { h.app.Log = log }()
	_, err := New(h.config())
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("pages without proofs: %v", err)
	}
}

// config is what the pages are made of.
func (h *household) config() Config {
	h.t.Helper()
	pack, err := h.app.Pack("pre-primary")
	if err != nil {
		h.t.Fatal(err)
	}
	policies, err := access.Load(access.Embedded())
	if err != nil {
		h.t.Fatal(err)
	}
	client, err := signin.NewClient(signin.Config{Issuer: "http://127.0.0.1:1", ClientID: "c", ClientSecret: "s", Redirect: "http://127.0.0.1:8080/login/done", AfterLogout: "http://127.0.0.1:8080/logged-out",
		Staff: true, Residents: true}, time.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	return Config{Live: h.app.NewDesk(pack, h.clock), Context: h.t.Context(), Door: client, Policies: policies, OmaData: h.service, Pace: h.clock}
}

// open makes the pages.
func (h *household) open() {
	h.t.Helper()
	site, err := New(h.config())
	if err != nil {
		h.t.Fatal(err)
	}
	h.site = site
}

// find looks for a child with two grown-ups at home, and logs them in.
func (h *household) find() {
	h.t.Helper()
	ctx := h.t.Context()
	if _, err := h.service.Offer(ctx, "officer:test", func(int, int) {}); err != nil {
		h.t.Fatal(err)
	}
	ids, err := h.app.DB.MattersAfter(ctx, omadata.Purpose, 0, 200)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, id := range ids {
		m, err := h.app.DB.Matter(ctx, id)
		if err != nil {
			h.t.Fatal(err)
		}
		var adults []person.ID
		for _, p := range m.People {
			if p.Part == store.Guardian {
				adults = append(adults, p.Person)
			}
		}
		if len(adults) != 2 {
			continue
		}
		if x, err := h.service.Matter(ctx, adults[0], id); err != nil || len(x.Partners) != 1 || x.Place == nil {
			continue
		}
		h.matter, h.adults = id, adults
		break
	}
	if h.matter == 0 {
		h.t.Fatal("no child of the city lives with two grown-ups")
	}
	sessions := signin.NewSessions(h.app.DB, time.Now)
	for _, id := range h.adults {
		token, err := sessions.Begin(ctx, access.Who{ID: "r", Name: "A resident", Roles: []access.Role{access.Resident}, Level: access.Substantial, Person: id}, h.clock.Now())
		if err != nil {
			h.t.Fatal(err)
		}
		h.cookies = append(h.cookies, &http.Cookie{Name: SessionCookie, Value: token})
	}
}

// ask asks for a page as one of the grown-ups; a form is sent if there is one.
func (h *household) ask(who int, path string, form url.Values) *httptest.ResponseRecorder {
	h.t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, "http://127.0.0.1:8080"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://127.0.0.1:8080")
	r.Header.Set("Accept-Language", "en")
	r.AddCookie(h.cookies[who])
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	if want := map[bool]int{true: http.StatusSeeOther, false: http.StatusOK}[form != nil]; w.Code != want {
		h.t.Fatalf("%s %s: status %d: %s", method, path, w.Code, regexp.MustCompile(`(?s)<main.*</main>`).FindString(w.Body.String()))
	}
	return w
}

// see asks for a page in all three languages and returns the English one.
func (h *household) see(who int, path string, must ...string) string {
	h.t.Helper()
	missing := regexp.MustCompile(`\[[a-z]+\.[^\]]*\]|%!`)
	body := ""
	for _, l := range languages {
		body = h.ask(who, in(path, l), nil).Body.String()
		if m := missing.FindString(body); m != "" {
			h.t.Errorf("%s in %s lacks a text: %s", path, l, m)
		}
	}
	for _, s := range must {
		if !strings.Contains(body, s) {
			h.t.Errorf("%s does not show %q", path, s)
		}
	}
	return body
}

// work does all that waits, a second later.
func (h *household) work() {
	h.t.Helper()
	h.clock.To(h.clock.Now().Add(time.Second))
	for {
		did, err := h.service.Step(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		if !did {
			return
		}
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// send presses a button of a page, with what the page's form says of itself.
func (h *household) send(who int, page, form, name, value string) {
	h.t.Helper()
	v := url.Values{name: {value}}
	for _, f := range hiddenField.FindAllStringSubmatch(h.see(who, page), -1) {
		v.Set(f[1], f[2])
	}
	h.ask(who, page+form, v)
}

// TestARealFamilyGoesThePathOnThePages is the whole path over the whole program:
// two grown-ups permit, a fee is proposed, one accepts it, the income rises, and one
// takes the permission back.
func TestARealFamilyGoesThePathOnThePages(t *testing.T) {
	h := newHousehold(t)
	fee := fmt.Sprintf("/my/fees/%d", h.matter)
	h.see(0, "/", fee, "You can give")
	h.see(0, fee, "Incomes Register", "does not depend on this permission", "has not chosen yet")
	h.send(0, fee, "/way", "way", wayNotNow)
	h.see(0, fee, "You have not chosen yet", `value="permit"`)
	h.send(0, fee, "/way", "way", wayDocuments)
	h.see(0, fee, "You chose to send documents", `value="permit"`)
	h.send(0, fee, "/way", "way", wayPermit)
	h.work()
	h.see(0, fee, "has not chosen yet", "The income of both adults counts")
	h.send(1, fee, "/way", "way", wayPermit)
	h.see(1, fee, "We ask the register for the income")
	h.work()
	mine := [2]string{}
	for who, id := range h.adults {
		m, err := h.service.Matter(t.Context(), id, h.matter)
		if err != nil {
			t.Fatal(err)
		}
		mine[who] = h.payroll.monthly(m.Permit)
	}
	for who := range h.adults {
		body := h.see(who, fee, "Proposed fee", mine[who], "The family&#39;s income a month in all", `<svg class="curve"`, "your family")
		if strings.Contains(body, mine[1-who]) {
			t.Error("a grown-up sees the other's income")
		}
	}
	h.send(0, fee, "/answer", "answer", "accept")
	h.see(0, fee, "You have accepted the fee")
	h.payroll.raise = 1000_00
	h.clock.To(h.clock.Now().AddDate(0, 0, 31))
	h.work()
	h.see(0, fee, "The fee now, and the one proposed")
	h.withdraws(fee, mine)
	h.documents(fee)
}

// withdraws takes the first one's permission back and looks at what is left.
func (h *household) withdraws(fee string, mine [2]string) {
	t := h.t
	t.Helper()
	home := h.see(0, "/", "In force")
	at := regexp.MustCompile(`/my/permissions/\d+`).FindString(home)
	h.see(0, at, "Your income fetched from the register</b>: is deleted at once", "The decision on the fee, with its grounds</b>: is kept", "gave a permission")
	h.ask(0, at+"/take-back", url.Values{})
	after := h.see(0, at+"?done=taken-back", "The permission was taken back", "Your income fetched from the register</b>: was deleted")
	h.see(0, "/my/uses", "took a permission back", "asked a source for data: the Incomes Register", "Your own looks are not shown here")
	files := regexp.MustCompile(at+`/receipts/\d+`).FindAllString(after, -1)
	if len(files) != 4 { // refused in two ways, given, taken back
		t.Errorf("there are the receipts %q", files)
	}
	keys, err := h.app.ReceiptKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		h.see(0, path, "signed it electronically")
		if b := h.ask(0, path+"/file", nil).Body.Bytes(); !json.Valid(b) || !strings.Contains(string(b), "@context") {
			t.Errorf("%s is no JSON-LD: %s", path, b)
		}
		if c, err := receipt.Verify(h.ask(0, path+"/signed", nil).Body.Bytes(), keys); err != nil {
			t.Errorf("%s: %v %v", path, c, err)
		}
	}
	body := h.see(0, fee, "We fetch your income no more", `value="documents"`)
	if strings.Contains(body, "a month on average") {
		t.Error("the income is shown after the permission was taken back")
	}
	h.see(0, "/my/uses?looks=yes", "looked at who has used data")
	if copied := h.see(0, "/my/copy", "In the registers", "Permissions"); strings.Contains(copied, strings.TrimPrefix(mine[1], "€")) {
		t.Error("the copy holds the other's income")
	}
	h.see(0, "/my/erase", "The decision on the fee, with its grounds")
}
