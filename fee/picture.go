package fee

import (
	"fmt"
	"sort"
	"strings"

	"ennakko/fault"
	"ennakko/person"
)

// Picture is the fee of one child by the family's income, everything else
// unchanged: as the numbers of a table, and as what a drawing of them needs.
// Lengths are those of a box of Width by Height in which the point 0, 0 is above and
// to the left.
type Picture struct {
	Title map[person.Language]string // what is drawn
	Desc  map[person.Language]string // the same in a sentence, for who does not see it
	Rows  []Row                      // the table, by income
	Own   int                        // the family's own row, -1 if its income does not matter or is not known

	Width, Height int
	Line          string  // the line, as the d of a path
	Across, Up    []Tick  // marks of the income axis and of the fee axis
	X, Y          float64 // the family's own point, if there is one
}

// Row is one income and its fee.
type Row struct {
	Income Cents
	Euros  int
}

// Number is the row's income as a number.
func (r Row) Number() Number {
	if r.Income%100 != 0 {
		return money("", r.Income)
	}
	return euros("", int64(r.Income/100))
}

// Fee is the row's fee as a number.
func (r Row) Fee() Number { return euros("", int64(r.Euros)) }

// Tick is a mark on an axis.
type Tick struct {
	At    float64 // from the left, or from above
	Label map[person.Language]string
}

// The box of the drawing, and the room in it for the labels.
const (
	pictureWidth  = 400
	pictureHeight = 260
	roomLeft      = 56
	roomBelow     = 32
	roomRight     = 32
	roomAbove     = 14
)

// Picture is the fee of a child by income. The faults are those of Compute; a
// child who pays nothing whatever the income is Missing.
func (p *Pack) Picture(f Family, child int) (Picture, error) {
	own, err := p.Compute(f, child)
	if err != nil {
		return Picture{}, err
	}
	at := func(income Cents) int {
		g := f
		g.AcceptHighest, g.Assessed = false, &income
		x, failed := p.Compute(g, child)
		if failed != nil {
			err = failed
		}
		return x.Euros
	}
	period, _ := p.Period(f.On) // Compute has found it
	top := own.Limit + Cents(period.Highest+1)*1000000/Cents(period.Percent)
	most := at(top)
	if most == 0 && err == nil {
		err = fault.New(fault.Missing, "fee.Picture", "nothing is charged for the child, whatever the income")
	}
	if err != nil {
		return Picture{}, err
	}
	first := edge(top, func(income Cents) bool { return at(income) > 0 })
	last := edge(top, func(income Cents) bool { return at(income) >= most })
	d := Picture{Own: -1, Width: pictureWidth, Height: pictureHeight}
	from, to := max(0, first-100000)/100000*100000, (last+199999)/100000*100000
	incomes := []Cents{from, own.Limit, first, last, to}
	for i := from; i < to; i += 50000 {
		incomes = append(incomes, i)
	}
	known := !own.Highest && len(own.Person) == 0
	if known {
		incomes = append(incomes, own.Income)
	}
	sort.Slice(incomes, func(i, j int) bool { return incomes[i] < incomes[j] })
	for i, income := range incomes {
		if i > 0 && income == incomes[i-1] {
			continue
		}
		d.Rows = append(d.Rows, Row{income, at(income)})
		if known && income == own.Income {
			d.Own = len(d.Rows) - 1
		}
	}
	d.draw(first, last, from, to, most)
	d.say(p, own, first, last, most)
	return d, err
}

// edge is the least income, to the full cent, at which something is so that is
// so of every higher income.
func edge(top Cents, so func(Cents) bool) Cents {
	return Cents(sort.Search(int(top), func(i int) bool { return so(Cents(i)) }))
}

// draw places line, marks and point.
func (d *Picture) draw(first, last, from, to Cents, most int) {
	if d.Own >= 0 {
		from, to = min(from, d.Rows[d.Own].Income), max(to, d.Rows[d.Own].Income)
	}
	x := func(c Cents) float64 {
		return roomLeft + float64(c-from)/float64(to-from)*(pictureWidth-roomLeft-roomRight)
	}
	y := func(e int) float64 {
		return pictureHeight - roomBelow - float64(e)/float64(max(1, most))*(pictureHeight-roomBelow-roomAbove)
	}
	low := 0
	for _, r := range d.Rows {
		if r.Income == first {
			low = r.Euros
		}
	}
	points := []struct {
		income Cents
		euros  int
	}{{from, 0}, {first, 0}, {first, low}, {last, most}, {to, most}}
	var parts []string
	for i, q := range points {
		letter := "L"
		if i == 0 {
			letter = "M"
		}
		parts = append(parts, fmt.Sprintf("%s%.1f %.1f", letter, x(q.income), y(q.euros)))
	}
	d.Line = strings.Join(parts, " ")
	for c := (from + 99999) / 100000 * 100000; c <= to; c += 100000 * max(1, (to-from+299999)/300000) {
		d.Across = append(d.Across, tick(x(c), Row{Income: c}.Number()))
	}
	for e := 0; e <= most; e += max(10, (most/4+40)/50*50) {
		d.Up = append(d.Up, tick(y(e), euros("", int64(e))))
	}
	if d.Own >= 0 {
		d.X, d.Y = x(d.Rows[d.Own].Income), y(d.Rows[d.Own].Euros)
	}
}

func tick(at float64, n Number) Tick {
	t := Tick{at, map[person.Language]string{}}
	for _, l := range person.Languages() {
		t.Label[l] = n.In(l)
	}
	return t
}

// say writes title and description.
func (d *Picture) say(p *Pack, own Fee, first, last Cents, most int) {
	d.Title, d.Desc = map[person.Language]string{}, map[person.Language]string{}
	numbers := []Number{count("size", own.Size), money("first", first), money("last", last), euros("highest", int64(most)), money("income", own.Income), euros("fee", int64(own.Euros))}
	for _, l := range person.Languages() {
		value := func(name string) string {
			for _, n := range numbers {
				if n.Name == name {
					return n.In(l)
				}
			}
			return ""
		}
		d.Title[l], d.Desc[l] = p.picture["title"][l].fill(value), p.picture["desc"][l].fill(value)
		if d.Own >= 0 {
			d.Desc[l] += " " + p.picture["own"][l].fill(value)
		}
	}
}

// pictureNames lists the texts of a picture and what each must name.
func pictureNames() map[string][]string {
	return map[string][]string{"title": {"size"}, "desc": {"first", "last", "highest"}, "own": {"income", "fee"}}
}
