package round

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/offer/assign"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
)

// everyLanguage is the language of a unit that serves in all (ISO 639-2).
const everyLanguage = "mul"

// waitBehind says that all places went to people more in need.
const waitBehind assign.Wait = "others are more in need"

// ownHomes reads what the assignment needs of grown-ups who answer for
// themselves: where they live and how much they are in need.
func (p *preparation) ownHomes(ctx context.Context, act audit.Act, set *roaring.Bitmap) error {
	need, order := []permission.Field{register.Address}, p.Pack.Order()
	if order.Field != "" {
		need = append(need, order.Field)
	}
	g, err := permission.Check(act, p.Pack.Purpose(), need, permission.Only(set), p.objecting)
	if err != nil {
		return err
	}
	rows, err := p.Registers.Read(ctx, g, nil, p.object()+": homes")
	if err != nil {
		return err
	}
	p.children, p.need = make(map[person.ID]*assign.Child, len(rows)), make(map[person.ID]float64, len(rows))
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

// first are those who compete for a place: all, or, where the pack has an order
// and places are fewer, as many as there are places of those most in need. The
// others wait. Of two in the same need the lower number comes first, which by the
// import's shuffle is a lot.
func (p *preparation) first(units []*assign.Unit) []person.ID {
	p.behind = nil
	if p.Pack.Order().Field == "" {
		return p.met
	}
	places := 0
	for _, u := range units {
		places += u.Places[everyLanguage]
	}
	if len(p.met) <= places {
		return p.met
	}
	list := slices.Clone(p.met)
	slices.SortFunc(list, func(a, b person.ID) int { return cmp.Or(cmp.Compare(p.need[b], p.need[a]), cmp.Compare(a, b)) })
	for _, id := range list[places:] {
		p.behind = append(p.behind, assign.Unplaced{Child: id, Reason: waitBehind})
	}
	return list[:places]
}
