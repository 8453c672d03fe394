package library

import (
	"math"
	"slices"
	"strings"
	"time"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/strictyaml"
)

// made is a made-up person with the verdicts that the criteria must give.
type made struct {
	who    string
	file   string
	line   int
	family string
	run    criteria.Run
	read   bool
	own    []clinical.Record
	home   []clinical.Record // of the others in the dwelling
	homes  bool              // the household was read
	fields map[string][]criteria.Fact
	expect map[string]expected
	others *expected // of every other criterion of the family
}

type expected struct {
	verdict   criteria.CareVerdict
	exclusion string
}

func (e expected) String() string {
	if e.exclusion != "" {
		return string(e.verdict) + " by " + e.exclusion
	}
	return string(e.verdict)
}

// facts are the person's facts as the language of the library asks for them.
func (l *Library) facts(m *made) criteria.Facts {
	f := criteria.RecordFacts{Language: l.language, Read: m.read, Concepts: map[string][]criteria.Fact{}, Other: other{l, m}}
	for name, c := range l.concepts {
		f.Concepts[name] = c.Facts(m.own)
	}
	return f
}

// other is what does not come from the person's own health record.
type other struct {
	l *Library
	m *made
}

func (o other) Facts(name string) ([]criteria.Fact, bool) {
	of, household := strings.CutPrefix(name, "household.")
	if !household {
		list, ok := o.m.fields[name]
		return list, !ok || list != nil
	}
	if !o.m.homes || !o.m.read {
		return nil, false
	}
	c, ok := o.l.concepts[of]
	if !ok {
		return o.Facts(of)
	}
	// The others' numbers of resources are others than the person's own.
	return slices.Concat(c.Facts(o.m.own), c.Facts(o.m.home)), true
}

// people reads a file of made-up people.
func (r *reading) people(x strictyaml.Node) {
	k := x.Keys("people", "?", "family", "as_of", "period")
	family := optional(k["family"])
	if _, ok := r.places["family "+family]; family != "" && !ok {
		k["family"].Bad("see the files of criteria", "there is no family %q", strictyaml.Cut(family, 60))
	}
	before := map[string]*made{}
	for _, e := range k["people"].List() {
		if e.Has("each") {
			r.each(e, k, before)
			continue
		}
		r.keep(e, r.person(e, k, family, before, ""), before)
	}
}

// keep takes a person in that was read.
func (r *reading) keep(x strictyaml.Node, m *made, before map[string]*made) {
	if m.who == "" {
		return
	}
	if before[m.who] != nil {
		x.Bad("say how they differ", "two people of the file have the same words under who")
	}
	before[m.who] = m
	r.lib.people = append(r.lib.people, m)
}

// person reads one of them. Of somebody made for a row of a shape something is
// expected by the criterion of the row alone.
func (r *reading) person(x strictyaml.Node, head map[string]strictyaml.Node, family string, before map[string]*made, criterion string) *made {
	k := x.Keys("who", "?", "expect", "others", "like", "without", "as_of", "period", "born", "age", "sex", "fields", "unread", "record", "household")
	m := &made{who: k["who"].Text(), file: x.File(), line: x.Line(), family: family, read: true, homes: true, fields: map[string][]criteria.Fact{}, expect: map[string]expected{}}
	if k["like"].There() {
		first, ok := before[k["like"].Text()]
		if !ok {
			k["like"].Bad("repeat the words under who of somebody above", "nobody above is called that")
		} else {
			m.run, m.read, m.homes, m.own, m.home = first.run, first.read, first.homes, slices.Clone(first.own), slices.Clone(first.home)
			for name, list := range first.fields {
				m.fields[name] = list
			}
		}
	}
	for _, from := range []map[string]strictyaml.Node{head, k} {
		if from["as_of"].There() && (!k["like"].There() || from["who"].There()) {
			m.run.AsOf = from["as_of"].Day()
		}
		if from["period"].There() {
			m.run.Period = period(from["period"])
		}
	}
	if m.run.AsOf.IsZero() {
		x.Bad("write as_of: 2025-12-31 here or at the head of the file", "there is no day as of which to decide")
		return m
	}
	r.without(m, k["without"])
	r.who(m, k)
	r.unread(m, k["unread"])
	m.own = append(m.own, r.records(k["record"], m.run.AsOf, len(m.own))...)
	if k["household"].There() {
		if k["household"].IsList() {
			m.home = append(m.home, r.records(k["household"], m.run.AsOf, len(m.home))...)
		} else {
			k["household"].OneOf("unread")
			m.homes = false
		}
	}
	if criterion != "" {
		r.expectation(m, criterion, k["expect"])
		return m
	}
	r.expectations(m, x, k)
	return m
}

// unread reads true (the health record was not read), or a list of what was
// not: record, and fields of registers.
func (r *reading) unread(m *made, x strictyaml.Node) {
	if !x.There() {
		return
	}
	if !x.IsList() {
		m.read = !x.Yes()
		return
	}
	for _, e := range x.List() {
		if e.Text() == "record" {
			m.read = false
			continue
		}
		if _, ok := r.catalog.Find(e.Word()); !ok {
			e.Bad("see the registers in docs/registers.md", "there is no field %q", strictyaml.Cut(e.Word(), 60))
		}
		m.fields[e.Word()] = nil
	}
}

// period reads "2025-01-01..2025-12-31".
func period(x strictyaml.Node) criteria.Period {
	a, b, ok := strings.Cut(x.Word(), "..")
	from, err := time.Parse(time.DateOnly, a)
	to, err2 := time.Parse(time.DateOnly, b)
	if !ok || err != nil || err2 != nil || to.Before(from) {
		x.Bad("write it as 2025-01-01..2025-12-31", "a period belongs here")
		return criteria.Period{}
	}
	return criteria.Period{First: from, Last: to}
}

// without takes away what of the record is of the named concepts, and fields.
func (r *reading) without(m *made, x strictyaml.Node) {
	for _, e := range words(x) {
		name := e.Text()
		if c, ok := r.lib.concepts[name]; ok {
			m.own = slices.DeleteFunc(m.own, c.Takes)
			m.home = slices.DeleteFunc(m.home, c.Takes)
			continue
		}
		if _, ok := r.catalog.Find(name); !ok {
			e.Bad("name a concept, or a field of a register", "there is no concept or field %q", strictyaml.Cut(name, 60))
			continue
		}
		delete(m.fields, name)
	}
}

// who reads what the registers say of the person.
func (r *reading) who(m *made, k map[string]strictyaml.Node) {
	if k["born"].There() {
		m.fields["population.birth_date"] = []criteria.Fact{{Value: r.day(k["born"], m.run.AsOf)}}
	}
	if k["age"].There() {
		years := k["age"].Whole(0, 130)
		m.fields["population.birth_date"] = []criteria.Fact{{Value: criteria.AddSpan(m.run.AsOf, criteria.Span{N: years, Unit: 'y'}, -1)}}
	}
	if k["sex"].There() {
		m.fields["population.sex"] = []criteria.Fact{{Value: k["sex"].OneOf("f", "m")}}
	}
	if !k["fields"].There() {
		return
	}
	for _, p := range k["fields"].Pairs() {
		f, ok := r.catalog.Find(p.Name)
		if !ok || f.Kind == criteria.Hidden {
			p.Key.Bad("see the registers in docs/registers.md", "there is no field %q that criteria read", strictyaml.Cut(p.Name, 60))
			continue
		}
		var v any
		switch f.Kind {
		case criteria.Date:
			v = r.day(p.Value, m.run.AsOf)
		case criteria.Number:
			v = p.Value.Number()
		case criteria.YesNo:
			v = p.Value.Yes()
		default:
			v = p.Value.Text()
		}
		m.fields[p.Name] = []criteria.Fact{{Value: v}}
	}
}

// day reads 2025-03-01, or how long before asOf: "14d ago".
func (r *reading) day(x strictyaml.Node, asOf time.Time) time.Time {
	if span, ok := strings.CutSuffix(x.Word(), " ago"); ok {
		s, err := criteria.ParseSpan(span)
		if err != nil {
			x.Bad("write it as 14d ago, 3mo ago or 2y ago", "this is not a length of time")
			return asOf
		}
		return criteria.AddSpan(asOf, s, -1)
	}
	return x.Day()
}

// records reads entries of a health record.
func (r *reading) records(x strictyaml.Node, asOf time.Time, number int) []clinical.Record {
	if !x.There() {
		return nil
	}
	var out []clinical.Record
	for i, e := range x.List() {
		if c, ok := r.record(e, asOf); ok {
			c.Group = uint32(number + i + 1) //nolint:gosec // a file is far shorter than that
			out = append(out, c)
		}
	}
	return out
}

func (r *reading) record(x strictyaml.Node, asOf time.Time) (clinical.Record, bool) {
	if !x.IsGroup() {
		x.Bad("as in {systolic: 150, on: 14d ago}", "an entry of a record belongs here")
		return clinical.Record{}, false
	}
	subject := ""
	for _, p := range x.Pairs() {
		_, concept := r.lib.concepts[p.Name]
		if _, err := clinical.ParseKind(p.Name); concept || err == nil && p.Name != "encounter" || p.Name == "encounter" && strings.Contains(p.Value.Word(), "|") {
			subject = p.Name
			break
		}
	}
	if subject == "" {
		x.Bad("begin it with a concept, or with a kind of record and a code: {observation: loinc|8480-6, ...}", "the entry says of nothing that it was")
		return clinical.Record{}, false
	}
	k := x.Keys(subject, "?", "on", "from", "until", "at", "value", "unit", "coded", "class", "status", "in_encounter")
	c := clinical.Record{Value: math.NaN(), Minute: clinical.NoMinute, From: clinical.Always, Until: clinical.Open, Source: "made-up"}
	if concept, ok := r.lib.concepts[subject]; ok {
		r.ofConcept(&c, concept, k[subject])
	} else {
		c.Kind, _ = clinical.ParseKind(subject)
		c.Codes = []coding.Code{coding.Parse(k[subject].Text())}
	}
	r.details(&c, k, asOf)
	return c, true
}

// ofConcept makes a record that the concept takes.
func (r *reading) ofConcept(c *clinical.Record, concept criteria.Concept, x strictyaml.Node) {
	c.Kind = concept.Kinds[0]
	c.Codes = []coding.Code{concept.Codes.Patterns()[0].Code}
	c.Unit = concept.Unit.String()
	if len(concept.Statuses) > 0 {
		c.Status = concept.Statuses[0]
	}
	word := x.Word()
	switch {
	case concept.Value == criteria.Number:
		c.Value = x.Number()
	case concept.Value == criteria.Coded:
		c.ValueCode = coding.Parse(word)
		if s := r.set(word); s != nil {
			c.ValueCode = s.Patterns()[0].Code
		}
	case strings.Contains(word, "|"):
		c.Codes = []coding.Code{coding.Parse(word)}
		if !concept.Codes.HasAny(c.Codes) {
			x.Bad("look at the codes of the concept", "the code is not one of the concept's")
		}
	default:
		x.OneOf("yes")
	}
	if concept.Given {
		c.ValueCode = clinical.Said()
	}
}

// usualStatus is the status of a record of a kind if none is written.
func usualStatus(k clinical.Kind) string {
	switch k {
	case clinical.Observation:
		return "final"
	case clinical.Procedure, clinical.Immunization:
		return "completed"
	case clinical.Encounter:
		return "finished"
	}
	return "active"
}

func (r *reading) details(c *clinical.Record, k map[string]strictyaml.Node, asOf time.Time) {
	if k["from"].There() {
		c.From = criteria.DayNumber(r.day(k["from"], asOf))
	}
	if k["until"].There() {
		c.Until = criteria.DayNumber(r.day(k["until"], asOf))
	}
	if k["on"].There() {
		c.From = criteria.DayNumber(r.day(k["on"], asOf))
		c.Until = c.From
	}
	if k["at"].There() {
		c.Minute = int32(k["at"].Clock() / time.Minute) //nolint:gosec // a day has 1440
	}
	if k["value"].There() {
		c.Value = k["value"].Number()
	}
	if k["unit"].There() {
		c.Unit = k["unit"].Text()
	}
	if k["coded"].There() {
		c.ValueCode = coding.Parse(k["coded"].Text())
	}
	c.Class = optional(k["class"])
	if c.Status == "" {
		c.Status = usualStatus(c.Kind)
	}
	if k["status"].There() {
		c.Status = k["status"].Text()
	}
	if k["in_encounter"].There() {
		c.Encounter = uint32(k["in_encounter"].Whole(1, 1e6)) //nolint:gosec // at most a million
	}
}

// expectations read "gap", "met", "not applicable", "unknown" and "excluded by
// NAME".
func (r *reading) expectations(m *made, x strictyaml.Node, k map[string]strictyaml.Node) {
	if k["others"].There() {
		e := verdict(k["others"])
		m.others = &e
		if m.family == "" {
			k["others"].Bad("write family: NAME at the head of the file", "it is not said of which family the others are")
		}
	}
	if !k["expect"].There() && m.others == nil {
		x.Bad("add expect: {NAME: gap}", "nothing is expected of the person")
		return
	}
	if !k["expect"].There() {
		return
	}
	for _, p := range k["expect"].Pairs() {
		if _, known := r.places["criterion "+p.Name]; !known {
			p.Key.Bad("see the files of criteria", "there is no criterion %q", strictyaml.Cut(p.Name, 60))
			continue
		}
		r.expectation(m, p.Name, p.Value)
	}
}

// expectation is what one criterion is expected to say. A criterion that is
// faulty is not there; its own faults are told.
func (r *reading) expectation(m *made, criterion string, x strictyaml.Node) {
	c, ok := r.lib.Criterion(criterion)
	if !ok {
		return
	}
	if !x.There() {
		return
	}
	e := verdict(x)
	if e.exclusion != "" && !slices.ContainsFunc(c.Exclusions, func(x Exclusion) bool { return x.Name == e.exclusion }) {
		x.Bad("see its exclusions", "the criterion has no exclusion %q", strictyaml.Cut(e.exclusion, 60))
	}
	m.expect[criterion] = e
}

func verdict(x strictyaml.Node) expected {
	word, by, excluded := strings.Cut(x.Word(), " by ")
	v := criteria.CareVerdict(word)
	if !slices.Contains(criteria.CareVerdicts(), v) || excluded != (v == criteria.Excluded) {
		x.Bad("gap, met, not applicable, unknown, error, or excluded by NAME", "this is not a verdict")
	}
	return expected{v, by}
}
