package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"ennakko/access"
	"ennakko/api"
	"ennakko/app"
	"ennakko/audit"
	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/packs"
	"ennakko/permission"
	"ennakko/permission/receipt"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/signin"
	"ennakko/store"
	"ennakko/testcity"
	"ennakko/testcity/idp"
)

var day = time.Date(2026, 10, 5, 9, 0, 0, 0, time.UTC)

// payroll is a register of incomes in which everybody earns the same.
type payroll struct{}

func (payroll) Fetch(_ context.Context, r incomes.Request) (incomes.Answer, error) {
	out := incomes.Answer{Request: r.ID, At: day, Months: incomes.MonthsBetween(r.From, r.To)}
	for _, m := range out.Months {
		out.Income = append(out.Income, incomes.Income{Month: m, Kind: incomes.Wages, Cents: 3111_00})
	}
	return out, nil
}

// the tokens of the callers.
const (
	portal  = "token-of-the-portal-0000000000000000"
	school  = "token-of-the-school-0000000000000000"
	auditor = "token-of-the-auditor-000000000000000"
	office  = "token-of-the-office-0000000000000000"
)

const gdprAudience = "https://ennakko.example/gdpr"

// The profiles of the grown-ups and of somebody unknown, at the log-in service.
const (
	mother   = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
	father   = "7ba7b810-9dad-41d1-80b4-00c04fd430c8"
	stranger = "8ba7b810-9dad-41d1-80b4-00c04fd430c8"
)

// city is the whole program over a small made-up city, and one family of it.
type city struct {
	testing.TB
	app     *app.App
	clock   *app.PacedClock
	service *omadata.Service
	api     http.Handler
	log     *bytes.Buffer
	idp     *httptest.Server
	matter  store.MatterID
	child   person.ID
	adults  []person.ID
	code    map[person.ID]string
	people  []idp.Person
}

func (c *city) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// List implements idp.People.
func (c *city) List(context.Context) ([]idp.Person, error) { return c.people, nil }

// Find implements idp.People.
func (c *city) Find(_ context.Context, id string) (idp.Person, bool, error) {
	for _, p := range c.people {
		if p.ID == id {
			return p, true, nil
		}
	}
	return idp.Person{}, false, nil
}

func newCity(t testing.TB) *city {
	t.Helper()
	if testing.Short() {
		t.Skip("a city is imported; -short is make check's race run, make test runs this")
	}
	dir := t.TempDir()
	c := &city{TB: t, clock: app.NewPacedClock(day, 0, time.Now), log: &bytes.Buffer{}, code: map[person.ID]string{}}
	_, err := testcity.Write(t.Context(), filepath.Join(dir, "files"), testcity.Options{Residents: 2000, Seed: 7, Day: day.Truncate(24*time.Hour).AddDate(0, 0, -3)}, nil)
	c.must(err)
	c.app, err = app.Open(t.Context(), app.Config{Data: filepath.Join(dir, "data"), Packs: packs.FS, Seed: 7, Clock: c.clock, Families: true, New: true})
	c.must(err)
	t.Cleanup(func() {
		if err := c.app.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	_, err = c.app.Import(t.Context(), filepath.Join(dir, "files"), "officer:test", func(string, int, int) {})
	c.must(err)
	contact := receipt.Contact{Address: "P.O. Box 1", Email: "a@example.org", URL: "https://example.org"}
	service, closing, err := c.app.NewOmaData(c.clock, app.OmaData{Sources: map[string]incomes.Incomes{"incomes-register": payroll{}}, Address: "https://example.org",
		Contacts: map[string]receipt.Contact{"0201256-6": contact, "0245458-3": contact}})
	c.must(err)
	t.Cleanup(func() { c.must(closing()) })
	c.service = service
	c.family()
	c.logIn()
	c.serve(c.known())
	return c
}

// family finds a child with two grown-ups at home who decide for it.
func (c *city) family() {
	c.Helper()
	ctx := c.Context()
	_, err := c.service.Offer(ctx, "officer:test", func(int, int) {})
	c.must(err)
	ids, err := c.app.DB.MattersAfter(ctx, omadata.Purpose, 0, 300)
	c.must(err)
	acting := c.app.NewActing()
	defer func() { c.must(acting.Close()) }()
	for _, id := range ids {
		m, err := c.app.DB.Matter(ctx, id)
		c.must(err)
		var adults []person.ID
		for _, p := range m.People {
			if p.Part == store.Guardian {
				adults = append(adults, p.Person)
			}
		}
		if len(adults) != 2 || !c.oneMatter(adults) {
			continue
		}
		may, err := acting.MayAct(ctx, adults[0], m.Child)
		c.must(err)
		if x, err := c.service.Matter(ctx, adults[0], id); may && err == nil && len(x.Partners) == 1 && x.Place != nil {
			c.matter, c.child, c.adults = id, m.Child, adults
			break
		}
	}
	if c.matter == 0 {
		c.Fatal("no child of the city lives with two grown-ups")
	}
	c.codes(append(slices.Clone(c.adults), c.child)...)
}

func (c *city) oneMatter(adults []person.ID) bool {
	for _, a := range adults {
		all, err := c.app.DB.MattersOf(c.Context(), omadata.Purpose, a)
		c.must(err)
		if len(all) != 1 {
			return false
		}
	}
	return true
}

// codes reads identity codes out of the registers, under a grant.
func (c *city) codes(people ...person.ID) {
	c.Helper()
	words := permission.Texts{"fi": "x", "sv": "x", "en": "x"}
	p, err := permission.NewPurpose(permission.Spec{ID: "test", Name: words, Why: words, Basis: "b", Law: "l", Controller: "c", Fields: []permission.Field{register.Code}, Until: day.AddDate(9, 0, 0), Retention: "r"})
	c.must(err)
	act, err := audit.Begin("officer:test", "test", "test", "law", day)
	c.must(err)
	g, err := permission.Check(act, p, p.Fields(), permission.Just(people...), nil)
	c.must(err)
	rows, err := register.NewReader(c.app.DB, c.app.DB.Identities(day)).Read(c.Context(), g, nil, "x")
	c.must(err)
	for _, row := range rows {
		facts, err := row.Open(g, register.Code)
		c.must(err)
		c.code[row.ID], _ = facts[0].Value.(string)
	}
}

// logIn lets the grown-ups log in once, so that their profiles are known.
func (c *city) logIn() {
	c.Helper()
	sessions := signin.NewSessions(c.app.DB, time.Now)
	for i, profile := range []string{mother, father} {
		_, err := sessions.Begin(c.Context(), access.Who{ID: profile, Name: "A resident", Roles: []access.Role{access.Resident}, Level: access.Substantial, Person: c.adults[i]}, c.clock.Now())
		c.must(err)
	}
	c.people = []idp.Person{{ID: "mother", Profile: mother, Code: c.code[c.adults[0]], Level: idp.LevelSubstantial}, {ID: "father", Profile: father, Code: c.code[c.adults[1]], Level: idp.LevelHigh},
		{ID: "weak-mother", Profile: mother, Code: c.code[c.adults[0]], Level: idp.LevelLow}, {ID: "stranger", Profile: stranger, Level: idp.LevelHigh}}
	c.idp = httptest.NewUnstartedServer(nil)
	issuer := "http://" + c.idp.Listener.Addr().String()
	h, err := idp.New(idp.Options{Issuer: issuer, ClientID: "x", ClientSecret: "y", Redirect: issuer + "/a", AfterLogout: issuer + "/b", People: c, Now: time.Now})
	c.must(err)
	c.idp.Config.Handler = h
	c.idp.Start()
	c.Cleanup(c.idp.Close)
}

// token is a token of somebody from the log-in service.
func (c *city) token(who, audience, scope, nonce string) string {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.idp.URL+"/tokens", strings.NewReader(url.Values{"person": {who}, "audience": {audience}, "scope": {scope}, "nonce": {nonce}}.Encode()))
	c.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := http.DefaultClient.Do(r)
	c.must(err)
	defer func() { _ = a.Body.Close() }()
	var out struct {
		Token string `json:"access_token"`
	}
	c.must(json.NewDecoder(a.Body).Decode(&out))
	return out.Token
}

// known are the callers of the tests.
func (c *city) known() api.Callers {
	c.Helper()
	callers, err := api.NewCallers([]api.Caller{
		{Name: "portal", ID: "1111111-1", Words: "The portal", Token: api.TokenHash(portal), Roles: []access.Role{access.UsageReader}},
		{Name: "school", ID: "2222222-2", Words: "The school", Token: api.TokenHash(school), Client: "school-app", Hosts: []string{"hooks.school.example", "127.0.0.1:8443"}, Roles: []access.Role{access.ConsentService}},
		{Name: "auditor", ID: "3333333-3", Words: "The auditor", Token: api.TokenHash(auditor), Hosts: []string{"auditor.example"}, Roles: []access.Role{access.ConsentAudit}},
		{Name: "office", ID: "4444444-4", Words: "The office", Token: api.TokenHash(office), Roles: []access.Role{access.ConsentConfig}}})
	c.must(err)
	return callers
}

func (c *city) serve(callers api.Callers) {
	c.Helper()
	policies, err := access.Load(access.Embedded())
	c.must(err)
	acting := c.app.NewActing()
	c.Cleanup(func() { c.must(acting.Close()) })
	pack, err := fee.Load(packs.FS, app.FeeService)
	c.must(err)
	pre, err := c.app.Pack("pre-primary")
	c.must(err)
	gdpr, err := signin.NewBearer(c.idp.URL, gdprAudience, time.Now)
	c.must(err)
	c.api, err = api.New(api.Config{DB: c.app.DB, Policies: policies, Callers: callers, City: api.Organisation{ID: "0201256-6", Name: "The city", URL: "https://city.example"}, Now: c.clock.Now,
		Log:   slog.New(slog.NewTextHandler(c.log, nil)),
		Usage: &api.Usage{MayAsk: acting.MayAct},
		GDPR:  &api.GDPR{Tokens: gdpr, Held: app.Held{App: c.app, Oma: c.service, Live: c.app.NewDesk(pre, c.clock)}},
		Consent: &api.Consent{Service: c.service, Agreements: pack.Agreements(), Real: time.Now,
			Signed: func(client string) (api.Tokens, error) { return signin.NewBearer(c.idp.URL, client, time.Now) }}})
	c.must(err)
}

// answered is an answer.
type answered struct {
	Status int
	Body   []byte
	Header http.Header
}

// code is the word for programs of a refusal.
func (a answered) code() string {
	var t struct{ Code, Message string }
	if json.Unmarshal(a.Body, &t) != nil || t.Message == "" {
		return "(no trouble's form)"
	}
	return t.Code
}

// asked is a request.
type asked struct {
	Method, Path, Token string
	Header              map[string]string
	Body                string
}

func (q asked) request(ctx context.Context) *http.Request {
	r := httptest.NewRequestWithContext(ctx, q.Method, "https://city.example"+q.Path, strings.NewReader(q.Body))
	if q.Body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.Token != "" {
		r.Header.Set("Authorization", "Bearer "+q.Token)
	}
	for k, v := range q.Header {
		r.Header.Set(k, v)
	}
	return r
}

func (c *city) ask(q asked) answered {
	c.Helper()
	w := httptest.NewRecorder()
	c.api.ServeHTTP(w, q.request(c.Context()))
	return answered{w.Code, w.Body.Bytes(), w.Result().Header}
}

// protocol is a file of others against which requests and answers are held.
type protocol struct {
	t      testing.TB
	doc    *openapi3.T
	router routers.Router
	from   func(path string) string // our path in theirs
	good   map[string]int           // by operation: right requests with their answer
	bad    map[string]int           // wrong ones
}

func newProtocol(t testing.TB, file string, from func(string) string) *protocol {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("testdata", "protocols", file))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	if err := doc.Validate(t.Context(), openapi3.DisableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &protocol{t, doc, router, from, map[string]int{}, map[string]int{}}
}

// hold asks, and holds request and answer against the file. What the file calls wrong
// must be refused, and what is answered must have the form that the file says.
func (p *protocol) hold(c *city, q asked) answered {
	c.Helper()
	out := c.ask(q)
	r := q.request(c.Context())
	path, rawQuery, _ := strings.Cut(q.Path, "?")
	r.URL = &url.URL{Path: p.from(path), RawQuery: rawQuery}
	route, params, err := p.router.FindRoute(r)
	if err != nil {
		c.Fatalf("%s %s is no operation of the file: %v", q.Method, path, err)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	wrong := openapi3filter.ValidateRequest(c.Context(), in)
	op := route.Operation.OperationID
	switch out.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if route.Operation.Responses.Status(out.Status) == nil { // not in the file: our own form
			if out.code() == "(no trouble's form)" {
				c.Errorf("%s: %d %s", op, out.Status, out.Body)
			}
			return out
		}
	case http.StatusBadRequest:
		p.bad[op]++
		if out.code() == "(no trouble's form)" {
			c.Errorf("%s: %s", op, out.Body)
		}
	default:
		if wrong != nil {
			c.Errorf("%s: the file calls this request wrong, and it was answered with %d: %v", op, out.Status, wrong)
		}
		p.good[op]++
	}
	err = openapi3filter.ValidateResponse(c.Context(), &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: out.Status, Header: out.Header, Body: io.NopCloser(bytes.NewReader(out.Body)), Options: options})
	if err != nil {
		c.Errorf("%s: the answer is not as the file says: %v\n%s", op, err, out.Body)
	}
	return out
}

// all are the operations of the file.
func (p *protocol) all() (out []string) {
	for _, item := range p.doc.Paths.Map() {
		for _, op := range item.Operations() {
			out = append(out, op.OperationID)
		}
	}
	slices.Sort(out)
	return out
}

// whole checks that every operation was asked rightly and wrongly.
func (p *protocol) whole(t testing.TB, but ...string) {
	t.Helper()
	for _, op := range p.all() {
		if slices.Contains(but, op) {
			continue
		}
		if p.good[op] == 0 {
			t.Errorf("%s was never answered", op)
		}
		if p.bad[op] == 0 {
			t.Errorf("%s was never asked wrongly", op)
		}
	}
}
