package coding

import (
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"ennakko/fault"
)

// Unit is a unit of measurement that ParseUnit has understood. The zero Unit
// is none. It does not change and may be used by many at once.
type Unit struct {
	text   string
	factor *big.Rat       // one of it, in base units
	offset *big.Rat       // zero point in base units; nil: zero
	dims   map[string]int // base unit -> power
	amount bool           // an amount by an amount, as mmol/mol: no plain ratio
}

// String is the unit as it was written, in UCUM; "" for the zero Unit.
func (u Unit) String() string { return u.text }

// IsZero reports whether there is no unit.
func (u Unit) IsZero() bool { return u.factor == nil }

// MustUnit is ParseUnit for units written in the program. It panics.
func MustUnit(s string) Unit {
	u, err := ParseUnit(s)
	if err != nil {
		panic(err)
	}
	return u
}

// Times is the unit of a product.
func (u Unit) Times(v Unit) Unit { return u.joined(v, 1, ".") }

// Over is the unit of a quotient.
func (u Unit) Over(v Unit) Unit { return u.joined(v, -1, "/") }

func (u Unit) joined(v Unit, sign int, by string) Unit {
	if u.IsZero() {
		u = one()
	}
	if v.IsZero() {
		return u
	}
	out := Unit{text: u.text + by + v.text, factor: new(big.Rat).Set(u.factor), dims: maps.Clone(u.dims)}
	if strings.ContainsAny(v.text, "./") {
		out.text = u.text + by + "(" + v.text + ")"
	}
	out.apply(v, sign)
	return out
}

// apply multiplies by a power of v.
func (u *Unit) apply(v Unit, power int) {
	u.amount = u.amount || v.amount || u.dims["mol"]*v.dims["mol"]*power < 0
	for range max(power, -power) {
		if power > 0 {
			u.factor.Mul(u.factor, v.factor)
		} else {
			u.factor.Quo(u.factor, v.factor)
		}
	}
	for d, n := range v.dims {
		u.dims[d] += n * power
		if u.dims[d] == 0 {
			delete(u.dims, d)
		}
	}
}

func one() Unit { return Unit{text: "1", factor: big.NewRat(1, 1), dims: map[string]int{}} }

// Same reports whether a number means the same in both units.
func (u Unit) Same(v Unit) bool {
	if u.IsZero() || v.IsZero() {
		return u.IsZero() == v.IsZero()
	}
	c, err := NewConversion(u, v, "")
	return err == nil && c.Identity()
}

// Conversion turns numbers of one unit into another: y = x * scale + shift,
// with fractions, so that nothing is lost but the last rounding.
type Conversion struct{ scale, shift *big.Rat }

// NewConversion makes the conversion between two units. A substance
// (Substances lists them) lets a mass be turned into an amount and back, and
// HbA1c of one scale into the other; "" is none. Units that do not measure the
// same thing are a fault that names both.
func NewConversion(from, to Unit, substance string) (Conversion, error) {
	const op = "coding.NewConversion"
	if from.IsZero() || to.IsZero() {
		return Conversion{}, fault.New(fault.Invalid, op, "a number without a unit cannot be converted")
	}
	if c, ok := hba1c(from, to, substance); ok {
		return c, nil
	}
	scale := new(big.Rat).Quo(from.factor, to.factor)
	if n := from.dims["g"] - to.dims["g"]; n != 0 && from.dims["mol"]+n == to.dims["mol"] {
		mass, ok := molarMass(substance)
		if !ok {
			return Conversion{}, fault.New(fault.Invalid, op, "%s is a mass and %s an amount of a substance, or the other way round", from, to).
				Do("say of which substance")
		}
		per := Unit{factor: mass, dims: map[string]int{"g": 1, "mol": -1}}
		from = Unit{text: from.text, factor: new(big.Rat).Set(from.factor), dims: maps.Clone(from.dims)}
		from.apply(per, -n)
		scale.Quo(from.factor, to.factor)
		from.amount = to.amount
	}
	if !maps.Equal(from.dims, to.dims) || from.amount != to.amount {
		return Conversion{}, fault.New(fault.Invalid, op, "%s and %s do not measure the same thing", from, to)
	}
	shift := new(big.Rat)
	if from.offset != nil {
		shift.Add(shift, from.offset)
	}
	if to.offset != nil {
		shift.Sub(shift, to.offset)
	}
	return Conversion{scale, shift.Quo(shift, to.factor)}, nil
}

// Identity reports whether every number stays what it is.
func (c Conversion) Identity() bool {
	return c.scale == nil || c.scale.Cmp(big.NewRat(1, 1)) == 0 && c.shift.Sign() == 0
}

// Apply converts a finite number. It takes the number as the shortest decimal
// that is written for it and gives the nearest number to the exact result.
func (c Conversion) Apply(x float64) float64 {
	if c.Identity() {
		return x
	}
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(x, 'g', -1, 64))
	if !ok {
		return x
	}
	y, _ := r.Mul(r, c.scale).Add(r, c.shift).Float64()
	return y
}

// hba1c is the conversion between the two scales of HbA1c: percent (NGSP) and
// mmol/mol (IFCC), NGSP = 0.09148 * IFCC + 2.152.
//
// Source: the IFCC-NGSP master equation, Hoelzel et al., Clinical Chemistry
// 50 (2004) 166-174; ngsp.org/ifcc.asp.
func hba1c(from, to Unit, substance string) (Conversion, bool) {
	if substance != "hba1c" || from.amount == to.amount || len(from.dims)+len(to.dims) > 0 {
		return Conversion{}, false
	}
	slope, start := rat("0.09148"), rat("2.152")
	if from.amount {
		// x from-units are x*from.factor*1000 mmol/mol.
		perMille := new(big.Rat).Mul(from.factor, rat("1000"))
		scale := new(big.Rat).Mul(perMille, slope)
		percent := new(big.Rat).Mul(to.factor, rat("100"))
		return Conversion{scale.Quo(scale, percent), new(big.Rat).Quo(start, percent)}, true
	}
	percent := new(big.Rat).Mul(from.factor, rat("100"))
	perMille := new(big.Rat).Mul(to.factor, rat("1000"))
	scale := new(big.Rat).Quo(percent, slope)
	shift := new(big.Rat).Quo(start, slope)
	return Conversion{scale.Quo(scale, perMille), shift.Neg(shift).Quo(shift, perMille)}, true
}

func rat(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}

// Substances lists the names of the substances whose mass and amount can be
// converted, and hba1c.
func Substances() []string {
	return append(slices.Sorted(maps.Keys(masses())), "hba1c")
}

func molarMass(substance string) (*big.Rat, bool) {
	s, ok := masses()[substance]
	if !ok {
		return nil, false
	}
	return rat(s), true
}

// masses are molar masses in g/mol. Source: the sums of the standard atomic
// weights of IUPAC (2021); triglycerides as triolein, haemoglobin as the
// monomer, phosphate and urea nitrogen as the element, as laboratories do.
func masses() map[string]string {
	return map[string]string{
		"glucose": "180.156", "cholesterol": "386.65", "triglycerides": "885.43", "creatinine": "113.12",
		"urea": "60.056", "urea-nitrogen": "28.014", "urate": "168.11", "bilirubin": "584.66", "calcium": "40.078",
		"magnesium": "24.305", "phosphate": "30.974", "iron": "55.845", "sodium": "22.990", "potassium": "39.098",
		"chloride": "35.45", "lithium": "6.94", "haemoglobin": "16114.5", "vitamin-d": "400.64", "vitamin-b12": "1355.37",
		"folate": "441.40", "thyroxine": "776.87", "digoxin": "780.94", "theophylline": "180.164", "albumin": "66500", "testosterone": "288.42",
		"estradiol": "272.38", "cortisol": "362.46",
	}
}
