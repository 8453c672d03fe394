package app_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"ennakko/fault"
)

func TestProcessesThatMakeTheKeyOfReceiptsAtOnceGetTheSame(t *testing.T) {
	a, _ := openAt(t, city(t))
	const processes = 16 // each looks into the folder for itself
	got := make([]string, processes)
	var begin, end sync.WaitGroup
	begin.Add(1)
	for i := range processes {
		end.Go(func() {
			begin.Wait()
			keys, err := a.ReceiptKeys(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			b, err := keys.JSON()
			if err != nil {
				t.Error(err)
			}
			got[i] = string(b)
		})
	}
	begin.Done()
	end.Wait()
	for i, k := range got {
		if k == "" || k != got[0] {
			t.Errorf("process %d has another key", i)
		}
	}
}

func TestAKeyOfReceiptsThatIsGoneIsNotMadeAnewAndHoldsUpNoDecision(t *testing.T) {
	data := city(t)
	a, clock := openAt(t, data)
	s := useIncome(t, a, clock)
	m := permitted(t, a, s, 1)[0]
	who := adults(m)[0]
	key := filepath.Join(data, "keys", "receipt.pem")
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.ReceiptKeys(t.Context()); fault.KindOf(err) != fault.Missing {
		t.Errorf("the key is gone: %v", err)
	}
	s = useIncome(t, a, clock) // the program begins anew all the same
	seen, err := s.Matter(t.Context(), who, m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := s.Withdraw(t.Context(), who, seen.Permit); err != nil || e.Deleted != 1 {
		t.Fatalf("%+v, %v", e, err)
	}
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	for did, until := true, clock.Now().Add(time.Hour); did && clock.Now().Before(until); {
		if did, err = s.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Receipt(t.Context(), who, seen.Permit, 3); err != nil {
		t.Errorf("the receipt of what was taken back: %v", err)
	}
}
