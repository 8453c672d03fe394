// Package incomes is a made-up register of incomes for tests and the demo. Its
// interface and code list are our own and not those of the national Incomes
// Register. Everybody's income follows from a seed and a keyed hash of their
// identity code, so it is the same in every run, in any order of asking; it
// proves nothing about real people.
//
// The register misbehaves on order: see Trouble.
package incomes

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/register/incomes"
)

// Options of a register.
type Options struct {
	Seed uint64
	Key  []byte // of the hash of identity codes; any
}

// Row is one payment as the register has it.
type Row struct {
	ID       string
	Kind     incomes.Kind
	Cents    int64
	Payer    string
	Corrects string // the row that this one corrects; Cents is below zero then
}

// Register is the made-up register. It is safe for concurrent use.
type Register struct {
	opt Options

	mu     sync.Mutex
	raises map[string][]raise
	orders []Trouble
	gate   chan struct{} // closed when what is held may go on
	holds  chan struct{} // gets one for each request that is held
	asked  []Asked
}

type raise struct {
	from    incomes.Month
	percent int
}

// New makes a register.
func New(o Options) (*Register, error) {
	if len(o.Key) == 0 {
		return nil, fault.New(fault.Invalid, "incomes.New", "the made-up register has no key").Do("any will do")
	}
	return &Register{opt: o, raises: map[string][]raise{}, gate: make(chan struct{}), holds: make(chan struct{}, 1024)}, nil
}

// Raise lets a person's pay change by so many per cent from a month on.
func (r *Register) Raise(code person.Code, from incomes.Month, percent int) error {
	if _, err := incomes.ParseMonth(string(from)); err != nil || code.IsZero() || percent < -100 || percent > 1000 {
		return fault.New(fault.Invalid, "incomes.Raise", "a raise needs a person, a month and from -100 to 1000 per cent")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raises[code.Reveal()] = append(r.raises[code.Reveal()], raise{from, percent})
	return nil
}

func (r *Register) raised(code person.Code, m incomes.Month, cents float64) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.raises[code.Reveal()] {
		if m >= x.from {
			cents *= 1 + float64(x.percent)/100
		}
	}
	return cents
}

// draw is a number from 0 to below 1 that belongs to a person and a name.
func (r *Register) draw(code person.Code, name string) float64 {
	h := hmac.New(sha256.New, r.opt.Key)
	_, _ = fmt.Fprintf(h, "%d %s %s", r.opt.Seed, name, code.Reveal())
	return float64(binary.BigEndian.Uint64(h.Sum(nil))>>11) / (1 << 53)
}

// Way is how somebody earns their living.
type Way string

// The ways.
const (
	Employed     Way = "employed"
	Varying      Way = "varying" // shifts and short jobs: every month another sum, some none
	Unemployed   Way = "unemployed"
	OnLeave      Way = "on leave"
	AtHome       Way = "at home"
	Entrepreneur Way = "entrepreneur"
	Student      Way = "student"
	Pensioner    Way = "pensioner"
	Nothing      Way = "nothing"
)

const (
	earns   = 16 // years of age
	retires = 65
)

// ways are the shares of those who are neither children nor old. They are
// plausible and no statistics.
var ways = []struct {
	way   Way
	share float64
}{{Employed, 0.66}, {Varying, 0.09}, {Unemployed, 0.07}, {OnLeave, 0.04}, {AtHome, 0.02}, {Entrepreneur, 0.06}, {Student, 0.03}, {Nothing, 0.03}}

// WayOf is how a person earns their living in a month.
func (r *Register) WayOf(code person.Code, m incomes.Month) Way {
	age := m.First().Sub(code.Birth()).Hours() / 24 / 365.25
	switch {
	case age < earns:
		return Nothing
	case age >= retires:
		return Pensioner
	}
	d := r.draw(code, "way")
	for _, w := range ways {
		if d -= w.share; d < 0 {
			return w.way
		}
	}
	return ways[0].way
}

// Rows are what the register has of a person and a month.
func (r *Register) Rows(code person.Code, m incomes.Month) []Row {
	year, june := m.First().Year(), m.First().Month() == time.June
	price := math.Pow(1.025, float64(year-2020)) // wages and benefits of other years
	var out []Row
	add := func(kind incomes.Kind, euros float64, payer string, corrects string) string {
		id := r.number(code, m, len(out))
		out = append(out, Row{id, kind, int64(math.Round(euros)) * 100, payer, corrects})
		return id
	}
	monthly := "month " + string(m)
	switch r.WayOf(code, m) {
	case Employed:
		pay := r.pay(code, m) * price
		job := add(incomes.Wages, pay, r.employer(code, 1), "")
		if r.draw(code, "in kind") < 0.15 {
			add(incomes.InKind, 20, r.employer(code, 1), "")
		}
		if june && r.draw(code, "holiday") < 0.7 {
			add(incomes.HolidayPay, pay/2, r.employer(code, 1), "")
		}
		if r.draw(code, "second job") < 0.12 {
			add(incomes.Wages, 300+600*r.draw(code, "second pay"), r.employer(code, 2), "")
		}
		if r.draw(code, monthly+" corrected") < 0.03 {
			add(incomes.Wages, -pay/20, r.employer(code, 1), job)
		}
	case Varying:
		if share := r.draw(code, monthly); share > 0.1 {
			add(incomes.Wages, r.pay(code, m)*price*(0.3+share), r.employer(code, 1+int(share*4)), "")
		}
	case Unemployed:
		add(incomes.Unemployment, (800+900*r.draw(code, "allowance"))*price, "Made-up Fund", "")
	case OnLeave:
		add(incomes.Parental, (900+1900*r.draw(code, "allowance"))*price, "Made-up Insurance", "")
	case AtHome:
		add(incomes.HomeCare, 380*price, "Made-up Insurance", "")
	case Entrepreneur:
		add(incomes.Entrepreneur, (700+3800*r.draw(code, "business"))*price, "", "")
	case Student:
		add(incomes.Study, 270*price, "Made-up Insurance", "")
		if r.draw(code, monthly) < 0.5 {
			add(incomes.Wages, 200+700*r.draw(code, monthly+" pay"), r.employer(code, 1), "")
		}
	case Pensioner:
		add(incomes.Pension, (900+1500*r.draw(code, "pension"))*price, "Made-up Pensions", "")
	case Nothing:
	}
	return out
}

// pay is a month's pay in euros of 2020: half earn less than 3,300, few more than
// 10,000.
func (r *Register) pay(code person.Code, m incomes.Month) float64 {
	u, v := r.draw(code, "pay")+1e-12, r.draw(code, "pay too")
	normal := math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
	return r.raised(code, m, min(max(3300*math.Exp(0.35*normal), 1300), 16000))
}

const employers = 400

func (r *Register) employer(code person.Code, n int) string {
	return fmt.Sprintf("Made-up Employer %d", 1+int(r.draw(code, "employer "+strconv.Itoa(n))*employers))
}

func (r *Register) number(code person.Code, m incomes.Month, n int) string {
	return fmt.Sprintf("%013x", uint64(r.draw(code, fmt.Sprintf("row %s %d", m, n))*(1<<52)))
}

// Income is what a well-behaved answer adds up to, without payers, in order.
func (r *Register) Income(code person.Code, from, to incomes.Month) []incomes.Income {
	var out []incomes.Income
	for _, m := range incomes.MonthsBetween(from, to) {
		sums := map[incomes.Kind]int64{}
		var kinds []incomes.Kind
		for _, x := range r.Rows(code, m) {
			if _, ok := sums[x.Kind]; !ok {
				kinds = append(kinds, x.Kind)
			}
			sums[x.Kind] += x.Cents
		}
		slices.Sort(kinds)
		for _, k := range kinds {
			out = append(out, incomes.Income{Month: m, Kind: k, Cents: sums[k]})
		}
	}
	return out
}
