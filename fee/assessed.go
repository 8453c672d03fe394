package fee

import (
	"slices"

	"ennakko/fault"
	"ennakko/person"
)

// mostAssessed is how many kinds of one adult can be assessed.
const mostAssessed = 100

// assessed writes the lines of an income that a caseworker has assessed, kind by
// kind as it was put down, and returns what counts a month.
func (w *working) assessed(e earner) Cents {
	var total Cents
	for _, x := range e.assessed {
		k := w.pack.kindOf(x.Kind)
		texts := map[string]map[person.Language]string{"who": e.who, "kind": k.title}
		switch k.treatment {
		case leftOut:
			w.addTexts("left-out", money("amount", 0), texts)
		case deducted:
			w.addTexts("assessed-deducted", money("amount", x.Cents), texts, money("amount", x.Cents))
			total -= x.Cents
		case counted, holiday, unclear:
			w.addTexts("assessed-counted", money("amount", x.Cents), texts, money("amount", x.Cents))
			total += x.Cents
		}
	}
	if len(e.assessed) == 0 {
		w.addTexts("assessed-none", money("amount", 0), map[string]map[person.Language]string{"who": e.who})
	}
	return total
}

// checkAssessed refuses what cannot have been assessed.
func (p *Pack) checkAssessed(all []Assessed) error {
	bad := func(what string) error { return fault.New(fault.Invalid, computeOp, "%s", what) }
	if len(all) > mostAssessed {
		return bad("there are too many assessed incomes")
	}
	for _, x := range all {
		switch {
		case !p.Knows(x.Kind):
			return bad("an assessed income is of a kind that the pack does not list")
		case x.Cents < 0 || x.Cents > maxCents:
			return bad("an assessed income is out of range")
		}
	}
	return nil
}

// KindOfIncome is a kind of income or of deduction, for who has to name one.
type KindOfIncome struct {
	Kind     Kind
	Title    map[person.Language]string
	Deducted bool // it is taken off
}

// Kinds are the kinds that make a difference to the fee, in the order of the pack.
func (p *Pack) Kinds() []KindOfIncome {
	var out []KindOfIncome
	for name, k := range p.kinds {
		if k.treatment != leftOut {
			out = append(out, KindOfIncome{name, k.title, k.treatment == deducted})
		}
	}
	slices.SortFunc(out, func(a, b KindOfIncome) int { return p.kinds[a.Kind].place - p.kinds[b.Kind].place })
	return out
}
