package library

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"cel.dev/cel-go/common/ast"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/strictyaml"
)

// family is a file of criteria of which only the head was read.
type family struct {
	Family
	source   string
	approval Approval
	list     []strictyaml.Node
	outcomes strictyaml.Node
}

// family reads the head of a file of criteria.
func (r *reading) family(x strictyaml.Node) family {
	k := x.Keys("family", "title", "criteria", "?", "concepts", "definitions", "parameters", "exclusions", "shapes", "source", "approval", "outcomes")
	f := family{Family: Family{k["family"].Name(), r.texts(k["title"])}, approval: Approval{State: Draft}}
	r.named("family", f.Name, x)
	r.vocabulary(k)
	if k["source"].There() {
		f.source = k["source"].Text()
	}
	if k["approval"].There() {
		f.approval = r.approval(k["approval"])
	}
	f.list, f.outcomes = k["criteria"].List(), k["outcomes"]
	r.lib.families = append(r.lib.families, f.Family)
	return f
}

func (r *reading) approval(x strictyaml.Node) Approval {
	k := x.Keys("state", "?", "by", "on", "evidence")
	a := Approval{State: State(k["state"].OneOf(string(Draft), string(Tested), string(Approved), string(InUse), string(Retired)))}
	switch a.State {
	case Approved, InUse, Retired:
		for _, name := range []string{"by", "on", "evidence"} {
			if !k[name].There() {
				x.Bad("say who approved it (a role), on which day, and what showed that it is right", "the key %q is missing", name)
			}
		}
	}
	a.By, a.On, a.Evidence = optional(k["by"]), k["on"].Day(), optional(k["evidence"])
	return a
}

// mostPoints is the most that one sign counts.
const mostPoints = 100

// optional reads a text that may be left out.
func optional(x strictyaml.Node) string {
	if !x.There() {
		return ""
	}
	return x.Text()
}

func (r *reading) criteriaOf(f family) {
	if f.outcomes.There() {
		for _, x := range f.outcomes.List() {
			k := x.Keys("name", "title", "cel")
			o := Outcome{k["name"].Name(), r.texts(k["title"]), r.program(k["cel"])}
			r.named("outcome", o.Name, x)
			if o.Program != nil {
				r.lib.outcomes = append(r.lib.outcomes, o)
			}
		}
	}
	for _, x := range f.list {
		if x.Has("shape") {
			r.shaped(f, x)
			continue
		}
		k := x.Keys("name", "title", "population", "done", "gap", "evidence", "?", "exclusions", "source", "benefit", "approval", "points")
		r.criterion(f, x, k, strictyaml.Node{})
	}
}

// criterion reads one criterion, with the exclusions that a row adds to those
// of its shape.
func (r *reading) criterion(f family, x strictyaml.Node, k map[string]strictyaml.Node, more strictyaml.Node) {
	c := &Criterion{Name: k["name"].Name(), Family: f.Name, Title: r.texts(k["title"]), Gap: r.texts(k["gap"]), Evidence: k["evidence"].TextUpTo(60),
		Source: f.source, Approval: f.approval, file: x.File(), line: x.Line()}
	if k["source"].There() {
		c.Source = k["source"].Text()
	} else if f.source == "" {
		x.Bad("add source to it, or to its family", "the criterion has no source")
	}
	if k["approval"].There() {
		c.Approval = r.approval(k["approval"])
	}
	if k["benefit"].There() {
		c.Benefit = r.benefit(k["benefit"])
	}
	if k["points"].There() {
		c.Points = k["points"].Whole(1, mostPoints)
	}
	r.named("criterion", c.Name, x)
	c.Care = &criteria.Care{Name: c.Name, Population: r.program(k["population"]), Done: r.program(k["done"])}
	c.Population, c.Done = textOf(c.Care.Population), textOf(c.Care.Done)
	r.exclusionsOf(c, k["exclusions"])
	r.exclusionsOf(c, more)
	if whole(c.Care) {
		c.Hash = r.lib.criterionHash(c)
		r.lib.criteria = append(r.lib.criteria, c)
	}
}

func (r *reading) benefit(x strictyaml.Node) *Benefit {
	k := x.Keys("reduction", "years", "of", "source")
	b := &Benefit{Reduction: k["reduction"].Number(), Years: k["years"].Number(), Of: k["of"].Text(), Source: k["source"].Text()}
	if b.Reduction < 0 || b.Reduction > 1 {
		k["reduction"].Bad("write 0.013 for 13 of 1,000 people", "a risk reduction lies between 0 and 1")
	}
	return b
}

// exclusionsOf reads a list of exclusions: names of shared ones, or their own.
func (r *reading) exclusionsOf(c *Criterion, x strictyaml.Node) {
	if !x.There() {
		return
	}
	for _, e := range x.List() {
		var ex Exclusion
		at := e
		if e.IsGroup() {
			ex = r.exclusion(e)
		} else {
			name := e.Text()
			shared, ok := r.exclusions[name]
			if !ok {
				e.Bad("see exclusions in the concepts and families", "there is no shared exclusion %q", strictyaml.Cut(name, 60))
				continue
			}
			ex, at = shared, r.places["exclusion "+name]
		}
		for _, other := range c.Exclusions {
			if other.Name == ex.Name {
				e.Bad("keep one of them", "the exclusion %s stands twice", ex.Name)
			}
		}
		p, err := r.lib.language.Compile(ex.Text)
		for _, f := range fault.All(err, loadOp) {
			at.Bad(f.Hint, "%s (%s of the condition)", f.Show, f.At)
		}
		c.Exclusions = append(c.Exclusions, ex)
		c.Care.Exclusions = append(c.Care.Exclusions, criteria.Named{Name: ex.Name, Program: p})
	}
}

// program compiles a condition; nil after a fault.
func (r *reading) program(x strictyaml.Node) *criteria.Program {
	text := x.TextUpTo(criteria.MaxText)
	if text == "" {
		return nil
	}
	p, err := r.lib.language.Compile(text)
	for _, f := range fault.All(err, loadOp) {
		r.faults.Add(x.File(), x.Line(), f.At+" of the condition", f.Hint, "%s", f.Show)
	}
	return p
}

func whole(c *criteria.Care) bool {
	ok := c.Population != nil && c.Done != nil
	for _, x := range c.Exclusions {
		ok = ok && x.Program != nil
	}
	return ok
}

func textOf(p *criteria.Program) string {
	if p == nil {
		return ""
	}
	return p.Text()
}

// criterionHash is the SHA-256 of what decides: the conditions with their
// definitions in their place, the concepts with their codes, and the values of
// the parameters. The words around do not count.
func (l *Library) criterionHash(c *Criterion) string {
	h := sha256.New()
	concepts, params := map[string]bool{}, map[string]bool{}
	for _, p := range c.Care.Parts() {
		_, _ = fmt.Fprintf(h, "%s: %s\n", p.Name, p.Program.Canonical())
		for _, name := range p.Program.Concepts() {
			concepts[strings.TrimPrefix(name, "household.")] = true
		}
		for _, name := range p.Program.Params() {
			params[name] = true
		}
	}
	for name := range sorted(concepts) {
		_, _ = fmt.Fprintln(h, l.conceptHash(name))
	}
	for _, p := range l.params.All() {
		if params[p.Name] {
			_, _ = fmt.Fprintln(h, p)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// nodes is the number of parts of all conditions of a criterion.
func nodes(c *criteria.Care) int {
	n := 0
	for _, p := range c.Parts() {
		n += ast.NodeCount(p.Program.AST())
	}
	return n
}
