package incomes_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/register/xroad"
)

// far answers every request with the same.
type far struct {
	status  int
	headers []string
	body    string
}

func (f far) RoundTrip(*http.Request) (*http.Response, error) {
	r := &http.Response{StatusCode: f.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(f.body))}
	for i := 0; i+1 < len(f.headers); i += 2 {
		r.Header.Set(f.headers[i], f.headers[i+1])
	}
	return r, nil
}

func fetch(t *testing.T, f far, change func(*incomes.Request)) (incomes.Answer, error) {
	t.Helper()
	id, err := xroad.ParseClient("FI/MUN/0201256-6/ennakko")
	if err != nil {
		t.Fatal(err)
	}
	service, err := xroad.ParseService("FI/GOV/0000000-0/register/incomes")
	if err != nil {
		t.Fatal(err)
	}
	over, err := xroad.NewClient(xroad.Config{Server: "http://127.0.0.1:1", Client: id, Base: f, Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	c, err := incomes.NewClient(over, service, nil, func() time.Time { return time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	code, err := person.ParseCode("010190-999W")
	if err != nil {
		t.Fatal(err)
	}
	r := incomes.Request{Purpose: "fee", Permission: 42, Person: code, From: "2026-01", To: "2026-02", Fields: []permission.Field{incomes.FieldMonth, incomes.FieldKind, incomes.FieldCents}}
	if change != nil {
		change(&r)
	}
	return c.Fetch(t.Context(), r)
}

// answer is an answer with these rows in January, and none in February.
func answer(rows string) far {
	return far{status: 200, body: `{"person":"010190-999W","from":"2026-01","to":"2026-02","currency":"EUR","months":[{"month":"2026-01","whole":true,"rows":[` + rows + `]},{"month":"2026-02","whole":true,"rows":[]}]}`}
}

func row(id, kind string, cents int64, more string) string {
	return fmt.Sprintf(`{"row":%q,"kind":%q,"cents":%d%s}`, id, kind, cents, more)
}

func TestRowsOfAMonthAddUpByKind(t *testing.T) {
	rows := []string{row("a", "wages", 300000, `,"payer":"X"`), row("b", "wages", 20000, `,"payer":"Y"`), row("c", "wages", -10000, `,"payer":"X","corrects":"a"`), row("d", "pension", 0, ``), row("b", "wages", 20000, `,"payer":"Y"`)}
	a, err := fetch(t, answer(strings.Join(rows, ",")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Income, []incomes.Income{{Month: "2026-01", Kind: "pension"}, {Month: "2026-01", Kind: "wages", Cents: 310000}}) || a.Repeated != 1 || !slices.Equal(a.Months, []incomes.Month{"2026-01", "2026-02"}) {
		t.Errorf("%d sums, %d repeated, %v", len(a.Income), a.Repeated, a.Months)
	}
	a, err = fetch(t, answer(strings.Join(rows, ",")), func(r *incomes.Request) { r.Fields = incomes.Fields() })
	if err != nil || !slices.Equal(a.Income, []incomes.Income{{Month: "2026-01", Kind: "pension"}, {Month: "2026-01", Kind: "wages", Cents: 290000, Payer: "X"}, {Month: "2026-01", Kind: "wages", Cents: 20000, Payer: "Y"}}) {
		t.Errorf("with payers: %d sums, %v", len(a.Income), err)
	}
	if !a.At.Equal(time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("it came at %s", a.At)
	}
}

func TestRowsThatCannotBeAreRefused(t *testing.T) {
	for want, f := range map[string]far{
		"has no number":               answer(row("", "wages", 1, "")),
		"a row has no number":         answer(row(strings.Repeat("x", 65), "wages", 1, "")),
		"no amount, or one":           answer(row("a", "wages", 10_000_000_001, "")),
		"holds no amount":             answer(`{"row":"a","kind":"wages"}`),
		"another kind belongs here":   answer(`{"row":"a","kind":"wages","cents":1e30}`),
		"a value of another kind":     answer(`{"row":"a","kind":"wages","cents":1.5}`),
		"not on the list":             answer(row("a", "Wages", 1, "")),
		"a payer's name":              answer(row("a", "wages", 1, `,"payer":"`+strings.Repeat("x", 201)+`"`)),
		"a payer's name is not one":   answer(row("a", "wages", 1, `,"payer":"a\u0007b"`)),
		"below zero":                  answer(row("a", "wages", -1, "")),
		"a correction does not":       answer(row("a", "wages", 5, "") + "," + row("b", "pension", -1, `,"corrects":"a"`)),
		"does not belong to a row":    answer(row("a", "wages", 5, "") + "," + row("b", "wages", -1, `,"corrects":"x"`)),
		"of its month, kind":          answer(row("a", "wages", 5, `,"payer":"X"`) + "," + row("b", "wages", -1, `,"corrects":"a","payer":"Y"`)),
		"a correction does not be":    answer(row("a", "wages", 5, "") + "," + row("b", "wages", -1, `,"corrects":"a"`) + "," + row("c", "wages", -1, `,"corrects":"b"`)),
		"more away than there was":    answer(row("a", "wages", 5, "") + "," + row("b", "wages", -6, `,"corrects":"a"`)),
		"more rows than one":          answer(many(5001)),
		"other months":                {status: 200, body: `{"person":"010190-999W","from":"2026-01","to":"2026-03","currency":"EUR","months":[]}`},
		"a month that was not asked":  {status: 200, body: `{"person":"010190-999W","from":"2026-01","to":"2026-02","currency":"EUR","months":[{"month":"2026-01","whole":true,"rows":[]},{"month":"2026-02","whole":true,"rows":[]},{"month":"2026-03","whole":true,"rows":[]}]}`},
		"one number differ":           {status: 200, body: `{"person":"010190-999W","from":"2026-01","to":"2026-02","currency":"EUR","months":[{"month":"2026-01","whole":true,"rows":[` + row("a", "wages", 1, "") + `]},{"month":"2026-02","whole":true,"rows":[` + row("a", "wages", 1, "") + `]}]}`},
		"the answer is about another": {status: 200, body: `{"person":"","from":"2026-01","to":"2026-02","currency":"EUR","months":[]}`},
	} {
		a, err := fetch(t, f, nil)
		if fault.KindOf(err) != fault.Invalid || err == nil || !strings.Contains(err.Error(), want) || len(a.Income) != 0 {
			t.Errorf("%s: %v", want, err)
		}
	}
	if a, err := fetch(t, answer(many(5000)), nil); err != nil || a.Income[0].Cents != 5000 {
		t.Errorf("as many as there may be: %v", err)
	}
	if _, err := fetch(t, answer(row("a", "pension", 1, "")), func(r *incomes.Request) { r.Kinds = []incomes.Kind{incomes.Wages} }); err == nil || !strings.Contains(err.Error(), "a kind that was not asked for") {
		t.Errorf("a kind that was not asked for: %v", err)
	}
}

func many(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = row(fmt.Sprintf("r%d", i), "wages", 1, "")
	}
	return strings.Join(rows, ",")
}

func TestRefusalsOfASourceKeepTheirKind(t *testing.T) {
	for _, tt := range []struct {
		status  int
		refusal standing.Refusal
		kind    fault.Kind
		want    string
	}{
		{404, standing.Gap, fault.Missing, "a gap"}, {403, standing.Violation, fault.Refused, "a violation"}, {400, standing.Unclear, fault.Invalid, "does not understand"},
		{503, standing.Unavailable, fault.Later, "cannot answer now"}, {502, standing.Trouble, fault.Later, "cannot answer now"}, {422, standing.Trouble, fault.Invalid, "cannot answer now"},
		{404, "", fault.Missing, "was not read"}, {403, "", fault.Refused, "was not read"}, {500, "", fault.Later, "was not read"},
	} {
		_, err := fetch(t, far{status: tt.status, headers: []string{standing.HeaderRefusal, string(tt.refusal)}, body: `"010190-999W"`}, nil)
		if fault.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "999W") {
			t.Errorf("%d %s: %s, %v", tt.status, tt.refusal, fault.KindOf(err), err)
		}
	}
	// What the exchange layer says of itself is no word of the source.
	_, err := fetch(t, far{status: 500, headers: []string{standing.HeaderRefusal, "violation", xroad.HeaderError, "Server.ServerProxy.NetworkError"}}, nil)
	if fault.KindOf(err) != fault.Later {
		t.Errorf("%v", err)
	}
}

func TestMonthsAreCalendarMonths(t *testing.T) {
	for _, s := range []string{"", "2026", "2026-13", "2026-1", "26-01", "1899-12", "2200-01", "2026-01-01"} {
		if _, err := incomes.ParseMonth(s); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	}
	m, err := incomes.ParseMonth("2026-12")
	if err != nil || m.Add(1) != "2027-01" || m.Add(-12) != "2025-12" || incomes.MonthOf(m.First()) != m {
		t.Errorf("%v %v", m.Add(1), err)
	}
	if got := incomes.MonthsBetween("2026-11", "2027-02"); !slices.Equal(got, []incomes.Month{"2026-11", "2026-12", "2027-01", "2027-02"}) {
		t.Errorf("%v", got)
	}
	if n := len(incomes.MonthsBetween("1900-01", "2199-12")); n != incomes.MostMonths+1 {
		t.Errorf("%d months", n)
	}
}

func TestIncomeDoesNotPrint(t *testing.T) {
	x := incomes.Income{Month: "2026-01", Kind: "wages", Cents: 123456, Payer: "Employer"}
	if s := fmt.Sprintf("%v %+v %#v %d %s", x, []incomes.Income{x}, &x, x, x); strings.Contains(s, "123456") || strings.Contains(s, "Employer") {
		t.Errorf("it prints: %s", s)
	}
	if _, err := json.Marshal(x); err != nil { // what is kept of it is sealed by the store
		t.Error(err)
	}
}
