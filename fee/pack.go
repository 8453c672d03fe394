package fee

import (
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// Pack is the fee as data: dated figures, kinds of income, words and made-up
// families. Only Load makes one.
type Pack struct {
	name, version, owner, phone, hash string
	title                             map[person.Language]string
	periods                           []Period
	shares                            []shares
	free                              []dated // hours of pre-primary education a week, in Hours
	holiday                           []dated // holiday pay added to wages, in hundredths of a per cent
	average                           []averaging
	kinds                             map[Kind]kind
	steps                             map[string]step
	who                               map[string]map[person.Language]template
	reasons                           map[string]map[person.Language]string
	picture                           map[string]map[person.Language]template
	messages                          map[Message]map[person.Language]template
	cases                             []madeUp
	agreements                        []permission.Agreement
	documents                         Documents
}

// Period is the figures of the Act that hold from a day on.
type Period struct {
	From      time.Time
	Limits    [largestSize - smallestSize + 1]Limit // for families of two to six
	Increment int                                   // euros that the limit grows by for each further child
	Percent   int                                   // of the income above the limit, in hundredths of a per cent
	Highest   int                                   // euros
	Lowest    int                                   // euros: a fee below it is not charged
	Second    int                                   // per cent of the youngest's fee that the next child pays
	Later     int                                   // per cent that each further child pays
	Source    string                                // where the figures were published
	Checked   string                                // what was compared with what
}

// Limit is the limit of income for one size of family, in euros a month.
type Limit struct {
	Euros  int
	Source string
}

// Sizes of family for which the law has a limit of its own.
const (
	smallestSize = 2
	largestSize  = 6
)

// Limit is the limit of income for a family of that size, two or more.
func (p Period) Limit(size int) Cents {
	if size <= largestSize {
		return Cents(p.Limits[size-smallestSize].Euros) * 100
	}
	return Cents(p.Limits[largestSize-smallestSize].Euros+(size-largestSize)*p.Increment) * 100
}

// shares says how much of the fee for full time is charged by hours a week.
type shares struct {
	from        time.Time
	partUpTo    Hours
	partPercent int
	fullFrom    Hours
	steps       []hourStep // as the city has decided; none: in proportion to the hours
}

type hourStep struct {
	upTo    Hours
	percent int
}

// averaging says when income counts at its last level, and over how many
// months it is averaged otherwise.
type averaging struct {
	from           time.Time
	steady, months int
	fresh          int // months old that the last month may be
	change         int // per cent of the income by which the last months may differ from the average
}

type dated struct {
	from  time.Time
	value int
}

// treatment is what becomes of a kind of income.
type treatment string

const (
	counted  treatment = "counted"
	leftOut  treatment = "left-out"
	deducted treatment = "deducted"
	holiday  treatment = "holiday-pay"
	unclear  treatment = "person" // counted, and a caseworker looks
)

type kind struct {
	treatment treatment
	holiday   bool // holiday pay is added to it
	title     map[person.Language]string
	source    string
	place     int // in the list of the pack
}

// Name is the pack's name, that of its folder.
func (p *Pack) Name() string { return p.name }

// Version is the pack's version, which CHANGES.md tells of.
func (p *Pack) Version() string { return p.version }

// Hash is SHA-256 over the pack's files, in hex: each file's name, length and
// bytes in the order of docs/fee.md.
func (p *Pack) Hash() string { return p.hash }

// Owner is who answers for the fee.
func (p *Pack) Owner() string { return p.owner }

// Phone is the number at which a person answers.
func (p *Pack) Phone() string { return p.phone }

// Title is the pack's name for a resident.
func (p *Pack) Title(l person.Language) string { return p.title[l] }

// Cases is the number of made-up families that the pack is tried on.
func (p *Pack) Cases() int { return len(p.cases) }

// Periods is a copy of the periods, the oldest first.
func (p *Pack) Periods() []Period { return append([]Period(nil), p.periods...) }

// Period is the figures that hold on the day that on names in its own time
// zone; Missing if none do.
func (p *Pack) Period(on time.Time) (Period, error) {
	on = dayOf(on)
	if x, ok := at(p.periods, on, func(x Period) time.Time { return x.From }); ok {
		return x, nil
	}
	return Period{}, fault.New(fault.Missing, "fee.Period", "no figures are known for the day").Do("the pack's periods begin on %s", p.periods[0].From.Format(time.DateOnly))
}

// Knows reports whether the pack lists the kind of income.
func (p *Pack) Knows(k Kind) bool { _, ok := p.kinds[k]; return ok }

// at is the last of the entries that begins on the day or before.
func at[T any](list []T, on time.Time, from func(T) time.Time) (T, bool) {
	var out T
	ok := false
	for _, x := range list {
		if !from(x).After(on) {
			out, ok = x, true
		}
	}
	return out, ok
}
