package criteria

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/fault"
	"ennakko/person"
)

// Concept is what criteria call by a name and health records say in codes:
// "systolic" is every observation with the code loinc|8480-6, in mm[Hg]. Its
// facts of one person are a series.
type Concept struct {
	Name      string // "systolic": small letters, digits and _
	Kinds     []clinical.Kind
	Codes     *coding.ValueSet
	Value     Kind        // Number, Coded or Event
	Given     bool        // of an Event: only records with a value, whatever it says
	Unit      coding.Unit // of a Number; the zero Unit: numbers are taken as they are
	Bare      bool        // a number without a unit is in Unit; else it is Bad
	Substance string      // for mass and amount, as coding.Substances lists them; "" is none
	Statuses  []string    // only records of these; none: all but what did not happen
	Absent    Absence     // what it means that a record that was read holds nothing
	Title     map[person.Language]string
}

// Bad is the Value of a fact that cannot be used: its unit cannot be turned
// into the concept's. A condition that reads the series has an error for the
// person.
type Bad struct{}

// notHappened are the statuses of what was planned, called off or mistaken.
func notHappened() []string {
	return []string{"entered-in-error", "not-done", "not-taken", "cancelled", "draft", "planned", "proposed", "preparation", "refuted", "rejected", "revoked"}
}

// Takes reports whether a record is of the concept: its kind, one of its
// codes and its status are the concept's, and it has the value that a Number
// or Coded concept, or one that asks for a value, needs.
func (c *Concept) Takes(r clinical.Record) bool {
	return slices.Contains(c.Kinds, r.Kind) && c.TakesStatus(r.Status) && c.Codes.HasAny(r.Codes) &&
		(c.Value != Number || !math.IsNaN(r.Value)) && (c.Value != Coded || !r.ValueCode.IsZero() && r.ValueCode != clinical.Said()) &&
		(!c.Given || !math.IsNaN(r.Value) || !r.ValueCode.IsZero())
}

// TakesStatus reports whether records of the status count.
func (c *Concept) TakesStatus(status string) bool {
	if len(c.Statuses) > 0 {
		return slices.Contains(c.Statuses, status)
	}
	return !slices.Contains(notHappened(), status)
}

// Converter makes the conversion from the unit of a record. A concept without
// a unit takes numbers as they are; in one with a unit, a number without one,
// of an unknown unit or of one that measures something else is a fault.
func (c *Concept) Converter(unit string) (coding.Conversion, error) {
	if c.Unit.IsZero() || unit == c.Unit.String() || unit == "" && c.Bare {
		return coding.Conversion{}, nil
	}
	from, err := coding.ParseUnit(unit)
	if err != nil {
		return coding.Conversion{}, err
	}
	return coding.NewConversion(from, c.Unit, c.Substance)
}

// Facts makes the facts of the concept out of records of one person: those
// that it takes, each resource once (by Group), numbers in the concept's unit.
// A number that cannot be converted, or is not finite, is Bad.
func (c *Concept) Facts(records []clinical.Record) []Fact {
	var out []Fact
	for _, r := range records {
		if !c.Takes(r) {
			continue
		}
		f := Fact{From: timeOf(r.From), Until: timeOf(r.Until), Minute: r.Minute, Code: c.codeOf(r.Codes), ValueCode: r.ValueCode,
			Class: r.Class, Encounter: r.Encounter, Group: r.Group, Source: r.Source}
		if r.From == clinical.Always {
			f.From = time.Time{}
		}
		if r.Until == clinical.Open {
			f.Until = time.Time{}
		}
		switch c.Value {
		case Number:
			f.Value = c.number(r)
		case Coded:
			f.Value = r.ValueCode
		}
		out = append(out, f)
	}
	return once(out)
}

// once leaves of each resource the fact whose code comes first.
func once(list []Fact) []Fact {
	slices.SortStableFunc(list, func(a, b Fact) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), strings.Compare(a.Code.String(), b.Code.String()))
	})
	return slices.CompactFunc(list, func(a, b Fact) bool { return a.Group != 0 && a.Group == b.Group })
}

func (c *Concept) number(r clinical.Record) any {
	convert, err := c.Converter(r.Unit)
	if x := convert.Apply(r.Value); err == nil && !math.IsInf(x, 0) && !math.IsNaN(x) {
		return x
	}
	return Bad{}
}

// codeOf is the first code by the alphabet that is the concept's.
func (c *Concept) codeOf(codes []coding.Code) coding.Code {
	var first coding.Code
	for _, x := range codes {
		if c.Codes.Has(x) && (first.IsZero() || strings.Compare(x.String(), first.String()) < 0) {
			first = x
		}
	}
	return first
}

func (c *Concept) check() error {
	const op = "criteria.Concept"
	bad := func(hint, format string, args ...any) error {
		return fault.New(fault.Invalid, op, format, args...).Where("concept %s", c.Name).Do("%s", hint)
	}
	switch {
	case !shortName.MatchString(c.Name) || slices.Contains(reservedNames(), c.Name):
		return bad("use small letters, digits and _, and no word of the language", "%q is not a name of a concept", c.Name)
	case len(c.Kinds) == 0 || c.Codes.Len() == 0:
		return bad("give it both", "the concept has no kind or no codes")
	case c.Value != Number && c.Value != Coded && c.Value != Event:
		return bad("number, coded or event", "the concept has no kind of value")
	case c.Value != Number && !c.Unit.IsZero():
		return bad("take the unit away, or say value: number", "only numbers have a unit")
	case c.Given && c.Value != Event:
		return bad("say value: any alone", "a concept of numbers or codes has values anyway")
	case c.Absent > AbsentNone:
		return bad("none or unknown", "the concept does not say what it means that there is none")
	case c.Substance != "" && !slices.Contains(coding.Substances(), c.Substance):
		return bad("substances: "+strings.Join(coding.Substances(), ", "), "the substance is not known")
	}
	return nil
}

// reservedNames are words that mean something already.
func reservedNames() []string {
	return []string{asOfName, periodName, everName, "param", "household", "age", "sex", "true", "false", "null", "in", "as", "break", "const",
		"continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"}
}

// DayNumber is the day of t in days since 1970-01-01, by t's own calendar.
func DayNumber(t time.Time) int32 {
	s := dayOf(t).Unix()
	return int32((s - ((s%86400)+86400)%86400) / 86400) //nolint:gosec // the years that time.Time can hold in a record fit
}

// timeOf is the day of that number at midnight UTC.
func timeOf(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }
