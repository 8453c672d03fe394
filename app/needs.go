package app

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/needs"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/population"
	"ennakko/register"
)

// needsLibrary is the library of signs, and serviceUse its concept of what a use of
// services cost, in euros.
const (
	needsLibrary = "high-need"
	serviceUse   = "service_use"
)

// highShare is the share of people, those with most costs first, whose need counts as
// high.
const highShare = 0.1

// Way is a way of telling ahead who will have a high need, and how well it did.
type Way struct {
	Name string `json:"name"` // "signs", "last year" or "age"
	needs.Found
}

// The ways that are compared: the library's signs, and two that need no library.
const (
	BySigns    = "signs"
	ByLastYear = "last year" // the tenth with most costs of the year before
	ByAge      = "age"       // the oldest tenth
)

// NeedGroup is how the signs did among the people of one group.
type NeedGroup struct {
	By       string  `json:"by"`       // "age" or "sex"
	Expected float64 `json:"expected"` // share with a high need, as the year before taught
	Seen     float64 `json:"seen"`     // share that came to have one
	needs.Group
}

// SignUse is how many people a sign held of, and how many of them came to have a high
// need.
type SignUse struct {
	Criterion *library.Criterion
	People    int
	High      int
}

// Needs is how the costs of a year lie among people, and how well the signs of the
// year before found those with most of them.
type Needs struct {
	Library   *library.Library
	Year      int
	Curve     needs.Curve
	Threshold float64 // the least cost of the tenth with most, euros
	Ways      []Way   // the signs first
	Groups    []NeedGroup
	Steps     []needs.Step
	Signs     []SignUse
}

// yearOf is what is known of people around a year.
type yearOf struct {
	ids   []person.ID
	costs map[int][]float64 // by year, in the order of ids
	ages  []int             // on the first day of the year
	sexes []string
}

// NeedsOf reads the costs of a year of everyone, and holds the library's signs as of
// the last day of the year before against them. How likely a number of points makes a
// high need is learnt from the year before that. It is one reading, on the record with
// everyone whom it covers; nothing is kept.
func (a *App) NeedsOf(ctx context.Context, l *library.Library, year int, officer string, progress func(string, int, int)) (Needs, error) {
	n, _, err := a.judgeNeeds(ctx, l, year, time.Time{}, officer, progress)
	return n, err
}

// judgeNeeds is NeedsOf; with a day it also names those who may need much from that day
// on, as the year taught. Who objects to the purpose is in neither.
func (a *App) judgeNeeds(ctx context.Context, l *library.Library, year int, asOf time.Time, officer string, progress func(string, int, int)) (Needs, *NeedBook, error) {
	const op = "app.NeedsOf"
	cares := Cares(l)
	if _, ok := l.Language().Concept(serviceUse); !ok || len(cares) == 0 {
		return Needs{}, nil, fault.New(fault.Invalid, op, "the library has no concept %s, or no approved sign", serviceUse)
	}
	purpose, err := needPurpose()
	if err != nil {
		return Needs{}, nil, err
	}
	names := append(CareFields(cares), serviceUse, string(register.BirthDate), string(register.Sex), string(register.DeathDate))
	whole, err := a.population(ctx, purpose, l.Language(), slices.Compact(slices.Sorted(slices.Values(names))), officer, "needs of "+yearBegins(year).Format("2006"),
		func(done, total int) { progress("loading health records", done, total) })
	if err != nil {
		return Needs{}, nil, err
	}
	defer whole.Close()
	progress("checking criteria", 0, 1)
	out := Needs{Library: l, Year: year}
	now, before := people(whole.Columns, yearBegins(year), year), people(whole.Columns, yearBegins(year-1), year-1)
	if out.Curve, err = needs.Concentration(now.costs[year]); err != nil {
		return out, nil, err
	}
	points, signs, err := pointsOf(ctx, whole.Columns, l, cares, now.ids, yearBegins(year).AddDate(0, 0, -1))
	if err != nil {
		return out, nil, err
	}
	past, _, err := pointsOf(ctx, whole.Columns, l, cares, before.ids, yearBegins(year-1).AddDate(0, 0, -1))
	if err != nil {
		return out, nil, err
	}
	high := needs.Top(now.costs[year], highShare)
	out.Threshold = least(now.costs[year], high)
	chance := teach(past, needs.Top(before.costs[year-1], highShare)).of(points)
	named := needs.Top(points, highShare)
	if out.Ways, err = waysOf(now, year, named, high); err != nil {
		return out, nil, err
	}
	out.Steps = needs.Calibration(chance, high, 10)
	for i, c := range l.Criteria() {
		out.Signs = append(out.Signs, signUse(c, signs[i], high))
	}
	if out.Groups, err = groupsOf(now, named, high, chance, now.costs[year]); err != nil || asOf.IsZero() {
		return out, nil, err
	}
	book, err := nameNeeds(ctx, whole.Columns, l, cares, asOf, teach(points, high))
	return out, book, err
}

func yearBegins(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }

// people are those who lived when a day began and were born before, with the costs of
// a year and the year before.
func people(c *population.Columns, first time.Time, year int) yearOf {
	out := yearOf{costs: map[int][]float64{}}
	for it := c.People().Iterator(); it.HasNext(); {
		id := person.ID(it.Next())
		facts := c.Person(id)
		born, died := dayIn(facts, register.BirthDate), dayIn(facts, register.DeathDate)
		use, read := facts.Facts(serviceUse)
		if !read || born.IsZero() || !born.Before(first) || !died.IsZero() && died.Before(first) {
			continue
		}
		this, last := 0.0, 0.0
		for _, f := range use {
			v, _ := f.Value.(float64)
			switch f.From.Year() {
			case year:
				this += v
			case year - 1:
				last += v
			}
		}
		sex := ""
		if known, ok := facts.Facts(string(register.Sex)); ok && len(known) > 0 {
			sex, _ = known[len(known)-1].Value.(string)
		}
		out.ids, out.costs[year], out.costs[year-1] = append(out.ids, id), append(out.costs[year], this), append(out.costs[year-1], last)
		out.ages, out.sexes = append(out.ages, int(first.Sub(born).Hours()/24/365.25)), append(out.sexes, sex)
	}
	return out
}

// dayIn is the day that a field of days holds; zero: none.
func dayIn(facts criteria.Facts, field permission.Field) time.Time {
	known, ok := facts.Facts(string(field))
	if !ok || len(known) == 0 {
		return time.Time{}
	}
	day, _ := known[len(known)-1].Value.(time.Time)
	return day
}

// pointsOf adds up the points of the signs that hold of people on a day, and says which
// sign holds of whom. Signs of which a person is excluded do not count.
func pointsOf(ctx context.Context, c *population.Columns, l *library.Library, cares []*criteria.Care, ids []person.ID, asOf time.Time) ([]float64, [][]bool, error) {
	plan, err := population.NewPlan(c, l.Language(), cares, l.Params(), criteria.Run{AsOf: asOf})
	if err != nil {
		return nil, nil, err
	}
	found, err := plan.Run(ctx)
	if err != nil {
		return nil, nil, err
	}
	points, signs := make([]float64, len(ids)), make([][]bool, len(l.Criteria()))
	for k, x := range l.Criteria() {
		signs[k] = make([]bool, len(ids))
		if !x.Runs() {
			continue
		}
		holds := roaring.Or(found.Of(x.Name, criteria.Gap), found.Of(x.Name, criteria.Done))
		for i, id := range ids {
			if holds.Contains(uint32(id)) {
				points[i] += float64(x.Points)
				signs[k][i] = true
			}
		}
	}
	return points, signs, nil
}

// fewTaught is how few people teach how likely a number of points makes a high need;
// those with more points are put together until there are as many.
const fewTaught = 50

// lesson is what a year taught: from each number of points on, the share who came to have
// a high need. The most points come first.
type lesson []struct{ from, share float64 }

// teach gives each number of points the share of those with as many who came to have a
// high need.
func teach(past []float64, high []bool) (out lesson) {
	people, with := map[float64]int{}, map[float64]int{}
	for i, p := range past {
		people[p]++
		if high[i] {
			with[p]++
		}
	}
	levels := slices.Sorted(maps.Keys(people))
	slices.Reverse(levels)
	n, h := 0, 0
	for i, p := range levels {
		n, h = n+people[p], h+with[p]
		if n >= fewTaught || i == len(levels)-1 {
			out = append(out, struct{ from, share float64 }{p, float64(h) / float64(max(n, 1))})
			n, h = 0, 0
		}
	}
	return out
}

// share is what was taught of a number of points.
func (l lesson) share(points float64) (out float64) {
	for _, s := range l {
		out = s.share
		if points >= s.from {
			break
		}
	}
	return out
}

func (l lesson) of(points []float64) []float64 {
	out := make([]float64, len(points))
	for i, p := range points {
		out[i] = l.share(p)
	}
	return out
}

func least(costs []float64, high []bool) float64 {
	out := math.Inf(1)
	for i, c := range costs {
		if high[i] {
			out = min(out, c)
		}
	}
	return out
}

func waysOf(of yearOf, year int, named, high []bool) ([]Way, error) {
	ages := make([]float64, len(of.ages))
	for i, a := range of.ages {
		ages[i] = float64(a)
	}
	var out []Way
	for _, w := range []struct {
		name  string
		named []bool
	}{{BySigns, named}, {ByLastYear, needs.Top(of.costs[year-1], highShare)}, {ByAge, needs.Top(ages, highShare)}} {
		f, err := needs.Judge(w.named, high, of.costs[year])
		if err != nil {
			return nil, err
		}
		out = append(out, Way{w.name, f})
	}
	return out, nil
}

func signUse(c *library.Criterion, holds, high []bool) SignUse {
	x := SignUse{Criterion: c}
	for i, h := range holds {
		if h {
			x.People++
			if high[i] {
				x.High++
			}
		}
	}
	return x
}

// ageGroup is the age group of a whole number of years, named so that the names stand
// in order.
func ageGroup(age int) string {
	switch {
	case age < 18:
		return "00-17"
	case age < 65:
		return "18-64"
	case age < 75:
		return "65-74"
	case age < 85:
		return "75-84"
	}
	return "85-"
}

func groupsOf(of yearOf, named, high []bool, chance, costs []float64) ([]NeedGroup, error) {
	ages := make([]string, len(of.ages))
	for i, a := range of.ages {
		ages[i] = ageGroup(a)
	}
	var out []NeedGroup
	for _, by := range []struct {
		name string
		of   []string
	}{{"age", ages}, {"sex", of.sexes}} {
		list, err := needs.ByGroup(named, high, costs, by.of)
		if err != nil {
			return nil, err
		}
		for _, g := range list {
			x := NeedGroup{By: by.name, Group: g}
			for i, name := range by.of {
				if name == g.Name {
					x.Expected += chance[i] / float64(g.People)
				}
			}
			x.Seen = float64(g.High) / float64(g.People)
			out = append(out, x)
		}
	}
	return out, nil
}

// Few reports whether a sign held of too few people, or too few of them came to have a
// high need or not to, to be told of.
func (s SignUse) Few() bool { return s.High < smallest || s.People-s.High < smallest }

// Told are the groups without those in which too few people came to have a high need,
// or too few were named.
func (n Needs) Told() []NeedGroup {
	return slices.DeleteFunc(slices.Clone(n.Groups), func(g NeedGroup) bool {
		return g.High < smallest || g.Named < smallest || g.People-g.High < smallest || g.Both < smallest
	})
}
