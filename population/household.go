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
	for _, name := range names {
		bare, ok := cutHousehold(name)
		if !ok {
			continue
		}
		if c.homes == nil {
			c.homes = c.whoLivesWhere()
		}
		c.put(c.household(name, c.number(bare)))
	}
}

// homes is who lives in which dwelling, as it was when the columns were loaded.
type homes struct {
	of  map[uint32]uint32   // the dwelling of a person
	who map[uint32][]uint32 // the people of a dwelling, in order
}

func (c *Columns) whoLivesWhere() *homes {
	h := &homes{map[uint32]uint32{}, map[uint32][]uint32{}}
	c.latest(string(register.Dwelling), open, func(id, v uint32) { h.of[id] = v })
	for it := c.ids.Iterator(); it.HasNext(); {
		id := it.Next()
		if d, ok := h.of[id]; ok {
			h.who[d] = append(h.who[d], id)
		}
	}
	return h
}

// with lists who lives with a person, the person included; nobody if no dwelling
// is known.
func (h *homes) with(id uint32) []uint32 {
	if h == nil {
		return nil
	}
	d, ok := h.of[id]
	if !ok {
		return nil
	}
	return h.who[d]
}

// shared is a fact of one person as one of somebody's household.
func (r row) shared(id uint32) row {
	r.person, r.visit, r.group, r.code = id, 0, 0, 0
	return r
}

func cutHousehold(name string) (string, bool) {
	if len(name) > len(householdPrefix) && name[:len(householdPrefix)] == householdPrefix {
		return name[len(householdPrefix):], true
	}
	return name, false
}

func (c *Columns) household(name string, from int) *column {
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
		members := c.homes.with(id)
		if len(members) == 0 || slices.ContainsFunc(members, func(m uint32) bool { return !own.read.has(m) }) {
			continue
		}
		col.read.set(id)
		for _, m := range members {
			for _, r := range all.rowsOf(from, m) {
				b.add(r.shared(id))
			}
		}
	}
	if at >= 0 {
		col.setPart(at, b.part(false))
		col.markBad(c.ids.Maximum())
	}
	return col
}
