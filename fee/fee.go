// Package fee computes the client fee of municipal early childhood education
// and care, with its working line by line in three languages, as the Act on
// Client Fees in Early Childhood Education and Care 1503/2016 has it. What the
// law and the city may change (limits, percentages, shares by hours, which
// income counts) stands in a pack, each value with its day and its source; the
// code holds only the order of the steps.
//
// Money is whole cents and shares are fractions of whole numbers: nothing is
// computed in floating point. The open questions of law are told in
// docs/decisions/033-fee.md.
package fee

import (
	"time"

	"ennakko/person"
)

// Cents is an amount of money in cents of the euro.
type Cents int64

// Hours is a length of time in hundredths of an hour.
type Hours int64

// Kind is a kind of income or of deduction; the pack lists them.
type Kind string

// Month is a calendar month, counted from January of the year 0.
type Month int32

// MonthOf is the month that t is in, in its own time zone.
func MonthOf(t time.Time) Month { return Month(t.Year()*12 + int(t.Month()) - 1) }

// Date is the first day of the month, at midnight UTC.
func (m Month) Date() time.Time {
	return time.Date(int(m)/12, time.Month(m%12+1), 1, 0, 0, 0, 0, time.UTC)
}

// String is the month as 2026-10.
func (m Month) String() string { return m.Date().Format(monthForm) }

const monthForm = "2006-01"

// Income is what somebody was paid in one month, or paid if the kind is a
// deduction. A correction may be negative.
type Income struct {
	Month Month
	Kind  Kind
	Cents Cents
}

// Earnings are somebody's income by month. A month between First and Last in
// which nothing stands is a month without income.
type Earnings struct {
	First, Last Month // the months for which the income is known, both included; Last 0: it is not known
	Income      []Income
}

// Assessed is what somebody has of one kind of income or of deduction, as a
// caseworker has assessed it from documents.
type Assessed struct {
	Kind  Kind
	Cents Cents // a month, none below 0
}

// Adult is a spouse or partner in the household of the child.
type Adult struct {
	Earnings
	HolidayTold  bool       // the holiday pay is among the wages, or there is none: nothing is added
	Entrepreneur bool       // is in business: a caseworker looks at the income
	Assessed     []Assessed // holds instead of Earnings; nil: the income is computed; empty: no income
}

// Child is a child of either adult who lives in the household.
type Child struct {
	Earnings             // the child's own: maintenance received, a pension. Last 0: none
	Born       time.Time // the day of birth
	Hours      Hours     // agreed hours a week in the city's early education, pre-primary education included; 0: not there
	PrePrimary bool      // in pre-primary education, some hours of which are free
}

// Family is what a fee stands on. The adults are one parent, or two who live
// together as spouses or partners; the children are those of either who live
// in the household.
type Family struct {
	On            time.Time // a day on which the fee holds: the one that it names in its own time zone
	Adults        []Adult   // one or two
	Children      []Child
	AcceptHighest bool   // the family has accepted the highest fee: income does not matter
	Assessed      *Cents // the family's income a month as a caseworker has assessed it; nil: it is computed
}

// Fee is the fee of one child for a month, with its working.
type Fee struct {
	Euros    int       // what is charged; 0: nothing
	FullTime int       // the youngest child's fee for full time, in euros, on which the fees of siblings stand
	Size     int       // people in the family
	Income   Cents     // the family's income a month as it counts; 0 if the highest fee was taken
	Limit    Cents     // the limit of income for a family of this size
	Highest  bool      // the highest fee was taken, because it was accepted or because income is not known
	Lines    []Line    // the working, in its order; the last line is the fee
	Person   []Reason  // why a caseworker must look before the fee is proposed; none: nobody must
	Period   time.Time // the first day of the period whose figures were used
	Hash     string    // the hash of the pack
}

// Line is one step of the working.
type Line struct {
	Key     string
	Adult   int                        // whose income alone the step tells of, from 1; 0: nobody's alone
	Numbers []Number                   // the numbers that stand in the words
	Comes   Number                     // what the step comes to
	Words   map[person.Language]string // in all three languages
	Law     map[person.Language]string // the provision or practice that it stands on
}

// Reason is why a caseworker must look.
type Reason struct {
	Key   string
	Words map[person.Language]string // in all three languages
}

// Form is how a number is written.
type Form uint8

// The forms of a number.
const (
	Count   Form = iota // people, months
	Money               // euros and cents: 5,500.00 €
	Euros               // whole euros: 54 €
	Exact               // euros before they are rounded: 53.714 €
	Percent             // 10.7 %
	Time                // hours: 27.5
)

// Number is a number of the working: the fraction Num/Den, in euros, per cent,
// hours or pieces.
type Number struct {
	Name     string
	Form     Form
	Num, Den int64
}

func count(name string, n int) Number        { return Number{name, Count, int64(n), 1} }
func money(name string, c Cents) Number      { return Number{name, Money, int64(c), 100} }
func euros(name string, n int64) Number      { return Number{name, Euros, n, 1} }
func percent(name string, points int) Number { return Number{name, Percent, int64(points), 100} }
func hours(name string, h Hours) Number      { return Number{name, Time, int64(h), 100} }

// dayOf is the day that t names in its own time zone, at midnight UTC.
func dayOf(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// halfUp is num/den rounded to a whole number, a half upwards. Den is positive.
func halfUp(num, den int64) int64 {
	n, d := 2*num+den, 2*den
	q := n / d
	if n%d < 0 {
		q--
	}
	return q
}
