package assign

import (
	"cmp"
	"slices"
)

// party is a home in a network: the members that may move, and the unit where
// others of the home are settled already, or -1.
type party struct {
	members []int
	settled int
}

// parties lists the homes that one unit could hold, as members of the network
// of the children who.
func (p *problem) parties(who []int) []party {
	index := make(map[int]int, len(who))
	for i, c := range who {
		index[c] = i
	}
	var out []party
	for _, h := range p.homes {
		x := party{settled: -1}
		apart := false
		for _, c := range h {
			i, in := index[c]
			switch {
			case in:
				x.members = append(x.members, i)
			case p.at[c] >= 0:
				apart = apart || x.settled >= 0 && x.settled != p.at[c]
				x.settled = p.at[c]
			}
		}
		if len(x.members) > 0 && !apart && (len(x.members) > 1 || x.settled >= 0) {
			out = append(out, x)
		}
	}
	return out
}

// gather brings the members of each home into one of the first units of the
// network, at the least extra cost and below the limit. Making room for one
// home can part another, so it goes round until nothing changes; a home that
// was seen to is pinned, so each is seen to once.
func (p *problem) gather(n *network, who []int, units int, limit int64) {
	open := p.parties(who)
	for again := true; again; {
		again = false
		var left []party
		for _, x := range open {
			if n.united(x) {
				left = append(left, x)
				continue
			}
			n.unite(x, units, limit)
			again = true
		}
		open = left
	}
}

func (n *network) united(x party) bool {
	u := x.settled
	if u < 0 {
		u = n.at[x.members[0]]
	}
	return !slices.ContainsFunc(x.members, func(i int) bool { return n.at[i] != u })
}

// unite pins all members of x in the unit that adds the least cost, found
// exactly: the reduced costs of the members are a lower bound of what a unit
// adds, so units are tried in that order until none can be better.
func (n *network) unite(x party, units int, limit int64) {
	type try struct {
		unit int
		low  int64
	}
	var tries []try
	for v := range units {
		if x.settled >= 0 && v != x.settled {
			continue
		}
		low := int64(0)
		for _, c := range x.members {
			if n.cost[c*n.units+v] >= never {
				low = never
				break
			}
			low += n.extra(c, n.at[c], v) + n.price[v] - n.price[n.at[c]]
		}
		if low < never {
			tries = append(tries, try{v, low})
		}
	}
	slices.SortFunc(tries, func(a, b try) int { return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(a.unit, b.unit)) })
	best, least, before := -1, limit, n.total()
	start := n.mark()
	for _, t := range tries {
		if t.low >= least {
			break
		}
		if n.pinAll(x.members, t.unit) {
			if added := n.total() - before; added < least {
				best, least = t.unit, added
			}
		}
		n.back(start, x.members)
	}
	if best >= 0 {
		n.pinAll(x.members, best)
	}
}

// pinAll pins all or, when the unit can make no room, some of the children.
func (n *network) pinAll(members []int, unit int) bool {
	for _, c := range members {
		if !n.pin(c, unit) {
			return false
		}
	}
	return true
}
