package assign

import (
	"math"
	"math/rand/v2"
	"testing"
)

// proved checks the conditions under which no other assignment costs less:
// prices of at least 0, of 0 where room is left, and each child who may move
// where cost and price are least. Then the dual objective equals the cost.
func proved(t *testing.T, n *network, room []int) {
	t.Helper()
	used := make([]int, n.units)
	dual := int64(0)
	for c, u := range n.at {
		used[u]++
		if n.pinned[c] {
			dual += n.cost[c*n.units+u] + n.price[u]
			continue
		}
		least := int64(math.MaxInt64)
		for v := range n.units {
			least = min(least, n.cost[c*n.units+v]+n.price[v])
		}
		if got := n.cost[c*n.units+u] + n.price[u]; got != least {
			t.Fatalf("child %d pays %d, could pay %d", c, got, least)
		}
		dual += least
	}
	for u := range n.units {
		if n.price[u] < 0 || n.room[u] > 0 && n.price[u] != 0 {
			t.Fatalf("unit %d has room %d and price %d", u, n.room[u], n.price[u])
		}
		if used[u]+n.room[u] != room[u] || n.room[u] < 0 {
			t.Fatalf("unit %d: %d used, %d left of %d", u, used[u], n.room[u], room[u])
		}
		dual -= n.price[u] * int64(room[u])
	}
	if dual != n.total() {
		t.Fatalf("cost %d, dual %d", n.total(), dual)
	}
}

func random(seed uint64, children, units, spare int) (*network, []int) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	room := make([]int, units)
	for range children + spare {
		room[rnd.IntN(units)]++
	}
	n := newNetwork(children, append([]int{}, room...))
	for i := range n.cost {
		n.cost[i] = rnd.Int64N(1_000_000)
	}
	return n, room
}

func TestTheOptimumIsProvedByItsPrices(t *testing.T) {
	for seed := range uint64(6) {
		n, room := random(seed, 400, 25, int(seed)*20)
		n.fill()
		proved(t, n, room)
	}
}

func TestTheOptimumIsProvedAfterEachPinAndEachWayBack(t *testing.T) {
	failed := 0
	for seed, size := range []struct{ children, units, spare int }{{200, 15, 10}, {15, 12, 0}, {15, 12, 3}, {8, 3, 0}} {
		n, room := random(uint64(seed), size.children, size.units, size.spare)
		n.fill()
		rnd := rand.New(rand.NewPCG(4, uint64(seed)))
		for range 150 {
			c, u := rnd.IntN(len(n.at)), rnd.IntN(n.units)
			if n.pinned[c] {
				continue
			}
			total, m := n.total(), n.mark()
			if !n.pin(c, u) {
				failed++
				if n.pinned[c] || n.total() != total {
					t.Fatal("a pin that failed changed something")
				}
			}
			proved(t, n, room)
			if rnd.IntN(4) > 0 {
				n.back(m, []int{c})
				if n.total() != total {
					t.Fatalf("back at %d, was %d", n.total(), total)
				}
				proved(t, n, room)
			}
		}
	}
	if failed == 0 {
		t.Error("no pin found its unit full: this test tries too little")
	}
}
