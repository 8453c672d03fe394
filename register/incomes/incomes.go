// Package incomes fetches a person's income, by month and kind, from a register
// of incomes over the wire, and believes nothing of the answer that it has not
// checked. What comes back holds the fields that were asked for and no others.
//
// The interface is our own shape; that of the national Incomes Register (Act
// 53/2018) belongs to its keeper.
package incomes

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// The fields of a register of incomes, as an agreement names them.
const (
	FieldMonth permission.Field = "incomes.month" // the month in which it was paid
	FieldKind  permission.Field = "incomes.kind"  // wages, a pension, ...
	FieldCents permission.Field = "incomes.cents" // how much
	FieldPayer permission.Field = "incomes.payer" // who paid
)

// Fields lists them all.
func Fields() []permission.Field {
	return []permission.Field{FieldMonth, FieldKind, FieldCents, FieldPayer}
}

// Month is a calendar month as 2026-10. The text form sorts as the months do.
type Month string

const monthForm = "2006-01"

// ParseMonth reads a month of the years 1900 to 2199.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse(monthForm, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2199 {
		return "", fault.New(fault.Invalid, "incomes.ParseMonth", "this is not a month").Do("write it as 2026-10")
	}
	return Month(s), nil
}

// MonthOf is the month that t is in, in its own time zone.
func MonthOf(t time.Time) Month { return Month(t.Format(monthForm)) }

// First is the first day of the month at midnight UTC; the zero time when m is
// no month.
func (m Month) First() time.Time { t, _ := time.Parse(monthForm, string(m)); return t }

// Add is the month n months later.
func (m Month) Add(n int) Month { return MonthOf(m.First().AddDate(0, n, 0)) }

// MonthsBetween lists the months from one to another, both included, oldest
// first.
func MonthsBetween(from, to Month) []Month {
	var out []Month
	for m := from; m <= to && len(out) <= MostMonths; m = m.Add(1) {
		out = append(out, m)
	}
	return out
}

// MostMonths is how many months can be asked for at once.
const MostMonths = 36

// Kind is a kind of income.
type Kind string

// The kinds of income that the stand-in register knows. A real register's code
// list is put to these by the adapter in front of it; a kind that is not on the
// list of the client is a fault and never a guess.
const (
	Wages        Kind = "wages"
	InKind       Kind = "benefits-in-kind"
	HolidayPay   Kind = "holiday-pay"
	Unemployment Kind = "unemployment"
	Parental     Kind = "parental"
	Sickness     Kind = "sickness"
	Pension      Kind = "pension"
	Benefit      Kind = "benefit" // another taxable benefit
	Entrepreneur Kind = "entrepreneur"
	Study        Kind = "study"
	HomeCare     Kind = "home-care"
	Other        Kind = "other"
)

// Kinds lists the kinds above.
func Kinds() []Kind {
	return []Kind{Wages, InKind, HolidayPay, Unemployment, Parental, Sickness, Pension, Benefit, Entrepreneur, Study, HomeCare, Other}
}

var kindForm = regexp.MustCompile(`^[a-z][a-z-]{0,39}$`)

// Income is what a person was paid in one month of one kind by one payer,
// corrections taken in: it is never below zero. It is personal data and does not
// print.
type Income struct {
	Month Month
	Kind  Kind
	Cents int64
	Payer string // "" unless the agreement lists FieldPayer
}

const mask = "[income]"

// Format hides the income from every verb of fmt.
func (Income) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, mask) }

// Request asks for one person's income. It is personal data and does not print.
type Request struct {
	ID         string             // the request's own number, from xroad.NewID; both sides keep it. "": one is made
	Purpose    string             // "early-education-fee"
	Permission int64              // the number of the person's permission
	Person     person.Code        // whose income
	SignedIn   person.Code        // whose deed it is: who gave the permission; zero: the program's own
	From, To   Month              // both included, at most MostMonths
	Fields     []permission.Field // of the agreement: month, kind and cents, and payer if it lists that
	Kinds      []Kind             // only these; none: all
}

// Format hides the request from every verb of fmt.
func (Request) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[request of income]") }

// Answer is what a register said, checked.
type Answer struct {
	Request  string    // the number under which both sides have it on their records
	Hash     string    // the exchange layer's hash of the request, which binds the answer to it; "" without such a layer
	Handover string    // the id of the source's mark of this hand-over; "" without an adapter
	At       time.Time // when it came
	Months   []Month   // the months asked for, each of which came whole; a month without income has no Income
	Income   []Income  // in order of month, kind and payer
	Repeated int       // how many rows stood there more than once, word for word, and were counted once
}

// Format hides the answer from every verb of fmt.
func (Answer) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[answer with income]") }

// Incomes is a register of incomes.
//
// Faults of Fetch: Missing is a gap (the source is not set up for this purpose,
// client or field) and Refused a violation (the permission does not stand at the
// source); Later means that nothing is wrong with the request; Invalid that the
// request or the answer is wrong in itself and a person must look. In all of
// them nothing is handed over.
type Incomes interface {
	Fetch(ctx context.Context, r Request) (Answer, error)
}
