package tables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"ennakko/store"
)

// queue lets writers come one after the other while the turn is taken, and says
// in which order they went.
func queue(t *testing.T, who ...string) []string {
	t.Helper()
	var went []string
	synctest.Test(t, func(t *testing.T) {
		q := &turnstile{}
		if err := q.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, name := range who {
			ctx := store.With(t.Context(), map[byte]store.Urgency{'p': store.Person, 'u': store.Usual, 'b': store.Behind}[name[0]])
			go func() {
				if err := q.enter(ctx); err != nil {
					t.Error(err)
					return
				}
				went = append(went, name) // one at a time: the turn guards it
				q.leave()
			}()
			synctest.Wait()
		}
		q.leave()
		synctest.Wait()
		if q.busy {
			t.Error("the turn is still taken after all have gone")
		}
	})
	return went
}

func TestTheMoreUrgentGoFirstAndNobodyWaitsForEver(t *testing.T) {
	for _, c := range []struct{ come, want []string }{
		{[]string{"b1", "u1", "p1"}, []string{"p1", "u1", "b1"}},
		{[]string{"u1", "b1", "u2", "u3"}, []string{"u1", "b1", "u2", "u3"}},
		{[]string{"b1", "p1", "p2", "p3", "p4", "p5", "p6"}, []string{"p1", "p2", "p3", "p4", "b1", "p5", "p6"}},
		{[]string{"b1", "b2", "u1", "u2", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"},
			[]string{"p1", "p2", "p3", "p4", "u1", "p5", "p6", "p7", "p8", "b1", "p9", "u2", "b2"}},
		{[]string{"b1", "b2", "b3"}, []string{"b1", "b2", "b3"}},
	} {
		t.Run(fmt.Sprint(c.come), func(t *testing.T) {
			if got := queue(t, c.come...); !slices.Equal(got, c.want) {
				t.Errorf("they went %v, want %v", got, c.want)
			}
		})
	}
}

func TestWhoLeavesTheQueueHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &turnstile{}
		if err := q.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var left error
		went := false
		go func() { left = q.enter(ctx) }()
		synctest.Wait()
		go func() {
			if err := q.enter(t.Context()); err == nil {
				went = true
				q.leave()
			}
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if !errors.Is(left, context.Canceled) || went {
			t.Errorf("left: %v, the next one went while the turn was taken: %v", left, went)
		}
		q.leave()
		synctest.Wait()
		if !went || q.busy {
			t.Errorf("the next one went: %v, the turn is taken: %v", went, q.busy)
		}
	})
}
