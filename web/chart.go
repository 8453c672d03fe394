package web

import "strconv"

// row is one count with its words.
type row struct {
	Label    string
	N        int
	Withheld bool
	Strong   bool   // stands out
	Note     string // beside the number: a share
}

// bar is a row as it is drawn.
type bar struct {
	row
	Shown string // the number in the language's form
	Width string // of the bar, a CSS length: it fits any screen
}

// chart is a bar chart that the server draws: the words wrap as others do, and the same
// numbers stand in a table.
type chart struct {
	ID, Title, Desc string
	Bars            []bar
}

// newChart draws rows against the greatest of them.
func newChart(t words, id, key, desc string, rows []row) chart {
	c := chart{ID: id, Title: t.T(key), Desc: desc}
	most := 1
	for _, r := range rows {
		if !r.Withheld {
			most = max(most, r.N)
		}
	}
	for _, r := range rows {
		b := bar{row: r, Width: "0", Shown: t.T("withheld")}
		if !r.Withheld {
			b.Shown = t.N(r.N)
			b.Width = strconv.FormatFloat(100*float64(r.N)/float64(most), 'f', 2, 64) + "%"
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

func em(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "em" }
