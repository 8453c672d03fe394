package service

import (
	"slices"
	"strings"

	"ennakko/criteria"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/strictyaml"
)

// service reads service.yaml.
func (r *reading) service(x strictyaml.Node) {
	p := r.pack
	k := x.Keys("name", "version", "owner", "phone", "title", "law", "conditions", "purpose", "cohort", "schedule", "guardians", "measures", "?", "units", "address", "order", "appointments", "comparison", "outcomes")
	p.name, p.version, p.owner, p.phone = k["name"].Name(), k["version"].TextUpTo(40), k["owner"].Text(), k["phone"].TextUpTo(40)
	p.title = k["title"].Texts()
	for _, e := range k["law"].List() {
		f := e.Keys("act", "section", "says")
		p.law = append(p.law, Provision{f["act"].Text(), f["section"].Text(), f["says"].Texts()})
	}
	r.conditions(k["conditions"])
	r.purpose(k["purpose"])
	r.cohort = k["cohort"].Keys("field", "from", "to")
	p.schedule = readSchedule(k["schedule"])
	p.guardians = Guardians(k["guardians"].OneOf(string(AnyGuardian), string(AllMust), string(OneTold), string(Self)))
	r.places(k)
	r.appointments(k["appointments"])
	r.comparison = k["comparison"]
	r.outcomes(k["outcomes"])
	for _, e := range k["measures"].List() {
		f := e.Keys("name", "title")
		p.measures = append(p.measures, Measure{f["name"].Name(), f["title"].Texts()})
	}
}

// places reads where places are held, and who comes first.
func (r *reading) places(k map[string]strictyaml.Node) {
	r.pack.unitKind = "early_education"
	if units := k["units"]; units.There() {
		r.pack.unitKind = units.OneOf("early_education", "health_station", "exercise_group", NoUnit)
		if r.pack.unitKind == NoUnit && !r.pack.ForSelf() {
			units.Bad("write guardians: self", "only grown-ups who answer for themselves are offered something that has no place")
		}
	}
	if address := k["address"]; address.There() {
		r.pack.address = address.TextUpTo(maxName)
	}
	if order := k["order"]; order.There() {
		f := order.Keys("field", "with")
		r.pack.order.Field = permission.Field(f["field"].Text())
		if spec, ok := r.catalog.Find(string(r.pack.order.Field)); !ok || spec.Kind != criteria.Number {
			f["field"].Bad("such as care.gap", "the order stands on a field of numbers")
		}
		r.covered(f["field"], string(r.pack.order.Field))
		for _, e := range f["with"].List() {
			r.pack.order.With = append(r.pack.order.With, e.Text())
		}
	}
}

// conditions reads the five conditions. Who checks them is looked up once the
// criteria are known.
func (r *reading) conditions(x strictyaml.Node) {
	k := x.Keys(ConditionNames()...)
	for _, name := range ConditionNames() {
		f := k[name].Keys("text", "evidence", "checked_by")
		c := Condition{Name: name, Text: f["text"].Texts(), Evidence: f["evidence"].Text()}
		by := f["checked_by"]
		if by.There() && by.Word() == "service" {
			if name == Entitled {
				by.Bad("name the criteria that check it", "that a resident is entitled is checked for each person")
			}
		} else {
			for _, e := range by.List() {
				r.checkedBy = append(r.checkedBy, e)
				c.CheckedBy = append(c.CheckedBy, e.Name())
			}
		}
		r.pack.conditions = append(r.pack.conditions, c)
	}
}

func (r *reading) purpose(x strictyaml.Node) {
	before := r.faults.Len()
	k := x.Keys("id", "name", "why", "basis", "law", "controller", "fields", "until", "retention", "objection", "?", "keep")
	s := permission.Spec{ID: k["id"].Name(), Name: k["name"].Texts(), Why: k["why"].Texts(), Basis: k["basis"].Text(), Law: k["law"].Text(),
		Controller: k["controller"].Text(), Until: k["until"].Day(), Retention: k["retention"].Text(), Objection: k["objection"].Yes()}
	for _, e := range k["fields"].List() {
		f := permission.Field(e.Text())
		if _, ok := r.catalog.Find(string(f)); f != "" && !ok {
			e.Bad("see docs/registers.md for the fields", "there is no field %q", strictyaml.Cut(string(f), 60))
			continue
		}
		if slices.Contains(s.Fields, f) {
			e.Bad("keep one", "the field %s stands twice", f)
		}
		s.Fields = append(s.Fields, f)
	}
	r.fields = s.Fields
	p, err := permission.NewPurpose(s)
	if err != nil && x.There() && before == r.faults.Len() {
		for _, f := range faultsOf(err) {
			x.Bad(f.Hint, "%s", f.Show)
		}
	}
	r.pack.purpose = p
	if keep := k["keep"]; keep.There() {
		f := keep.Keys("people_until", "record_years")
		r.pack.keep = Keep{peopleUntil: f["people_until"].Day(), recordYears: f["record_years"].Whole(1, 100)}
	}
}

// covered checks that the purpose covers what is read.
func (r *reading) covered(x strictyaml.Node, fields ...string) {
	for _, f := range fields {
		if len(r.fields) > 0 && !slices.Contains(r.fields, permission.Field(f)) {
			x.Bad("add it to purpose, fields, in service.yaml, if the law allows", "the purpose does not cover the field %s", f)
		}
	}
}

// criteria reads criteria.yaml and what needs the parameters.
func (r *reading) criteria(x strictyaml.Node) {
	k := x.Keys("criteria", "?", "parameters")
	if !x.There() {
		return
	}
	l, err := criteria.NewLanguage(r.catalog, r.parameters(k["parameters"]))
	if err != nil {
		for _, f := range faultsOf(err) {
			x.Bad(f.Hint, "%s", f.Show)
		}
		return
	}
	r.language = l
	r.readCohort()
	r.readComparison(r.comparison)
	var named []criteria.Named
	for _, e := range k["criteria"].List() {
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
func (r *reading) parameters(x strictyaml.Node) []string {
	if !x.There() {
		return nil
	}
	var list []criteria.Param
	var names []string
	for _, e := range x.List() {
		before := r.faults.Len()
		k := e.Keys("name", "title", "values")
		p := criteria.Param{Name: k["name"].Name()}
		r.pack.titles[p.Name] = k["title"].Texts()
		for _, v := range k["values"].List() {
			f := v.Keys("from", "value", "source")
			value := f["value"].Number()
			p.Values = append(p.Values, criteria.Dated{From: f["from"].Day(), Value: value, Source: f["source"].Text()})
		}
		_, err := criteria.NewParams(p)
		switch {
		case slices.Contains(names, p.Name):
			e.Bad("join their values", "the parameter %s stands twice", p.Name)
		case err != nil && before == r.faults.Len():
			for _, f := range faultsOf(err) {
				e.Bad(f.Hint, "%s", f.Show)
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
	name := field.Text()
	if name == "" {
		return
	}
	spec, ok := r.catalog.Find(name)
	if !ok || spec.Kind != criteria.Date {
		field.Bad("the cohort is a range of days, such as of population.birth_date", "%q is not a field of days", strictyaml.Cut(name, 60))
	}
	r.covered(field, name)
	day := func(x strictyaml.Node) *criteria.Day {
		d, err := r.language.CompileDay(x.TextUpTo(criteria.MaxText))
		if x.There() && x.Word() != "" {
			r.compileFaults(x, err)
		}
		return d
	}
	r.pack.cohort = Cohort{name, day(r.cohort["from"]), day(r.cohort["to"]), r.pack.params}
}

// compileFaults tells what is wrong with a text in CEL, with its column.
func (r *reading) compileFaults(x strictyaml.Node, err error) {
	for _, f := range faultsOf(err) {
		r.faults.Add(x.File(), x.Line(), f.At+" of the text", f.Hint, "%s", f.Show)
	}
}

func (r *reading) criterion(x strictyaml.Node) (criteria.Named, bool) {
	k := x.Keys("name", "cel", "met", "not_met", "unknown", "source", "failsafe", "?", "approved")
	c := Criterion{Name: k["name"].Name(), CEL: k["cel"].TextUpTo(criteria.MaxText), Met: k["met"].Texts(), NotMet: k["not_met"].Texts(), Unknown: k["unknown"].Texts(),
		Source: k["source"].Text(), Failsafe: k["failsafe"].Yes()}
	if a := k["approved"]; a.There() {
		f := a.Keys("by", "on", "evidence")
		c.Approval = Approval{f["by"].Text(), f["on"].Day(), f["evidence"].Text()}
	}
	if _, twice := r.pack.criterion(c.Name); twice && c.Name != "" {
		k["name"].Bad("give each a name of its own", "the criterion %s stands twice", c.Name)
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
		name := x.Word()
		used[name] = true
		if _, ok := r.pack.criterion(name); !ok && name != "" {
			var names []string
			for _, c := range r.pack.criteria {
				names = append(names, c.Name)
			}
			x.Bad("criteria here: "+strings.Join(names, ", "), "there is no criterion %q", strictyaml.Cut(name, 60))
		}
	}
	for i, c := range r.pack.criteria {
		if len(used) > 0 && !used[c.Name] && c.Name != "" {
			r.lines[i].Bad("name it in checked_by of a condition in service.yaml, or take it away", "no condition is checked by the criterion %s", c.Name)
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
