package adapter_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register/adapter"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/register/xroad"
	standin "ennakko/testcity/incomes"
)

// What is not permitted is cut out at the source: the client never sees it.
func TestTheAnswerIsCutToTheFieldsAskedFor(t *testing.T) {
	s := open(t, nil)
	body := `{"person":"` + s.who.Reveal() + `","from":"2026-06","to":"2026-06"}`
	s.Register.Order(standin.MoreFields)
	r, said := s.raw(t, s.Lines, "/r1/"+standin.ServiceID+"/incomes", body, nil)
	if r.StatusCode != 200 || !strings.Contains(said, `"cents":`) || !strings.Contains(said, `"kind":`) {
		t.Fatalf("%d %s", r.StatusCode, said)
	}
	for _, word := range []string{"payer", "Employer", "name", "Made-Up", "business_id"} {
		if strings.Contains(said, word) {
			t.Errorf("%s was handed over: %s", word, said)
		}
	}
	if r.Header.Get(xroad.HeaderClient) != standin.Member || r.Header.Get(xroad.HeaderService) != standin.ServiceID || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", r.Header)
	}
	m := s.office.has(t, 1)[0]
	if m.ID != r.Header.Get(standing.HeaderHandover) {
		t.Errorf("mark %s, header %s", m.ID, r.Header.Get(standing.HeaderHandover))
	}
	q := s.request()
	q.Fields = []permission.Field{incomes.FieldMonth}
	r, said = s.raw(t, s.Lines, "/incomes", body, header(standing.HeaderFields, "incomes.month"))
	if r.StatusCode != 200 || strings.Contains(said, "cents") || strings.Contains(said, "kind") {
		t.Errorf("%d %s", r.StatusCode, said)
	}
}

// The trouble of a register is told without a word of what it said.
func TestWhateverTheRegisterDoesNothingUncheckedLeaves(t *testing.T) {
	for trouble, kind := range map[standin.Trouble]fault.Kind{standin.Down: fault.Later, standin.Broken: fault.Later, standin.TooMuch: fault.Later, standin.Reset: fault.Later, standin.Cut: fault.Later,
		standin.Refuse: fault.Invalid, standin.Garbage: fault.Invalid, standin.OtherType: fault.Invalid, standin.Huge: fault.Invalid, standin.WrongPerson: fault.Invalid, standin.OtherShape: fault.Invalid} {
		s := open(t, nil)
		s.Register.Order(trouble)
		a, err := s.Incomes.Fetch(t.Context(), s.request())
		s.nothing(t, string(trouble), a, err, kind)
		if said := s.log.String(); strings.Contains(said, s.who.Reveal()) || strings.Contains(said, "about ") && !strings.Contains(said, "about another person") {
			t.Errorf("%s: the log says: %s", trouble, said)
		}
	}
}

func TestASlowRegisterIsLeftInTime(t *testing.T) {
	s := open(t, func(o *standin.SourceOptions) {
		o.Guard = func(c adapter.Config) adapter.Config { c.Register.Timeout = 50 * time.Millisecond; return c }
	})
	for _, trouble := range []standin.Trouble{standin.Hold, standin.SlowBody} {
		s.Register.Order(trouble)
		a, err := s.Incomes.Fetch(t.Context(), s.request())
		s.nothing(t, string(trouble), a, err, fault.Later)
	}
}

func TestTwoClientsAtOnceGetEachTheirOwn(t *testing.T) {
	other, err := xroad.ParseClient("FI/MUN/1111111-1/other")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, func(o *standin.SourceOptions) {
		o.Guard = func(c adapter.Config) adapter.Config {
			c.Clients = append(c.Clients, adapter.Caller{Name: "other", Certificate: "CN=other", Member: other, Purposes: []adapter.Purpose{{ID: "payers", Fields: []permission.Field{incomes.FieldPayer}}}})
			return c
		}
	})
	lines := s.lines(t, "other")
	body := `{"person":"` + s.who.Reveal() + `","from":"2026-01","to":"2026-03"}`
	const each = 20
	var all sync.WaitGroup
	said := make([]string, 2*each)
	for i := range said {
		all.Go(func() {
			if i%2 == 0 {
				_, said[i] = s.raw(t, s.Lines, "/incomes", body, nil)
				return
			}
			_, said[i] = s.raw(t, lines, "/incomes", body, asOther(other))
		})
	}
	all.Wait()
	for i, x := range said {
		if strings.Contains(x, `"cents"`) != (i%2 == 0) || strings.Contains(x, `"payer"`) != (i%2 == 1) {
			t.Fatalf("client %d got %s", i%2, x)
		}
	}
	clients := map[string]int{}
	ids := map[string]bool{}
	for _, m := range s.office.has(t, 2*each) {
		clients[m.Client+" "+m.Purpose+" "+fmt.Sprint(m.Fields)]++
		ids[m.ID] = true
	}
	if len(ids) != 2*each || clients["city early-education-fee [incomes.month incomes.kind incomes.cents]"] != each || clients["other payers [incomes.payer]"] != each {
		t.Errorf("%v", clients)
	}
	// Neither may use the other's purpose or name.
	if r, _ := s.raw(t, lines, "/incomes", body, both(asOther(other), header(standing.HeaderPurpose, feePurpose))); r.StatusCode != 404 {
		t.Errorf("another's purpose: %d", r.StatusCode)
	}
	if r, _ := s.raw(t, lines, "/incomes", body, nil); r.StatusCode != 403 {
		t.Errorf("another's name: %d", r.StatusCode)
	}
}

func TestMoreRequestsThanAllowedAreSentAway(t *testing.T) {
	s := open(t, func(o *standin.SourceOptions) {
		o.Guard = func(c adapter.Config) adapter.Config { c.AtOnce = 1; return c }
	})
	s.Register.Order(standin.Hold)
	done := make(chan error)
	go func() {
		_, err := s.Incomes.Fetch(t.Context(), s.request())
		done <- err
	}()
	<-s.Register.Held()
	_, err := s.Incomes.Fetch(t.Context(), s.request())
	if fault.KindOf(err) != fault.Later || s.Adapter.Waiting() != 0 {
		t.Errorf("%v", err)
	}
	s.Register.Release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A verdict is good for a second from the moment before it was asked for.
func TestAVerdictThatHasGrownOldIsNotActedOn(t *testing.T) {
	s := open(t, nil)
	var mu sync.Mutex
	now := time.Now()
	s.Adapter.SetReal(func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	})
	pass := func(d time.Duration) func() {
		return func() {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(d)
		}
	}
	s.Adapter.OnMarked(pass(time.Second))
	a, err := s.Incomes.Fetch(t.Context(), s.request())
	if r, ok := errors.AsType[*xroad.Refusal](err); !ok || r.Status != 503 || len(a.Income) != 0 {
		t.Errorf("after a second: %v", err)
	}
	s.Adapter.OnMarked(pass(900 * time.Millisecond))
	if _, err := s.Incomes.Fetch(t.Context(), s.request()); err != nil {
		t.Errorf("before a second: %v", err)
	}
	if n := len(s.office.has(t, 2)); n != 2 { // the first mark tells more than was done, never less
		t.Errorf("%d marks", n)
	}
}

// The end that the city named passes while it answers the first time or the second,
// or while the mark is kept. Only how long it is counts: the clocks of both ends are
// years apart.
func TestTheWordOfTheCityCountsUntilItsEndOnly(t *testing.T) {
	for before := 1; before <= 5; before++ {
		city := time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)
		s := open(t, func(o *standin.SourceOptions) { o.Now = func() time.Time { return city } })
		s.Adapter.SetNow(func() time.Time { return city.AddDate(-20, 0, 0) })
		s.office.set(func(int, standing.Question) (standing.Verdict, error) {
			return standing.Verdict{Stands: true, Until: city.Add(300 * time.Millisecond)}, nil
		})
		looks, real := 0, time.Now()
		s.Adapter.SetReal(func() time.Time { // looked at before each question, after each, and at last
			if looks++; looks > before {
				real = real.Add(300 * time.Millisecond)
			}
			return real
		})
		a, err := s.Incomes.Fetch(t.Context(), s.request())
		if done := before == 5; done != (err == nil) || !done && (fault.KindOf(err) != fault.Later || len(a.Income) != 0) {
			t.Errorf("after %d looks at the clock: %v", before, err)
		}
	}
}

func TestWithoutAMarkOnTheDiskNothingLeaves(t *testing.T) {
	s := open(t, nil)
	s.Adapter.Journal().OnSync(func() error { return errors.New("no room") })
	a, err := s.Incomes.Fetch(t.Context(), s.request())
	s.nothing(t, "no room", a, err, fault.Later)
	s.Adapter.Journal().OnSync(func() error { return nil })
	if _, err := s.Incomes.Fetch(t.Context(), s.request()); fault.KindOf(err) != fault.Later {
		t.Errorf("a disk that failed once is trusted again: %v", err)
	}
	if err := s.Adapter.Ready(); err == nil || !strings.Contains(err.Error(), "journal") {
		t.Errorf("ready: %v", err)
	}
}

// The mark is on the disk before the first byte leaves.
func TestTheMarkIsKeptBeforeTheHandover(t *testing.T) {
	s := open(t, nil)
	reached, goOn := make(chan struct{}), make(chan struct{})
	s.Adapter.Journal().OnSync(func() error {
		close(reached)
		<-goOn
		return nil
	})
	done := make(chan error)
	go func() {
		_, err := s.Incomes.Fetch(t.Context(), s.request())
		done <- err
	}()
	<-reached
	select {
	case err := <-done:
		t.Fatalf("it was handed over before the mark was kept: %v", err)
	default:
	}
	if s.Adapter.Waiting() != 0 {
		t.Error("a mark that is not on the disk counts")
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAMarkThatTheCityWillNeverTakeIsPutBeforeAPerson(t *testing.T) {
	s := open(t, nil)
	s.office.mu.Lock()
	s.office.refuse = fault.New(fault.Missing, "test", "no such permission")
	s.office.mu.Unlock()
	a, err := s.Incomes.Fetch(t.Context(), s.request())
	if err != nil {
		t.Fatal(err)
	}
	s.office.until(t, func() bool { return s.office.refused == 1 })
	s.office.mu.Lock()
	s.office.refuse = nil
	s.office.mu.Unlock()
	b, err := s.Incomes.Fetch(t.Context(), s.request())
	if err != nil {
		t.Fatal(err)
	}
	marks := s.office.has(t, 1)
	if len(marks) != 1 || marks[0].ID != b.Handover {
		t.Errorf("%v", marks)
	}
	if said := s.log.String(); !strings.Contains(said, a.Handover) || !strings.Contains(said, "a person must look") {
		t.Errorf("the log says: %s", said)
	}
}

func header(name, value string) func(*http.Request) {
	return func(q *http.Request) { q.Header.Set(name, value) }
}

func both(a, b func(*http.Request)) func(*http.Request) {
	return func(q *http.Request) { a(q); b(q) }
}

func asOther(id xroad.ClientID) func(*http.Request) {
	return func(q *http.Request) {
		q.Header.Set(xroad.HeaderClient, id.String())
		q.Header.Set(standing.HeaderPurpose, "payers")
		q.Header.Set(standing.HeaderFields, "incomes.payer")
	}
}

func TestTheFiguresTellWhatWasDoneAndNameNobody(t *testing.T) {
	s := open(t, nil)
	if _, err := s.Incomes.Fetch(t.Context(), s.request()); err != nil {
		t.Fatal(err)
	}
	q := s.request()
	q.Purpose = "marketing"
	if _, err := s.Incomes.Fetch(t.Context(), q); fault.KindOf(err) != fault.Missing {
		t.Fatal(err)
	}
	s.office.has(t, 1)
	h, err := s.Adapter.Telling()
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) string {
		return ask(t, h, path)
	}
	if said := get("/metrics"); !strings.Contains(said, `ennakko_adapter_handovers_total{client="city",purpose="early-education-fee"} 1`) || !strings.Contains(said, `ennakko_adapter_refusals_total{kind="gap"} 1`) || strings.Contains(said, s.who.Reveal()) {
		t.Errorf("%s", said)
	}
	if get("/readyz") != "ready\n" || get("/healthz") != "ok\n" {
		t.Error("it is not ready")
	}
	later := time.Now().AddDate(20, 0, 0)
	s.Adapter.SetNow(func() time.Time { return later })
	if said := get("/readyz"); !strings.Contains(said, "ended") {
		t.Errorf("after twenty years: %s", said)
	}
}

func TestEveryRequestHasItsOwnMark(t *testing.T) {
	s := open(t, nil)
	q := s.request()
	q.ID = "fa2e18a5-c2cb-4d09-b994-f57727f7c3fb"
	for range 2 { // the client repeats it, since the first answer was lost
		if _, err := s.Incomes.Fetch(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	marks := s.office.has(t, 2)
	if marks[0].ID == marks[1].ID || marks[0].Request != q.ID || marks[1].Request != q.ID || slices.Contains([]string{marks[0].ID, marks[1].ID}, q.ID) {
		t.Errorf("%v", marks)
	}
}

func ask(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	return w.Body.String()
}
