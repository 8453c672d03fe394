package population

import (
	"slices"

	"ennakko/register"
)

// households makes the columns of names that begin with "household.": the facts
// of all who live in the person's dwelling, the person included, as the newest
// dwelling is. They are known if the records of all of them were read; of whom
// no dwelling is known, nothing is. Numbers of resources and encounters are left
// out: they number what is of one person.
func (c *Columns) households(names []string) {
	var of map[uint32][]uint32 // who lives in a dwelling
	home := map[uint32]uint32{}
	for _, name := range names {
		bare, ok := cutHousehold(name)
		if !ok {
			continue
		}
		if of == nil {
			of = map[uint32][]uint32{}
			c.latest(string(register.Dwelling), open, func(id, v uint32) { home[id] = v })
			for it := c.ids.Iterator(); it.HasNext(); {
				id := it.Next()
				if d, ok := home[id]; ok {
					of[d] = append(of[d], id)
				}
			}
		}
		c.put(c.household(name, c.number(bare), home, of))
	}
}

func cutHousehold(name string) (string, bool) {
	if len(name) > len(householdPrefix) && name[:len(householdPrefix)] == householdPrefix {
		return name[len(householdPrefix):], true
	}
	return name, false
}

func (c *Columns) household(name string, from int, home map[uint32]uint32, of map[uint32][]uint32) *column {
	all := c.city()
	own := all.columns[from]
	col := &column{name: name, kind: own.kind, read: slices.Clone(c.people)}
	clear(col.read)
	b := builder{texts: c.texts}
	at := -1
	for it := c.ids.Iterator(); it.HasNext(); {
		id := it.Next()
		if part := int(id >> partBits); part != at {
			if at >= 0 {
				col.setPart(at, b.part(false))
			}
			at = part
		}
		d, ok := home[id]
		members := of[d]
		if !ok || slices.ContainsFunc(members, func(m uint32) bool { return !own.read.has(m) }) {
			continue
		}
		col.read.set(id)
		for _, m := range members {
			for _, r := range all.rowsOf(from, m) {
				r.person, r.visit, r.group = id, 0, 0
				b.add(r)
			}
		}
	}
	if at >= 0 {
		col.setPart(at, b.part(false))
		col.markBad(c.ids.Maximum())
	}
	return col
}
