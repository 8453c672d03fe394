package csv

import (
	"math"
	"strconv"
	"strings"
	"time"

	"ennakko/person"
	"ennakko/place"
)

// cells is one row; the first fault of a cell stands in fault.
type cells struct {
	table *table
	rec   []string
	row   int
	fault *SetAside
}

func (c *cells) text(name string) string {
	i, ok := c.table.columns[name]
	if !ok {
		return ""
	}
	return strings.TrimSpace(c.rec[i])
}

// bad sets the row aside for a reason that holds no value.
func (c *cells) bad(column, reason, hint string) {
	if c.fault == nil {
		c.fault = &SetAside{c.table.file, c.row, column, reason, hint}
	}
}

func (c *cells) needed(name string) string {
	s := c.text(name)
	if s == "" {
		c.bad(name, "the cell is empty", "")
	}
	return s
}

func (c *cells) code(name string) person.Code {
	s := c.needed(name)
	if s == "" {
		return person.Code{}
	}
	code, err := person.ParseCode(s)
	if err != nil {
		c.bad(name, showOf(err), hintOf(err))
	}
	return code
}

// Days outside these years are typing faults.
const (
	firstYear = 1850
	lastYear  = 2150
)

func (c *cells) day(name string) time.Time {
	s := c.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		c.bad(name, "the cell is not a day", "write days as 2021-01-07")
		return time.Time{}
	}
	if t.Year() < firstYear || t.Year() > lastYear {
		c.bad(name, "the day's year is not between 1850 and 2150", "look for digits typed wrong")
		return time.Time{}
	}
	return t
}

func (c *cells) neededDay(name string) time.Time {
	if c.needed(name) == "" {
		return time.Time{}
	}
	return c.day(name)
}

func (c *cells) yesNo(name string) bool {
	switch c.text(name) {
	case "1":
		return true
	case "0":
		return false
	}
	c.bad(name, "the cell is neither 0 nor 1", "")
	return false
}

// oneOf accepts exactly the words given.
func (c *cells) oneOf(name string, words ...string) string {
	s := c.text(name)
	for _, w := range words {
		if s == w {
			return s
		}
	}
	c.bad(name, "the cell has an unknown word", "use "+strings.Join(words, ", "))
	return ""
}

func (c *cells) digits(name string, n int, optional bool) string {
	s := c.text(name)
	if s == "" && optional {
		return ""
	}
	if len(s) != n || strings.Trim(s, "0123456789") != "" {
		c.bad(name, "the cell does not have "+strconv.Itoa(n)+" digits", "a spreadsheet may have dropped a zero at the front")
		return ""
	}
	return s
}

func (c *cells) count(name string, most int) int {
	n, err := strconv.Atoi(c.needed(name))
	if err != nil || n < 0 || n > most {
		c.bad(name, "the cell is not a whole number from 0 to "+strconv.Itoa(most), "")
		return 0
	}
	return n
}

func (c *cells) metres(name string) float64 {
	f, err := strconv.ParseFloat(c.text(name), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		c.bad(name, "the cell is not a number of metres", "the decimal sign is the point")
		return 0
	}
	return f
}

// grid reads crs, north and east. Empty is the zero Grid and ok is false.
func (c *cells) grid() (g place.Grid, ok bool) {
	crs, north, east := c.text("crs"), c.text("north"), c.text("east")
	if crs == "" && north == "" && east == "" {
		return place.Grid{}, false
	}
	if crs == "" || north == "" || east == "" {
		c.bad("crs", "crs, north and east must all be given or all be empty", "")
		return place.Grid{}, false
	}
	n, e := c.metres("north"), c.metres("east")
	if c.fault != nil {
		return place.Grid{}, false
	}
	epsg, err := strconv.Atoi(crs)
	if err != nil {
		c.bad("crs", "the cell is not an EPSG code", "use 3879 or 3067")
		return place.Grid{}, false
	}
	g, err = place.NewGrid(epsg, n, e)
	if err != nil {
		c.bad("north", showOf(err), hintOf(err))
		return place.Grid{}, false
	}
	return g, true
}

func (c *cells) language(name string) person.Language {
	l, err := person.ParseLanguage(c.text(name))
	if err != nil {
		c.bad(name, showOf(err), hintOf(err))
	}
	return l
}

// maxText is the longest text in a cell, in bytes.
const maxText = 200

func (c *cells) short(name string, optional bool) string {
	s := c.text(name)
	switch {
	case s == "" && !optional:
		c.bad(name, "the cell is empty", "")
	case len(s) > maxText:
		c.bad(name, "the cell is longer than 200 bytes", "")
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }):
		c.bad(name, "the cell has control characters", "a wrong charset often looks like this")
	}
	return s
}
