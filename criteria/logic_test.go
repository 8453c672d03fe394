package criteria_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ennakko/criteria"
)

// term is a condition with the verdict that Kleene's strong tables give it.
type term struct {
	text string
	says func(world) criteria.Verdict
}

// world says of each of a, b and d what its fact is; nobody knows those that
// are not in it.
type world map[string]bool

func (w world) facts() facts {
	f := facts{}
	for name, v := range w {
		f[name] = one(v)
	}
	return f
}

var asked = []string{"test.a", "test.b", "test.d"}

func verdict(b bool) criteria.Verdict {
	if b {
		return criteria.Met
	}
	return criteria.NotMet
}

// not, and, or are the reference tables, written out.
func not(v criteria.Verdict) criteria.Verdict {
	return map[criteria.Verdict]criteria.Verdict{criteria.Met: criteria.NotMet, criteria.NotMet: criteria.Met, criteria.Unknown: criteria.Unknown}[v]
}

func and(a, b criteria.Verdict) criteria.Verdict {
	switch {
	case a == criteria.NotMet || b == criteria.NotMet:
		return criteria.NotMet
	case a == criteria.Met && b == criteria.Met:
		return criteria.Met
	}
	return criteria.Unknown
}

func or(a, b criteria.Verdict) criteria.Verdict { return not(and(not(a), not(b))) }

func terms(depth int) *rapid.Generator[term] {
	return rapid.Custom(func(t *rapid.T) term {
		shape := rapid.IntRange(0, 6).Draw(t, "shape")
		if depth == 0 {
			shape = rapid.IntRange(0, 2).Draw(t, "leaf")
		}
		switch shape {
		case 0:
			b := rapid.Bool().Draw(t, "constant")
			return term{map[bool]string{true: "true", false: "false"}[b], func(world) criteria.Verdict { return verdict(b) }}
		case 1:
			return term{"test.c.none()", func(world) criteria.Verdict { return criteria.Met }}
		case 2:
			name := rapid.SampledFrom(asked).Draw(t, "field")
			return term{name + ".latest()", func(w world) criteria.Verdict {
				if b, ok := w[name]; ok {
					return verdict(b)
				}
				return criteria.Unknown
			}}
		case 3:
			x := terms(depth-1).Draw(t, "x")
			return term{"!(" + x.text + ")", func(w world) criteria.Verdict { return not(x.says(w)) }}
		}
		x, y := terms(depth-1).Draw(t, "x"), terms(depth-1).Draw(t, "y")
		switch shape {
		case 4:
			return term{"(" + x.text + " && " + y.text + ")", func(w world) criteria.Verdict { return and(x.says(w), y.says(w)) }}
		case 5:
			return term{"(" + x.text + " || " + y.text + ")", func(w world) criteria.Verdict { return or(x.says(w), y.says(w)) }}
		}
		return term{"((" + x.text + ") == (" + y.text + "))", func(w world) criteria.Verdict {
			a, b := x.says(w), y.says(w)
			if a == criteria.Unknown || b == criteria.Unknown {
				return criteria.Unknown
			}
			return verdict(a == b)
		}}
	})
}

func worlds(t *rapid.T) world {
	w := world{}
	for _, name := range asked {
		switch rapid.IntRange(0, 2).Draw(t, name) {
		case 0:
			w[name] = false
		case 1:
			w[name] = true
		}
	}
	return w
}

func TestLogicIsThatOfTheReferenceTables(t *testing.T) {
	l, p := language(t), params(t)
	rapid.Check(t, func(t *rapid.T) {
		x := terms(4).Draw(t, "condition")
		text := x.text + " || test.a.latest() && false" // so that a field is read
		w := worlds(t)
		prog, err := l.Compile(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got, missing, err := prog.Eval(w.facts(), p, asOf)
		if err != nil || got != x.says(w) {
			t.Fatalf("%s in %v: %q, %v; the tables say %q", text, w, got, err, x.says(w))
		}
		if (got == criteria.Unknown) != (len(missing) > 0) {
			t.Fatalf("%s in %v: %q with missing %v", text, w, got, missing)
		}
		for _, name := range missing {
			if _, there := w[name]; there || !slices.Contains(asked, name) {
				t.Fatalf("%s in %v: %s is said to be missing", text, w, name)
			}
		}
	})
}

func TestAVerdictThatIsKnownStaysWhateverTheMissingFactsTurnOutToBe(t *testing.T) {
	l, p := language(t), params(t)
	rapid.Check(t, func(t *rapid.T) {
		text := terms(4).Draw(t, "condition").text + " || test.a.latest() && false"
		w := worlds(t)
		prog, err := l.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		before, _, err := prog.Eval(w.facts(), p, asOf)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range asked {
			if _, there := w[name]; !there {
				w[name] = rapid.Bool().Draw(t, "turns out "+name)
			}
		}
		after, _, err := prog.Eval(w.facts(), p, asOf)
		if err != nil || after == criteria.Unknown || before != criteria.Unknown && before != after {
			t.Fatalf("%s: %q became %q, %v", text, before, after, err)
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, text := range []string{
		"population.birth_date.latest().year() + param.starting_age == as_of.year()",
		"guardianship.guardian.with('joint').active() || guardianship.guardian.with('sole').active()",
		"population.municipality.latest() in ['091', \"049\"] ? true : !test.a.latest()",
		"date(as_of.year(), 1, 1) > date('2021-01-07') && health.systolic.count() >= 2e0",
		"[[[", "a.b.c.d", "'\\u00", "{1:2}[1]", "test.a.latest() && -9223372036854775808 < 1", ".population.birth_date.exists()",
	} {
		f.Add(text)
	}
	l, err := criteria.NewLanguage(catalog, paramNames)
	if err != nil {
		f.Fatal(err)
	}
	p := params(f)
	people := []facts{
		{},
		{"population.birth_date": one(day("2015-03-14")), "population.municipality": one("091"), "health.systolic": one(0.0), "test.a": one(true)},
	}
	f.Fuzz(func(t *testing.T, text string) {
		prog, err := l.Compile(text)
		if err != nil {
			return
		}
		if len(prog.Fields()) == 0 {
			t.Fatalf("%q compiles and reads nothing", text)
		}
		for _, who := range people {
			v, missing, err := prog.Eval(who, p, asOf)
			again, _, err2 := prog.Eval(who, p, asOf)
			if v != again || (err == nil) != (err2 == nil) {
				t.Fatalf("%q gives two answers: %q and %q, %v and %v", text, v, again, err, err2)
			}
			if (v == criteria.Unknown) != (len(missing) > 0) {
				t.Fatalf("%q: %q with missing %v", text, v, missing)
			}
		}
	})
}
