package web

import (
	"strconv"
	"strings"
)

// curve is the picture of the fee by the family's income, drawn by the server.
// The same numbers stand in a table beside it.
type curve struct {
	Desc   string
	Line   string // the points of a line, in units of the picture
	X, Y   string // where this family stands
	Here   string // its words
	Anchor string // which way they stand from there
	Ticks  []tick // of income, below
	Steps  []tick // of the fee, at the left
	Rows   []curveRow
}

// tick is a number beside an axis.
type tick struct{ At, Text, Anchor string }

type curveRow struct {
	Income, Fee int64
	Mine        bool
}

// The picture's measures, in units of its own.
const (
	curveWide, curveHigh = 600, 300
	curveLeft, curveTop  = 96, 30
	curveRight           = curveWide - 20
	curveFoot            = curveHigh - 50
)

// newCurve draws a proposal's curve. It needs two points or more, by income.
func newCurve(t words, p proposal) curve {
	last := p.Curve[len(p.Curve)-1]
	most := max(last.Income, p.Income, 1)
	high := int64(1)
	for _, q := range p.Curve {
		high = max(high, q.Fee, p.Cents)
	}
	x := func(cents int64) float64 {
		return curveLeft + float64(cents)/float64(most)*(curveRight-curveLeft)
	}
	y := func(cents int64) float64 { return curveFoot - float64(cents)/float64(high)*(curveFoot-curveTop) }
	c := curve{Desc: t.T("curve.desc", t.Euro(p.Income), t.Euro(p.Cents)), X: pt(x(p.Income)), Y: pt(y(p.Cents)), Here: t.Euro(p.Cents), Anchor: "start"}
	if x(p.Income) > curveWide/2 {
		c.Anchor = "end"
	}
	var line []string
	for _, q := range p.Curve {
		line = append(line, pt(x(q.Income))+","+pt(y(q.Fee)))
	}
	c.Line = strings.Join(line, " ")
	for i, part := range []int64{0, most / 2, most} {
		part -= part % 100_00
		c.Ticks = append(c.Ticks, tick{pt(x(part)), t.Euro(part), [...]string{"start", "middle", "end"}[i]})
	}
	for _, part := range []int64{0, high} {
		c.Steps = append(c.Steps, tick{pt(y(part)), t.Euro(part), "end"})
	}
	mine := false
	for _, q := range p.Curve {
		if !mine && q.Income > p.Income {
			c.Rows, mine = append(c.Rows, curveRow{p.Income, p.Cents, true}), true
		}
		if q.Income == p.Income {
			mine = true
		}
		c.Rows = append(c.Rows, curveRow{q.Income, q.Fee, q.Income == p.Income})
	}
	if !mine {
		c.Rows = append(c.Rows, curveRow{p.Income, p.Cents, true})
	}
	return c
}

func pt(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
