package round

import (
	"context"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/offer/assign"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/service"
)

// everyLanguage is the language of a unit that serves in all (ISO 639-2).
const everyLanguage = "mul"

// ownHomes reads what the assignment needs of grown-ups who answer for
// themselves: where they live and how much they are in need.
func (p *preparation) ownHomes(ctx context.Context, act audit.Act, set *roaring.Bitmap) error {
	if p.Pack.UnitKind() == service.NoUnit { // there is no way to anywhere: nothing is read
		p.children = map[person.ID]*assign.Child{}
		for _, id := range p.met {
			p.children[id] = &assign.Child{ID: id, Language: everyLanguage, X: math.NaN(), Y: math.NaN()}
		}
		return nil
	}
	need, order := []permission.Field{register.Address}, p.Pack.Order()
	if order.Field != "" {
		need = append(need, order.Field)
	}
	comparison, draws := p.Pack.Comparison()
	if draws = draws && p.draws; draws {
		need = append(need, fieldsOf(comparison.Fields())...)
	}
	slices.Sort(need)
	g, err := permission.Check(act, p.Pack.Purpose(), slices.Compact(need), permission.Only(set), p.objecting)
	if err != nil {
		return err
	}
	rows, err := p.Registers.Read(ctx, g, nil, p.object()+": homes")
	if err != nil {
		return err
	}
	if p.waits, p.due, err = p.Store.Later(ctx, p.Pack.Name(), p.AsOf); err != nil {
		return err
	}
	p.children, p.need = make(map[person.ID]*assign.Child, len(rows)), make(map[person.ID]float64, len(rows))
	p.mayWait = make(map[person.ID]bool, len(rows))
	for _, row := range rows {
		c := &assign.Child{ID: row.ID, Language: everyLanguage, X: math.NaN(), Y: math.NaN()}
		home, err := register.DecodeIdentity[register.Home](row.Text(g, register.Address))
		if err != nil {
			return err
		}
		if home.North != nil && home.East != nil {
			c.X, c.Y = *home.East, *home.North
		}
		p.children[row.ID] = c
		if draws {
			if p.mayWait[row.ID], err = comparison.MayWait(row.ID, facts{row, g}, p.AsOf); err != nil {
				return err
			}
		}
		if order.Field == "" {
			continue
		}
		known, err := row.Open(g, order.Field)
		if err != nil {
			return err
		}
		for _, k := range known {
			if n, ok := k.Value.(float64); ok && slices.Contains(order.With, k.Qualifier) {
				p.need[row.ID] += n
			}
		}
	}
	return nil
}
