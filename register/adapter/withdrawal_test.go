package adapter_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/register/standing"
	standin "ennakko/testcity/incomes"
)

// Clients ask without a pause, the register is slow for some of them, and in the
// middle of it the person takes the permission back: nothing arrives later than a
// second after that, and whoever asks gets a refusal from then on.
func TestWithinASecondOfAWithdrawalNothingMoreArrives(t *testing.T) {
	s := open(t, nil)
	const clients, before = 6, 60
	var mu sync.Mutex
	var withdrawn time.Time
	var arrived []time.Time
	enough := make(chan struct{})
	s.office.set(func(int, standing.Question) (standing.Verdict, error) {
		mu.Lock()
		defer mu.Unlock()
		if withdrawn.IsZero() {
			return standing.Verdict{Stands: true, Until: time.Now().Add(time.Hour)}, nil
		}
		return standing.Verdict{Why: standing.WhyWithdrawn}, nil
	})
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for {
				_, err := s.Incomes.Fetch(t.Context(), s.request())
				now := time.Now()
				if err != nil {
					if fault.KindOf(err) != fault.Refused {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				if arrived = append(arrived, now); len(arrived) == before {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	s.Register.Order(standin.Hold, standin.Hold) // two of them have a permission that stood, and wait for the register
	<-s.Register.Held()
	<-s.Register.Held()
	mu.Lock()
	withdrawn = time.Now()
	mu.Unlock()
	s.Register.Release()
	all.Wait()
	last := slices.MaxFunc(arrived, time.Time.Compare)
	if late := last.Sub(withdrawn); late > time.Second {
		t.Errorf("something arrived %s after the withdrawal", late)
	} else {
		t.Logf("%d hand-overs, the last arrived %s after the withdrawal", len(arrived), late)
	}
	for _, m := range s.office.has(t, len(arrived)) {
		if m.At.Sub(withdrawn) > time.Second {
			t.Errorf("a mark is %s younger than the withdrawal", m.At.Sub(withdrawn))
		}
	}
}

// One hand-over over mutual TLS, with two questions and one wait for the disk.
func BenchmarkHandOver(b *testing.B) {
	s := open(b, nil)
	for b.Loop() {
		if _, err := s.Incomes.Fetch(b.Context(), s.request()); err != nil {
			b.Fatal(err)
		}
	}
}

// The same by eight clients at once.
func BenchmarkHandOverAtOnce(b *testing.B) {
	s := open(b, nil)
	b.SetParallelism(4)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := s.Incomes.Fetch(b.Context(), s.request()); err != nil {
				b.Error(err)
			}
		}
	})
}
