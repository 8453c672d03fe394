package web

import (
	"context"
	"fmt"
	"slices"

	"ennakko/place"
	"ennakko/store"
	"ennakko/store/tables"
)

// cohortView is who was found and where places are held for them.
type cohortView struct {
	Found, Justified, Placed, Waiting, LeftOut int

	Map        cityMap
	People     []group // by where they live, age and language
	Districts  chart   // places held
	Languages  chart
	Criteria   []leftOut
	AnyHeld    bool // a count is withheld
	WaitingBy  []row
	Reasons    []row
	DistanceKM int     // of all children together
	BoundKM    int     // the least that could be, were the problem relaxed
	OverBound  float64 // per cent
	MeanM      int     // metres from home
}

// leftOut is a criterion and how many it leaves out.
type leftOut struct {
	row
	Failsafe bool // these children stand on the failsafe list
}

func (s *site) cohortView(ctx context.Context, t words, r store.Round) (*cohortView, error) {
	c, err := s.cohort(ctx, r)
	if err != nil {
		return nil, err
	}
	sum := r.Summary
	v := &cohortView{Found: sum["found"], Justified: sum["justified"], Placed: sum["placed"], Waiting: sum["waiting"]}
	v.LeftOut = v.Found - v.Justified
	v.People = people(t, c.People)
	v.Map = newMap(t, v.People[0].Table.column(1))
	v.Districts = newChart(t, "districts", "cohort.districts", t.T("cohort.districts.desc"), hide(majors(t, c.ByDistrict)))
	v.Languages = newChart(t, "languages", "cohort.languages", t.T("cohort.languages.desc"), hide(named(t, "teaching.", c.ByLanguage)))
	v.Reasons, v.WaitingBy = hide(named(t, "assign.", c.ByReason)), hide(named(t, "waiting.", c.Waiting))
	counts := make([]row, len(c.LeftOut))
	for i, l := range c.LeftOut {
		counts[i].N = l.Children
	}
	for i, l := range hide(counts) {
		l.Label = t.T("verdict."+string(c.LeftOut[i].Verdict)) + " "
		for _, k := range s.pack.Criteria() {
			if k.Name == c.LeftOut[i].Criterion {
				l.Label = t.Of(k.NotMet)
				if c.LeftOut[i].Verdict == "unknown" {
					l.Label = t.Of(k.Unknown)
				}
			}
		}
		v.Criteria = append(v.Criteria, leftOut{l, c.LeftOut[i].Failsafe > 0})
	}
	v.AnyHeld = v.anyHeld()
	v.distance(sum)
	return v, nil
}

func (v *cohortView) distance(sum map[string]int) {
	all, least := sum["assignment_distance_m"], sum["assignment_bound_m"]
	v.DistanceKM, v.BoundKM = (all+500)/1000, (least+500)/1000
	if least > 0 {
		v.OverBound = 100 * (float64(all)/float64(least) - 1)
	}
	if v.Placed > 0 {
		v.MeanM = sum["assignment_distance_m"] / v.Placed
	}
}

func (v *cohortView) anyHeld() bool {
	held := func(r row) bool { return r.Withheld }
	for _, c := range []chart{v.Districts, v.Languages} {
		if slices.ContainsFunc(c.Bars, func(b bar) bool { return b.Withheld }) {
			return true
		}
	}
	return slices.ContainsFunc(v.WaitingBy, held) || slices.ContainsFunc(v.Reasons, held) || slices.ContainsFunc(v.Criteria, func(l leftOut) bool { return l.Withheld })
}

// cohort reads the counts of a round once for each assignment of its places.
func (s *site) cohort(ctx context.Context, r store.Round) (tables.Cohort, error) {
	key := fmt.Sprint(r.ID, r.Summary, r.Prepared)
	s.mu.Lock()
	c, ok := s.cohorts[key]
	s.mu.Unlock()
	if ok {
		return c, nil
	}
	c, err := s.figures.Cohort(ctx, r.ID, r.AsOf)
	if err == nil {
		s.mu.Lock()
		s.cohorts[key] = c
		s.mu.Unlock()
	}
	return c, err
}

// hide withholds the small counts of a breakdown whose total is shown.
func hide(rows []row) []row {
	counts := make([]int, len(rows))
	for i, r := range rows {
		counts[i] = r.N
	}
	for i, held := range withhold(counts) {
		if held {
			rows[i].N, rows[i].Withheld = 0, true
		}
	}
	return rows
}

// majors sums districts up to the city's major districts.
func majors(t words, by map[string]int) []row {
	sums := map[place.District]int{}
	for code, n := range by {
		d, err := place.ParseDistrict(code)
		if err != nil {
			d = ""
		} else {
			d = d.Suurpiiri()
		}
		sums[d] += n
	}
	var out []row
	for _, a := range place.Districts() {
		if a.Level != place.Suurpiiri {
			continue
		}
		label := a.Name
		if key := "district." + string(a.Code); t.Has(key) {
			label = t.T(key)
		}
		out = append(out, row{Label: label, N: sums[a.Code]})
		delete(sums, a.Code)
	}
	rest, elsewhere := 0, len(sums) > 0
	for _, n := range sums {
		rest += n
	}
	if elsewhere {
		out = append(out, row{Label: t.T("district.other"), N: rest})
	}
	return out
}

// named turns counts into rows, the greatest first; the words stand in the
// catalogue under the prefix.
func named(t words, prefix string, by map[string]int) []row {
	var out []row
	for k, n := range by {
		label := k
		if t.Has(prefix + k) {
			label = t.T(prefix + k)
		}
		out = append(out, row{Label: label, N: n})
	}
	slices.SortFunc(out, func(a, b row) int {
		if a.N != b.N {
			return b.N - a.N
		}
		if a.Label < b.Label {
			return -1
		}
		return 1
	})
	return out
}
