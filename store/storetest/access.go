package storetest

import (
	"bytes"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/store"
)

// as writes as somebody.
func (s *suite) as(actor string, do func(tx store.Tx) error) error {
	s.Helper()
	act, err := audit.Begin(actor, "test", "p", "law", Start)
	s.must(err)
	return s.s.Write(s.ctx, act, do)
}

func fourEyes(s *suite) {
	id := s.round(3, store.Prepared) // by officer:test
	n := s.newCase(1)                // approved by officer:a
	run := func(tx store.Tx) error { return tx.SetRound(id, store.Running, "officer:a") }
	open := func(tx store.Tx) error { _, err := tx.OpenCase(id, n); return err }
	for name, refused := range map[string]error{
		"the preparer opens cases":                s.as("officer:test", open),
		"the preparer lets it run as another":     s.as("officer:test", run),
		"the preparer lets it run":                s.as("officer:test", func(tx store.Tx) error { return tx.SetRound(id, store.Running, "officer:test") }),
		"another lets it run as the preparer":     s.as("officer:a", func(tx store.Tx) error { return tx.SetRound(id, store.Running, "officer:test") }),
		"nobody is named":                         s.as("officer:a", func(tx store.Tx) error { return tx.SetRound(id, store.Running, "") }),
		"the program lets it run":                 s.as("system:work", func(tx store.Tx) error { return tx.SetRound(id, store.Running, "system:work") }),
		"somebody opens cases approved by others": s.as("officer:b", open),
	} {
		if fault.KindOf(refused) != fault.Refused {
			s.Errorf("%s: %v", name, refused)
		}
	}
	r, err := s.s.Round(s.ctx, id)
	s.must(err)
	if r.State != store.Prepared || !slices.Equal(r.Prepared, []string{"officer:test"}) {
		s.Fatalf("the round is %s, prepared by %v", r.State, r.Prepared)
	}
	s.must(s.as("officer:a", open))
	s.must(s.as("officer:a", run))
	if r, err = s.s.Round(s.ctx, id); err != nil || r.State != store.Running || r.Officer != "officer:a" {
		s.Errorf("%+v, %v", r.State, err)
	}
}

func sessions(s *suite) {
	hash, other := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32)
	s.write(func(tx store.Tx) error {
		return tx.AddSession(store.Session{Hash: hash, Content: []byte("who"), Begun: Start, Seen: Start}, Start.Add(-time.Hour))
	})
	if _, ok, err := s.s.Session(s.ctx, other); ok || err != nil {
		s.Errorf("another's session was found: %v", err)
	}
	s.must(s.s.TouchSession(s.ctx, hash, Start.Add(time.Minute)))
	s.must(s.s.TouchSession(s.ctx, hash, Start)) // time does not go back
	got, ok, err := s.s.Session(s.ctx, hash)
	if !ok || err != nil || string(got.Content) != "who" || !got.Begun.Equal(Start) || !got.Seen.Equal(Start.Add(time.Minute)) {
		s.Errorf("%+v %t %v", got, ok, err)
	}
	s.write(func(tx store.Tx) error {
		return tx.AddSession(store.Session{Hash: other, Content: []byte("x"), Begun: Start, Seen: Start.Add(time.Hour)}, Start.Add(2*time.Minute))
	})
	if _, ok, _ := s.s.Session(s.ctx, hash); ok {
		s.Error("a session that nobody used was not forgotten")
	}
	s.write(func(tx store.Tx) error { return tx.EndSession(other) })
	if _, ok, _ := s.s.Session(s.ctx, other); ok {
		s.Error("an ended session is found")
	}
}
