// Package effect says what an invitation brought about: of those who were invited
// and of those whom a fair lot let wait, how many reached an outcome, and how sure
// the difference is. Everybody counts in the group into which the lot put them,
// whether they came or not (intention to treat). It reads and keeps nothing.
package effect

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"ennakko/fault"
)

// Group is people of whom some reached an outcome.
type Group struct {
	People  int `json:"people"`
	Reached int `json:"reached"`
}

// Share is the part who reached it, 0 to 1; of nobody it is 0.
func (g Group) Share() float64 {
	if g.People == 0 {
		return 0
	}
	return float64(g.Reached) / float64(g.People)
}

// Range is what a number lies between with the level of confidence asked for.
type Range struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Difference compares two groups.
type Difference struct {
	Invited, Later           Group
	InvitedRange, LaterRange Range   // of the shares
	By                       float64 // the share of those invited less that of the others, -1 to 1
	Range                    Range   // of By
}

// Sure reports whether the difference is told from none.
func (d Difference) Sure() bool { return d.Range.Low > 0 || d.Range.High < 0 }

// Compare compares those who were invited with those who wait, at a level of
// confidence such as 0.95. The interval of each share is Wilson's (Journal of the
// American Statistical Association 22 (1927) 209-212), that of the difference
// Newcombe's hybrid of the two (Statistics in Medicine 17 (1998) 873-890, method 10),
// which hold for small groups and shares near 0 and 1, too. An empty group, or more
// reached than there are people, is a fault of kind Invalid.
func Compare(invited, later Group, level float64) (Difference, error) {
	const op = "effect.Compare"
	d := Difference{Invited: invited, Later: later}
	for _, g := range []Group{invited, later} {
		if g.People <= 0 || g.Reached < 0 || g.Reached > g.People {
			return d, fault.New(fault.Invalid, op, "a group has no people, or more reached the outcome than there are").Do("both groups need people")
		}
	}
	z, err := quantile(op, level)
	if err != nil {
		return d, err
	}
	d.InvitedRange, d.LaterRange = wilson(invited, z), wilson(later, z)
	p, q := invited.Share(), later.Share()
	d.By = p - q
	d.Range.Low = d.By - math.Hypot(p-d.InvitedRange.Low, d.LaterRange.High-q)
	d.Range.High = d.By + math.Hypot(d.InvitedRange.High-p, q-d.LaterRange.Low)
	return d, nil
}

// quantile is how many standard deviations hold a level of confidence on both sides.
func quantile(op string, level float64) (float64, error) {
	if !(level > 0.5 && level < 1) {
		return 0, fault.New(fault.Invalid, op, "the level of confidence is not between 0.5 and 1").Do("such as 0.95")
	}
	return distuv.UnitNormal.Quantile((1 + level) / 2), nil
}

// wilson is Wilson's interval of a share, without correction for continuity.
func wilson(g Group, z float64) Range {
	n, p := float64(g.People), g.Share()
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Range{max((middle-half)/(1+z*z/n), 0), min((middle+half)/(1+z*z/n), 1)}
}

// Needed is how many people each of two equal groups needs so that a difference
// between two shares is found with the power asked for, such as 0.8, at a level of
// confidence. Source: Fleiss, Levin and Paik, Statistical Methods for Rates and
// Proportions, 3rd edition (2003), formula 4.14, without correction for continuity.
// Shares that are equal, or not between 0 and 1, are a fault.
func Needed(p, q, level, power float64) (int, error) {
	const op = "effect.Needed"
	z, err := quantile(op, level)
	if err != nil {
		return 0, err
	}
	if !(p >= 0 && p <= 1 && q >= 0 && q <= 1) || p == q || !(power > 0 && power < 1) {
		return 0, fault.New(fault.Invalid, op, "two different shares and a power between 0 and 1 are needed")
	}
	mean, beta := (p+q)/2, distuv.UnitNormal.Quantile(power)
	a := z*math.Sqrt(2*mean*(1-mean)) + beta*math.Sqrt(p*(1-p)+q*(1-q))
	return int(math.Ceil(a * a / ((p - q) * (p - q)))), nil
}
