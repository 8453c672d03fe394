package standing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register/certificate"
	"ennakko/register/standing"
	"ennakko/testcity/ca"
)

type office struct {
	verdict standing.Verdict
	err     error
	asked   []standing.Question
	marks   []standing.Mark
	fails   map[string]error // by the mark's id
}

func (o *office) Standing(_ context.Context, q standing.Question) (standing.Verdict, error) {
	o.asked = append(o.asked, q)
	return o.verdict, o.err
}

func (o *office) Mark(_ context.Context, m standing.Mark) error {
	if err := o.fails[m.ID]; err != nil {
		return err
	}
	o.marks = append(o.marks, m)
	return nil
}

var moment = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)

func at() time.Time { return moment }

func known(*http.Request) (string, bool) { return "incomes-register", true }

func client(t *testing.T, h http.Handler) (*standing.Client, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := standing.NewClient(s.URL, nil, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return c, s.URL
}

func question() standing.Question {
	return standing.Question{ID: "question-1", Permission: 42, Purpose: "fee", Fields: []permission.Field{"incomes.cents"}, Person: standing.PersonMark(strings.Repeat("ab", 32)), At: moment}
}

func mark(id string) standing.WireMark {
	return standing.WireMark{ID: id, Request: "r-12345678", Client: "city", Permission: 42, Purpose: "fee", Fields: []permission.Field{"incomes.cents"}, Person: question().Person, At: moment}
}

func TestAVerdictReachesTheSourceAsTheCityGaveIt(t *testing.T) {
	o := &office{}
	c, _ := client(t, standing.Handler(o, known, at, slog.New(slog.DiscardHandler)))
	for _, v := range []standing.Verdict{{Stands: true, Until: moment.Add(time.Hour)}, {Why: standing.WhyWithdrawn}, {Gap: true, Why: standing.WhyAgreement}} {
		o.verdict = v
		got, err := c.Ask(t.Context(), question())
		if err != nil || got.Stands != v.Stands || got.Gap != v.Gap || got.Why != v.Why || !got.Until.Equal(v.Until) {
			t.Errorf("%+v came as %+v, %v", v, got, err)
		}
	}
	q := question()
	q.Source = "incomes-register" // by the city, not by what was sent
	if len(o.asked) != 3 || fmt.Sprint(o.asked[0]) != fmt.Sprint(q) {
		t.Errorf("%+v", o.asked)
	}
	o.verdict = standing.Verdict{}
	if got, err := c.Ask(t.Context(), question()); err != nil || got.Stands || got.Why != standing.WhyUnknown {
		t.Errorf("no verdict: %+v %v", got, err)
	}
	o.verdict, o.err = standing.Verdict{Stands: true, Until: moment.Add(time.Hour)}, errors.New("the database is gone")
	if got, err := c.Ask(t.Context(), question()); fault.KindOf(err) != fault.Later || got.Stands || strings.Contains(err.Error(), "database") {
		t.Errorf("%+v %v", got, err)
	}
	o.verdict, o.err = standing.Verdict{Stands: true}, nil
	if got, err := c.Ask(t.Context(), question()); fault.KindOf(err) != fault.Later || got.Stands || !strings.Contains(err.Error(), "HTTP 503") {
		t.Errorf("a verdict without an end: %+v %v", got, err)
	}
}

func TestMarksAreTakenInOrderUntilOneCannotBeKeptNow(t *testing.T) {
	o := &office{fails: map[string]error{"mark-never": fault.New(fault.Missing, "x", "no such permission"), "mark-later": errors.New("busy")}}
	c, _ := client(t, standing.Handler(o, known, at, slog.New(slog.DiscardHandler)))
	spoilt := mark("mark-spoilt")
	spoilt.Person = "010190-999W"
	taken, err := c.Send(t.Context(), []standing.WireMark{mark("mark-one"), mark("mark-never"), spoilt, mark("mark-two"), mark("mark-later"), mark("mark-three")})
	if err != nil || !slices.Equal(taken, []bool{true, false, false, true}) {
		t.Errorf("%v %v", taken, err)
	}
	if len(o.marks) != 2 || o.marks[0].ID != "mark-one" || o.marks[1].Source != "incomes-register" || fmt.Sprint(o.marks[0].Wire()) != fmt.Sprint(mark("mark-one")) {
		t.Errorf("%+v", o.marks)
	}
	if taken, err := c.Send(t.Context(), []standing.WireMark{mark("mark-later")}); fault.KindOf(err) != fault.Later || taken != nil {
		t.Errorf("%v %v", taken, err)
	}
	long := mark("mark-one")
	for n := range 200 {
		long.Fields = append(long.Fields[:n], permission.Field(fmt.Sprintf("f%099d", n)))
	}
	if taken, err := c.Send(t.Context(), slices.Repeat([]standing.WireMark{long}, standing.MostMarks)); err != nil || len(taken) != standing.MostMarks {
		t.Errorf("the longest marks that there can be: %d, %v", len(taken), err)
	}
	for _, n := range []int{0, standing.MostMarks + 1} {
		if _, err := c.Send(t.Context(), slices.Repeat([]standing.WireMark{mark("mark-one")}, n)); err == nil {
			t.Errorf("%d marks were taken at once", n)
		}
	}
}

func TestAVerdictThatContradictsItselfIsNotBelieved(t *testing.T) {
	for said, fine := range map[string]bool{
		`{"id":"question-1","stands":true,"at":"2026-01-01T00:00:00Z","until":"2026-01-01T00:00:01Z"}`:            true,
		`{"id":"question-1","stands":true,"at":"2026-01-01T00:00:01Z","until":"2026-01-01T00:00:01Z"}`:            false,
		`{"id":"question-1","stands":true,"until":"2026-01-01T00:00:01Z"}`:                                        false,
		`{"id":"question-2","stands":true,"at":"2026-01-01T00:00:00Z","until":"2026-01-01T00:00:01Z"}`:            false,
		`{"id":"question-1","stands":true,"gap":true,"at":"2026-01-01T00:00:00Z","until":"2026-01-01T00:00:01Z"}`: false,
		`{"id":"question-1","stands":false,"why":"withdrawn"}`:                                                    true,
		`{"id":"question-1","stands":false,"why":"withdrawn","until":"2026-01-01T00:00:01Z"}`:                     false,
		`{"id":"question-1","stands":false,"why":"withdrawn","at":"2026-01-01T00:00:01Z"}`:                        false,
		`{"id":"question-1","stands":false}`:                                                                      false,
		`{"id":"question-1","why":"withdrawn"}`:                                                                   false,
	} {
		c, _ := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, said)
		}))
		v, err := c.Ask(t.Context(), question())
		if (err == nil) != fine || v.Stands != (fine && strings.Contains(said, `"stands":true`)) || v.Stands && v.For != time.Second {
			t.Errorf("%s: %+v %v", said, v, err)
		}
	}
}

func TestAnswersToOtherMarksAreNotBelieved(t *testing.T) {
	for name, said := range map[string]string{
		"another":    `{"marks":[{"id":"mark-two","taken":true}]}`,
		"more":       `{"marks":[{"id":"mark-one","taken":true},{"id":"mark-two","taken":true}]}`,
		"none":       `{"marks":[]}`,
		"no word":    `{"marks":[{"id":"mark-one"}]}`,
		"no answer":  ``,
		"other name": `{"marks":[{"id":"mark-one","Taken":true}]}`,
	} {
		c, _ := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, said)
		}))
		if taken, err := c.Send(t.Context(), []standing.WireMark{mark("mark-one")}); fault.KindOf(err) != fault.Later || taken != nil {
			t.Errorf("%s: %v %v", name, taken, err)
		}
	}
}

func TestAQuestionThatIsNotWholeIsNotAnswered(t *testing.T) {
	o := &office{verdict: standing.Verdict{Stands: true, Until: moment.AddDate(10, 0, 0)}}
	_, url := client(t, standing.Handler(o, known, at, slog.New(slog.DiscardHandler)))
	whole := map[string]any{"id": "question-1", "permission": 42, "purpose": "fee", "fields": []string{"incomes.cents"}, "person": strings.Repeat("ab", 32), "at": moment}
	post := func(path, kind string, body []byte) int {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", kind)
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = a.Body.Close() }()
		b, err := io.ReadAll(a.Body)
		if err != nil || bytes.Contains(b, []byte("999W")) {
			t.Errorf("%s %v", b, err)
		}
		return a.StatusCode
	}
	for name, value := range map[string]any{"id": "x", "permission": 0, "purpose": "Fee!", "fields": []string{}, "person": "010190-999W", "at": time.Time{}, "more": "010190-999W"} {
		spoilt := map[string]any{}
		for k, v := range whole {
			spoilt[k] = v
		}
		spoilt[name] = value
		b, err := json.Marshal(spoilt)
		if err != nil {
			t.Fatal(err)
		}
		if s := post(standing.PathStanding, "application/json", b); s != 400 {
			t.Errorf("%s: %d", name, s)
		}
	}
	b, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if s := post(standing.PathStanding, "text/plain", b); s != 400 {
		t.Errorf("text: %d", s)
	}
	if s := post(standing.PathStanding, "application/json", append(bytes.Repeat([]byte(" "), 300<<10), b...)); s != 400 {
		t.Errorf("a large question: %d", s)
	}
	if len(o.asked) != 0 {
		t.Errorf("%d questions reached the office", len(o.asked))
	}
	if s := post(standing.PathStanding, "application/json", b); s != 200 {
		t.Errorf("a whole question: %d", s)
	}
	if s := post("/v1/other", "application/json", b); s != 404 {
		t.Errorf("another path: %d", s)
	}
}

// Sources are told apart by their certificates, over mutual TLS.
func TestOnlyASourceIsAnswered(t *testing.T) {
	root, err := ca.New(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	store := func(name string) *certificate.Store {
		f, err := root.Certify(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := certificate.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	o := &office{verdict: standing.Verdict{Stands: true, Until: moment.Add(time.Hour)}}
	s := httptest.NewUnstartedServer(standing.Handler(o, standing.BySubject(map[string]string{"CN=incomes-adapter": "incomes-register"}), at, slog.New(slog.DiscardHandler)))
	if s.TLS, err = store("city").Server(); err != nil {
		t.Fatal(err)
	}
	s.StartTLS()
	defer s.Close()
	for name, fine := range map[string]bool{"incomes-adapter": true, "stranger": false} {
		c, err := standing.NewClient(s.URL, store(name), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		v, err := c.Ask(t.Context(), question())
		if (err == nil) != fine || v.Stands != fine {
			t.Errorf("%s: %+v %v", name, v, err)
		}
		if _, err := c.Send(t.Context(), []standing.WireMark{mark("mark-one")}); (err == nil) != fine {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(o.asked) != 1 || len(o.marks) != 1 || o.asked[0].Source != "incomes-register" {
		t.Errorf("%+v", o)
	}
	if _, ok := standing.BySubject(map[string]string{"": "x"})(httptest.NewRequest(http.MethodPost, "/", nil)); ok {
		t.Error("a line without TLS is a source")
	}
}

func TestAMarkOfAPersonTellsNothingWithoutTheKey(t *testing.T) {
	code, err := person.ParseCode("010190-999W")
	if err != nil {
		t.Fatal(err)
	}
	a, err := standing.ParseKey(strings.Repeat("61", 32))
	if err != nil {
		t.Fatal(err)
	}
	b, err := standing.NewKey(bytes.Repeat([]byte("b"), 32))
	if err != nil {
		t.Fatal(err)
	}
	if !a.Person(code).Is(a.Person(code)) || a.Person(code).Is(b.Person(code)) || len(a.Person(code)) != 64 {
		t.Error("marks of people are not as they should be")
	}
	if (standing.Key{}).Person(code) != "" || a.Person(person.Code{}) != "" || standing.PersonMark("").Is("") {
		t.Error("nobody has a mark")
	}
	if s := fmt.Sprintf("%v %+v %#v %v", a, a, a, struct{ k standing.Key }{a}); strings.Contains(s, "aaaa") || strings.Contains(s, "6161") || strings.Contains(s, "97 97") {
		t.Errorf("the key prints: %s", s)
	}
	for _, s := range []string{"", "61", "xx"} {
		if _, err := standing.ParseKey(s); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestAnAddressWithoutTLSIsTakenOnThisMachineOnly(t *testing.T) {
	for _, url := range []string{"", "city", "http://city.example", "https://city.example", "ftp://127.0.0.1", "http://127.0.0.1/?a=b"} {
		if _, err := standing.NewClient(url, nil, time.Second); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := standing.NewClient("http://127.0.0.1:1", nil, 0); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	c, err := standing.NewClient("http://127.0.0.1:1", nil, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ask(t.Context(), question()); fault.KindOf(err) != fault.Later {
		t.Error(err)
	}
}
