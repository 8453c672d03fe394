package app_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/permission/receipt"
	"ennakko/register/incomes"
)

// countedIncomes counts how often it is asked under each permission.
type countedIncomes struct {
	evenIncomes

	mu    sync.Mutex
	asked map[int64]int
}

func (c *countedIncomes) Fetch(ctx context.Context, r incomes.Request) (incomes.Answer, error) {
	c.mu.Lock()
	c.asked[r.Permission]++
	c.mu.Unlock()
	return c.evenIncomes.Fetch(ctx, r)
}

// TestSeveralWorkersDoEachPieceOfTheUseOfIncomeOnce lets three processes work on one
// PostgreSQL: each source is asked once, each fee proposed once, each register held
// against the permissions once.
func TestSeveralWorkersDoEachPieceOfTheUseOfIncomeOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("a server is started; -short is make check's race run, make test runs this")
	}
	data := city(t)
	a, clock := openAt(t, data)
	s := useIncome(t, a, clock)
	if _, err := s.Offer(t.Context(), "officer:test", func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	ids, err := a.DB.MattersAfter(t.Context(), omadata.Purpose, 0, 6)
	if err != nil {
		t.Fatal(err)
	}
	permits := 0
	for _, id := range ids {
		m, err := a.DB.Matter(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range adults(m) {
			if err := s.Choose(t.Context(), who, id, permission.WayPermit); err != nil {
				t.Fatal(err)
			}
			permits++
		}
	}
	if err := a.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, _ := database(t)
	now := app.NewSteppedClock(clock.Now().Add(time.Hour))
	c := configOf(data, now)
	c.Database = db
	if _, err := app.Move(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	source := &countedIncomes{asked: map[int64]int{}}
	var all sync.WaitGroup
	var last *app.App
	for range 3 {
		x, err := app.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = x.Close(context.Background()) })
		worker, closing, err := x.NewOmaData(now, app.OmaData{Sources: map[string]incomes.Incomes{"incomes-register": source}, Address: "https://palvelu.example",
			Contacts: map[string]receipt.Contact{"0201256-6": {Address: "x", URL: "https://city.example"}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = closing() })
		last = x
		all.Go(func() {
			for did := true; did; {
				var err error
				if did, err = worker.Step(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	fetchedOnce(t, last, source, permits)
	proposed, held := map[string]int{}, 0
	rows, err := last.DB.Range(t.Context(), 1, 100000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		switch r.Entry.Verb {
		case "propose a fee":
			proposed[r.Entry.Object+" "+r.Entry.Detail]++
		case "have held permissions against a register":
			held++
		}
	}
	for what, n := range proposed {
		if n != 1 {
			t.Errorf("%s: %d times", what, n)
		}
	}
	if held != 1 || len(proposed) < len(ids) {
		t.Errorf("the permissions were held against the register %d times, %d proposals", held, len(proposed))
	}
}

func fetchedOnce(t *testing.T, a *app.App, source *countedIncomes, permits int) {
	t.Helper()
	kept := 0
	for id := int64(1); id <= int64(permits); id++ {
		hs, err := a.DB.Handovers(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if len(hs) != 1 {
			t.Errorf("permission %d has %d hand-overs", id, len(hs))
		}
		kept += len(hs)
	}
	for id, n := range source.asked {
		if n != 1 {
			t.Errorf("the source was asked %d times under permission %d", n, id)
		}
	}
	if kept != permits || len(source.asked) == 0 {
		t.Errorf("%d hand-overs of %d permissions", kept, permits)
	}
}
