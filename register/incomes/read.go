package incomes

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/strictjson"
)

type field = permission.Field

// answer is what a register says.
type answer struct {
	Person   string  `json:"person"`
	From     Month   `json:"from"`
	To       Month   `json:"to"`
	Currency string  `json:"currency"`
	Months   []month `json:"months"`
}

type month struct {
	Month Month `json:"month"`
	Whole bool  `json:"whole"` // all of the month's rows stand here
	Rows  []row `json:"rows"`
}

type row struct {
	Row      string `json:"row"` // its number in the register, which means nothing outside
	Kind     Kind   `json:"kind"`
	Cents    *int64 `json:"cents"`
	Payer    string `json:"payer"`
	Corrects string `json:"corrects"` // the number of the row of the same month that this one corrects
}

// What is too much to be one person's income.
const (
	mostRows  = 5_000
	mostCents = 10_000_000_000 // 100 million euros in one row
)

// read checks an answer against the request and keeps what was asked for.
func (c *Client) read(r Request, body []byte) (Answer, error) {
	const op = "incomes.Fetch"
	var said answer
	if err := strictjson.Read(body, &said); err != nil {
		return Answer{}, fault.Wrap(err, op, "the answer of the register of incomes cannot be read")
	}
	switch code, err := person.ParseCode(said.Person); {
	case err != nil || code.Reveal() != r.Person.Reveal():
		return Answer{}, wrong("the answer is about another person than was asked for: it is thrown away").Do("tell the register's keeper at once, and put it on record as a breach if it was shown to anyone")
	case said.Currency != "EUR":
		return Answer{}, wrong("the answer is not in euros")
	case said.From != r.From || said.To != r.To:
		return Answer{}, wrong("the answer is about other months than were asked for")
	}
	asked := MonthsBetween(r.From, r.To)
	seen := map[Month]bool{}
	b := book{client: c, request: r, rows: map[string]row{}, sums: map[Income]int64{}}
	for _, m := range said.Months {
		switch {
		case !slices.Contains(asked, m.Month):
			return Answer{}, wrong("the answer holds a month that was not asked for")
		case seen[m.Month]:
			return Answer{}, wrong("the answer holds a month twice")
		case !m.Whole:
			return Answer{}, fault.New(fault.Later, op, "the register has not all of a month yet").Where("%s", m.Month).Do("ask again later, or for months before it")
		}
		seen[m.Month] = true
		if err := b.month(m); err != nil {
			return Answer{}, err
		}
	}
	for _, m := range asked {
		if !seen[m] {
			return Answer{}, fault.New(fault.Later, op, "the answer lacks a month that was asked for").Where("%s", m).Do("ask again; no income is told by an empty month, and never by a missing one")
		}
	}
	income, err := b.close()
	return Answer{Months: asked, Income: income, Repeated: b.repeated}, err
}

func wrong(words string) *fault.Error {
	return fault.New(fault.Invalid, "incomes.Fetch", "%s", words).Do("tell the register's keeper")
}

// book adds up rows.
type book struct {
	client   *Client
	request  Request
	rows     map[string]row   // by number, of all months
	sums     map[Income]int64 // by month, kind and payer; Cents is 0 in the key
	repeated int
}

// month takes in the rows of one month.
func (b *book) month(m month) error {
	here := map[string]bool{}
	for _, x := range m.Rows {
		if err := b.check(x); err != nil {
			return err.Where("%s", m.Month)
		}
		if earlier, ok := b.rows[x.Row]; ok {
			if !here[x.Row] || !same(earlier, x) {
				return wrong("two rows with one number differ").Where("%s", m.Month)
			}
			b.repeated++
			continue
		}
		if len(b.rows) == mostRows {
			return wrong("the answer holds more rows than one person can have")
		}
		b.rows[x.Row], here[x.Row] = x, true
		b.sums[b.key(m.Month, x)] += *x.Cents
	}
	for _, x := range m.Rows {
		if x.Corrects == "" {
			continue
		}
		if first, ok := b.rows[x.Corrects]; !ok || !here[x.Corrects] || first.Corrects != "" || first.Kind != x.Kind || first.Payer != x.Payer {
			return wrong("a correction does not belong to a row of its month, kind and payer").Where("%s", m.Month)
		}
	}
	return nil
}

func same(a, b row) bool {
	return a.Kind == b.Kind && *a.Cents == *b.Cents && a.Payer == b.Payer && a.Corrects == b.Corrects
}

func (b *book) check(x row) *fault.Error {
	switch {
	case x.Row == "" || len(x.Row) > 64:
		return wrong("a row has no number")
	case !kindForm.MatchString(string(x.Kind)) || !slices.Contains(b.client.kinds, x.Kind):
		return wrong("a row is of a kind of income that is not on the list").Do("put the kind on the list when it is known what it is; until then a person works the fee out")
	case len(b.request.Kinds) > 0 && !slices.Contains(b.request.Kinds, x.Kind):
		return wrong("a row is of a kind that was not asked for")
	case x.Cents == nil || *x.Cents > mostCents || *x.Cents < -mostCents:
		return wrong("a row holds no amount, or one that cannot be")
	case *x.Cents < 0 && x.Corrects == "":
		return wrong("a row is below zero and corrects nothing")
	case len(x.Payer) > 200 || strings.ContainsFunc(x.Payer, unicode.IsControl):
		return wrong("a payer's name is not one")
	}
	return nil
}

// key is under what a row is added up. The payer is in it only when the agreement
// lists that.
func (b *book) key(m Month, x row) Income {
	k := Income{Month: m, Kind: x.Kind}
	if slices.Contains(b.request.Fields, FieldPayer) {
		k.Payer = x.Payer
	}
	return k
}

// close gives the sums in order. None may be below zero.
func (b *book) close() ([]Income, error) {
	out := make([]Income, 0, len(b.sums))
	for k, cents := range b.sums {
		if cents < 0 {
			return nil, wrong("corrections take more away than there was").Where("%s", k.Month)
		}
		k.Cents = cents
		out = append(out, k)
	}
	slices.SortFunc(out, func(x, y Income) int {
		return cmp.Or(cmp.Compare(x.Month, y.Month), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Payer, y.Payer))
	})
	return out, nil
}
