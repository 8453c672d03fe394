package population

// The years that a calendar has tables of: all in which people live and most
// that criteria reckon with.
const (
	calendarFrom = 1850
	calendarTo   = 2150 // not included
)

// calendar knows days by their months without reckoning. Days outside its years
// are reckoned (civil, dayOf). It does not change.
type calendar struct {
	month []uint16 // of each day from the first on, its month
	first []int32  // of each month, its first day; one more than there are months
}

func newCalendar() *calendar {
	c := &calendar{}
	day := dayOf(calendarFrom, 1, 1)
	for m := range uint16((calendarTo - calendarFrom) * 12) {
		c.first = append(c.first, day)
		n := monthDays(calendarFrom+int(m)/12, int(m)%12+1)
		for range n {
			c.month = append(c.month, m)
		}
		day += int32(n) //nolint:gosec // at most 31
	}
	c.first = append(c.first, day)
	return c
}

// monthOf is the month of a day, from the calendar's first on, and the day's
// place in it; false: the day is outside.
func (c *calendar) monthOf(day int32) (month int, place int32, ok bool) {
	i := int(day) - int(c.first[0])
	if uint(i) >= uint(len(c.month)) {
		return 0, 0, false
	}
	month = int(c.month[i])
	return month, day - c.first[month], true
}

// plus moves a day by months as shift does; false: that is outside.
func (c *calendar) plus(day int32, months int) (int32, bool) {
	m, place, ok := c.monthOf(day)
	if !ok {
		return 0, false
	}
	if m += months; uint(m) >= uint(len(c.first)-1) {
		return 0, false
	}
	return c.first[m] + min(place, c.first[m+1]-c.first[m]-1), true
}

// years is yearsBetween.
func (c *calendar) years(a, b int32) int {
	ma, pa, aok := c.monthOf(a)
	mb, pb, bok := c.monthOf(b)
	if !aok || !bok || b < a {
		return yearsBetween(a, b)
	}
	n := mb - ma
	if pb < pa {
		n--
	}
	return n / 12
}
