package storetest

import (
	"slices"
	"time"

	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/store"
)

// lost goes through a time of which the records are lost: what was to go out in
// it is uncertain, what comes later is not, and no gateway is asked about a send
// that it can only know by another reference.
func lost(s *suite) {
	id := s.round(1, store.Running)
	c := s.open(id, 1, "+358401234567")
	s.queue(c, "under way")
	under := s.claim()
	s.queue(c, "was due")
	enqueue := func(key string, at, doubt time.Time) {
		s.write(func(tx store.Tx) error {
			_, err := tx.Enqueue(store.Outgoing{Case: c.ID, Kind: conversation.Reminder, Language: "fi", Key: key, Text: "hello", NotBefore: at, Valid: time.Hour, Doubt: doubt})
			return err
		})
	}
	until := Start.Add(time.Hour)
	enqueue("later", until.Add(time.Minute), time.Time{})
	s.write(func(tx store.Tx) error {
		if err := tx.AddSession(store.Session{Hash: []byte("0123456789"), Content: []byte("who"), Begun: Start, Seen: Start}, Start.Add(-time.Hour)); err != nil {
			return err
		}
		n, err := tx.Lost(until, until)
		if n != 2 {
			s.Errorf("%d sends became uncertain", n)
		}
		return err
	})
	enqueue("in the lost time", Start, until)
	if u, q := s.state(id, channel.Uncertain), s.state(id, channel.Queued); u != 3 || q != 1 {
		s.Errorf("%d uncertain, %d queued", u, q)
	}
	if _, there, err := s.s.Session(s.ctx, []byte("0123456789")); there || err != nil {
		s.Errorf("somebody is still logged in: %v", err)
	}
	s.write(func(tx store.Tx) error {
		ask, err := tx.Uncertain(10)
		if len(ask) != 2 || !slices.Contains(ask, under[0]) {
			s.Errorf("a gateway is asked about %d sends", len(ask))
		}
		return err
	})
	s.write(func(tx store.Tx) error {
		got, err := tx.TakeDoubtful(until, 10)
		unknown := 0
		for _, d := range got {
			if d.Lost {
				unknown++
			}
		}
		if len(got) != 3 || unknown != 1 {
			s.Errorf("%d are put before a person, %d of them without asking", len(got), unknown)
		}
		return err
	})
}
