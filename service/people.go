package service

import (
	"slices"
	"strings"
	"time"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/strictyaml"
)

// made is a made-up person with the finding that the criteria must make.
type made struct {
	place    strictyaml.Node
	who      string
	asOf     time.Time
	facts    madeFacts
	finding  criteria.Verdict
	notMet   []string
	unknown  []string
	missing  []string
	failsafe bool
}

// madeFacts are a made-up person's facts. A field that is nil was not read.
type madeFacts map[string][]criteria.Fact

// Facts implements criteria.Facts.
func (m madeFacts) Facts(field string) ([]criteria.Fact, bool) {
	list, ok := m[field]
	return list, !ok || list != nil
}

const maxPeople = 1000

// people reads people.yaml and checks that every criterion is tried out.
func (r *reading) people(x strictyaml.Node) {
	k := x.Keys("people", "?", "usual")
	if !x.There() {
		return
	}
	usual := r.facts(k["usual"])
	list := k["people"].List()
	if len(list) > maxPeople {
		k["people"].Bad("keep those that show something", "there are more than %d people", maxPeople)
		return
	}
	for _, e := range list {
		r.pack.people = append(r.pack.people, r.madeUp(e, usual))
	}
	if len(list) > 0 {
		r.tried(k["people"])
	}
}

func (r *reading) madeUp(x strictyaml.Node, usual madeFacts) made {
	k := x.Keys("who", "as_of", "finding", "?", "facts", "without", "unread", "not_met", "unknown", "missing", "failsafe")
	m := made{place: x, who: k["who"].Text(), asOf: k["as_of"].Day(), facts: madeFacts{}}
	for name, list := range usual {
		m.facts[name] = list
	}
	for name, list := range r.facts(k["facts"]) {
		m.facts[name] = list
	}
	for _, name := range r.fieldList(k["without"]) {
		m.facts[name] = []criteria.Fact{}
	}
	for _, name := range r.fieldList(k["unread"]) {
		m.facts[name] = nil
	}
	m.finding = criteria.Verdict(k["finding"].OneOf(string(criteria.Met), string(criteria.NotMet), string(criteria.Unknown)))
	m.notMet, m.unknown = r.criteriaList(k["not_met"]), r.criteriaList(k["unknown"])
	m.missing, m.failsafe = r.fieldList(k["missing"]), k["failsafe"].Yes()
	slices.Sort(m.missing)
	want := criteria.Met
	if len(m.notMet) > 0 {
		want = criteria.NotMet
	} else if len(m.unknown) > 0 {
		want = criteria.Unknown
	}
	if m.finding != "" && m.finding != want {
		k["finding"].Bad("name the criteria that leave the person out in not_met, those that cannot tell in unknown", "with these reasons the finding would be %s", want)
	}
	return m
}

// criteriaList reads names of criteria, in the pack's order.
func (r *reading) criteriaList(x strictyaml.Node) []string {
	if !x.There() {
		return nil
	}
	named := map[string]bool{}
	for _, e := range x.List() {
		name := e.Name()
		if _, ok := r.pack.criterion(name); !ok && name != "" {
			e.Bad("see criteria.yaml", "there is no criterion %q", name)
		}
		named[name] = true
	}
	var out []string
	for _, c := range r.pack.criteria {
		if named[c.Name] {
			out = append(out, c.Name)
		}
	}
	return out
}

func (r *reading) fieldList(x strictyaml.Node) []string {
	if !x.There() {
		return nil
	}
	var out []string
	for _, e := range x.List() {
		if name := e.Text(); name != "" {
			r.fieldNamed(e, name)
			out = append(out, name)
		}
	}
	return out
}

func (r *reading) fieldNamed(x strictyaml.Node, name string) (criteria.FieldSpec, bool) {
	f, ok := r.catalog.Find(name)
	if !ok || f.Kind == criteria.Hidden {
		register, _, _ := strings.Cut(name, ".")
		x.Bad("fields here: "+strings.Join(r.catalog.Of(register), ", "), "there is no field %q that criteria read", strictyaml.Cut(name, 60))
		return f, false
	}
	return f, true
}

func (r *reading) facts(x strictyaml.Node) madeFacts {
	out := madeFacts{}
	for _, p := range x.Pairs() {
		spec, ok := r.fieldNamed(p.Key, p.Name)
		if !ok {
			continue
		}
		if !p.Value.IsList() {
			out[p.Name] = []criteria.Fact{{Value: factValue(p.Value, spec.Kind)}}
			continue
		}
		for _, e := range p.Value.List() {
			k := e.Keys("value", "?", "from", "until", "qualifier")
			f := criteria.Fact{Value: factValue(k["value"], spec.Kind), From: k["from"].Day(), Until: k["until"].Day()}
			if k["qualifier"].There() {
				f.Qualifier = k["qualifier"].Text()
			}
			out[p.Name] = append(out[p.Name], f)
		}
	}
	return out
}

func factValue(x strictyaml.Node, k criteria.Kind) any {
	switch k {
	case criteria.Text:
		return x.Text()
	case criteria.Date:
		return x.Day()
	case criteria.Number:
		v := x.Number()
		return v
	case criteria.YesNo:
		return x.Yes()
	}
	return person.ID(x.Whole(1, 1<<31-1))
}

// tried checks that each verdict is reached, and that each criterion is all
// that leaves somebody out: else nobody would see if it were taken away.
func (r *reading) tried(x strictyaml.Node) {
	for _, v := range []criteria.Verdict{criteria.Met, criteria.NotMet, criteria.Unknown} {
		if !slices.ContainsFunc(r.pack.people, func(m made) bool { return m.finding == v }) {
			x.Bad("make up at least one", "nobody's finding is %s", v)
		}
	}
	for i, c := range r.pack.criteria {
		alone := slices.ContainsFunc(r.pack.people, func(m made) bool {
			return len(m.notMet) == 1 && m.notMet[0] == c.Name && len(m.unknown) == 0
		})
		if !alone && c.Name != "" {
			r.lines[i].Bad("make somebody up in people.yaml for whom not_met is just this", "nobody is left out by the criterion %s alone", c.Name)
		}
	}
}

// Test runs the criteria over the made-up people. The error lists everyone
// whose finding is another than people.yaml says.
func (p *Pack) Test() error {
	var l fault.List
	for i, m := range p.people {
		bad := func(hint, format string, args ...any) {
			l.Add(fault.New(fault.Invalid, "service.Test", format, args...).Where("%s/%s:%d", p.name, peopleFile, m.place.Line()).Do("%s", hint))
		}
		f, err := p.Find(person.ID(i+1), m.facts, m.asOf)
		if err != nil {
			for _, e := range faultsOf(err) {
				bad(e.Hint, "%q has no finding: %s: %s", m.who, e.At, e.Show)
			}
			continue
		}
		var missing []string
		for _, r := range f.Reasons() {
			missing = append(missing, r.Missing...)
		}
		slices.Sort(missing)
		missing = slices.Compact(missing)
		const mend = "mend the criterion, or what is expected of it"
		switch {
		case f.Verdict() != m.finding:
			bad(mend, "the finding of %q is %s and should be %s; %s", m.who, f.Verdict(), m.finding, because(f))
		case !slices.Equal(f.Because(criteria.NotMet), m.notMet), !slices.Equal(f.Because(criteria.Unknown), m.unknown):
			bad(mend, "the finding of %q is %s for other reasons; %s", m.who, f.Verdict(), because(f))
		case !slices.Equal(missing, m.missing):
			bad(mend, "of %q %s is missing, and should be %s", m.who, orNothing(missing), orNothing(m.missing))
		case f.Met() && !p.looksAt(m):
			bad("mend the cohort in service.yaml", "%q is met, but no round looks at this person: the cohort leaves the person out", m.who)
		case p.Failsafe(f) != m.failsafe:
			bad(mend, "that %q stands on the failsafe list is %t and should be %t", m.who, p.Failsafe(f), m.failsafe)
		}
	}
	return l.Err()
}

// looksAt reports whether the cohort of a round as of the person's day holds
// the person.
func (p *Pack) looksAt(m made) bool {
	field, from, to, err := p.cohort.Range(m.asOf)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(m.facts[field], func(f criteria.Fact) bool {
		day, ok := f.Value.(time.Time)
		return ok && !day.Before(from) && day.Before(to)
	})
}

func because(f criteria.Finding) string {
	return "not met: " + orNothing(f.Because(criteria.NotMet)) + ", unknown: " + orNothing(f.Because(criteria.Unknown))
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
