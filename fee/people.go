package fee

import (
	"slices"
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/strictyaml"
)

// madeUp is a made-up family with the fee that each child must get.
type madeUp struct {
	name    string
	line    int
	family  Family
	want    []wanted
	working []string // what the keys of the first child's working must hold, in this order
	person  []string // why a caseworker must look
}

type wanted struct {
	child, euros int
}

const maxCases = 2000

// people reads people.yaml.
func (r *reading) people(x strictyaml.Node) {
	k := x.Keys("derived", "cases")
	k["derived"].TextUpTo(maxDerived)
	list := k["cases"].List()
	if len(list) > maxCases {
		k["cases"].Bad("keep those that show something", "there are more than %d cases", maxCases)
		return
	}
	seen := map[string]bool{}
	for _, e := range list {
		c := r.madeUp(e)
		if seen[c.name] && c.name != "" {
			e.Bad("give each a name of its own", "the case %q stands twice", strictyaml.Cut(c.name, 80))
		}
		seen[c.name] = true
		r.pack.cases = append(r.pack.cases, c)
	}
}

const maxDerived = 4000

func (r *reading) madeUp(x strictyaml.Node) madeUp {
	k := x.Keys("case", "on", "adults", "children", "?", "income", "highest", "source", "working", "person")
	c := madeUp{name: k["case"].Text(), line: x.Line()}
	c.family = r.family(k)
	if k["source"].There() {
		k["source"].Text()
	}
	for i, e := range k["children"].List() {
		if e.IsGroup() && e.Has("fee") {
			f := wantedFee(e)
			c.want = append(c.want, wanted{i, f})
		}
	}
	if len(c.want) == 0 && x.IsGroup() {
		x.Bad("write fee: beside a child with hours:", "the case expects no fee")
	}
	if k["working"].There() {
		names := stepNames()
		for _, e := range k["working"].List() {
			if _, ok := names[e.Name()]; !ok && e.Word() != "" {
				e.Bad("see working in messages.yaml", "there is no line of that name")
			}
			c.working = append(c.working, e.Word())
		}
	}
	if k["person"].There() {
		for _, e := range k["person"].List() {
			c.person = append(c.person, e.OneOf(reasonNames()...))
		}
		slices.Sort(c.person)
	}
	return c
}

func wantedFee(e strictyaml.Node) int {
	for _, p := range e.Pairs() {
		if p.Name == "fee" {
			return p.Value.Whole(0, 10000)
		}
	}
	return 0
}

// family reads a family from the keys on, adults, children, income and highest.
func (r *reading) family(k map[string]strictyaml.Node) Family {
	f := Family{On: k["on"].Day(), AcceptHighest: k["highest"].Yes()}
	if x := k["income"]; x.There() {
		c := Cents(hundredths(x, int(maxCents/100)))
		f.Assessed = &c
	}
	if a := k["adults"]; a.IsList() {
		for _, e := range a.List() {
			f.Adults = append(f.Adults, r.adult(e, f.On))
		}
	} else {
		f.Adults = make([]Adult, a.Whole(1, 2))
	}
	for _, e := range k["children"].List() {
		f.Children = append(f.Children, r.child(e, f.On))
	}
	return f
}

func (r *reading) adult(x strictyaml.Node, on time.Time) Adult {
	k := x.Keys("?", "income", "months", "known_from", "holiday_pay", "entrepreneur", "assessed")
	a := Adult{Assessed: r.assessed(k["assessed"]), Earnings: r.earnings(k, on), Entrepreneur: k["entrepreneur"].Yes()}
	if h := k["holiday_pay"]; h.There() {
		a.HolidayTold = h.OneOf("added", "told") == "told"
	}
	return a
}

// assessed reads what a caseworker has assessed a month, by kind; none: no income.
func (r *reading) assessed(x strictyaml.Node) []Assessed {
	if !x.There() {
		return nil
	}
	out := []Assessed{}
	if !x.IsGroup() {
		x.OneOf("none")
		return out
	}
	for _, p := range x.Pairs() {
		out = append(out, Assessed{Kind(p.Name), r.amount(p)})
	}
	return out
}

func (r *reading) child(x strictyaml.Node, on time.Time) Child {
	k := x.Keys("born", "?", "hours", "pre_primary", "income", "months", "known_from", "fee")
	c := Child{Earnings: r.earnings(k, on), Born: k["born"].Day(), PrePrimary: k["pre_primary"].Yes()}
	if h := k["hours"]; h.There() {
		c.Hours = Hours(hundredths(h, int(maxHours/100)))
	}
	return c
}

// earnings reads income, the same in each of the twelve months before the day,
// and months, which come to it or take its place.
func (r *reading) earnings(k map[string]strictyaml.Node, on time.Time) Earnings {
	e := Earnings{}
	last := MonthOf(on) - 1
	if k["income"].There() {
		e.First, e.Last = last-11, last
		for _, p := range k["income"].Pairs() {
			c := r.amount(p)
			for m := e.First; m <= e.Last; m++ {
				e.Income = append(e.Income, Income{m, Kind(p.Name), c})
			}
		}
	}
	for _, p := range k["months"].Pairs() {
		t, err := time.Parse(monthForm, p.Name)
		if err != nil {
			p.Key.Bad("write it as 2026-10", "a month belongs here")
			continue
		}
		m := MonthOf(t)
		if e.Last == 0 {
			e.First, e.Last = m, m
		}
		e.First, e.Last = min(e.First, m), max(e.Last, m)
		for _, q := range p.Value.Pairs() {
			e.Income = append(e.Income, Income{m, Kind(q.Name), r.amount(q)})
		}
	}
	if x := k["known_from"]; x.There() {
		t, err := time.Parse(monthForm, x.Word())
		if err != nil || e.Last == 0 || MonthOf(t) > e.First {
			x.Bad("write a month no later than the first, as 2026-01", "the month from which the income is known belongs here")
			return e
		}
		e.First = MonthOf(t)
	}
	return e
}

func (r *reading) amount(p strictyaml.Pair) Cents {
	if !r.pack.Knows(Kind(p.Name)) && len(r.pack.kinds) > 0 {
		p.Key.Bad("see kinds in fee.yaml", "there is no kind of income %q", strictyaml.Cut(p.Name, 60))
	}
	v, ok := parseHundredths(p.Value.Word())
	if !ok {
		p.Value.Bad("write it in digits, with a point and at most two decimals", "an amount in euros belongs here")
	}
	return Cents(v)
}

// Test computes the fees of the made-up families. The error lists every child
// whose fee, working or need for a caseworker is another than people.yaml says.
func (p *Pack) Test() error {
	var l fault.List
	for _, c := range p.cases {
		bad := func(format string, args ...any) {
			l.Add(fault.New(fault.Invalid, "fee.Test", format, args...).Where("%s/%s:%d", p.name, peopleFile, c.line).Do("mend fee.yaml, or what is expected of it"))
		}
		for i, w := range c.want {
			f, err := p.Compute(c.family, w.child)
			if err != nil {
				bad("%q has no fee: %v", c.name, err)
				continue
			}
			if f.Euros != w.euros {
				bad("the fee of child %d of %q is %d and should be %d", w.child+1, c.name, f.Euros, w.euros)
			}
			if i > 0 {
				continue
			}
			if keys := keysOf(f.Lines); c.working != nil && !slices.Equal(keys, c.working) {
				bad("the working of %q is %s", c.name, strings.Join(keys, ", "))
			}
			var why []string
			for _, r := range f.Person {
				why = append(why, r.Key)
			}
			slices.Sort(why)
			if !slices.Equal(why, c.person) {
				bad("a caseworker must look at %q for the reasons [%s] and should for [%s]", c.name, strings.Join(why, ", "), strings.Join(c.person, ", "))
			}
		}
	}
	return l.Err()
}

func keysOf(lines []Line) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Key)
	}
	return out
}

// ReadFamily reads a family from a YAML file of the form of a case in
// people.yaml, without the fees. All that is wrong is told at once, with the
// name given for the file and the line; no fault holds a value.
func (p *Pack) ReadFamily(name string, content []byte) (Family, error) {
	l := &strictyaml.Faults{Op: "fee.ReadFamily", Page: "docs/fee.md"}
	r := reading{pack: p, faults: l}
	x := strictyaml.Document(name, content, l)
	f := r.family(x.Keys("on", "adults", "children", "?", "income", "highest"))
	return f, l.Err()
}
