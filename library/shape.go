package library

import (
	"fmt"
	"slices"
	"strings"

	"ennakko/criteria"
	"ennakko/person"
	"ennakko/strictyaml"
)

// shape is a criterion with holes. Each of its rows fills them and so makes a
// criterion, which is then read as any other.
type shape struct {
	takes []string
	keys  map[string]strictyaml.Node
	rows  []row
}

// row is the values for the holes of a shape, with the criterion they make.
type row struct {
	name   string
	node   strictyaml.Node
	values map[string]strictyaml.Node
}

// ofCriterion are the keys that a row may give for itself.
func ofCriterion() []string {
	return []string{"title", "gap", "source", "evidence", "exclusions", "benefit", "approval", "points"}
}

func (r *reading) shape(x strictyaml.Node) {
	k := x.Keys("name", "takes", "population", "done", "?", "usual", "exclusions", "title", "gap", "evidence", "source")
	s := &shape{keys: k}
	for _, e := range words(k["takes"]) {
		name := e.Name()
		if name == "name" || slices.Contains(ofCriterion(), name) {
			e.Bad("give it another name", "the key %q of a row has a meaning of its own", name)
		}
		s.takes = append(s.takes, name)
	}
	if k["usual"].There() {
		for _, p := range k["usual"].Pairs() {
			if !slices.Contains(s.takes, p.Name) {
				p.Key.Bad("add it to takes", "the shape does not take %q", strictyaml.Cut(p.Name, 60))
			}
		}
	}
	name := k["name"].Name()
	r.named("shape", name, x)
	r.shapes[name] = s
}

// shaped reads the rows of a shape and makes their criteria.
func (r *reading) shaped(f family, x strictyaml.Node) {
	k := x.Keys("shape", "rows")
	s := r.shapes[k["shape"].Word()]
	if s == nil {
		x.Bad("see shapes in the concepts and families", "there is no shape %q", strictyaml.Cut(k["shape"].Word(), 60))
		return
	}
	for _, e := range k["rows"].List() {
		w, own := r.row(s, e)
		keys := map[string]strictyaml.Node{"name": own["name"]}
		for name, part := range s.keys {
			if name != "name" && name != "takes" && name != "usual" {
				if _, given := own[name]; !given || name == "exclusions" {
					keys[name] = part.Fill(e, r.filling(w))
				}
			}
		}
		for name, part := range own {
			if name != "exclusions" {
				keys[name] = part.Fill(e, r.filling(w))
			}
		}
		for _, name := range []string{"title", "gap", "evidence"} {
			if !keys[name].There() {
				e.Bad("add it to the row, or to the shape", "the key %q is missing", name)
			}
		}
		s.rows = append(s.rows, w)
		r.criterion(f, e, keys, own["exclusions"])
	}
}

// row reads one row: the values of the holes, and what it gives for itself.
func (r *reading) row(s *shape, x strictyaml.Node) (row, map[string]strictyaml.Node) {
	w, own := row{node: x, values: map[string]strictyaml.Node{}}, map[string]strictyaml.Node{}
	if s.keys["usual"].There() {
		for _, p := range s.keys["usual"].Pairs() {
			w.values[p.Name] = p.Value
		}
	}
	for _, p := range x.Pairs() {
		switch {
		case p.Name == "name" || slices.Contains(ofCriterion(), p.Name):
			own[p.Name] = p.Value
		case slices.Contains(s.takes, p.Name):
			w.values[p.Name] = p.Value
		default:
			p.Key.Bad("it takes: "+strings.Join(s.takes, ", "), "the shape does not take %q", strictyaml.Cut(p.Name, 60))
		}
	}
	for _, name := range s.takes {
		if _, ok := w.values[name]; !ok {
			x.Bad("add it", "the key %q is missing", name)
		}
	}
	if !own["name"].There() {
		x.Bad("add it", "the key %q is missing", "name")
	}
	w.name = own["name"].Name()
	return w, own
}

// filling gives the values of a row: <x> is the value, <x.title> the title of
// the concept or definition whose name the value is, <x.words> a length of
// time in words.
func (r *reading) filling(w row) strictyaml.Filling {
	return func(name string, in person.Language) (part strictyaml.Node, text string, ok bool) {
		of, what, _ := strings.Cut(name, ".")
		v, ok := w.values[of]
		switch {
		case name == "name":
			return strictyaml.Node{}, w.name, true
		case !ok:
			return v, "", false
		case what == "title":
			text, ok = r.titleOf(v.Word(), in)
			return strictyaml.Node{}, text, ok
		case what == "words":
			s, err := criteria.ParseSpan(v.Word())
			return strictyaml.Node{}, spanWords(s, in), err == nil
		case what != "":
			return v, "", false
		case in != "" && v.IsGroup():
			for _, p := range v.Pairs() {
				if p.Name == string(in) {
					return p.Value, "", true
				}
			}
		}
		return v, "", true
	}
}

// titleOf is the title of a concept or definition.
func (r *reading) titleOf(name string, in person.Language) (string, bool) {
	for _, c := range r.concepts {
		if c.Name == name {
			return c.Title[in], c.Title[in] != ""
		}
	}
	for _, d := range r.definitions {
		if d.Name == name {
			return d.Title[in], d.Title[in] != ""
		}
	}
	return "", false
}

// spanWords is a length of time as it stands behind "within": in Finnish in
// the genitive, "6 kuukauden".
func spanWords(s criteria.Span, in person.Language) string {
	one := map[byte][3]string{'y': {"vuoden", "ett år", "a year"}, 'm': {"kuukauden", "en månad", "a month"}, 'w': {"viikon", "en vecka", "a week"}, 'd': {"päivän", "en dag", "a day"}}
	many := map[byte][3]string{'y': {"vuoden", "år", "years"}, 'm': {"kuukauden", "månader", "months"}, 'w': {"viikon", "veckor", "weeks"}, 'd': {"päivän", "dagar", "days"}}
	i := max(0, slices.Index([]person.Language{person.Finnish, person.Swedish, person.English}, in))
	if s.N == 1 {
		return one[s.Unit][i]
	}
	return fmt.Sprintf("%d %s", s.N, many[s.Unit][i])
}

// each makes people for every row of a shape. What is expected of them is
// written, and the same for all rows.
func (r *reading) each(x strictyaml.Node, head map[string]strictyaml.Node, before map[string]*made) {
	k := x.Keys("each", "people")
	for _, name := range words(k["each"]) {
		s := r.shapes[name.Text()]
		if s == nil {
			name.Bad("see shapes in the concepts and families", "there is no shape %q", strictyaml.Cut(name.Word(), 60))
			continue
		}
		for _, w := range s.rows {
			mine := map[string]*made{}
			for _, e := range k["people"].List() {
				m := r.person(e.Fill(e, r.filling(w)), head, "", mine, w.name)
				r.keep(e, m, mine)
				if m.who != "" {
					m.who = w.name + ": " + m.who
					before[m.who] = m
				}
			}
		}
	}
}
