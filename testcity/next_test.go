package testcity_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"ennakko/testcity"
)

func TestAWeekLaterItIsTheSameCity(t *testing.T) {
	opt := testcity.Options{Residents: 20_000, Seed: 5}
	first, _ := write(t, opt)
	opt.Next = true
	second, _ := write(t, opt)
	before, after := read(t, first), read(t, second)
	if !after.day.Equal(before.day.AddDate(0, 0, 7)) {
		t.Fatalf("the day is %s", after.day.Format(time.DateOnly))
	}
	if !bytes.Equal(bytesOf(t, filepath.Join(first, "units.csv")), bytesOf(t, filepath.Join(second, "units.csv"))) {
		t.Error("the units changed")
	}
	born, died, moved, left, changed := 0, 0, 0, 0, 0
	for i := range after.people {
		p := &after.people[i]
		was := before.byCode[p.Code.Reveal()]
		if was == nil {
			born++
			if p.Birth.Before(before.day) || len(after.deciding(p.Code.Reveal())) == 0 {
				t.Error("somebody new was not born in that week or has no guardian")
			}
			continue
		}
		if was.FamilyName != p.FamilyName || was.GivenNames != p.GivenNames || was.MotherTongue != p.MotherTongue {
			t.Fatal("somebody became another")
		}
		died += btoi(was.Death.IsZero() && !p.Death.IsZero())
		left += btoi(was.MovedOut.IsZero() && !p.MovedOut.IsZero())
		moved += btoi(was.Dwelling != p.Dwelling && p.Dwelling != "")
		if n, ok := before.asWritten[p.Code.Reveal()]; ok {
			changed += btoi(after.asWritten[p.Code.Reveal()] != n)
		}
	}
	for code := range before.byCode {
		if after.byCode[code] == nil {
			t.Fatal("somebody vanished from the register")
		}
	}
	for what, n := range map[string]int{"born": born, "died": died, "moved": moved, "left": left, "changed number": changed} {
		if n == 0 || n > 120 {
			t.Errorf("%s: %d of 20,000", what, n)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
