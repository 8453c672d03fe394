package population

import (
	"ennakko/criteria"
)

// Days are counted from 1970-01-01. The language's days are those of the years 1
// to 9999; a step that leaves them is an error.
const (
	firstDay int32 = -719162 // 0001-01-01
	lastDay  int32 = 2932896 // 9999-12-31
)

// civil is the calendar date of a day.
//
// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013),
// civil_from_days.
func civil(day int32) (year, month, dayOfMonth int) {
	z := int(day) + 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	dayOfMonth = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if mp >= 10 {
		month = mp - 9
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, dayOfMonth
}

// dayOf is the day of a calendar date. The month may be anything; the day of
// the month is taken as it is.
//
// Source: as civil, days_from_civil.
func dayOf(year, month, dayOfMonth int) int32 {
	month--
	year += month / 12
	if month %= 12; month < 0 {
		month, year = month+12, year-1
	}
	month++
	if month <= 2 {
		year--
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	yoe := year - era*400
	mp := month - 3
	if month <= 2 {
		mp = month + 9
	}
	doe := yoe*365 + yoe/4 - yoe/100 + (153*mp+2)/5 + dayOfMonth - 1
	return int32(era*146097 + doe - 719468) //nolint:gosec // years are bounded by the callers
}

// monthDays is how many days a month has.
func monthDays(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// shift moves a day by a span, sign times, as criteria.AddSpan does; false: it
// left the years of the language.
func shift(day int32, by criteria.Span, sign int) (int32, bool) {
	n := by.N * sign
	switch by.Unit {
	case 'd':
		day += int32(n) //nolint:gosec // a span is at most 9,999
	case 'w':
		day += int32(7 * n) //nolint:gosec // a span is at most 9,999
	default:
		if by.Unit == 'y' {
			n *= 12
		}
		y, m, d := civil(day)
		m += n - 1
		y += m / 12
		if m %= 12; m < 0 {
			m, y = m+12, y-1
		}
		if y < 1 || y > 9999 {
			return 0, false
		}
		day = dayOf(y, m+1, min(d, monthDays(y, m+1)))
	}
	return day, day >= firstDay && day <= lastDay
}

// yearsBetween is the number of whole years from a to b, as
// criteria.YearsBetween counts them.
func yearsBetween(a, b int32) int {
	if b < a {
		return -yearsBetween(b, a)
	}
	ya, ma, da := civil(a)
	yb, mb, db := civil(b)
	n := yb - ya
	if mb < ma || mb == ma && db < da {
		n--
	}
	return n
}

func yearOf(w *worker, s *step, out *vector) {
	a := w.arg(s, 0)
	year := func(day int32) float64 {
		y, _, _ := civil(day)
		return float64(y)
	}
	out.own, out.rest.num, out.full = a.own, year(a.rest.day), false
	out.own.each(func(i int) { out.num[i] = year(a.day[i]) })
	out.unknown, out.failed = a.unknown, a.failed
}

func dateOfNumbers(w *worker, s *step, out *vector) {
	y, m, d := w.arg(s, 0), w.arg(s, 1), w.arg(s, 2)
	for _, x := range []*vector{y, m, d} {
		x.fill()
	}
	out.own.first(w.n)
	out.full = true
	errorsFirst(out, y, m, d)
	for i := range w.n {
		if out.unknown.has(i) || out.failed.has(i) {
			continue
		}
		year, month, day := int(y.num[i]), int(m.num[i]), int(d.num[i])
		if float64(year) != y.num[i] || float64(month) != m.num[i] || float64(day) != d.num[i] ||
			year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month) {
			out.failed.set(i)
			continue
		}
		out.day[i] = dayOf(year, month, day)
	}
}

// moveDay is day.plus(span) and day.minus(span).
func moveDay(w *worker, s *step, out *vector) {
	a, by := w.arg(s, 0), w.arg(s, 1)
	pair(a, by, out)
	strict(a, by, out)
	sign := 1
	if s.op == "minus" {
		sign = -1
	}
	texts, days := w.plan.texts.all(), w.plan.columns.days
	var last uint32
	var length criteria.Span
	err := error(nil)
	move := func(day int32, span uint32) (int32, bool) {
		if span != last || length == (criteria.Span{}) {
			last = span
			length, err = criteria.ParseSpan(texts[span])
		}
		if err != nil {
			return 0, false
		}
		if length.Unit == 'y' || length.Unit == 'm' {
			months := length.N * sign
			if length.Unit == 'y' {
				months *= 12
			}
			if to, ok := days.plus(day, months); ok {
				return to, true
			}
		}
		return shift(day, length, sign)
	}
	ok := true
	asked := flags{}
	for i := range asked {
		asked[i] = out.own[i] & out.need[i] &^ (out.unknown[i] | out.failed[i])
	}
	asked.each(func(i int) {
		if out.day[i], ok = move(a.day[i], by.text[i]); !ok {
			out.failed.set(i)
		}
	})
	if others := out.others(); !others.none() {
		if out.rest.day, ok = move(a.rest.day, by.rest.text); !ok {
			out.fail(others)
		}
	}
}

// between is what two days say together: a period, or how far they are apart.
func between(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	pair(a, b, out)
	strict(a, b, out)
	switch s.op {
	case "between":
		out.own.each(func(i int) {
			out.day[i], out.last[i] = a.day[i], b.day[i]
		})
		out.rest.day, out.rest.last = a.rest.day, b.rest.day
	case "daysBetween":
		out.own.each(func(i int) {
			out.num[i] = float64(b.day[i] - a.day[i])
		})
		out.rest.num = float64(b.rest.day - a.rest.day)
	case "yearsBetween":
		days := w.plan.columns.days
		out.own.each(func(i int) {
			out.num[i] = float64(days.years(a.day[i], b.day[i]))
		})
		out.rest.num = float64(yearsBetween(a.rest.day, b.rest.day))
	}
}

// edge is the first or the last day of a period; "ever" has neither.
func edge(w *worker, s *step, out *vector) {
	a := w.arg(s, 0)
	from := a.day
	out.own, out.full, out.rest.day = a.own, false, a.rest.day
	if s.op == "last" {
		from, out.rest.day = a.last, a.rest.last
	}
	out.unknown, out.failed = a.unknown, a.failed
	out.own.each(func(i int) {
		out.day[i] = from[i]
		if (from[i] < firstDay || from[i] > lastDay) && !out.unknown.has(i) {
			out.failed.set(i)
		}
	})
	if out.rest.day < firstDay || out.rest.day > lastDay {
		out.fail(out.others())
	}
}
