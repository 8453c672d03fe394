package criteria

import (
	"slices"

	"ennakko/fault"
)

// CareVerdict is what a criterion of care says of a person.
type CareVerdict string

// The five verdicts, and Failed for a person whose facts cannot be used.
const (
	NotApplicable CareVerdict = "not applicable" // the criterion is not about the person
	Excluded      CareVerdict = "excluded"       // it is, but something stands against it
	Done          CareVerdict = "met"            // what should be done is done
	Gap           CareVerdict = "gap"            // it is not
	CareUnknown   CareVerdict = "unknown"        // a fact that decides is missing
	Failed        CareVerdict = "error"          // a fact cannot be used; for the report of a run only
)

// CareVerdicts lists the verdicts in their order, Failed last.
func CareVerdicts() []CareVerdict {
	return []CareVerdict{NotApplicable, Excluded, Done, Gap, CareUnknown, Failed}
}

// Care is a criterion that says for whom something should be done, what stands
// against it, and what counts as done.
type Care struct {
	Name       string
	Population *Program
	Exclusions []Named // in order: the first that holds is the reason
	Done       *Program
}

// CareFinding is what a criterion of care makes of one person.
type CareFinding struct {
	Verdict   CareVerdict
	Exclusion string   // with Excluded: the name of the first exclusion that holds
	Missing   []string // with CareUnknown: fields and concepts whose facts would decide
	Part      string   // with Failed: "population", "done", or the name of an exclusion
}

// Verdict decides for one person:
//
//  1. The population is false: not applicable. Unknown: unknown.
//  2. Any exclusion is true: excluded, by the first that is.
//  3. Done is true: met, whatever exclusions are unknown.
//  4. An exclusion or done is unknown: unknown. Else: gap.
//
// A part that cannot be evaluated ends it there: the finding is Failed and the
// error says why, in words without values. Parts are taken in the order of
// these rules, so that a fault in a later part does not matter if an earlier
// one has decided.
func (c *Care) Verdict(facts Facts, params Params, run Run) (CareFinding, error) {
	v, missing, err := c.Population.EvalRun(facts, params, run)
	switch {
	case err != nil:
		return c.failed("population", err)
	case v == NotMet:
		return CareFinding{Verdict: NotApplicable}, nil
	case v == Unknown:
		return CareFinding{Verdict: CareUnknown, Missing: missing}, nil
	}
	var unsure []string
	for _, x := range c.Exclusions {
		v, missing, err := x.Program.EvalRun(facts, params, run)
		switch {
		case err != nil:
			return c.failed(x.Name, err)
		case v == Met:
			return CareFinding{Verdict: Excluded, Exclusion: x.Name}, nil
		case v == Unknown:
			unsure = append(unsure, missing...)
		}
	}
	v, missing, err = c.Done.EvalRun(facts, params, run)
	switch {
	case err != nil:
		return c.failed("done", err)
	case v == Met:
		return CareFinding{Verdict: Done}, nil
	case v == Unknown:
		unsure = append(unsure, missing...)
	}
	if len(unsure) > 0 {
		return CareFinding{Verdict: CareUnknown, Missing: distinct(unsure)}, nil
	}
	return CareFinding{Verdict: Gap}, nil
}

func (c *Care) failed(part string, err error) (CareFinding, error) {
	return CareFinding{Verdict: Failed, Part: part}, located(err, c.Name+", "+part)
}

// Fields lists the fields and concepts that any part reads, in order of the
// alphabet.
func (c *Care) Fields() []string {
	all := slices.Concat(c.Population.b.fields, c.Done.b.fields)
	for _, x := range c.Exclusions {
		all = append(all, x.Program.b.fields...)
	}
	return distinct(all)
}

// Parts lists the conditions in the order in which they are decided, with the
// names "population" and "done" and those of the exclusions.
func (c *Care) Parts() []Named {
	parts := append([]Named{{"population", c.Population}}, c.Exclusions...)
	return append(parts, Named{"done", c.Done})
}

// Check refuses a criterion that is not whole.
func (c *Care) Check() error {
	seen := map[string]bool{}
	for _, p := range c.Parts() {
		if p.Name == "" || p.Program == nil || seen[p.Name] {
			return fault.New(fault.Invalid, "criteria.Care", "a part of the criterion is missing, or two have one name").Where("criterion %s", c.Name)
		}
		seen[p.Name] = true
	}
	return nil
}

// RecordFacts are the facts of one person out of the person's health records,
// and of other fields from the registers.
type RecordFacts struct {
	Language *Language
	Read     bool              // the health record was read
	Concepts map[string][]Fact // made by Concept.Facts; a concept that is not there has none
	Other    Facts             // fields, and the household; nil: nothing was read
}

// Facts implements Facts.
func (r RecordFacts) Facts(name string) ([]Fact, bool) {
	for _, c := range r.Language.concepts {
		if c.Name == name {
			return r.Concepts[name], r.Read
		}
	}
	if r.Other == nil {
		return nil, false
	}
	return r.Other.Facts(name)
}
