package criteria

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"

	"ennakko/fault"
	"ennakko/person"
)

// Definition is a part of a condition that many criteria share under a name:
// whatever can stand in brackets, yes-or-no, a number, a day or a series. Its
// name stands for its text.
type Definition struct {
	Name  string
	Text  string
	Title map[person.Language]string // what it is, for the trace; may be empty
}

// definition is a checked one.
type definition struct {
	Definition
	tree  ast.Expr         // as it was read, other definitions in their place
	named map[int64]string // its parts that were the name of another
}

// builtIn are the definitions that every language has whose registers say
// what they need.
func (l *Language) builtIn() []Definition {
	var out []Definition
	if f, ok := l.catalog.Find("population.birth_date"); ok && f.Kind == Date {
		out = append(out, Definition{"age", "yearsBetween(population.birth_date.latest(), as_of)", titleOf("ikä vuosina", "ålder i år", "age in years")})
	}
	if f, ok := l.catalog.Find("population.sex"); ok && f.Kind == Text {
		out = append(out, Definition{"sex", "population.sex.latest()", titleOf("sukupuoli", "kön", "sex")})
	}
	return out
}

func titleOf(fi, sv, en string) map[person.Language]string {
	return map[person.Language]string{person.Finnish: fi, person.Swedish: sv, person.English: en}
}

// defining is the definitions of a language on their way in.
type defining struct {
	l      *Language
	todo   map[string]Definition
	busy   []string // being read, to find a circle
	faults fault.List
}

// define takes definitions in, each after those that it names.
func (l *Language) define(list []Definition) error {
	l.definitions = map[string]definition{}
	d := &defining{l: l, todo: map[string]Definition{}}
	for _, x := range slices.Concat(l.builtIn(), list) {
		_, taken := l.find(x.Name)
		_, twice := d.todo[x.Name]
		reserved := slices.Contains(reservedNames(), x.Name)
		if !shortName.MatchString(x.Name) || taken || twice || reserved && !slices.ContainsFunc(l.builtIn(), func(b Definition) bool { return b.Name == x.Name }) {
			d.faults.Add(fault.New(fault.Invalid, "criteria.Definition", "%q is not a name for a definition, or stands for something already", x.Name).
				Where("definition %s", x.Name).Do("use small letters, digits and _"))
			continue
		}
		d.todo[x.Name] = x
	}
	for _, x := range list {
		d.take(x.Name)
	}
	for _, x := range l.builtIn() {
		d.take(x.Name)
	}
	return d.faults.Err()
}

// take reads one definition, unless it has been.
func (d *defining) take(name string) {
	x, ok := d.todo[name]
	if !ok {
		return
	}
	delete(d.todo, name)
	d.busy = append(d.busy, name)
	read, err := d.l.read(x.Text, d)
	d.busy = d.busy[:len(d.busy)-1]
	for _, f := range fault.All(err, "criteria") {
		d.faults.Add(f.Where("definition %s, %s", name, f.At))
	}
	if err == nil {
		read.Definition = x
		d.l.definitions[name] = read
	}
}

// Definitions lists the definitions of the language in order of the alphabet,
// those that every language has included.
func (l *Language) Definitions() []Definition {
	out := make([]Definition, 0, len(l.definitions))
	for _, d := range l.definitions {
		out = append(out, d.Definition)
	}
	slices.SortFunc(out, func(a, b Definition) int { return strings.Compare(a.Name, b.Name) })
	return out
}
