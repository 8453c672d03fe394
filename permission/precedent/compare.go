package precedent

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"ennakko/permission"
	"ennakko/person"
)

// Part is one part of a use that is compared.
type Part string

// The parts.
const (
	Purpose    Part = "purpose"
	Fields     Part = "fields"
	Sources    Part = "sources"
	Special    Part = "special"
	Basis      Part = "basis"
	Law        Part = "law"
	Recipients Part = "recipients"
	Conditions Part = "conditions"
	User       Part = "user"
	Keep       Part = "keep"
	Automated  Part = "automation"
)

// weights says how much of 100 each part counts when two uses are compared.
// They order the precedents and decide nothing: what differs is always shown.
func weights() []struct {
	part  Part
	value int
} {
	return []struct {
		part  Part
		value int
	}{{Purpose, 15}, {Fields, 15}, {Basis, 10}, {Sources, 10}, {Special, 10}, {Law, 10}, {Recipients, 10}, {Conditions, 10}, {User, 4}, {Keep, 3}, {Automated, 3}}
}

// Side says which way a difference weighs.
type Side string

// The sides.
const (
	Further  Side = "further"  // the new use goes further than the one decided on
	Less     Side = "less"     // it goes less far
	Sideways Side = "sideways" // neither can be said
	Alike    Side = "alike"    // another, and of the same kind: it does not stand in the way of a proposal
)

// Difference is one thing in which a new use is not as the one decided on.
type Difference struct {
	Part Part
	Side Side
	Text permission.Texts
}

// Nearness is how a new use stands to one decision.
type Nearness struct {
	Decision    Decision
	Distance    int // 0: the same in all parts; 100: in none
	Differences []Difference
}

// Beyond lists the differences in which the new use is not within the one
// decided on.
func (n Nearness) Beyond() []Difference {
	return slices.DeleteFunc(slices.Clone(n.Differences), func(d Difference) bool { return d.Side == Less || d.Side == Alike })
}

// Compare says what differs between a new use and a decision.
func Compare(u Use, d Decision) Nearness {
	out := Nearness{Decision: d}
	sum := 0.0
	for _, w := range weights() {
		share, diffs := compare(w.part, u, d.Use)
		sum += share * float64(w.value)
		out.Differences = append(out.Differences, diffs...)
	}
	out.Distance = int(sum + 0.5)
	if out.Distance == 0 && len(out.Differences) > 0 {
		out.Distance = 1 // only the same is 0
	}
	return out
}

// compare tells how far apart two uses are in one part (0 to 1), and in words.
func compare(p Part, u, was Use) (float64, []Difference) {
	switch p {
	case Purpose:
		return purposes(u, was)
	case Fields:
		return sets(p, fields(u), fields(was))
	case Sources:
		return sets(p, sources(u), sources(was))
	case Special:
		return sets(p, specials(u), specials(was))
	case Basis:
		return sideways(sets(p, names(provisions(u.Basis), "GDPR "), names(provisions(was.Basis), "GDPR ")))
	case Law:
		return laws(u.Law, was.Law)
	case Recipients:
		return sets(p, recipients(u), recipients(was))
	case Conditions:
		return turned(sets(p, conditions(u), conditions(was)))
	case User:
		return sideways(sets(p, users(u), users(was)))
	case Keep:
		return keep(u, was)
	case Automated:
		return automated(u, was)
	}
	return 0, nil
}

// words are the things of a part by their keys, as they are said.
type words map[string]permission.Texts

func same(s string) permission.Texts {
	return permission.Texts{person.Finnish: s, person.Swedish: s, person.English: s}
}

func names(all []string, before string) words {
	out := words{}
	for _, s := range all {
		out[s] = same(before + s)
	}
	return out
}

func fields(u Use) words {
	out := words{}
	for _, s := range u.Sources {
		for _, f := range s.Fields {
			out[string(f.Field)] = f.What
		}
	}
	return out
}

func sources(u Use) words {
	out := words{}
	for _, s := range u.Sources {
		out[s.ID] = s.Name
	}
	return out
}

func specials(u Use) words {
	out := words{}
	for _, s := range u.Special {
		out[s] = specialWords(s)
	}
	return out
}

func recipients(u Use) words {
	out := words{}
	for _, t := range u.Recipients {
		out[t[person.English]] = t
	}
	return out
}

func conditions(u Use) words {
	out := words{}
	for _, c := range u.Conditions {
		t := permission.Texts{}
		for _, l := range person.Languages() {
			t[l] = c.Text(l)
		}
		out[string(c.Kind)] = t
	}
	return out
}

func users(u Use) words { return words{u.User.ID: u.User.Name} }

// sets compares two sets: the share of things that are not in both, and a
// difference for what is new and one for what is gone.
func sets(p Part, now, was words) (float64, []Difference) {
	var added, gone []permission.Texts
	for _, k := range slices.Sorted(maps.Keys(now)) {
		if _, ok := was[k]; !ok {
			added = append(added, now[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(was)) {
		if _, ok := now[k]; !ok {
			gone = append(gone, was[k])
		}
	}
	if len(added)+len(gone) == 0 {
		return 0, nil
	}
	var out []Difference
	if len(added) > 0 {
		out = append(out, Difference{p, Further, said(p, true, added)})
	}
	if len(gone) > 0 {
		out = append(out, Difference{p, Less, said(p, false, gone)})
	}
	union := len(was) + len(added)
	return float64(len(added)+len(gone)) / float64(union), out
}

// sideways is for parts in which more or less says nothing about how far a use
// goes: another law, another user.
func sideways(share float64, all []Difference) (float64, []Difference) {
	for i := range all {
		all[i].Side = Sideways
	}
	return share, all
}

// laws compares what two uses rest on in law: the acts, and where these are the same the
// provisions, of which nothing is known but whether they are the same.
func laws(now, was string) (float64, []Difference) {
	share, out := sideways(sets(Law, names(statutes(now), ""), names(statutes(was), "")))
	plain := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
	if len(out) == 0 && plain(now) != plain(was) {
		return 0.5, []Difference{{Law, Sideways, lawWords(now, was)}}
	}
	return share, out
}

// turned is for conditions: each one that is gone goes further.
func turned(share float64, all []Difference) (float64, []Difference) {
	for i := range all {
		if all[i].Side == Further {
			all[i].Side = Less
		} else {
			all[i].Side = Further
		}
	}
	return share, all
}

// days is about how long a period is; it only orders two of them.
func days(p permission.Period) int { return p.Years*365 + p.Months*30 + p.Days }

func keep(u, was Use) (float64, []Difference) {
	a, b := days(u.Keep), days(was.Keep)
	if a == b {
		return 0, nil
	}
	side := Less
	if a > b {
		side = Further
	}
	return float64(max(a, b)-min(a, b)) / float64(max(a, b)), []Difference{{Keep, side, keepWords(u.Keep, was.Keep)}}
}

func automated(u, was Use) (float64, []Difference) {
	a, b := u.Automation.rank(), was.Automation.rank()
	if a == b {
		return 0, nil
	}
	side := Less
	if a > b {
		side = Further
	}
	return float64(max(a, b)-min(a, b)) / 2, []Difference{{Automated, side, automatedWords(u.Automation, was.Automation)}}
}

// Nearest lists the n decisions nearest to a use, nearest first; of equals the
// newer first. Overruled ones are left out.
func (b Book) Nearest(u Use, n int) []Nearness {
	var out []Nearness
	for _, d := range b.Standing() {
		out = append(out, Compare(u, d))
	}
	slices.SortStableFunc(out, func(x, y Nearness) int {
		return cmp.Or(cmp.Compare(x.Distance, y.Distance), y.Decision.At.Compare(x.Decision.At), cmp.Compare(x.Decision.ID, y.Decision.ID))
	})
	return out[:min(max(n, 0), len(out))]
}
