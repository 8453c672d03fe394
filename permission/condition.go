package permission

import (
	"maps"

	"ennakko/fault"
	"ennakko/person"
)

// Texts is one text in the languages of service.
type Texts = map[person.Language]string

// ConditionKind says what must hold beside the provision.
type ConditionKind string

// The conditions that the program checks at each use.
const (
	OwnPermission ConditionKind = "own-permission" // only while the person's own permission stands
	Guardian      ConditionKind = "guardian"       // only for a child of whom those who sign are guardians who decide
	Residence     ConditionKind = "residence"      // only while they live in the city
	Alive         ConditionKind = "alive"          // only while they live
)

// Condition is what must hold, beside a provision, for data to be used: a
// legal basis is a provision with its conditions.
type Condition struct {
	Kind   ConditionKind `json:"kind"`
	Source string        `json:"source"`          // the provision, or who holds that it must be so
	Words  Texts         `json:"words,omitempty"` // in all three languages, or none: then the kind's own words
}

// Text says the condition to a resident.
func (c Condition) Text(l person.Language) string {
	if w := c.Words[l]; w != "" {
		return w
	}
	return c.Kind.words()[l]
}

func (k ConditionKind) words() Texts {
	switch k {
	case OwnPermission:
		return Texts{person.Finnish: "Vain niin kauan kuin oma lupasi on voimassa.", person.Swedish: "Endast så länge ditt eget tillstånd gäller.", person.English: "Only as long as your own permission stands."}
	case Guardian:
		return Texts{person.Finnish: "Vain lapsesta, jonka asioista luvan antaja saa huoltajana päättää.", person.Swedish: "Endast för ett barn vars ärenden den som ger tillståndet får besluta om som vårdnadshavare.", person.English: "Only for a child about whom the one who permits may decide as a guardian."}
	case Residence:
		return Texts{person.Finnish: "Vain niin kauan kuin asut kunnassa.", person.Swedish: "Endast så länge du bor i kommunen.", person.English: "Only as long as you live in the municipality."}
	case Alive:
		return Texts{person.Finnish: "Vain henkilön eläessä.", person.Swedish: "Endast så länge personen lever.", person.English: "Only while the person is alive."}
	}
	return nil
}

// checkConditions adds what is wrong with conditions to l.
func checkConditions(l *fault.List, op string, all []Condition) {
	seen := map[ConditionKind]bool{}
	for i, c := range all {
		add := func(format string, args ...any) {
			l.Add(fault.New(fault.Invalid, op, format, args...).Where("condition %d", i+1))
		}
		switch {
		case c.Kind.words() == nil:
			add("the condition %q is not known", c.Kind)
		case seen[c.Kind]:
			add("the condition %q stands twice", c.Kind)
		}
		seen[c.Kind] = true
		if c.Source == "" {
			add("the condition %q has no source", c.Kind)
		}
		if len(c.Words) > 0 && !whole(c.Words) {
			add("the condition %q is not said in fi, sv and en", c.Kind)
		}
	}
}

// whole reports whether a text is there in all three languages.
func whole(t Texts) bool {
	for _, l := range person.Languages() {
		if t[l] == "" {
			return false
		}
	}
	return true
}

func has(all []Condition, k ConditionKind) bool {
	for _, c := range all {
		if c.Kind == k {
			return true
		}
	}
	return false
}

func cloneConditions(all []Condition) []Condition {
	out := make([]Condition, len(all))
	for i, c := range all {
		c.Words = maps.Clone(c.Words)
		out[i] = c
	}
	return out
}
