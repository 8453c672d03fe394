package library

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/strictyaml"
)

// vocabulary reads concepts, definitions, parameters, shared exclusions and
// shapes, which may stand in a file of concepts or at the head of a family.
func (r *reading) vocabulary(k map[string]strictyaml.Node) {
	if k["concepts"].There() {
		for _, e := range k["concepts"].List() {
			r.concept(e)
		}
	}
	if k["definitions"].There() {
		for _, e := range k["definitions"].List() {
			d := e.Keys("name", "cel", "?", "title")
			name := d["name"].Text()
			r.definitions = append(r.definitions, criteria.Definition{Name: name, Text: d["cel"].TextUpTo(criteria.MaxText), Title: r.texts(d["title"])})
			r.named("definition", name, e)
		}
	}
	if k["parameters"].There() {
		for _, e := range k["parameters"].List() {
			r.parameter(e)
		}
	}
	if k["exclusions"].There() {
		for _, e := range k["exclusions"].List() {
			x := r.exclusion(e)
			r.named("exclusion", x.Name, e)
			r.exclusions[x.Name] = x
		}
	}
	if k["shapes"].There() {
		for _, e := range k["shapes"].List() {
			r.shape(e)
		}
	}
}

// named keeps the place of a name, which may stand for one thing only.
func (r *reading) named(kind, name string, x strictyaml.Node) {
	key := kind + " " + name
	if first, twice := r.places[key]; twice && name != "" {
		x.Bad("keep one of them", "the %s %s stands in %s, line %d, already", kind, name, first.File(), first.Line())
		return
	}
	r.places[key] = x
}

func (r *reading) exclusion(x strictyaml.Node) Exclusion {
	k := x.Keys("name", "cel", "reason")
	return Exclusion{Name: k["name"].Name(), Text: k["cel"].TextUpTo(criteria.MaxText), Reason: r.texts(k["reason"])}
}

// words reads one text or a list of texts.
func words(x strictyaml.Node) []strictyaml.Node {
	switch {
	case !x.There():
		return nil
	case x.IsList():
		return x.List()
	}
	return []strictyaml.Node{x}
}

func (r *reading) concept(x strictyaml.Node) {
	k := x.Keys("name", "kind", "?", "title", "codes", "value_set", "value", "unit", "without_unit", "substance", "statuses", "absent")
	c := criteria.Concept{Name: k["name"].Text(), Title: r.texts(k["title"]), Value: criteria.Event, Absent: criteria.AbsentNone}
	for _, e := range words(k["kind"]) {
		kind, err := clinical.ParseKind(e.Text())
		for _, f := range fault.All(err, loadOp) {
			e.Bad(f.Hint, "%s", f.Show)
		}
		c.Kinds = append(c.Kinds, kind)
	}
	var lists []string
	c.Codes, lists = r.codes(x, k["codes"], k["value_set"])
	if k["unit"].There() {
		u, err := coding.ParseUnit(k["unit"].TextUpTo(coding.MaxUnit))
		for _, f := range fault.All(err, loadOp) {
			k["unit"].Bad(f.Hint, "%s", f.Show)
		}
		c.Unit, c.Value = u, criteria.Number
	}
	if k["without_unit"].There() {
		c.Bare = k["without_unit"].OneOf("error", "same") == "same"
	}
	if k["substance"].There() {
		c.Substance = k["substance"].OneOf(coding.Substances()...)
	}
	if k["value"].There() {
		said := k["value"].OneOf("number", "coded", "none", "any")
		c.Given = said == "any"
		c.Value = map[string]criteria.Kind{"number": criteria.Number, "coded": criteria.Coded, "none": criteria.Event, "any": criteria.Event}[said]
	}
	if k["absent"].There() && k["absent"].OneOf("none", "unknown") == "unknown" {
		c.Absent = criteria.AbsentUnknown
	}
	for _, e := range words(k["statuses"]) {
		c.Statuses = append(c.Statuses, e.Text())
	}
	r.named("concept", c.Name, x)
	r.concepts = append(r.concepts, c)
	r.lib.lists[c.Name] = lists
}

// codes joins the codes written in a concept with those of its value sets.
func (r *reading) codes(x, written, sets strictyaml.Node) (*coding.ValueSet, []string) {
	var all []coding.Pattern
	for _, e := range words(written) {
		p := coding.ParsePattern(e.TextUpTo(200))
		if p.Code.System == "" || p.Code.Code == "" {
			e.Bad("write system|code, as in loinc|8480-6 or icd10|I10*", "this is not a code")
			continue
		}
		all = append(all, p)
	}
	var names []string
	for _, e := range words(sets) {
		name := e.Text()
		s := r.set(name)
		if s == nil {
			e.Bad("put it into the folder "+setsFolder+", as .json or .csv", "there is no value set %q", strictyaml.Cut(name, 120))
			continue
		}
		names = append(names, s.Name)
		all = append(all, s.Patterns()...)
	}
	if !written.There() && !sets.There() {
		x.Bad("give it codes, value_set or both", "the concept has no codes")
	}
	return coding.NewValueSet("", all...), names
}

// set finds a value set by its name or address.
func (r *reading) set(name string) *coding.ValueSet {
	if s := r.lib.sets[name]; s != nil {
		return s
	}
	for _, s := range r.lib.sets {
		if s.Address == name && name != "" {
			return s
		}
	}
	return nil
}

func (r *reading) parameter(x strictyaml.Node) {
	k := x.Keys("name", "values", "?", "title", "unit")
	p := criteria.Param{Name: k["name"].Text()}
	spec := criteria.ParamSpec{Name: p.Name}
	if k["unit"].There() {
		u, err := coding.ParseUnit(k["unit"].TextUpTo(coding.MaxUnit))
		for _, f := range fault.All(err, loadOp) {
			k["unit"].Bad(f.Hint, "%s", f.Show)
		}
		spec.Unit = u
	}
	r.lib.paramTitles[p.Name], r.lib.paramUnits[p.Name] = r.texts(k["title"]), spec.Unit
	for _, e := range k["values"].List() {
		v := e.Keys("from", "value", "source")
		p.Values = append(p.Values, criteria.Dated{From: v["from"].Day(), Value: v["value"].Number(), Source: v["source"].Text()})
	}
	before := r.faults.Len()
	if _, err := criteria.NewParams(p); err != nil && before == r.faults.Len() && p.Name != "" {
		for _, f := range fault.All(err, loadOp) {
			x.Bad(f.Hint, "%s", f.Show)
		}
	}
	r.named("parameter", p.Name, x)
	r.params, r.units = append(r.params, p), append(r.units, spec)
}

// speak makes the language of what was read and reports whether it could.
func (r *reading) speak() bool {
	sets := make([]*coding.ValueSet, 0, len(r.lib.sets))
	for _, s := range r.lib.sets {
		sets = append(sets, s)
	}
	slices.SortFunc(sets, func(a, b *coding.ValueSet) int { return strings.Compare(a.Name, b.Name) })
	if r.faults.Len() > 0 {
		return false // what follows would only tell of the same again
	}
	params, err := criteria.NewParams(r.params...)
	if err != nil {
		r.faults.Add(libraryFile, 0, "", "", "%s", err)
		return false
	}
	l, err := criteria.NewHealthLanguage(criteria.Vocabulary{Fields: r.catalog, Concepts: r.concepts, Params: r.units, ValueSets: sets, Definitions: r.definitions})
	for _, f := range fault.All(err, loadOp) {
		r.placed(f)
	}
	if err != nil {
		return false
	}
	r.lib.language, r.lib.params = l, params
	for _, c := range r.concepts {
		r.lib.concepts[c.Name] = c
	}
	return true
}

// placed tells a fault of a concept or definition at its place: At begins
// "concept systolic" or "definition adult, column 3".
func (r *reading) placed(f *fault.Error) {
	head, more, _ := strings.Cut(f.At, ", ")
	if x, ok := r.places[head]; ok {
		r.faults.Add(x.File(), x.Line(), more, f.Hint, "%s", f.Show)
		return
	}
	r.faults.Add(libraryFile, 0, f.At, f.Hint, "%s", f.Show)
}

// conceptHash is the SHA-256 of a concept with the codes that it holds.
func (l *Library) conceptHash(name string) string {
	c := l.concepts[name]
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s %v %v %s %t %s %v %v\n", c.Name, c.Kinds, c.Value, c.Unit, c.Bare, c.Substance, c.Statuses, c.Absent)
	if c.Given {
		_, _ = fmt.Fprintln(h, "with any value")
	}
	for _, p := range c.Codes.Patterns() {
		_, _ = fmt.Fprintln(h, p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
