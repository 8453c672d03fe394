package app_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/store/vault"
)

// TestTheKeyIsChangedAndTheOlderOneGoesWhileARoundRuns changes the key in the
// middle of a round, seals anew beside it, is cut off again and again, and takes
// the older key away. The round ends as any other.
func TestTheKeyIsChangedAndTheOlderOneGoesWhileARoundRuns(t *testing.T) {
	data := city(t)
	halfway(t, data)
	keys := filepath.Join(data, "keys")
	before, err := os.ReadFile(filepath.Join(keys, "seal.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, do := range []func(string) ([]vault.Key, error){vault.AddKey, vault.UseKey} {
		if _, err := do(keys); err != nil {
			t.Fatal(err)
		}
	}
	clock := app.NewSteppedClock(begin)
	a, err := open(t.Context(), data, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	beside, err := open(t.Context(), data, app.NewSteppedClock(asOf.AddDate(0, 0, 2)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = beside.Close(context.Background()) })
	if _, err := beside.RetireKeys(t.Context(), "officer:keys"); fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), "keys reseal") {
		t.Fatalf("the older key goes while all is sealed with it: %v", err)
	}
	cuts := make(chan int, 1)
	go func() { cuts <- resealInPieces(t, beside) }()
	r, err := toEnd(t.Context(), a, clock)
	if err != nil {
		t.Fatal(err)
	}
	if n := <-cuts; n < 5 {
		t.Errorf("it was cut off %d times only", n)
	}
	if left, err := a.DB.SealedWithOthers(t.Context()); err != nil || left["identity"]+left["kase"]+left["party"]+left["outbox"]+left["incoming"] != 0 {
		t.Errorf("%v, %v", left, err)
	}
	if now, err := beside.RetireKeys(t.Context(), "officer:keys"); err != nil || len(now) != 1 {
		t.Fatalf("%v, %v", now, err)
	}
	if _, err := beside.RetireKeys(t.Context(), "officer:keys"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("again: %v", err)
	}
	if err := a.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	newest, err := open(t.Context(), data, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = newest.Close(context.Background()) })
	whole(t, newest, r)
	everyQuery(t, newest, r)
	if err := os.WriteFile(filepath.Join(keys, "seal.json"), before, 0o600); err != nil {
		t.Fatal(err)
	}
	old, err := open(t.Context(), data, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close(context.Background()) })
	act, err := audit.Begin("officer:keys", "test", "p", "law", clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.DB.History(t.Context(), act, 1); fault.KindOf(err) != fault.Tampered {
		t.Errorf("the key that was taken away opens a case: %v", err)
	}
}

// resealInPieces is stopped after every fourth write, and begins again until
// nothing is left. It returns how often it was stopped.
func resealInPieces(t *testing.T, a *app.App) (cuts int) {
	for {
		ctx, cut := context.WithCancel(t.Context())
		n := 0
		_, err := a.Reseal(ctx, "officer:keys", func(string, int, int) {
			if n++; n > 4 {
				cut()
			}
		})
		cut()
		switch {
		case err == nil:
			return cuts
		case ctx.Err() == nil || t.Context().Err() != nil:
			t.Errorf("after %d cuts: %v", cuts, err)
			return cuts
		}
		cuts++
	}
}
