package fee

import (
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/person"
)

const computeOp = "fee.Compute"

// working is a fee on its way.
type working struct {
	pack    *Pack
	family  Family
	period  Period
	shares  shares
	average averaging
	free    Hours
	holiday int   // hundredths of a per cent
	adult   int   // whose income is being reckoned, from 1; 0: nobody's
	drift   Cents // by which the last months differ from the averages
	fee     Fee
}

func (w *working) add(key string, comes Number, numbers ...Number) {
	w.addTexts(key, comes, nil, numbers...)
}

func (w *working) addTexts(key string, comes Number, texts map[string]map[person.Language]string, numbers ...Number) {
	l := w.pack.line(key, comes, texts, numbers...)
	l.Adult = w.adult
	w.fee.Lines = append(w.fee.Lines, l)
}

// reason notes once why a caseworker must look.
func (w *working) reason(key string) {
	if !slices.ContainsFunc(w.fee.Person, func(r Reason) bool { return r.Key == key }) {
		w.fee.Person = append(w.fee.Person, w.pack.reason(key))
	}
}

// Compute is the fee of one child of the family, an index of its children. A
// family that cannot be is Invalid; a day for which the pack has no figures is
// Missing. No fault holds a value of the family.
func (p *Pack) Compute(f Family, child int) (Fee, error) {
	f.On = dayOf(f.On)
	f.Children = slices.Clone(f.Children)
	for i := range f.Children {
		f.Children[i].Born = dayOf(f.Children[i].Born)
	}
	w := &working{pack: p, family: f}
	if err := w.figures(); err != nil {
		return Fee{}, err
	}
	if err := w.check(child); err != nil {
		return Fee{}, err
	}
	w.fee.Period, w.fee.Hash = w.period.From, p.hash
	w.size()
	base := w.fullTime()
	w.fee.FullTime = int(base)
	euro := w.byHours(child, w.sibling(child, base))
	if euro > 0 && euro < int64(w.period.Lowest) {
		w.add("minimum", euros("fee", 0), euros("euros", euro), euros("lowest", int64(w.period.Lowest)))
		euro = 0
	}
	w.fee.Euros = int(euro)
	w.add("fee", euros("fee", euro), euros("fee", euro))
	return w.fee, nil
}

// figures finds what holds on the family's day.
func (w *working) figures() (err error) {
	on, p := w.family.On, w.pack
	if w.period, err = p.Period(on); err != nil {
		return err
	}
	// Load has seen to it that these begin no later than the periods.
	w.shares, _ = at(p.shares, on, func(x shares) time.Time { return x.from })
	w.average, _ = at(p.average, on, func(x averaging) time.Time { return x.from })
	free, _ := at(p.free, on, func(x dated) time.Time { return x.from })
	pay, _ := at(p.holiday, on, func(x dated) time.Time { return x.from })
	w.free, w.holiday = Hours(free.value), pay.value
	return nil
}

// Bounds of what a family may be.
const (
	maxChildren = 30
	maxHours    = Hours(100 * 100)
	maxCents    = Cents(1e9) // of one entry; so that no sum can overflow
	maxIncomes  = 10000
	maxMonths   = 120
)

func (w *working) check(child int) error {
	f := w.family
	bad := func(format string, args ...any) error { return fault.New(fault.Invalid, computeOp, format, args...) }
	switch {
	case len(f.Adults) < 1 || len(f.Adults) > 2:
		return fault.New(fault.Invalid, computeOp, "a family has one adult, or two who are spouses or partners").Do("leave out other adults of the household")
	case len(f.Children) > maxChildren:
		return bad("there are more than %d children", maxChildren)
	case child < 0 || child >= len(f.Children):
		return bad("there is no such child in the family")
	case f.Children[child].Hours <= 0:
		return bad("the child is not in the city's early education")
	case f.Assessed != nil && (*f.Assessed < 0 || *f.Assessed > maxCents):
		return bad("the assessed income is out of range")
	}
	for i, c := range f.Children {
		switch {
		case c.Born.IsZero() || c.Born.After(f.On):
			return bad("child %d is not born on the day of the fee", i+1)
		case c.Hours < 0 || c.Hours > maxHours:
			return bad("the hours of child %d are out of range", i+1)
		case c.Hours > 0 && !w.underAge(c):
			return bad("child %d is of age", i+1)
		}
		if err := checkEarnings(c.Earnings); err != nil {
			return err
		}
	}
	for _, a := range f.Adults {
		if err := checkEarnings(a.Earnings); err != nil {
			return err
		}
		if err := w.pack.checkAssessed(a.Assessed); err != nil {
			return err
		}
	}
	return nil
}

func checkEarnings(e Earnings) error {
	bad := func(what string) error {
		return fault.New(fault.Invalid, computeOp, "%s", what).Do("say from which to which month the income is known")
	}
	switch {
	case e.Last == 0 && len(e.Income) > 0, e.Last != 0 && (e.First > e.Last || e.Last-e.First >= maxMonths):
		return bad("the months of an income are not known")
	case len(e.Income) > maxIncomes:
		return bad("there are too many incomes")
	}
	for _, x := range e.Income {
		switch {
		case x.Month < e.First || x.Month > e.Last:
			return bad("an income lies outside the months for which it is known")
		case x.Cents < -maxCents || x.Cents > maxCents:
			return bad("an income is out of range")
		}
	}
	return nil
}

// underAge reports whether the child has not yet turned 18 on the day.
func (w *working) underAge(c Child) bool { return w.family.On.Before(c.Born.AddDate(18, 0, 0)) }

// size counts the family.
func (w *working) size() {
	children := 0
	for _, c := range w.family.Children {
		if w.underAge(c) {
			children++
		}
	}
	n := len(w.family.Adults) + children
	w.fee.Size, w.fee.Limit = n, w.period.Limit(n)
	w.add("family", count("size", n), count("size", n), count("adults", len(w.family.Adults)), count("children", children))
}

// fullTime is the youngest child's fee for full time, in euros: between 0 and
// the highest. It may be below the lowest fee that is charged.
func (w *working) fullTime() int64 {
	highest := int64(w.period.Highest)
	if w.family.AcceptHighest {
		w.fee.Highest = true
		w.add("highest-accepted", euros("highest", highest), euros("highest", highest))
		return highest
	}
	income, known := w.income()
	if !known {
		w.fee.Highest = true
		w.add("highest-unknown", euros("highest", highest), euros("highest", highest))
		return highest
	}
	w.fee.Income = income
	w.limit()
	limit := w.fee.Limit
	if income <= limit {
		w.add("no-excess", euros("fee", 0), money("income", income), money("limit", limit))
		return 0
	}
	excess := income - limit
	w.add("excess", money("excess", excess), money("income", income), money("limit", limit), money("excess", excess))
	exact := Number{"exact", Exact, int64(excess) * int64(w.period.Percent), 100 * 10000}
	w.add("percent", exact, money("excess", excess), percent("percent", w.period.Percent), exact)
	euro := w.rounded(exact)
	if euro > highest {
		w.add("maximum", euros("highest", highest), euros("euros", euro), euros("highest", highest))
		return highest
	}
	return euro
}

// rounded rounds to whole euros, a half upwards.
func (w *working) rounded(exact Number) int64 {
	euro := halfUp(exact.Num, exact.Den)
	w.add("rounded", euros("euros", euro), exact, euros("euros", euro))
	return euro
}

func (w *working) limit() {
	size, limit := w.fee.Size, w.fee.Limit
	if size <= largestSize {
		w.add("limit", money("limit", limit), count("size", size), money("limit", limit))
		return
	}
	w.add("limit-larger", money("limit", limit), money("six", w.period.Limit(largestSize)), count("more", size-largestSize),
		euros("increment", int64(w.period.Increment)), money("limit", limit))
}

// paid is the child's hours that are charged for.
func (w *working) paid(c Child) Hours {
	if c.PrePrimary {
		return max(0, c.Hours-w.free)
	}
	return c.Hours
}

// place is the child's place among the children whose early education is
// charged for, the youngest first; 0 if the child's is not.
func (w *working) place(child int) int {
	me := w.family.Children[child]
	if w.paid(me) == 0 {
		return 0
	}
	place := 1
	for i, c := range w.family.Children {
		if i != child && w.paid(c) > 0 && (c.Born.After(me.Born) || c.Born.Equal(me.Born) && i < child) {
			place++
		}
	}
	return place
}

// sibling is the child's fee for full time: a part of the youngest's, if the
// child is not the youngest.
func (w *working) sibling(child int, base int64) int64 {
	place := w.place(child)
	part := w.period.Later
	switch place {
	case 0, 1:
		return base
	case 2:
		part = w.period.Second
	}
	if base == 0 {
		return 0
	}
	exact := Number{"exact", Exact, base * int64(part), 100}
	euro := halfUp(exact.Num, exact.Den)
	w.add("sibling", euros("euros", euro), count("place", place), percent("percent", part*100), euros("base", base), exact, euros("euros", euro))
	return euro
}

// byHours is the part of the fee for full time that the child's hours make.
func (w *working) byHours(child int, base int64) int64 {
	c := w.family.Children[child]
	h := w.paid(c)
	if c.PrePrimary {
		if h == 0 {
			w.add("no-hours", euros("fee", 0), hours("hours", c.Hours), hours("free", w.free))
			return 0
		}
		w.add("pre-primary", hours("paid", h), hours("hours", c.Hours), hours("free", w.free), hours("paid", h))
	}
	if base == 0 {
		return 0
	}
	s := w.shares
	if h >= s.fullFrom {
		w.add("hours-full", euros("euros", base), hours("hours", h), hours("full", s.fullFrom))
		return base
	}
	share := s.of(h)
	exact := Number{"exact", Exact, base * share.num, share.den}
	euro := halfUp(exact.Num, exact.Den)
	numbers := []Number{hours("hours", h), hours("full", s.fullFrom), hours("part", s.partUpTo), {"percent", Percent, share.num, share.den / 100},
		euros("base", base), exact, euros("euros", euro)}
	if share.key == "hours-between" {
		numbers = slices.DeleteFunc(numbers, func(n Number) bool { return n.Name == "percent" })
	}
	w.add(share.key, euros("euros", euro), numbers...)
	return euro
}

type share struct {
	key      string
	num, den int64
}

// of is the share for hours below full time. In proportion to the hours, it
// never falls below the share of those who have the fewest.
func (s shares) of(h Hours) share {
	part := share{"hours-part", int64(s.partPercent), 100}
	if h <= s.partUpTo {
		return part
	}
	for _, x := range s.steps {
		if h <= x.upTo {
			return share{"hours-step", int64(x.percent), 100}
		}
	}
	between := share{"hours-between", int64(h), int64(s.fullFrom)}
	switch {
	case len(s.steps) > 0:
		return share{"hours-step", 100, 100}
	case between.num*part.den < part.num*between.den:
		part.key = "hours-floor"
		return part
	}
	return between
}
