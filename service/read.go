package service

import (
	"slices"
	"strings"

	"ennakko/criteria"
	"ennakko/permission"
	"ennakko/person"
)

// service reads service.yaml.
func (r *reading) service(x node) {
	p := r.pack
	k := x.keys("name", "version", "owner", "phone", "title", "law", "conditions", "purpose", "cohort", "schedule", "guardians", "measures")
	p.name, p.version, p.owner, p.phone = k["name"].name(), k["version"].textUpTo(40), k["owner"].text(), k["phone"].textUpTo(40)
	p.title = k["title"].texts()
	for _, e := range k["law"].list() {
		f := e.keys("act", "section", "says")
		p.law = append(p.law, Provision{f["act"].text(), f["section"].text(), f["says"].texts()})
	}
	r.conditions(k["conditions"])
	r.purpose(k["purpose"])
	r.cohort = k["cohort"].keys("field", "from", "to")
	p.schedule = readSchedule(k["schedule"])
	p.guardians = Guardians(k["guardians"].oneOf(string(AnyGuardian), string(AllMust), string(OneTold)))
	for _, e := range k["measures"].list() {
		f := e.keys("name", "title")
		p.measures = append(p.measures, Measure{f["name"].name(), f["title"].texts()})
	}
}

// conditions reads the five conditions. Who checks them is looked up once the
// criteria are known.
func (r *reading) conditions(x node) {
	k := x.keys(ConditionNames()...)
	for _, name := range ConditionNames() {
		f := k[name].keys("text", "evidence", "checked_by")
		c := Condition{Name: name, Text: f["text"].texts(), Evidence: f["evidence"].text()}
		by := f["checked_by"]
		if by.there() && by.n.Value == "service" {
			if name == Entitled {
				by.bad("name the criteria that check it", "that a resident is entitled is checked for each person")
			}
		} else {
			for _, e := range by.list() {
				r.checkedBy = append(r.checkedBy, e)
				c.CheckedBy = append(c.CheckedBy, e.name())
			}
		}
		r.pack.conditions = append(r.pack.conditions, c)
	}
}

func (r *reading) purpose(x node) {
	before := len(r.faults.list)
	k := x.keys("id", "name", "why", "basis", "law", "controller", "fields", "until", "retention", "objection", "?", "keep")
	s := permission.Spec{ID: k["id"].name(), Name: k["name"].texts(), Why: k["why"].texts(), Basis: k["basis"].text(), Law: k["law"].text(),
		Controller: k["controller"].text(), Until: k["until"].day(), Retention: k["retention"].text(), Objection: k["objection"].yes()}
	for _, e := range k["fields"].list() {
		f := permission.Field(e.text())
		if _, ok := r.catalog.Find(string(f)); f != "" && !ok {
			e.bad("see docs/registers.md for the fields", "there is no field %q", cut(string(f), 60))
			continue
		}
		if slices.Contains(s.Fields, f) {
			e.bad("keep one", "the field %s stands twice", f)
		}
		s.Fields = append(s.Fields, f)
	}
	r.fields = s.Fields
	p, err := permission.NewPurpose(s)
	if err != nil && x.there() && before == len(r.faults.list) {
		for _, f := range faultsOf(err) {
			x.bad(f.Hint, "%s", f.Show)
		}
	}
	r.pack.purpose = p
	if keep := k["keep"]; keep.there() {
		f := keep.keys("people_until", "record_years")
		r.pack.keep = Keep{peopleUntil: f["people_until"].day(), recordYears: f["record_years"].whole(1, 100)}
	}
}

// covered checks that the purpose covers what is read.
func (r *reading) covered(x node, fields ...string) {
	for _, f := range fields {
		if len(r.fields) > 0 && !slices.Contains(r.fields, permission.Field(f)) {
			x.bad("add it to purpose, fields, in service.yaml, if the law allows", "the purpose does not cover the field %s", f)
		}
	}
}

// criteria reads criteria.yaml and what needs the parameters.
func (r *reading) criteria(x node) {
	k := x.keys("criteria", "?", "parameters")
	if !x.there() {
		return
	}
	l, err := criteria.NewLanguage(r.catalog, r.parameters(k["parameters"]))
	if err != nil {
		for _, f := range faultsOf(err) {
			x.bad(f.Hint, "%s", f.Show)
		}
		return
	}
	r.language = l
	r.readCohort()
	var named []criteria.Named
	for _, e := range k["criteria"].list() {
		if n, ok := r.criterion(e); ok {
			named = append(named, n)
		}
	}
	r.gate()
	if len(named) == len(r.lines) && len(named) > 0 {
		r.pack.set, _ = criteria.NewSet(r.pack.hash, named...) // two of one name were told above
	}
}

// parameters reads the dated parameters and returns the names by which criteria
// may call them, also of those in which something is wrong.
func (r *reading) parameters(x node) []string {
	if !x.there() {
		return nil
	}
	var list []criteria.Param
	var names []string
	for _, e := range x.list() {
		before := len(r.faults.list)
		k := e.keys("name", "title", "values")
		p := criteria.Param{Name: k["name"].name()}
		r.pack.titles[p.Name] = k["title"].texts()
		for _, v := range k["values"].list() {
			f := v.keys("from", "value", "source")
			value := f["value"].number()
			p.Values = append(p.Values, criteria.Dated{From: f["from"].day(), Value: value, Source: f["source"].text()})
		}
		_, err := criteria.NewParams(p)
		switch {
		case slices.Contains(names, p.Name):
			e.bad("join their values", "the parameter %s stands twice", p.Name)
		case err != nil && before == len(r.faults.list):
			for _, f := range faultsOf(err) {
				e.bad(f.Hint, "%s", f.Show)
			}
		}
		list = append(list, p)
		if p.Name != "" && !strings.Contains(p.Name, "-") && !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	r.pack.params, _ = criteria.NewParams(list...) // what is wrong was told above
	return names
}

func (r *reading) readCohort() {
	field := r.cohort["field"]
	name := field.text()
	if name == "" {
		return
	}
	spec, ok := r.catalog.Find(name)
	if !ok || spec.Kind != criteria.Date {
		field.bad("the cohort is a range of days, such as of population.birth_date", "%q is not a field of days", cut(name, 60))
	}
	r.covered(field, name)
	day := func(x node) *criteria.Day {
		d, err := r.language.CompileDay(x.textUpTo(criteria.MaxText))
		if x.there() && x.n.Value != "" {
			r.compileFaults(x, err)
		}
		return d
	}
	r.pack.cohort = Cohort{name, day(r.cohort["from"]), day(r.cohort["to"]), r.pack.params}
}

// compileFaults tells what is wrong with a text in CEL, with its column.
func (r *reading) compileFaults(x node, err error) {
	for _, f := range faultsOf(err) {
		r.faults.add(x.file, x.line(), f.At+" of the text", f.Hint, "%s", f.Show)
	}
}

func (r *reading) criterion(x node) (criteria.Named, bool) {
	k := x.keys("name", "cel", "met", "not_met", "unknown", "source", "failsafe", "?", "approved")
	c := Criterion{Name: k["name"].name(), CEL: k["cel"].textUpTo(criteria.MaxText), Met: k["met"].texts(), NotMet: k["not_met"].texts(), Unknown: k["unknown"].texts(),
		Source: k["source"].text(), Failsafe: k["failsafe"].yes()}
	if a := k["approved"]; a.there() {
		f := a.keys("by", "on", "evidence")
		c.Approval = Approval{f["by"].text(), f["on"].day(), f["evidence"].text()}
	}
	if _, twice := r.pack.criterion(c.Name); twice && c.Name != "" {
		k["name"].bad("give each a name of its own", "the criterion %s stands twice", c.Name)
	}
	var program *criteria.Program
	if c.CEL != "" {
		p, err := r.language.Compile(c.CEL)
		r.compileFaults(k["cel"], err)
		if err == nil {
			program, c.Fields = p, p.Fields()
			r.covered(k["cel"], c.Fields...)
		}
	}
	r.pack.criteria = append(r.pack.criteria, c)
	r.lines = append(r.lines, x)
	return criteria.Named{Name: c.Name, Program: program}, c.Name != "" && program != nil
}

// gate checks that conditions and criteria know each other.
func (r *reading) gate() {
	used := map[string]bool{}
	for _, x := range r.checkedBy {
		name := x.n.Value
		used[name] = true
		if _, ok := r.pack.criterion(name); !ok && name != "" {
			var names []string
			for _, c := range r.pack.criteria {
				names = append(names, c.Name)
			}
			x.bad("criteria here: "+strings.Join(names, ", "), "there is no criterion %q", cut(name, 60))
		}
	}
	for i, c := range r.pack.criteria {
		if len(used) > 0 && !used[c.Name] && c.Name != "" {
			r.lines[i].bad("name it in checked_by of a condition in service.yaml, or take it away", "no condition is checked by the criterion %s", c.Name)
		}
	}
}

// languages in the order in which a message to anyone stands: the reader's
// own first.
func languages(first person.Language) []person.Language {
	out := []person.Language{first}
	for _, l := range person.Languages() {
		if l != first {
			out = append(out, l)
		}
	}
	return out
}
