package app

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"ennakko/fault"
)

func TestWhatComesAtOnceIsKeptTogetherAndWhatIsAtFaultFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var writes [][]int
		under := make(chan struct{})
		g := gather[int]{keep: func(_ context.Context, things []int) error {
			writes = append(writes, things)
			if len(writes) == 1 {
				<-under
			}
			if slices.Contains(things, 4) {
				return fault.New(fault.Invalid, "test", "four is at fault")
			}
			return nil
		}}
		heard := make([]error, 6)
		for i := range heard {
			go func() { heard[i] = g.take(t.Context(), []int{i}) }()
			synctest.Wait()
		}
		close(under)
		synctest.Wait()
		want := [][]int{{0}, {1, 2, 3, 4, 5}, {1}, {2}, {3}, {4}, {5}}
		if !slices.EqualFunc(writes, want, slices.Equal) {
			t.Errorf("written were %v, want %v", writes, want)
		}
		for i, err := range heard {
			if (err != nil) != (i == 4) {
				t.Errorf("of %d its caller heard: %v", i, err)
			}
		}
		if err := g.take(t.Context(), []int{7}); err != nil || g.busy {
			t.Errorf("after all was kept: %v, at work: %v", err, g.busy)
		}
	})
}

func TestAGroupHasItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		under := make(chan struct{})
		g := gather[int]{keep: func(_ context.Context, things []int) error {
			sizes = append(sizes, len(things))
			if len(sizes) == 1 {
				<-under
			}
			return nil
		}}
		for _, n := range []int{1, 30, 20, 1, 250} {
			go func() { _ = g.take(t.Context(), make([]int, n)) }()
			synctest.Wait()
		}
		close(under)
		synctest.Wait()
		if !slices.Equal(sizes, []int{1, 50, 1, 250}) {
			t.Errorf("writes held %v things", sizes)
		}
	})
}
