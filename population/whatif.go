package population

import (
	"context"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/criteria"
)

// Groups is who everyone is, for counts: age group, sex and district.
type Groups struct {
	age      []uint8
	sex      []uint32
	district []uint32
	texts    *dictionary
}

// ageGroups is the names of age groups of ten years; the first is "unknown".
const ageYears = 10

func ageGroup(n uint8) string {
	switch n {
	case 0:
		return "unknown"
	case 11:
		return "100-"
	}
	return fmt.Sprintf("%d-%d", int(n-1)*ageYears, int(n)*ageYears-1)
}

// Groups makes the groups as of a day, of the fields population.birth_date,
// population.sex and population.district as far as the columns hold them.
func (c *Columns) Groups(asOf int32) *Groups {
	n := len(c.people) * 64
	g := &Groups{age: make([]uint8, n), sex: make([]uint32, n), district: make([]uint32, n), texts: c.texts}
	c.latest("population.birth_date", asOf, func(id, v uint32) {
		if years := yearsBetween(int32(v), asOf); years >= 0 { //nolint:gosec // a day is kept bit by bit
			g.age[id] = uint8(min(years/ageYears, 10) + 1) //nolint:gosec // at most 11
		}
	})
	c.latest("population.sex", asOf, func(id, v uint32) { g.sex[id] = v })
	c.latest("population.district", asOf, func(id, v uint32) { g.district[id] = v })
	return g
}

// latest hands over everyone's latest value of a field.
func (c *Columns) latest(name string, asOf int32, each func(id, v uint32)) {
	for i, p := range c.all()[c.number(name)].parts {
		if p == nil || p.text == nil {
			continue
		}
		p.each(uint32(i)<<partBits, func(id, lo, hi uint32) { //nolint:gosec // fewer parts than people
			for j := lo; j < hi; j++ {
				if p.from[j] <= asOf {
					each(id, p.text[j])
				}
			}
		})
	}
}

// Movement is how many people enter and leave.
type Movement struct {
	Enter int `json:"enter"`
	Leave int `json:"leave"`
}

// Difference is what a change of a criterion changes.
type Difference struct {
	Before, After uint64 // people with the verdict
	Enter, Leave  *roaring.Bitmap
	ByAge         map[string]Movement
	BySex         map[string]Movement // "" is not known
	ByDistrict    map[string]Movement // "" is not known
}

// WhatIf runs one criterion, changed in its text or with other parameters, over
// everyone, and says who enters and leaves those of whom the findings of before
// say v. The findings stay as they are.
func (p *Plan) WhatIf(ctx context.Context, before *Findings, changed *criteria.Care, params criteria.Params, v criteria.CareVerdict, groups *Groups) (Difference, error) {
	return p.whatIf(ctx, before, changed, params, v, groups, roaring.New())
}

// WhatIf is Plan.WhatIf beside the findings that are kept up to date. The trial
// knows nothing of new facts: the people of whom some came in neither enter nor
// leave.
func (l *Live) WhatIf(ctx context.Context, changed *criteria.Care, params criteria.Params, v criteria.CareVerdict, groups *Groups) (Difference, error) {
	return l.plan.whatIf(ctx, l.found, changed, params, v, groups, l.People())
}

func (p *Plan) whatIf(ctx context.Context, before *Findings, changed *criteria.Care, params criteria.Params, v criteria.CareVerdict, groups *Groups, except *roaring.Bitmap) (Difference, error) {
	plan, err := NewPlan(p.columns, p.language, []*criteria.Care{changed}, params, p.run)
	if err != nil {
		return Difference{}, err
	}
	after, err := plan.Run(ctx)
	if err != nil {
		return Difference{}, err
	}
	was, is := before.Of(changed.Name, v), after.Of(changed.Name, v)
	d := Difference{Before: was.GetCardinality(), Enter: roaring.AndNot(is, was), Leave: roaring.AndNot(was, is),
		ByAge: map[string]Movement{}, BySex: map[string]Movement{}, ByDistrict: map[string]Movement{}}
	d.Enter.AndNot(except)
	d.Leave.AndNot(except)
	d.After = d.Before + d.Enter.GetCardinality() - d.Leave.GetCardinality()
	groups.count(d.Enter, &d, Movement{Enter: 1})
	groups.count(d.Leave, &d, Movement{Leave: 1})
	return d, nil
}

func (g *Groups) count(who *roaring.Bitmap, d *Difference, by Movement) {
	ages, sexes, districts := map[uint8]int{}, map[uint32]int{}, map[uint32]int{}
	for it := who.Iterator(); it.HasNext(); {
		id := it.Next()
		ages[g.age[id]]++
		sexes[g.sex[id]]++
		districts[g.district[id]]++
	}
	add := func(to map[string]Movement, name string, n int) {
		m := to[name]
		m.Enter, m.Leave = m.Enter+n*by.Enter, m.Leave+n*by.Leave
		to[name] = m
	}
	for k, n := range ages {
		add(d.ByAge, ageGroup(k), n)
	}
	for k, n := range sexes {
		add(d.BySex, g.texts.text(k), n)
	}
	for k, n := range districts {
		add(d.ByDistrict, g.texts.text(k), n)
	}
}
