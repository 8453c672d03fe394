package round

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"ennakko/offer/assign"
	"ennakko/person"
	"ennakko/store"
)

// waitBehind says that all places went to people more in need.
const waitBehind assign.Wait = "others are more in need"

// ranked puts people in the order in which they get places: first those whom an
// earlier lot let wait and whose wait has ended, then by need; of two in the same
// need the lower number comes first, which by the import's shuffle is a lot.
func (p *preparation) ranked() []person.ID {
	list := slices.Clone(p.met)
	if p.waits != nil {
		list = slices.DeleteFunc(list, func(id person.ID) bool { return p.waits.Contains(uint32(id)) })
	}
	turn := func(id person.ID) int {
		if p.due != nil && p.due.Contains(uint32(id)) {
			return 0
		}
		return 1
	}
	slices.SortFunc(list, func(a, b person.ID) int {
		return cmp.Or(cmp.Compare(turn(a), turn(b)), cmp.Compare(p.need[b], p.need[a]), cmp.Compare(a, b))
	})
	return list
}

// first are those who compete for a place: all, or, where the pack has an order
// and places are fewer, as many as there are places of those most in need, beside
// those whom a lot of the round lets wait. The others stand on the waiting list.
func (p *preparation) first(units []*assign.Unit) []person.ID {
	p.behind = nil
	comparison, draws := p.Pack.Comparison()
	draws = draws && p.draws
	if p.Pack.Order().Field == "" && !draws {
		return p.met
	}
	places := 0
	for _, u := range units {
		places += u.Places[everyLanguage]
	}
	list := p.ranked()
	n := min(places, len(list))
	if draws {
		n = p.draw(list, places, comparison.Share)
		p.lot.Weeks, p.lot.Until = comparison.Weeks, p.AsOf.AddDate(0, 0, 7*comparison.Weeks)
	}
	for _, id := range list[n:] {
		p.behind = append(p.behind, assign.Unplaced{Child: id, Reason: waitBehind})
	}
	later := map[person.ID]bool{}
	if p.lot != nil {
		for _, id := range p.lot.Later {
			later[id] = true
		}
	}
	return slices.DeleteFunc(list[:n:n], func(id person.ID) bool { return later[id] })
}

// draw holds the lot: of the first of a list, as many as have places when those who
// are drawn wait, it draws a share of those who may wait and did not wait before. It
// returns how many took part or were invited without a lot.
func (p *preparation) draw(list []person.ID, places, share int) int {
	mayDraw := func(id person.ID) bool {
		return p.mayWait[id] && (p.due == nil || !p.due.Contains(uint32(id)))
	}
	n, eligible := 0, 0
	for n < len(list) {
		more := eligible
		if mayDraw(list[n]) {
			more++
		}
		if n+1-drawnOf(more, share) > places {
			break
		}
		n, eligible = n+1, more
	}
	l := &store.Lot{Seed: p.lotSeed(), Share: share}
	for _, id := range list[:n] {
		if mayDraw(id) {
			l.Eligible = append(l.Eligible, id)
		} else if !p.mayWait[id] {
			l.Harmed++
		}
	}
	slices.Sort(l.Eligible)
	l.Later = Draw(l.Seed, l.Eligible, drawnOf(len(l.Eligible), share))
	p.lot = l
	return n
}

func drawnOf(eligible, share int) int { return (eligible*share + 50) / 100 }

// Draw draws n of some people, given in order of number, by lot. The same seed and
// people give the same: so anyone can draw again what is kept with a round. The
// random numbers are ChaCha8's, seeded with the SHA-256 of the seed's text.
func Draw(seed string, of []person.ID, n int) []person.ID {
	r := rand.New(rand.NewChaCha8(sha256.Sum256([]byte(seed)))) //nolint:gosec // a seed that is kept is wanted here
	all := slices.Clone(of)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	out := all[:min(n, len(all))]
	slices.Sort(out)
	return out
}

// lotSeed is the seed of the round's lot: what the officer's order brings, or, if it
// brings none, the service, its pack and the day.
func (p *preparation) lotSeed() string {
	if p.Seed != 0 {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], p.Seed)
		return hex.EncodeToString(b[:])
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", p.Pack.Name(), p.Pack.Hash(), p.AsOf.Format(time.DateOnly)))
	return hex.EncodeToString(sum[:8])
}
