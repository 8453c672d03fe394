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

// bar is a row as it is drawn. Lengths are CSS lengths, so that the bars fit
// any screen and the words keep their size.
type bar struct {
	row
	Shown              string // the number in the language's form
	TextY, BarY, Width string
}

// chart is a bar chart that the server draws; the same numbers stand in a table.
type chart struct {
	ID, Title, Desc, Height string
	Bars                    []bar
}

const barPitch = 2.6 // em from one bar to the next

// newChart draws rows against the greatest of them.
func newChart(t words, id, key, desc string, rows []row) chart {
	c := chart{ID: id, Title: t.T(key), Desc: desc, Height: em(barPitch * float64(len(rows)))}
	most := 1
	for _, r := range rows {
		if !r.Withheld {
			most = max(most, r.N)
		}
	}
	for i, r := range rows {
		top := barPitch * float64(i)
		b := bar{row: r, TextY: em(top + 1.1), BarY: em(top + 1.5), Width: "0", Shown: t.T("withheld")}
		if !r.Withheld {
			b.Shown = t.N(r.N)
			b.Width = strconv.FormatFloat(100*float64(r.N)/float64(most), 'f', 2, 64) + "%"
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

func em(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "em" }
