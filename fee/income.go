package fee

import (
	"cmp"
	"maps"
	"slices"

	"ennakko/person"
)

// earner is somebody whose income counts.
type earner struct {
	Earnings
	assessed     []Assessed // nil: it is computed
	who          map[person.Language]string
	holidayTold  bool
	entrepreneur bool
	adult        int // from 1; 0: a child
}

// income writes the lines of the family's income and returns what it comes to;
// known is false if an adult's income is not known.
func (w *working) income() (total Cents, known bool) {
	if w.family.Assessed != nil {
		total = max(0, *w.family.Assessed)
		w.add("assessed", money("income", total), money("income", total))
		return total, true
	}
	var all []earner
	for i, a := range w.family.Adults {
		all = append(all, earner{a.Earnings, a.Assessed, w.pack.whoIs("adult", i+1), a.HolidayTold, a.Entrepreneur, i + 1})
	}
	for i, c := range w.family.Children {
		if w.paid(c) > 0 && len(c.Income) > 0 {
			all = append(all, earner{c.Earnings, nil, w.pack.whoIs("child", i+1), true, false, 0})
		}
	}
	known = true
	for _, e := range all {
		if e.assessed != nil {
			continue // a person has looked
		}
		if e.Last == 0 {
			w.reason("income-missing")
			known = false
		}
		if e.entrepreneur {
			w.reason("entrepreneur")
		}
	}
	if !known {
		return 0, false
	}
	for _, e := range all {
		w.adult = e.adult
		total += w.earned(e)
	}
	w.adult = 0
	if total < 0 {
		w.reason("income-negative")
		total = 0
	}
	if max(w.drift, -w.drift)*100 > total*Cents(w.average.change) {
		w.reason("income-changed")
	}
	w.add("income", money("income", total), money("income", total))
	return total, true
}

// earned writes the lines of one earner and returns what counts a month.
func (w *working) earned(e earner) Cents {
	if e.assessed != nil {
		return w.assessed(e)
	}
	if e.adult > 0 && MonthOf(w.family.On)-e.Last > Month(w.average.fresh) {
		w.reason("income-old")
	}
	sums := map[Kind]map[Month]Cents{}
	for _, x := range e.Income {
		if sums[x.Kind] == nil {
			sums[x.Kind] = map[Month]Cents{}
		}
		sums[x.Kind][x.Month] += x.Cents
	}
	var total, wages Cents
	var paid, others []Kind // holiday pay; what is taken off or left out
	for _, name := range w.inOrder(sums) {
		k := w.pack.kindOf(name)
		switch k.treatment {
		case holiday:
			paid = append(paid, name)
			continue
		case leftOut, deducted:
			others = append(others, name)
			continue
		case unclear:
			w.reason("unclear-kind")
		}
		c := w.monthly("counted", e, k, sums[name])
		total += c
		if k.holiday {
			wages += c
		}
	}
	total += w.holidayPay(e, wages, paid, sums)
	for _, name := range others {
		k := w.pack.kindOf(name)
		if k.treatment == leftOut {
			w.addTexts("left-out", money("", 0), map[string]map[person.Language]string{"who": e.who, "kind": k.title})
			continue
		}
		total -= w.monthly("deducted", e, k, sums[name])
	}
	return total
}

// inOrder lists kinds of income in the order of the pack. What the pack does
// not know comes last, and a caseworker looks at it.
func (w *working) inOrder(sums map[Kind]map[Month]Cents) []Kind {
	for name := range sums {
		if !w.pack.Knows(name) {
			w.reason("unknown-kind")
		}
	}
	return slices.SortedFunc(maps.Keys(sums), func(a, b Kind) int {
		return cmp.Or(cmp.Compare(w.pack.kindOf(a).place, w.pack.kindOf(b).place), cmp.Compare(a, b))
	})
}

// kindOf is the kind of that name, or the one that stands in for it.
func (p *Pack) kindOf(name Kind) kind {
	if k, ok := p.kinds[name]; ok {
		return k
	}
	return p.kinds[otherKind]
}

// otherKind is the kind that stands in for one that the pack does not list.
const otherKind Kind = "other"

// monthly is the income of one kind a month: its level, if it was the same in
// each of the last months, and the average of all months known otherwise.
func (w *working) monthly(key string, e earner, k kind, by map[Month]Cents) Cents {
	texts := map[string]map[person.Language]string{"who": e.who, "kind": k.title}
	known := int(e.Last - e.First + 1)
	last := min(w.average.steady, known)
	steady := true
	for m := e.Last - Month(last) + 1; m < e.Last; m++ {
		steady = steady && by[m] == by[e.Last]
	}
	if last < w.average.steady {
		w.reason("few-months")
	}
	if steady {
		c := by[e.Last]
		w.addTexts(key+"-steady", money("amount", c), texts, count("months", last), money("amount", c))
		return c
	}
	if known < w.average.months {
		w.reason("few-months")
	}
	n := min(known, w.average.months)
	sum := sumOf(by, e.Last-Month(n)+1, e.Last)
	c := Cents(halfUp(int64(sum), int64(n)))
	recent := sumOf(by, e.Last-Month(last)+1, e.Last)
	w.drift += Cents(halfUp(int64(recent), int64(last))) - c
	w.addTexts(key+"-average", money("amount", c), texts, money("sum", sum), count("months", n), money("amount", c))
	return c
}

// holidayPay is what holiday pay adds a month: that of the year, if a year is
// known, and else a percentage of the wages.
func (w *working) holidayPay(e earner, wages Cents, paid []Kind, sums map[Kind]map[Month]Cents) Cents {
	texts := map[string]map[person.Language]string{"who": e.who}
	n := w.average.months
	var sum Cents
	for _, name := range paid {
		sum += sumOf(sums[name], e.Last-Month(n)+1, e.Last)
	}
	if sum > 0 && int(e.Last-e.First)+1 >= n {
		c := Cents(halfUp(int64(sum), int64(n)))
		w.addTexts("holiday-paid", money("amount", c), texts, money("sum", sum), count("months", n), money("amount", c))
		return c
	}
	if e.holidayTold || wages <= 0 {
		return 0
	}
	c := Cents(halfUp(int64(wages)*int64(w.holiday), 10000))
	w.addTexts("holiday-added", money("amount", c), texts, percent("percent", w.holiday), money("wages", wages), money("amount", c))
	return c
}

func sumOf(by map[Month]Cents, first, last Month) Cents {
	var sum Cents
	for m := first; m <= last; m++ {
		sum += by[m]
	}
	return sum
}

// whoIs names an adult or a child by number: the working holds no names.
func (p *Pack) whoIs(key string, n int) map[person.Language]string {
	out := map[person.Language]string{}
	for l, t := range p.who[key] {
		out[l] = t.fill(func(string) string { return count("number", n).In(l) })
	}
	return out
}
