package coding

import (
	"math/big"
	"strings"

	"ennakko/fault"
)

// MaxUnit is the most signs that a unit may have.
const MaxUnit = 80

// ParseUnit reads a unit of the part of UCUM that health records use, case
// sensitive: metric and some customary units with prefixes, powers, products,
// quotients, brackets, numbers (10*9) and annotations in braces, which mean
// nothing. mmHg, as people write it, is mm[Hg]. What it does not know is a fault.
func ParseUnit(s string) (Unit, error) {
	if s == "mmHg" || s == "mm Hg" {
		s = "mm[Hg]"
	}
	if s == "" || len(s) > MaxUnit {
		return Unit{}, badUnit(s)
	}
	p := unitParser{rest: s}
	u, ok := p.term(0)
	if !ok || p.rest != "" {
		return Unit{}, badUnit(s)
	}
	u.text = s
	return u, nil
}

func badUnit(s string) error {
	if len(s) > MaxUnit {
		s = s[:MaxUnit]
	}
	return fault.New(fault.Invalid, "coding.ParseUnit", "%q is not a unit that is known here", s).Do("write it in UCUM, as in mm[Hg], mmol/L or kg/m2")
}

type unitParser struct{ rest string }

func (p *unitParser) take(s string) bool {
	rest, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest = rest
	}
	return ok
}

const maxUnitDepth = 5

// term reads a product or quotient: "mmol/L", "/min", "kg.m/s2".
func (p *unitParser) term(depth int) (Unit, bool) {
	out, sign, first := one(), 1, true
	if p.take("/") {
		sign, first = -1, false
	}
	for {
		u, ok := p.component(depth)
		if !ok || u.offset != nil && (!first || p.rest != "") {
			return Unit{}, false
		}
		if first && p.rest == "" {
			return u, true // a temperature alone keeps its zero point
		}
		out.apply(u, sign)
		first = false
		switch {
		case p.take("."):
			sign = 1
		case p.take("/"):
			sign = -1
		default:
			return out, true
		}
	}
}

// component reads a unit with its power, a number, or a bracket, and the
// annotation behind it.
func (p *unitParser) component(depth int) (Unit, bool) {
	var u Unit
	switch {
	case p.take("("):
		if depth == maxUnitDepth {
			return Unit{}, false
		}
		inner, ok := p.term(depth + 1)
		if !ok || !p.take(")") {
			return Unit{}, false
		}
		u = inner
	case strings.HasPrefix(p.rest, "{"):
		u = one()
	default:
		atom, ok := p.simple()
		if !ok {
			return Unit{}, false
		}
		u = atom
	}
	if p.take("{") {
		_, rest, ok := strings.Cut(p.rest, "}")
		if !ok {
			return Unit{}, false
		}
		p.rest = rest
	}
	return u, true
}

// simple reads a prefix, a unit and a power: "mm", "m2", "10*9", "s-1".
func (p *unitParser) simple() (Unit, bool) {
	for _, ten := range []string{"10*", "10^"} {
		if p.take(ten) {
			n, _ := p.power()
			u := one()
			u.apply(Unit{factor: big.NewRat(10, 1)}, n)
			return u, true
		}
	}
	if digits := p.digits(); digits != "" {
		n, ok := new(big.Rat).SetString(digits)
		if !ok || n.Sign() == 0 || len(digits) > 9 {
			return Unit{}, false
		}
		u := one()
		u.factor = n
		return u, true
	}
	name := p.name()
	atom, ok := findAtom(name)
	if !ok {
		return Unit{}, false
	}
	n, signed := p.power()
	if signed && atom.offset != nil {
		return Unit{}, false
	}
	if n == 1 && !signed {
		return atom, true
	}
	u := one()
	u.apply(atom, n)
	return u, n != 0
}

func (p *unitParser) digits() string {
	n := 0
	for n < len(p.rest) && p.rest[n] >= '0' && p.rest[n] <= '9' {
		n++
	}
	d := p.rest[:n]
	p.rest = p.rest[n:]
	return d
}

// power reads a power of one digit or two; 1 and false if there is none.
func (p *unitParser) power() (int, bool) {
	sign := 1
	if strings.HasPrefix(p.rest, "-") || strings.HasPrefix(p.rest, "+") {
		if p.rest[0] == '-' {
			sign = -1
		}
		p.rest = p.rest[1:]
	}
	d := p.digits()
	if d == "" || len(d) > 2 {
		return 1, false
	}
	n := 0
	for _, c := range d {
		n = n*10 + int(c-'0')
	}
	return sign * n, true
}

// name reads the letters of a unit, what stands in square brackets included.
func (p *unitParser) name() string {
	n, inside := 0, false
	for n < len(p.rest) {
		c := p.rest[n]
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case inside, c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '%', c == '\'', c == '_':
		default:
			name := p.rest[:n]
			p.rest = p.rest[n:]
			return name
		}
		n++
	}
	name := p.rest
	p.rest = ""
	return name
}

// findAtom finds a unit with or without a prefix.
func findAtom(name string) (Unit, bool) {
	if a, ok := atoms()[name]; ok {
		return a.unit(name, "1"), true
	}
	for _, prefix := range [...][2]string{
		{"da", "10"}, {"T", "1e12"}, {"G", "1e9"}, {"M", "1e6"}, {"k", "1000"}, {"h", "100"}, {"d", "0.1"}, {"c", "0.01"},
		{"m", "0.001"}, {"u", "1e-6"}, {"n", "1e-9"}, {"p", "1e-12"}, {"f", "1e-15"},
	} {
		rest, ok := strings.CutPrefix(name, prefix[0])
		if a, known := atoms()[rest]; ok && known && a.metric {
			return a.unit(name, prefix[1]), true
		}
	}
	return Unit{}, false
}

// atom is a unit of UCUM without a prefix.
type atom struct {
	metric bool // may bear a prefix
	factor string
	offset string
	base   string // base units with powers, parted by blanks: "g", "g m-1 s-2"
}

func (a atom) unit(text, prefix string) Unit {
	u := Unit{text: text, factor: new(big.Rat).Mul(rat(a.factor), rat(prefix)), dims: map[string]int{}}
	if a.offset != "" {
		u.offset = rat(a.offset)
	}
	for b := range strings.FieldsSeq(a.base) {
		p := unitParser{rest: b}
		base := p.name()
		u.dims[base], _ = p.power()
	}
	return u
}

// atoms is the table of units. Source: ucum-essence.xml 2.1, ucum.org.
func atoms() map[string]atom {
	arbitrary := func(name string) atom { return atom{true, "1", "", name} }
	return map[string]atom{
		"m": {true, "1", "", "m"}, "s": {true, "1", "", "s"}, "g": {true, "1", "", "g"}, "mol": {true, "1", "", "mol"},
		"K": {true, "1", "", "K"}, "Cel": {true, "1", "273.15", "K"}, "[degF]": {false, "5/9", "45967/180", "K"},
		"%": {false, "0.01", "", ""}, "[ppth]": {false, "0.001", "", ""}, "[ppm]": {false, "1e-6", "", ""},
		"l": {true, "0.001", "", "m3"}, "L": {true, "0.001", "", "m3"},
		"t": {true, "1e6", "", "g"}, "N": {true, "1000", "", "g m s-2"}, "J": {true, "1000", "", "g m2 s-2"},
		"W": {true, "1000", "", "g m2 s-3"}, "Pa": {true, "1000", "", "g m-1 s-2"}, "bar": {true, "1e8", "", "g m-1 s-2"},
		"m[Hg]": {true, "133322000", "", "g m-1 s-2"}, "m[H2O]": {true, "9806650", "", "g m-1 s-2"},
		"cal": {true, "4184", "", "g m2 s-2"}, "Hz": {true, "1", "", "s-1"}, "V": {true, "1", "", "V"},
		"min": {false, "60", "", "s"}, "h": {false, "3600", "", "s"}, "d": {false, "86400", "", "s"}, "wk": {false, "604800", "", "s"},
		"mo": {false, "2629800", "", "s"}, "a": {false, "31557600", "", "s"},
		"[in_i]": {false, "0.0254", "", "m"}, "[ft_i]": {false, "0.3048", "", "m"}, "[lb_av]": {false, "453.59237", "", "g"},
		"[oz_av]": {false, "28.349523125", "", "g"}, "[stone_av]": {false, "6350.29318", "", "g"},
		"kat": {true, "1", "", "mol s-1"}, "U": {true, "1/60000000", "", "mol s-1"},
		"eq": arbitrary("eq"), "osm": arbitrary("osm"), "[iU]": arbitrary("[iU]"), "[IU]": {true, "1", "", "[iU]"},
		"[arb'U]": arbitrary("[arb'U]"), "[pH]": arbitrary("[pH]"), "[drp]": arbitrary("[drp]"), "[diop]": arbitrary("[diop]"),
		"deg": arbitrary("deg"), "[CFU]": arbitrary("[CFU]"),
	}
}
