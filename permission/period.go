package permission

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/person"
)

// Period is a length of calendar time. Its text form is that of ISO 8601:
// "P10Y", "P1Y6M", "P30D".
type Period struct {
	Years, Months, Days int // none below zero
}

// ISO 8601 with years, months and days only.
var periodForm = regexp.MustCompile(`^P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?$`)

// ParsePeriod reads "P1Y6M10D"; each of the three parts may be left out, not
// all of them.
func ParsePeriod(s string) (Period, error) {
	m := periodForm.FindStringSubmatch(s)
	if m == nil || len(s) < 3 {
		return Period{}, fault.New(fault.Invalid, "permission.ParsePeriod", "a period is not readable").Do("write it as in P10Y, P1Y6M or P30D")
	}
	var n [3]int
	for i, part := range m[1:] {
		if part != "" {
			n[i], _ = strconv.Atoi(part) // digits only, few of them
		}
	}
	return Period{n[0], n[1], n[2]}, nil
}

// IsZero reports whether the period has no length.
func (p Period) IsZero() bool { return p == Period{} }

// After is the moment that comes the period after t. The 31st of a month and
// 29 February run over into the next month, as time.AddDate has it.
func (p Period) After(t time.Time) time.Time { return t.AddDate(p.Years, p.Months, p.Days) }

// Before is the moment that comes the period before t, in the same way.
func (p Period) Before(t time.Time) time.Time { return t.AddDate(-p.Years, -p.Months, -p.Days) }

func (p Period) String() string {
	if p.IsZero() {
		return "P0D"
	}
	var b strings.Builder
	b.WriteByte('P')
	for _, part := range []struct {
		n    int
		unit string
	}{{p.Years, "Y"}, {p.Months, "M"}, {p.Days, "D"}} {
		if part.n != 0 {
			b.WriteString(strconv.Itoa(part.n) + part.unit)
		}
	}
	return b.String()
}

// MarshalText writes the period as ISO 8601 has it.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Period) UnmarshalText(b []byte) error {
	if string(b) == "P0D" {
		*p = Period{}
		return nil
	}
	v, err := ParsePeriod(string(b))
	if err == nil {
		*p = v
	}
	return err
}

// Words says the period to a resident: "1 year and 6 months".
func (p Period) Words(l person.Language) string {
	units := [3][2]string{{"vuosi", "vuotta"}, {"kuukausi", "kuukautta"}, {"päivä", "päivää"}}
	and := " ja "
	switch l {
	case person.Swedish:
		units, and = [3][2]string{{"år", "år"}, {"månad", "månader"}, {"dag", "dagar"}}, " och "
	case person.English:
		units, and = [3][2]string{{"year", "years"}, {"month", "months"}, {"day", "days"}}, " and "
	case person.Finnish:
	}
	var parts []string
	for i, n := range []int{p.Years, p.Months, p.Days} {
		switch {
		case n == 1:
			parts = append(parts, "1 "+units[i][0])
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, units[i][1]))
		}
	}
	if len(parts) == 0 {
		return "0 " + units[2][1]
	}
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + and + parts[last]
}
