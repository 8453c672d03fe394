package assign

import (
	"math"
	"slices"
)

// never is the cost of a unit to which a child may not go. It is far from the
// end of int64, so that adding some does not run over.
const never = int64(math.MaxInt64 / 4)

// network is a transportation problem: each child goes to one unit, a unit
// takes as many as it has room for, and the sum of the costs is the least.
//
// It keeps a price for each unit, such that
//
//	no price is below 0, and a unit with room left costs 0;
//	each child that is not pinned is where cost + price is least for it.
//
// These are the conditions of complementary slackness: while they hold, no
// other assignment of the children now in the network costs less.
type network struct {
	units  int
	cost   []int64 // children x units
	room   []int   // places left, by unit
	price  []int64
	at     []int  // the unit of each child, -1 before it is put in
	pinned []bool // stays where it is

	here [][]int // the children at each unit who may move
	next []int   // units x units: who of u goes to v at the least extra cost, -1 nobody
	log  []step  // the moves, to be able to go back
	work search
}

type step struct{ child, from int }

// search is the room that a search for a shortest path works in. The node
// after the last unit is the outside, where unused places are.
type search struct {
	dist []int64
	prev []int
	done []bool
}

func newNetwork(children int, room []int) *network {
	m := len(room)
	n := &network{units: m, cost: make([]int64, children*m), room: room, price: make([]int64, m), at: make([]int, children),
		pinned: make([]bool, children), here: make([][]int, m), next: make([]int, m*m),
		work: search{make([]int64, m+1), make([]int, m+1), make([]bool, m+1)}}
	for i := range n.at {
		n.at[i] = -1
	}
	for i := range n.next {
		n.next[i] = -1
	}
	return n
}

// fill puts all children in, one after the other. There must be room for all.
func (n *network) fill() {
	for c := range n.at {
		n.put(c)
	}
	n.log = n.log[:0]
}

func (n *network) total() (sum int64) {
	for c, u := range n.at {
		sum += n.cost[c*n.units+u]
	}
	return sum
}

// extra is what it costs that c goes from u to v.
func (n *network) extra(c, u, v int) int64 {
	if n.cost[c*n.units+v] >= never {
		return never
	}
	return n.cost[c*n.units+v] - n.cost[c*n.units+u]
}

// put brings in one child along the shortest path to a place that is free.
func (n *network) put(c int) {
	outside, w := n.units, &n.work
	w.reset()
	least := never
	for u := range n.units {
		least = min(least, n.cost[c*n.units+u]+n.price[u])
	}
	for u := range n.units {
		if n.cost[c*n.units+u] < never {
			w.dist[u] = n.cost[c*n.units+u] + n.price[u] - least
		}
	}
	if n.search(outside) {
		n.move(c, n.follow(outside))
	}
}

// pin fixes c in unit v and mends the rest at the least cost: c leaves a gap
// at its old unit and makes v one too many, so one unit of flow goes from v to
// the gap along the shortest path. It reports false, and has changed nothing,
// when v can make no room.
func (n *network) pin(c, v int) bool {
	u := n.at[c]
	n.leave(c, u)
	n.pinned[c] = true
	if u == v {
		return true
	}
	w := &n.work
	w.reset()
	w.dist[v] = 0
	if n.cost[c*n.units+v] >= never || !n.search(u) {
		n.pinned[c] = false
		n.enter(c, u)
		return false
	}
	n.follow(u)
	n.at[c] = v
	n.log = append(n.log, step{c, u})
	return true
}

func (w *search) reset() {
	for i := range w.dist {
		w.dist[i], w.prev[i], w.done[i] = never, -1, false
	}
}

// search finds the shortest paths from where dist is set as far as goal, by
// Dijkstra's method with the prices as potentials, and changes the prices so
// that the slackness conditions hold again once the path is followed.
func (n *network) search(goal int) bool {
	outside, w := n.units, &n.work
	for {
		u, d := -1, never
		for i, x := range w.dist {
			if !w.done[i] && x < d {
				u, d = i, x
			}
		}
		if u < 0 {
			return false
		}
		w.done[u] = true
		if u == goal {
			break
		}
		if u == outside { // a place elsewhere may stay empty instead
			for v, price := range n.price {
				w.relax(v, u, d+price)
			}
			continue
		}
		if n.room[u] > 0 {
			w.relax(outside, u, d)
		}
		for v, c := range n.next[u*n.units : (u+1)*n.units] {
			if c >= 0 && !w.done[v] {
				w.relax(v, u, d+n.extra(c, u, v)+n.price[v]-n.price[u])
			}
		}
	}
	end := w.dist[goal]
	base := min(w.dist[outside], end)
	for u := range n.price {
		n.price[u] += base - min(w.dist[u], end)
	}
	return true
}

func (w *search) relax(v, from int, d int64) {
	if d < w.dist[v] && !w.done[v] {
		w.dist[v], w.prev[v] = d, from
	}
}

// follow moves one child along each step of the path to goal, from its end,
// and returns the unit where the path began.
func (n *network) follow(goal int) (first int) {
	v := goal
	for n.work.prev[v] >= 0 {
		u := n.work.prev[v]
		switch {
		case v == n.units:
			n.room[u]--
		case u == n.units:
			n.room[v]++
		default:
			n.move(n.next[u*n.units+v], v)
		}
		v = u
	}
	return v
}

// move puts c into unit v, wherever it was.
func (n *network) move(c, v int) {
	u := n.at[c]
	if u >= 0 {
		n.leave(c, u)
	}
	n.log = append(n.log, step{c, u})
	n.enter(c, v)
}

func (n *network) leave(c, u int) {
	i := slices.Index(n.here[u], c)
	last := len(n.here[u]) - 1
	n.here[u][i] = n.here[u][last]
	n.here[u] = n.here[u][:last]
	row := n.next[u*n.units : (u+1)*n.units]
	for v, first := range row {
		if first == c {
			row[v] = -1
			for _, other := range n.here[u] {
				n.offer(row, other, u, v)
			}
		}
	}
}

func (n *network) enter(c, u int) {
	n.at[c] = u
	n.here[u] = append(n.here[u], c)
	row := n.next[u*n.units : (u+1)*n.units]
	for v := range row {
		n.offer(row, c, u, v)
	}
}

// offer makes c the next to go from u to v if that costs less than now; of two
// alike the lower number goes.
func (n *network) offer(row []int, c, u, v int) {
	x := n.extra(c, u, v)
	if u == v || x >= never {
		return
	}
	if old := row[v]; old >= 0 {
		if y := n.extra(old, u, v); y < x || y == x && old < c {
			return
		}
	}
	row[v] = c
}

// mark is a point to go back to.
type mark struct {
	log   int
	room  []int
	price []int64
}

func (n *network) mark() mark {
	return mark{len(n.log), slices.Clone(n.room), slices.Clone(n.price)}
}

// back undoes all moves since the mark. The children given are no longer
// pinned.
func (n *network) back(m mark, unpin []int) {
	for _, c := range unpin {
		if n.pinned[c] {
			n.pinned[c] = false
			n.enter(c, n.at[c])
		}
	}
	for i := len(n.log) - 1; i >= m.log; i-- {
		s := n.log[i]
		n.leave(s.child, n.at[s.child])
		n.enter(s.child, s.from)
	}
	n.log = n.log[:m.log]
	copy(n.room, m.room)
	copy(n.price, m.price)
}
