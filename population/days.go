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
	for i, d := range a.day {
		y, _, _ := civil(d)
		out.num[i] = float64(y)
	}
	out.unknown, out.failed = a.unknown, a.failed
}

func dateOfNumbers(w *worker, s *step, out *vector) {
	y, m, d := w.arg(s, 0), w.arg(s, 1), w.arg(s, 2)
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
	strict(a, by, out)
	sign := 1
	if s.op == "minus" {
		sign = -1
	}
	texts := w.plan.texts.all()
	var last uint32
	var length criteria.Span
	err := error(nil)
	for i := range w.n {
		if out.unknown.has(i) || out.failed.has(i) {
			continue
		}
		if i == 0 || by.text[i] != last || length == (criteria.Span{}) {
			last = by.text[i]
			length, err = criteria.ParseSpan(texts[last])
		}
		day, ok := shift(a.day[i], length, sign)
		if err != nil || !ok {
			out.failed.set(i)
			continue
		}
		out.day[i] = day
	}
}

// between is what two days say together: a period, or how far they are apart.
func between(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	strict(a, b, out)
	switch s.op {
	case "between":
		copy(out.day, a.day)
		copy(out.last, b.day)
	case "daysBetween":
		for i := range a.day {
			out.num[i] = float64(b.day[i] - a.day[i])
		}
	case "yearsBetween":
		if w.plan.steps[s.args[1]].fixed != nil {
			yearsTo(b.day[0], a.day, out.num)
			return
		}
		for i := range a.day {
			out.num[i] = float64(yearsBetween(a.day[i], b.day[i]))
		}
	}
}

// yearsTo is yearsBetween many days and one.
func yearsTo(to int32, from []int32, years []float64) {
	y, m, d := civil(to)
	for i, x := range from {
		if x > to {
			years[i] = float64(yearsBetween(x, to))
			continue
		}
		yx, mx, dx := civil(x)
		n := y - yx
		if m < mx || m == mx && d < dx {
			n--
		}
		years[i] = float64(n)
	}
}

// edge is the first or the last day of a period; "ever" has neither.
func edge(w *worker, s *step, out *vector) {
	a := w.arg(s, 0)
	from := a.day
	if s.op == "last" {
		from = a.last
	}
	out.unknown, out.failed = a.unknown, a.failed
	for i, d := range from {
		out.day[i] = d
		if (d < firstDay || d > lastDay) && !out.unknown.has(i) {
			out.failed.set(i)
		}
	}
}
