package incomes

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"ennakko/person"
	"ennakko/register/incomes"
	"ennakko/register/xroad"
	"ennakko/strictjson"
)

// Trouble is a way to misbehave.
type Trouble string

// The ways to misbehave. Each spoils one request.
const (
	Hold         Trouble = "hold"          // no answer until Release, or until the client leaves
	SlowBody     Trouble = "slow body"     // half an answer, the rest after Release
	Down         Trouble = "down"          // 503
	Broken       Trouble = "broken"        // 500, with the person's code in the body
	TooMuch      Trouble = "too much"      // 429, come again after 1 s
	Refuse       Trouble = "refuse"        // 403
	LayerError   Trouble = "layer error"   // 500 of the exchange layer
	Reset        Trouble = "reset"         // the line is cut before the answer
	Cut          Trouble = "cut"           // the line is cut within the answer
	Garbage      Trouble = "garbage"       // 200, and no JSON
	OtherType    Trouble = "other type"    // a whole answer that says it is a page
	Huge         Trouble = "huge"          // 200, and 4 MiB of spaces after the answer
	WrongPerson  Trouble = "wrong person"  // somebody else's income, under their code
	Unfinished   Trouble = "unfinished"    // the last month is not whole
	MissingMonth Trouble = "missing month" // one month in the middle is not there
	DoubleMonth  Trouble = "double month"
	RepeatedRow  Trouble = "repeated row"  // every row stands there twice
	DifferingRow Trouble = "differing row" // a number stands there twice, with two sums
	BelowZero    Trouble = "below zero"    // corrections of more than there was
	LooseMinus   Trouble = "loose minus"   // a row below zero that corrects nothing
	Dollars      Trouble = "dollars"
	NewKind      Trouble = "new kind"      // a kind of income that nobody knows
	OtherRequest Trouble = "other request" // the answer to another X-Road-Id
	MoreFields   Trouble = "more fields"   // fields that nobody asked for: name, employer's number
	OtherShape   Trouble = "other shape"   // the sum is a group of keys
)

// Troubles lists the ways to misbehave.
func Troubles() []Trouble {
	return []Trouble{Hold, SlowBody, Down, Broken, TooMuch, Refuse, LayerError, Reset, Cut, Garbage, OtherType, Huge, WrongPerson, Unfinished, MissingMonth, DoubleMonth,
		RepeatedRow, DifferingRow, BelowZero, LooseMinus, Dollars, NewKind, OtherRequest, MoreFields, OtherShape}
}

// Asked is a request as it came in.
type Asked struct {
	Path   string
	Header http.Header
	Body   string
}

// Order lets the next requests be spoilt, one each, in this order.
func (r *Register) Order(t ...Trouble) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.orders = append(r.orders, t...)
}

// Held waits, in a select, until a request is held; Release lets all that are
// held go on.
func (r *Register) Held() <-chan struct{} { return r.holds }

// Release lets what is held go on.
func (r *Register) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.gate)
	r.gate = make(chan struct{})
}

// Asked are all requests so far.
func (r *Register) Asked() []Asked {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

func (r *Register) next() (t Trouble) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.orders) > 0 {
		t, r.orders = r.orders[0], r.orders[1:]
	}
	return t
}

func (r *Register) hold(q *http.Request) {
	r.mu.Lock()
	gate := r.gate
	r.mu.Unlock()
	r.holds <- struct{}{}
	select {
	case <-gate:
	case <-q.Context().Done():
	}
}

type question struct {
	Person string         `json:"person"`
	From   incomes.Month  `json:"from"`
	To     incomes.Month  `json:"to"`
	Kinds  []incomes.Kind `json:"kinds"`
}

type answer struct {
	Person   string        `json:"person"`
	Name     string        `json:"name,omitempty"`
	From     incomes.Month `json:"from"`
	To       incomes.Month `json:"to"`
	Currency string        `json:"currency"`
	Months   []month       `json:"months"`
}

type month struct {
	Month incomes.Month `json:"month"`
	Whole bool          `json:"whole"`
	Rows  []wireRow     `json:"rows"`
}

type wireRow struct {
	Row        string       `json:"row"`
	Kind       incomes.Kind `json:"kind"`
	Cents      any          `json:"cents"`
	Payer      string       `json:"payer,omitempty"`
	Corrects   string       `json:"corrects,omitempty"`
	BusinessID string       `json:"business_id,omitempty"`
}

// Handler is the register's interface: POST .../incomes, with or without the
// address of an exchange layer before it.
func (r *Register) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(io.LimitReader(q.Body, 1<<16))
		r.mu.Lock()
		r.asked = append(r.asked, Asked{q.URL.Path, q.Header.Clone(), string(body)})
		r.mu.Unlock()
		if err != nil || q.Method != http.MethodPost || !strings.HasSuffix(q.URL.Path, "/"+incomes.Path) {
			http.Error(w, "no such thing", http.StatusNotFound)
			return
		}
		var in question
		code, wrong := person.Code{}, strictjson.Read(body, &in)
		if wrong == nil {
			code, wrong = person.ParseCode(in.Person)
		}
		if wrong != nil || len(incomes.MonthsBetween(in.From, in.To)) == 0 {
			http.Error(w, "the request cannot be read", http.StatusBadRequest)
			return
		}
		r.serve(w, q, in, code, r.next())
	})
}

func (r *Register) serve(w http.ResponseWriter, q *http.Request, in question, code person.Code, t Trouble) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	for _, name := range []string{xroad.HeaderID, xroad.HeaderClient} {
		if v := q.Header.Get(name); v != "" {
			h.Set(name, v)
		}
	}
	fail := func(status int) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"error":"about `+in.Person+`"}`)
	}
	switch t {
	case Hold:
		r.hold(q)
	case Down:
		fail(http.StatusServiceUnavailable)
		return
	case Broken:
		fail(http.StatusInternalServerError)
		return
	case Refuse:
		fail(http.StatusForbidden)
		return
	case TooMuch:
		h.Set("Retry-After", "1")
		fail(http.StatusTooManyRequests)
		return
	case LayerError:
		h.Set(xroad.HeaderError, "Server.ServerProxy.NetworkError")
		fail(http.StatusInternalServerError)
		return
	case OtherRequest:
		h.Set(xroad.HeaderID, "00000000-0000-4000-8000-000000000000")
	case Reset:
		cut(w)
		return
	}
	b, err := json.Marshal(r.spoilt(in, code, t))
	if err != nil {
		fail(http.StatusInternalServerError)
		return
	}
	r.write(w, q, b, t)
}

func (r *Register) write(w http.ResponseWriter, q *http.Request, b []byte, t Trouble) {
	half := len(b) / 2
	switch t {
	case Garbage:
		b = []byte("<html>" + string(b[:half]))
	case OtherType:
		w.Header().Set("Content-Type", "text/html")
	case Huge:
		b = append(b, strings.Repeat(" ", 4<<20)...)
	case Cut:
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write(b[:half])
		_ = http.NewResponseController(w).Flush()
		cut(w)
		return
	case SlowBody:
		_, _ = w.Write(b[:half])
		_ = http.NewResponseController(w).Flush()
		r.hold(q)
		b = b[half:]
	}
	_, _ = w.Write(b)
}

// cut ends the line at once, without a word.
func cut(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// spoilt is the answer, spoilt as ordered.
func (r *Register) spoilt(in question, code person.Code, t Trouble) answer {
	a := r.honest(in, code)
	last := &a.Months[len(a.Months)-1]
	some := wireRow{Row: "f000000000001", Kind: incomes.Wages, Cents: int64(100_00), Payer: "Made-up Employer 1"}
	switch t {
	case WrongPerson:
		other, err := person.MakeCode(code.Birth().AddDate(0, 0, 1), 0, 998)
		if err == nil {
			a = r.honest(in, other)
			a.Person = other.Reveal()
		}
	case Unfinished:
		last.Whole = false
	case MissingMonth:
		middle := len(a.Months) / 2
		a.Months = slices.Delete(a.Months, middle, middle+1)
	case DoubleMonth:
		a.Months = append(a.Months, *last)
	case RepeatedRow:
		for i, m := range a.Months {
			a.Months[i].Rows = append(slices.Clone(m.Rows), m.Rows...)
		}
	case DifferingRow:
		other := some
		other.Cents = int64(200_00)
		last.Rows = append(last.Rows, some, other)
	case BelowZero:
		minus := some
		minus.Row, minus.Kind, minus.Cents, minus.Corrects = "f000000000002", incomes.Other, int64(-200_00), some.Row
		some.Kind = incomes.Other
		last.Rows = append(last.Rows, some, minus)
	case LooseMinus:
		some.Cents = int64(-1)
		last.Rows = append(last.Rows, some)
	case Dollars:
		a.Currency = "USD"
	case NewKind:
		some.Kind = "lottery"
		last.Rows = append(last.Rows, some)
	case MoreFields:
		a.Name = "Made-Up Name"
		some.BusinessID = "0000000-0"
		last.Rows = append(last.Rows, some)
	case OtherShape:
		some.Cents = map[string]any{"cents": 100_00, "account": "FI00 0000"}
		last.Rows = append(last.Rows, some)
	}
	return a
}

// honest is the answer of a register that does as it should.
func (r *Register) honest(in question, code person.Code) answer {
	a := answer{Person: in.Person, From: in.From, To: in.To, Currency: "EUR", Months: []month{}}
	for _, m := range incomes.MonthsBetween(in.From, in.To) {
		rows := []wireRow{}
		for _, x := range r.Rows(code, m) {
			if len(in.Kinds) == 0 || slices.Contains(in.Kinds, x.Kind) {
				rows = append(rows, wireRow{Row: x.ID, Kind: x.Kind, Cents: x.Cents, Payer: x.Payer, Corrects: x.Corrects})
			}
		}
		a.Months = append(a.Months, month{m, true, rows})
	}
	return a
}

// Control is how tests and the demo order trouble and raises from outside: POST
// /orders ["down", ...], POST /raises {"person", "from", "percent"}, POST
// /release. It belongs on the loopback only.
func (r *Register) Control() http.Handler {
	m := http.NewServeMux()
	read := func(w http.ResponseWriter, q *http.Request, v any) bool {
		b, err := io.ReadAll(io.LimitReader(q.Body, 1<<16))
		if err != nil || strictjson.Read(b, v) != nil {
			http.Error(w, "this cannot be read", http.StatusBadRequest)
			return false
		}
		return true
	}
	m.HandleFunc("POST /orders", func(w http.ResponseWriter, q *http.Request) {
		var t []Trouble
		if !read(w, q, &t) {
			return
		}
		for _, x := range t {
			if !slices.Contains(Troubles(), x) {
				http.Error(w, "there is no such trouble", http.StatusBadRequest)
				return
			}
		}
		r.Order(t...)
		w.WriteHeader(http.StatusNoContent)
	})
	m.HandleFunc("POST /raises", func(w http.ResponseWriter, q *http.Request) {
		var in struct {
			Person  string        `json:"person"`
			From    incomes.Month `json:"from"`
			Percent int           `json:"percent"`
		}
		if !read(w, q, &in) {
			return
		}
		code, err := person.ParseCode(in.Person)
		if err == nil {
			err = r.Raise(code, in.From, in.Percent)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	m.HandleFunc("POST /release", func(w http.ResponseWriter, _ *http.Request) {
		r.Release()
		w.WriteHeader(http.StatusNoContent)
	})
	return m
}
