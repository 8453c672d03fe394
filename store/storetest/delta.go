package storetest

import (
	"context"
	"math"
	"time"

	"ennakko/audit"
	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// NewRecords reads the records that came in since the newest snapshots.
type NewRecords interface {
	NewRecords(ctx context.Context, known time.Time, of store.NewRecordsOf) ([]store.NewRecord, error)
	LastNewRecord(ctx context.Context) (int64, error)
}

func pressure(who person.ID, source string, value float64) clinical.Record {
	return clinical.Record{Person: who, Kind: clinical.Observation, Codes: []coding.Code{coding.Parse("loinc|8480-6"), coding.Parse("x|y")}, From: 18600, Until: 18600, Minute: 601,
		Value: value, Unit: "mm[Hg]", Status: "final", Class: "AMB", Encounter: 3, Source: source}
}

// on writes under an act of another day.
func (s *suite) on(day int, do func(tx store.Tx) error) {
	s.Helper()
	act, err := audit.Begin("officer:test", "test", "p", "law", Start.AddDate(0, 0, day))
	s.must(err)
	s.must(s.s.Write(s.ctx, act, do))
}

func (s *suite) add(day int, want bool, records ...clinical.Record) {
	s.Helper()
	s.on(day, func(tx store.Tx) error {
		fresh, err := tx.AddNewRecords(records)
		if fresh != want {
			s.Errorf("fresh is %v", fresh)
		}
		return err
	})
}

// values lists what is known on a day after the start; -1: now.
func (s *suite) values(day int, of store.NewRecordsOf) (out []float64) {
	s.Helper()
	var known time.Time
	if day >= 0 {
		known = Start.Truncate(24*time.Hour).AddDate(0, 0, day)
	}
	list, err := s.s.NewRecords(s.ctx, known, of)
	s.must(err)
	for _, r := range list {
		out = append(out, r.Record.Value)
	}
	return out
}

func same(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// newRecords: what came between snapshots is known from its day on, once, until
// something newer or a snapshot takes its place.
func newRecords(s *suite) {
	everyone := store.NewRecordsOf{}
	first := pressure(7, "Observation/a", 150)
	s.add(1, true, first)
	s.add(1, false, first)
	s.add(2, true, pressure(7, "Observation/b", 160), pressure(7, "Observation/b", 95))
	s.add(3, true, pressure(8, "Observation/a", 120)) // another person's resource of the same name
	s.add(4, true, pressure(7, "Observation/a", 151)) // corrected
	noValue := pressure(8, "Observation/c", math.NaN())
	noValue.From, noValue.Until, noValue.Minute = clinical.Always, clinical.Open, clinical.NoMinute
	s.add(5, true, noValue)
	list, err := s.s.NewRecords(s.ctx, time.Time{}, store.NewRecordsOf{People: []person.ID{7}})
	s.must(err)
	if len(list) != 3 || list[0].Record.Group != list[1].Record.Group || list[0].Record.Group == list[2].Record.Group || list[2].Record.Value != 151 {
		s.Fatalf("%+v", list)
	}
	got := list[2].Record
	first.Value, first.Group = 151, got.Group
	if got.Codes[0] != first.Codes[0] || got.Codes[1] != first.Codes[1] || got.Person != 7 || got.Minute != 601 || got.Unit != "mm[Hg]" || got.Class != "AMB" || got.Encounter != 3 ||
		got.Status != "final" || got.Source != "Observation/a" || got.Kind != clinical.Observation || got.From != 18600 || got.Until != 18600 {
		s.Errorf("%+v", got)
	}
	last, err := s.s.LastNewRecord(s.ctx)
	s.must(err)
	all, err := s.s.NewRecords(s.ctx, time.Time{}, store.NewRecordsOf{After: last - 1})
	s.must(err)
	if len(all) != 1 || all[0].ID != last || !math.IsNaN(all[0].Record.Value) || all[0].Record.From != clinical.Always || all[0].Record.Until != clinical.Open || all[0].Record.Minute != clinical.NoMinute {
		s.Errorf("%+v", all)
	}
	taken := len(s.values(-1, everyone)) - 1
	act, err := audit.Begin("officer:test", "test", "p", "law", Start.AddDate(0, 0, 6))
	s.must(err)
	if err := s.s.Write(s.ctx, act, func(tx store.Tx) error { return tx.FoldNewRecords(1, last-1, taken+1) }); fault.KindOf(err) != fault.Later {
		s.Errorf("one was corrected while a snapshot took it in: %v", err)
	}
	s.on(6, func(tx store.Tx) error {
		id, err := tx.AddSnapshot(store.Snapshot{Register: "health", Day: Start.Truncate(24*time.Hour).AddDate(0, 0, 6), Source: "x", FileHash: "y"})
		if err != nil {
			return err
		}
		return tx.FoldNewRecords(id, last-1, taken)
	})
	s.add(7, true, pressure(7, "Observation/d", 170))
	for day, want := range map[int][]float64{0: nil, 1: {150}, 2: {150, 160, 95}, 3: {150, 160, 95, 120}, 4: {160, 95, 120, 151}} {
		if got := s.values(day, everyone); !same(got, want) {
			s.Errorf("known on day %d: %v, not %v", day, got, want)
		}
	}
	if got := s.values(6, everyone); len(got) != 1 || !math.IsNaN(got[0]) { // the snapshot of day 6 has the others
		s.Errorf("known on day 6: %v", got)
	}
	if got := s.values(-1, store.NewRecordsOf{People: []person.ID{7}}); !same(got, []float64{170}) {
		s.Errorf("known now: %v", got)
	}
	s.on(8, func(tx store.Tx) error { _, err := tx.ErasePerson(7); return err })
	if got := s.values(4, everyone); !same(got, []float64{120}) {
		s.Errorf("after the erasure: %v", got)
	}
	s.on(8, func(tx store.Tx) error { return tx.DropSnapshot(1) })
	if got := s.values(4, everyone); len(got) != 0 {
		s.Errorf("after the snapshot's content was dropped: %v", got)
	}
	for _, bad := range [][]clinical.Record{nil, {{Person: 7}}, {pressure(7, "a", 1), pressure(8, "a", 1)}, {pressure(7, "a", 1), pressure(7, "b", 1)}} {
		if err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error { _, err := tx.AddNewRecords(bad); return err }); err == nil {
			s.Errorf("%+v was kept", bad)
		}
	}
}
