package assign

import (
	"cmp"
	"math"
	"slices"

	"ennakko/fault"
	"ennakko/person"
)

// problem is the assignment in one language. Children and units go by their
// place in the sorted lists; -1 is none.
type problem struct {
	language string
	children []Child
	units    []Unit // those with places in the language
	unit     map[string]int
	room     []int   // places not yet given, by unit
	far      []int64 // children x units, millimetres; unset where the home is not known
	longest  int64   // the longest of far
	homes    [][]int // children of one home, two or more
	at       []int   // the unit of each child
	why      []Reason
}

func newProblem(language string, children []Child, units []Unit) (*problem, error) {
	p := &problem{language: language, children: children, unit: map[string]int{}, at: make([]int, len(children)), why: make([]Reason, len(children))}
	for _, u := range units {
		if n := u.Places[language]; n > 0 {
			p.unit[u.ID] = len(p.units)
			p.units, p.room = append(p.units, u), append(p.room, n)
		}
	}
	p.far = make([]int64, len(children)*len(p.units))
	home := map[person.ID][]int{}
	for c, ch := range children {
		p.at[c] = -1
		if ch.Together != 0 {
			home[ch.Together] = append(home[ch.Together], c)
		}
		for u, un := range p.units {
			if !ch.known() {
				break
			}
			m := math.Hypot(ch.X-un.X, ch.Y-un.Y)
			if m > farthest {
				return nil, fault.New(fault.Invalid, "assign.Solve", "a home is more than %d km from the unit", farthest/1000).
					Where("unit %q", un.ID).Do("give homes and units in one grid")
			}
			mm := int64(math.Round(m * 1000))
			p.far[c*len(p.units)+u], p.longest = mm, max(p.longest, mm)
		}
	}
	for _, h := range home {
		if len(h) > 1 {
			p.homes = append(p.homes, h)
		}
	}
	slices.SortFunc(p.homes, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	return p, nil
}

// known reports whether the child's home is known.
func (c Child) known() bool { return !math.IsNaN(c.X + c.Y) }

// distance is from home to unit in millimetres; a home that is not known comes
// after all others.
func (p *problem) distance(c, u int) int64 {
	if !p.children[c].known() {
		return p.longest + 1
	}
	return p.far[c*len(p.units)+u]
}

func (p *problem) settle(c, u int, why Reason) {
	p.at[c], p.why[c] = u, why
	p.room[u]--
}

// stays settles who stays (rule 2).
func (p *problem) stays() {
	wish := make([][]int, len(p.units))
	for c, ch := range p.children {
		if u, ok := p.unit[ch.Present]; ok {
			wish[u] = append(wish[u], c)
		}
	}
	for u, w := range wish {
		for _, c := range p.whoStays(u, w) {
			p.settle(c, u, Stays)
		}
	}
}

// whoStays chooses among the children who wish to stay in unit u.
func (p *problem) whoStays(u int, wish []int) []int {
	room := p.room[u]
	if len(wish) <= room {
		return wish
	}
	byDistance := func(a, b int) int {
		return cmp.Or(cmp.Compare(p.distance(a, u), p.distance(b, u)), cmp.Compare(a, b))
	}
	slices.SortFunc(wish, byDistance)
	var parties [][]int // children of one home, or one child
	of := map[person.ID]int{}
	for _, c := range wish {
		key := p.children[c].Together
		if i, ok := of[key]; ok && key != 0 {
			parties[i] = append(parties[i], c)
			continue
		}
		of[key] = len(parties)
		parties = append(parties, []int{c})
	}
	slices.SortStableFunc(parties, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	var stay, rest []int
	for _, party := range parties {
		if len(stay)+len(party) <= room {
			stay = append(stay, party...)
		} else {
			rest = append(rest, party...)
		}
	}
	slices.SortFunc(rest, byDistance)
	return append(stay, rest[:room-len(stay)]...)
}

// siblings settles who goes where a sister or brother is (rule 3): as many as
// possible, then homes together, then the least distance. What is a sister's or
// brother's unit for one child is so for all children of the home, and a child
// of the home who stays counts as well. It is the same network as for
// the distances; the way to "nowhere" is so long that it is taken only when
// there is no other.
func (p *problem) siblings() {
	nowhere := len(p.units)
	wishes := p.siblingUnits()
	var who []int
	for c := range p.children {
		if len(wishes[c]) > 0 {
			who = append(who, c)
		}
	}
	// Two solutions differ by paths and cycles that touch each unit once. So one
	// such path for each child of the largest home is shorter than half of this.
	largest := 1
	for _, h := range p.homes {
		largest = max(largest, len(h))
	}
	alone := int64(2*(len(p.units)+2)*(largest+1)) * (p.longest + 1)
	n := newNetwork(len(who), append(slices.Clone(p.room), len(who)))
	for i, c := range who {
		for u := range p.units {
			n.cost[i*n.units+u] = never
		}
		for _, u := range wishes[c] {
			n.cost[i*n.units+u] = p.distance(c, u)
		}
		n.cost[i*n.units+nowhere] = alone
	}
	n.fill()
	p.gather(n, who, n.units, alone/2)
	for i, c := range who {
		if u := n.at[i]; u != nowhere {
			p.settle(c, u, Sibling)
		}
	}
}

// siblingUnits lists, for each child who is not settled, the units with room
// where a sister or brother of the home is.
func (p *problem) siblingUnits() [][]int {
	wishes := make([][]int, len(p.children))
	add := func(c, u int) {
		if p.at[c] < 0 && p.room[u] > 0 && !slices.Contains(wishes[c], u) {
			wishes[c] = append(wishes[c], u)
		}
	}
	of := func(c, other int) {
		for _, id := range p.children[other].Siblings {
			if u, ok := p.unit[id]; ok {
				add(c, u)
			}
		}
		if p.at[other] >= 0 {
			add(c, p.at[other])
		}
	}
	for c := range p.children {
		of(c, c)
	}
	for _, h := range p.homes {
		for _, c := range h {
			for _, other := range h {
				of(c, other)
			}
		}
	}
	return wishes
}

// nearest settles all others whose home is known (rules 4 and 5), and returns
// the bound in millimetres: what was settled before, and the optimum of the
// rest without rule 4. When there are more children than places, those wait
// who would add the most to the total.
func (p *problem) nearest(opt Options) (bound int64) {
	var who []int
	places := 0
	for c, ch := range p.children {
		switch {
		case !ch.known():
		case p.at[c] >= 0:
			bound += p.distance(c, p.at[c])
		default:
			who = append(who, c)
		}
	}
	for _, r := range p.room {
		places += r
	}
	waiting := len(p.units)
	n := newNetwork(len(who), append(slices.Clone(p.room), max(0, len(who)-places)))
	for i, c := range who {
		copy(n.cost[i*n.units:], p.far[c*len(p.units):(c+1)*len(p.units)])
	}
	n.fill()
	bound += n.total()
	limit := never
	if opt.GroupDetourM > 0 {
		limit = int64(opt.GroupDetourM*1000) + 1
	}
	p.gather(n, who, waiting, limit)
	for i, c := range who {
		switch {
		case n.at[i] == waiting:
		case n.pinned[i]:
			p.settle(c, n.at[i], Together)
		default:
			p.settle(c, n.at[i], Nearest)
		}
	}
	return bound
}

// homeless settles the children whose home is not known: with a child of the
// same home, or else where most room is left. They come last.
func (p *problem) homeless() {
	with := map[person.ID]int{} // a unit of the home
	for c, ch := range p.children {
		if ch.Together != 0 && p.at[c] >= 0 {
			with[ch.Together] = p.at[c]
		}
	}
	for c, ch := range p.children {
		if ch.known() || p.at[c] >= 0 {
			continue
		}
		if u, ok := with[ch.Together]; ok && p.room[u] > 0 {
			p.settle(c, u, Together)
			continue
		}
		most := -1
		for u, r := range p.room {
			if r > 0 && (most < 0 || r > p.room[most]) {
				most = u
			}
		}
		if most < 0 {
			continue
		}
		p.settle(c, most, Room)
		if ch.Together != 0 {
			with[ch.Together] = most
		}
	}
}

// tell writes the problem's outcome into r and returns the distance in
// millimetres.
func (p *problem) tell(r *Result) (distance int64) {
	for c, ch := range p.children {
		u := p.at[c]
		switch {
		case u < 0 && ch.known():
			r.Waiting = append(r.Waiting, Unplaced{ch.ID, NoPlace})
			continue
		case u < 0:
			r.Waiting = append(r.Waiting, Unplaced{ch.ID, NoHome})
			continue
		}
		mm := int64(0)
		if ch.known() {
			mm = p.distance(c, u)
		}
		distance += mm
		r.Placements = append(r.Placements, Placement{ch.ID, p.units[u].ID, p.language, float64(mm) / 1000, p.why[c]})
		switch p.why[c] {
		case Stays:
			r.Stays++
		case Sibling:
			r.Siblings++
		default:
		}
	}
	for _, h := range p.homes {
		if slices.ContainsFunc(h, func(c int) bool { return p.at[c] != p.at[h[0]] }) {
			r.Split++
		}
	}
	return distance
}
