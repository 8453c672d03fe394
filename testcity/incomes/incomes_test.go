package incomes_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register/incomes"
	"ennakko/register/xroad"
	standin "ennakko/testcity/incomes"
)

func code(t *testing.T, year, number int) person.Code {
	t.Helper()
	c, err := person.MakeCode(time.Date(year, 5, 17, 0, 0, 0, 0, time.UTC), 0, number)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func register(t *testing.T) *standin.Register {
	t.Helper()
	r, err := standin.New(standin.Options{Seed: 1, Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// somebody is a grown-up with that way of living.
func somebody(t *testing.T, r *standin.Register, w standin.Way, m incomes.Month) person.Code {
	t.Helper()
	for year := 1945; year < 2020; year++ {
		for number := 900; number < 1000; number++ {
			if c := code(t, year, number); r.WayOf(c, m) == w && r.WayOf(c, m.Add(11)) == w {
				return c
			}
		}
	}
	t.Fatalf("nobody is %s", w)
	return person.Code{}
}

func client(t *testing.T, r *standin.Register) *incomes.Client {
	t.Helper()
	s := httptest.NewServer(r.Handler())
	t.Cleanup(s.Close)
	id, err := xroad.ParseClient("FI/MUN/0201256-6/ennakko")
	if err != nil {
		t.Fatal(err)
	}
	service, err := xroad.ParseService("FI/GOV/0000000-0/register/incomes")
	if err != nil {
		t.Fatal(err)
	}
	over, err := xroad.NewClient(xroad.Config{Server: s.URL, Client: id, Failures: 1000, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	c, err := incomes.NewClient(over, service, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func request(c person.Code) incomes.Request {
	return incomes.Request{Purpose: "early-education-fee", Permission: 42, Person: c, SignedIn: c, From: "2026-01", To: "2026-10",
		Fields: []permission.Field{incomes.FieldMonth, incomes.FieldKind, incomes.FieldCents}}
}

func TestIncomeComesByMonthAndKindForEveryWayOfLiving(t *testing.T) {
	r := register(t)
	c := client(t, r)
	for _, w := range []standin.Way{standin.Employed, standin.Varying, standin.Unemployed, standin.OnLeave, standin.AtHome, standin.Entrepreneur, standin.Student, standin.Pensioner, standin.Nothing} {
		who := somebody(t, r, w, "2026-01")
		a, err := c.Fetch(t.Context(), request(who))
		if err != nil {
			t.Fatalf("%s: %v", w, err)
		}
		if !slices.Equal(a.Income, r.Income(who, "2026-01", "2026-10")) || len(a.Months) != 10 || a.Months[9] != "2026-10" || len(a.Request) != 36 {
			t.Errorf("%s: %d of %d sums, %v", w, len(a.Income), len(r.Income(who, "2026-01", "2026-10")), a.Months)
		}
		if w == standin.Nothing && len(a.Income) != 0 || w != standin.Nothing && w != standin.Varying && w != standin.Student && len(a.Income) < 10 {
			t.Errorf("%s has %d sums in ten months", w, len(a.Income))
		}
	}
}

func TestTheCodeStandsInTheBodyAndTheMatterInHeaders(t *testing.T) {
	r := register(t)
	who := somebody(t, r, standin.Employed, "2026-01")
	q := request(who)
	q.ID, q.Kinds = "fa2e18a5-c2cb-4d09-b994-f57727f7c3fb", []incomes.Kind{incomes.Wages}
	a, err := client(t, r).Fetch(t.Context(), q)
	if err != nil || a.Request != q.ID {
		t.Fatalf("%v %q", err, a.Request)
	}
	for _, x := range a.Income {
		if x.Kind != incomes.Wages {
			t.Errorf("%s came, too", x.Kind)
		}
	}
	asked := r.Asked()
	if len(asked) != 1 || strings.Contains(asked[0].Path, who.Reveal()) || !strings.Contains(asked[0].Body, who.Reveal()) {
		t.Fatal("the request is not as it should be")
	}
	for name, want := range map[string]string{"X-Road-Issue": "42", "X-Road-Id": q.ID, "Ennakko-Purpose": "early-education-fee", "Ennakko-Fields": "incomes.month,incomes.kind,incomes.cents", "X-Road-Userid": "FI" + who.Reveal()} {
		if got := asked[0].Header.Get(name); got != want {
			t.Errorf("%s is wrong", name)
		}
	}
}

// Trouble that passes is asked again; trouble that does not is told, with words
// that hold nothing of the person.
func TestEveryTroubleIsFound(t *testing.T) {
	r := register(t)
	who := somebody(t, r, standin.Employed, "2026-01")
	for _, tt := range []struct {
		trouble standin.Trouble
		kind    fault.Kind
		want    string // "": it passes
		tries   int
	}{
		{standin.Down, 0, "", 2}, {standin.Broken, 0, "", 2}, {standin.TooMuch, 0, "", 2}, {standin.LayerError, 0, "", 2}, {standin.Reset, 0, "", 2}, {standin.Cut, 0, "", 2},
		{standin.RepeatedRow, 0, "", 1},
		{standin.Refuse, fault.Refused, "refuses", 1},
		{standin.Garbage, fault.Invalid, "cannot be read", 1},
		{standin.OtherType, fault.Invalid, "not JSON", 1},
		{standin.Huge, fault.Invalid, "larger", 1},
		{standin.WrongPerson, fault.Invalid, "another person", 1},
		{standin.Unfinished, fault.Later, "2026-10: the register has not all", 1},
		{standin.MissingMonth, fault.Later, "2026-06: the answer lacks a month", 1},
		{standin.DoubleMonth, fault.Invalid, "a month twice", 1},
		{standin.DifferingRow, fault.Invalid, "one number differ", 1},
		{standin.BelowZero, fault.Invalid, "2026-10: corrections take more away", 1},
		{standin.LooseMinus, fault.Invalid, "below zero and corrects nothing", 1},
		{standin.Dollars, fault.Invalid, "not in euros", 1},
		{standin.NewKind, fault.Invalid, "not on the list", 1},
		{standin.OtherRequest, fault.Invalid, "another request", 1},
		{standin.MoreFields, fault.Invalid, "a name is not known", 1},
		{standin.OtherShape, fault.Invalid, "another kind belongs", 1},
	} {
		before := len(r.Asked())
		r.Order(tt.trouble)
		a, err := client(t, r).Fetch(t.Context(), request(who))
		tries := len(r.Asked()) - before
		if tries != tt.tries {
			t.Errorf("%s: asked %d times", tt.trouble, tries)
		}
		if tt.want == "" {
			if err != nil || !slices.Equal(a.Income, r.Income(who, "2026-01", "2026-10")) {
				t.Errorf("%s: %v", tt.trouble, err)
			}
			if (a.Repeated > 0) != (tt.trouble == standin.RepeatedRow) {
				t.Errorf("%s: %d rows were told to be repeated", tt.trouble, a.Repeated)
			}
			continue
		}
		if err == nil || fault.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), who.Reveal()) || len(a.Income) != 0 {
			t.Errorf("%s: %s, %v", tt.trouble, fault.KindOf(err), err)
		}
	}
}

func TestWhoWaitsTooLongLeaves(t *testing.T) {
	r := register(t)
	c := client(t, r)
	for _, trouble := range []standin.Trouble{standin.Hold, standin.SlowBody} {
		r.Order(trouble)
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := c.Fetch(ctx, request(somebody(t, r, standin.Employed, "2026-01")))
			done <- err
		}()
		<-r.Held()
		leave()
		if err := <-done; fault.KindOf(err) != fault.Later || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", trouble, err)
		}
	}
	r.Order(standin.SlowBody)
	done := make(chan error)
	go func() {
		_, err := c.Fetch(t.Context(), request(somebody(t, r, standin.Employed, "2026-01")))
		done <- err
	}()
	<-r.Held()
	r.Release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestARequestThatIsNotWholeIsNotSent(t *testing.T) {
	r := register(t)
	c := client(t, r)
	whole := request(code(t, 1980, 901))
	for want, spoil := range map[string]func(*incomes.Request){
		"names nobody":                  func(q *incomes.Request) { q.Person = person.Code{} },
		"no purpose":                    func(q *incomes.Request) { q.Purpose = "" },
		"no permission":                 func(q *incomes.Request) { q.Permission = 0 },
		"1 to 36 months":                func(q *incomes.Request) { q.To = "2029-01" },
		"not for 1 to 36":               func(q *incomes.Request) { q.From = "2026-11" },
		"the request is not for":        func(q *incomes.Request) { q.From = "1.2026" },
		"lacks the field incomes.cents": func(q *incomes.Request) { q.Fields = q.Fields[:2] },
		"does not have":                 func(q *incomes.Request) { q.Fields = append(slices.Clone(q.Fields), "incomes.account") },
		"kind of income":                func(q *incomes.Request) { q.Kinds = []incomes.Kind{"lottery"} },
	} {
		q := whole
		spoil(&q)
		if _, err := c.Fetch(t.Context(), q); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if len(r.Asked()) != 0 {
		t.Error("something was sent")
	}
	_, err := c.Fetch(t.Context(), incomes.Request{})
	for _, want := range []string{"nobody", "purpose", "permission", "months", "incomes.kind"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
}

// The payer stays out unless the agreement lists it.
func TestOnlyFieldsOfTheAgreementAreKept(t *testing.T) {
	r := register(t)
	c, who := client(t, r), somebody(t, r, standin.Employed, "2026-01")
	q := request(who)
	a, err := c.Fetch(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range a.Income {
		if x.Payer != "" {
			t.Fatal("a payer was kept")
		}
	}
	q.Fields = incomes.Fields()
	if a, err = c.Fetch(t.Context(), q); err != nil || a.Income[0].Payer == "" {
		t.Errorf("no payer came: %v", err)
	}
}

func TestNothingOfItPrints(t *testing.T) {
	r := register(t)
	who := somebody(t, r, standin.Employed, "2026-01")
	q := request(who)
	a, err := client(t, r).Fetch(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintf("%v %+v %#v %v %+v %v %+v", q, q, q, a, a, a.Income, []any{a.Income[0]})
	if strings.Contains(said, who.Reveal()) || strings.Contains(said, fmt.Sprint(a.Income[0].Cents)) {
		t.Errorf("it prints: %s", said)
	}
}

func TestIncomeIsTheSameInEveryRunAndLooksLikeThatOfACity(t *testing.T) {
	a, b := register(t), register(t)
	other, err := standin.New(standin.Options{Seed: 2, Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	ways := map[standin.Way]int{}
	var pay []int64
	differ, corrected, holiday := 0, 0, 0
	for year := 1962; year < 2008; year++ {
		for number := 900; number < 940; number++ {
			c := code(t, year, number)
			x := a.Income(c, "2026-05", "2026-06")
			if !slices.Equal(x, b.Income(c, "2026-05", "2026-06")) {
				t.Fatal("two runs differ")
			}
			if !slices.Equal(x, other.Income(c, "2026-05", "2026-06")) {
				differ++
			}
			w := a.WayOf(c, "2026-05")
			ways[w]++
			for _, row := range a.Rows(c, "2026-06") {
				if row.Corrects != "" {
					corrected++
				}
				if row.Kind == incomes.HolidayPay {
					holiday++
				}
			}
			if w == standin.Employed {
				pay = append(pay, x[slices.IndexFunc(x, func(i incomes.Income) bool { return i.Kind == incomes.Wages })].Cents)
			}
		}
	}
	slices.Sort(pay)
	if m := pay[len(pay)/2]; m < 3300_00 || m > 4800_00 {
		t.Errorf("half of those who are employed earn less than %d cents", m)
	}
	if pay[0] < 1000_00 || pay[len(pay)-1] > 25_000_00 {
		t.Errorf("from %d to %d cents", pay[0], pay[len(pay)-1])
	}
	if len(ways) != 8 || ways[standin.Employed] < 1000 || ways[standin.Entrepreneur] < 50 || differ < 1500 || corrected == 0 || holiday < 500 {
		t.Errorf("%v, %d of another seed differ, %d corrected, %d with holiday pay", ways, differ, corrected, holiday)
	}
	if a.WayOf(code(t, 2020, 901), "2026-05") != standin.Nothing || a.WayOf(code(t, 1950, 901), "2026-05") != standin.Pensioner {
		t.Error("a child earns, or an old person works")
	}
}

func TestPayRisesFromAMonthOn(t *testing.T) {
	r := register(t)
	who := somebody(t, r, standin.Employed, "2026-01")
	before := r.Income(who, "2026-08", "2026-09")
	control := httptest.NewServer(r.Control())
	defer control.Close()
	post := func(path, body string) int {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, control.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, a.Body)
		_ = a.Body.Close()
		return a.StatusCode
	}
	if s := post("/raises", `{"person":"`+who.Reveal()+`","from":"2026-09","percent":50}`); s != 204 {
		t.Fatal(s)
	}
	after := r.Income(who, "2026-08", "2026-09")
	if after[0] != before[0] || after[len(after)-1].Cents < before[len(before)-1].Cents*13/10 {
		t.Errorf("the pay did not rise, or rose too early: %d %d %d %d", before[0].Cents, after[0].Cents, before[len(before)-1].Cents, after[len(after)-1].Cents)
	}
	if s := post("/orders", `["down"]`); s != 204 {
		t.Error(s)
	}
	if _, err := client(t, r).Fetch(t.Context(), request(who)); err != nil || len(r.Asked()) != 2 {
		t.Errorf("%d, %v", len(r.Asked()), err)
	}
	for path, body := range map[string]string{"/orders": `["nonsense"]`, "/raises": `{"person":"x","from":"2026-09","percent":5}`, "/release": ``} {
		if s := post(path, body); (s == 204) != (path == "/release") {
			t.Errorf("%s: %d", path, s)
		}
	}
}
