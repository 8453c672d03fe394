package population

import (
	"time"

	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/person"
)

// rowsOf is the facts of one person in a column, in order.
func (c city) rowsOf(col int, id uint32) []row {
	block := int(id >> blockBits)
	p, b := c.column(col, block)
	if p == nil {
		return nil
	}
	who := uint16(id & (blockPeople - 1)) //nolint:gosec // ten bits
	lo, hi := p.blocks[b], p.blocks[b+1]
	for lo < hi { // the first that is not before the person
		if m := (lo + hi) / 2; p.who[m] < who {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == p.blocks[b+1] || p.who[lo] != who {
		return nil
	}
	var out []row
	for i := p.at[lo]; i < p.at[lo+1]; i++ {
		out = append(out, p.row(i, id))
	}
	return out
}

// Person is what the columns hold of one person, for the evaluator that says
// why. It knows no source of a fact: the registers do.
func (c *Columns) Person(id person.ID) criteria.Facts {
	return onePerson{c, uint32(id), func(col int) []row { return c.city().rowsOf(col, uint32(id)) }}
}

type onePerson struct {
	columns *Columns
	id      uint32
	rows    func(col int) []row
}

// Facts implements criteria.Facts.
func (o onePerson) Facts(name string) ([]criteria.Fact, bool) {
	o.columns.mu.RLock()
	i, ok := o.columns.byName[name]
	o.columns.mu.RUnlock()
	if !ok {
		return nil, false
	}
	col := o.columns.all()[i]
	if !col.read.has(o.id) {
		return nil, false
	}
	var out []criteria.Fact
	for _, r := range o.rows(i) {
		out = append(out, o.columns.fact(r, col.kind))
	}
	return out, true
}

// fact is rowOf, back again.
func (c *Columns) fact(r row, k criteria.Kind) criteria.Fact {
	f := criteria.Fact{Minute: int32(r.minute), Encounter: r.visit, Qualifier: c.texts.text(r.marks), Class: c.classes.text(uint32(r.class))}
	if r.from != always {
		f.From = timeOf(r.from)
	}
	if r.until != open {
		f.Until = timeOf(r.until)
	}
	switch k {
	case criteria.Number:
		if f.Value = r.num; r.num != r.num {
			f.Value = criteria.Bad{}
		}
	case criteria.Text:
		f.Value = c.texts.text(r.text)
	case criteria.Date:
		f.Value = timeOf(int32(r.text)) //nolint:gosec // a day is kept bit by bit
	case criteria.YesNo:
		f.Value = r.text != 0
	case criteria.Person:
		f.Value = person.ID(r.text)
	case criteria.Coded:
		f.ValueCode = coding.Parse(c.texts.text(r.text))
		f.Value = f.ValueCode
	case criteria.Event, criteria.Hidden:
	}
	return f
}

func timeOf(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }
