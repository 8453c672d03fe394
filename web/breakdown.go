package web

import (
	"context"
	"net/http"
	"time"

	"ennakko/store"
)

// snapshot is a breakdown of a round as it was counted once in a day.
type snapshot struct {
	at    time.Time
	cells []store.FunnelCell
}

// breakdownView is how far a round has come by district and by language.
type breakdownView struct {
	Round store.Round
	Path  string
	Tabs  []link
	At    time.Time
	Chart chart
	Parts []breakdown
}

// breakdown is one table: what is counted stands in the columns.
type breakdown struct {
	Key     string // text key of the title
	Columns []string
	Rows    []breakdownRow
}

type breakdownRow struct {
	Label string
	Cells []cell
}

// cell is a count that discloses nobody.
type cell struct {
	N        int
	Withheld bool
}

// stages are the columns of a breakdown.
var stages = []struct {
	key string
	of  func(store.FunnelCounts) int
}{
	{"offered", func(c store.FunnelCounts) int { return c.Offered }}, {"sent", func(c store.FunnelCounts) int { return c.Sent }},
	{"delivered", func(c store.FunnelCounts) int { return c.Delivered }}, {"answered", func(c store.FunnelCounts) int { return c.Answered }},
	{"accepted", func(c store.FunnelCounts) int { return c.Accepted }}, {"declined", func(c store.FunnelCounts) int { return c.Declined }},
	{"conflict", func(c store.FunnelCounts) int { return c.Conflict }}, {"unreached", func(c store.FunnelCounts) int { return c.Unreached }},
}

// districts shows how far a round has come by district and by language. It is
// counted once a day, so that nobody can watch one answer change a count.
func (s *site) districts(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	rd, err := s.roundOf(r)
	if err != nil {
		return err
	}
	if rd.State == store.Prepared {
		return missing("web.districts")
	}
	v := breakdownView{Round: rd, Path: roundPath(rd.ID) + "/districts"}
	v.Tabs = s.tabs(r, t, rd, v.Path)
	shot, err := s.shot(r.Context(), t, rd)
	if err != nil {
		return err
	}
	v.At = shot.at
	areas, languages := map[string]store.FunnelCounts{}, map[string]store.FunnelCounts{}
	for _, c := range shot.cells {
		a, l := areas[areaOf(c.District)], languages[c.Language]
		a.Add(c.FunnelCounts)
		l.Add(c.FunnelCounts)
		areas[areaOf(c.District)], languages[c.Language] = a, l
	}
	byArea := funnelBy(t, "breakdown.districts", areaNames(t, areas), areas)
	v.Parts = []breakdown{byArea, funnelBy(t, "breakdown.languages", languageNames(t, languages), languages)}
	v.Chart = newChart(t, "answered", "breakdown.answered", t.T("breakdown.answered.desc"), byArea.column(3))
	return s.render(w, r, http.StatusOK, "districts.html", view{words: t, Title: t.T("tab.districts"), Path: v.Path, Data: v})
}

// shot counts a breakdown, once for each day of the round.
func (s *site) shot(ctx context.Context, t words, rd store.Round) (snapshot, error) {
	now := s.clock.Now()
	key := roundPath(rd.ID) + " " + string(rd.State) + " " + now.In(t.zone).Format(time.DateOnly)
	s.mu.Lock()
	kept, ok := s.shots[key]
	s.mu.Unlock()
	if ok {
		return kept, nil
	}
	cells, err := s.figures.FunnelBy(ctx, rd.ID, rd.AsOf)
	if err != nil {
		return snapshot{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept, ok := s.shots[key]; ok {
		return kept, nil
	}
	s.shots[key] = snapshot{now, cells}
	return s.shots[key], nil
}

// named pairs a key with its words.
type namedKey struct{ key, label string }

func areaNames(t words, by map[string]store.FunnelCounts) []namedKey {
	var out []namedKey
	for _, a := range allAreas(t) {
		if _, ok := by[a.key]; ok {
			out = append(out, a)
		}
	}
	if _, ok := by[""]; ok {
		out = append(out, namedKey{"", t.T("district.other")})
	}
	return out
}

func languageNames(t words, by map[string]store.FunnelCounts) []namedKey {
	var out []namedKey
	for _, l := range languages {
		if _, ok := by[string(l)]; ok {
			out = append(out, namedKey{string(l), t.T("teaching." + string(l))})
		}
	}
	return out
}

// funnelBy counts how far children have come, by one thing about them.
func funnelBy(t words, key string, names []namedKey, by map[string]store.FunnelCounts) breakdown {
	var cols []column
	for _, st := range stages {
		c := column{label: t.T("funnel." + st.key)}
		for _, n := range names {
			c.counts = append(c.counts, st.of(by[n.key]))
		}
		cols = append(cols, c)
	}
	return newBreakdown(key, names, cols)
}

// column is what is counted, row by row.
type column struct {
	label  string
	counts []int
}

// newBreakdown withholds small counts, and others with them so that a reader
// who knows the exact total cannot compute them; those shown are rounded to
// five, so that one column does not tell of another.
func newBreakdown(key string, names []namedKey, cols []column) breakdown {
	b := breakdown{Key: key, Rows: make([]breakdownRow, len(names))}
	for i, n := range names {
		b.Rows[i].Label = n.label
	}
	for _, c := range cols {
		b.Columns = append(b.Columns, c.label)
		for i, held := range withhold(c.counts) {
			n, few := about(c.counts[i])
			b.Rows[i].Cells = append(b.Rows[i].Cells, cell{n, held || few})
		}
	}
	return b
}

// column is one column as rows of a chart.
func (b breakdown) column(i int) []row {
	out := make([]row, len(b.Rows))
	for j, r := range b.Rows {
		out[j] = row{Label: r.Label, N: r.Cells[i].N, Withheld: r.Cells[i].Withheld}
	}
	return out
}
