package storetest

import (
	"errors"
	"time"

	"ennakko/channel"
	"ennakko/store"
)

func (s *suite) relieve(worker string, lease time.Duration) (n int) {
	s.Helper()
	s.write(func(tx store.Tx) (err error) { n, err = tx.Relieve(worker, lease, Start.Add(time.Hour)); return err })
	return n
}

func relieved(s *suite) {
	id := s.round(1, store.Running)
	c := s.open(id, 1, "+358401234567")
	s.queue(c, "k")
	s.relieve("w1", time.Hour)
	ref := s.claim()[0] // by w1
	if n := s.relieve("w2", time.Hour); n != 0 || s.state(id, channel.Submitting) != 1 {
		s.Errorf("%d sends of a worker that is there became uncertain", n)
	}
	if n := s.relieve("w2", -time.Hour); n != 1 || s.state(id, channel.Uncertain) != 1 {
		s.Errorf("%d sends of a worker that is gone became uncertain", n)
	}
	// The worker was only slow: what it says counts.
	s.settle(ref, channel.Handed)
	if s.state(id, channel.Handed) != 1 {
		s.Error("what a slow worker says is lost")
	}
	s.queue(c, "l")
	s.relieve("w1", time.Hour)
	s.claim()
	s.write(func(tx store.Tx) error { return tx.Leave("w1") })
	if n := s.relieve("w2", time.Hour); n != 1 {
		s.Errorf("%d sends of a worker that left", n)
	}
}

func allowance(s *suite) {
	allowed := func(at time.Time) (n int) {
		s.write(func(tx store.Tx) (err error) { n, err = tx.Allowed(at, 20); return err })
		return n
	}
	spend := func(at time.Time, n int) { s.write(func(tx store.Tx) error { return tx.Spend(at, 20, n) }) }
	if n := allowed(Start); n != 20 {
		s.Errorf("%d at first", n)
	}
	spend(Start, 20)
	for at, want := range map[time.Duration]int{0: 0, 500 * time.Millisecond: 10, time.Hour: 20, -time.Hour: 0} {
		if n := allowed(Start.Add(at)); n != want {
			s.Errorf("%d after %s, want %d", n, at, want)
		}
	}
	spend(Start.Add(time.Second), 15)
	if n := allowed(Start.Add(time.Second)); n != 5 {
		s.Errorf("%d are left", n)
	}
}

// parts reports on the parts of messages in every order.
func parts(s *suite) {
	id := s.round(1, store.Running)
	c := s.open(id, 1, "+358401234567")
	hand := func(key string, ids ...string) channel.Ref {
		s.queue(c, key)
		ref := s.claim()[0]
		s.write(func(tx store.Tx) error {
			settled := []store.Settlement{{Ref: ref, State: channel.Handed, Gateway: "g", Parts: ids}}
			if err := tx.Settle(Start, settled); err != nil {
				return err
			}
			early, err := tx.Early(settled)
			if err != nil {
				return err
			}
			_, err = tx.Report(early)
			return err
		})
		return ref
	}
	report := func(part string, state channel.State) (outcomes int) {
		s.write(func(tx store.Tx) error {
			out, err := tx.Report([]channel.Report{{ID: "g/" + part + "/" + string(state), Gateway: "g", Part: part, State: state, At: Start}})
			outcomes = len(out)
			return err
		})
		return outcomes
	}
	for _, x := range []struct {
		name  string
		early []string
		later []string
		want  channel.State
	}{
		{"in order", nil, []string{"1", "2"}, channel.Delivered},
		{"the last first", nil, []string{"2", "1"}, channel.Delivered},
		{"twice", nil, []string{"1", "1", "2", "2"}, channel.Delivered},
		{"before the answer", []string{"1", "2"}, nil, channel.Delivered},
		{"one before the answer", []string{"2"}, []string{"1"}, channel.Delivered},
		{"one part only", nil, []string{"2"}, channel.Handed},
		{"one failed", nil, []string{"1", "-2"}, channel.Failed},
		{"one failed before the answer", []string{"-1"}, []string{"2"}, channel.Failed},
	} {
		say := func(parts []string) {
			for _, p := range parts {
				if p[0] == '-' {
					report(x.name+p[1:], channel.Failed)
				} else {
					report(x.name+p, channel.Delivered)
				}
			}
		}
		before := s.state(id, x.want)
		say(x.early)
		hand(x.name, x.name+"1", x.name+"2")
		say(x.later)
		if s.state(id, x.want) != before+1 {
			s.Errorf("%s: the message is not %s", x.name, x.want)
		}
	}
	halves(s)
}

// halves takes the message of which one part only was reported on.
func halves(s *suite) {
	var half []channel.Ref
	take := func(at time.Time) {
		s.write(func(tx store.Tx) (err error) { half, err = tx.TakeHalf(at, 10); return err })
	}
	if take(Start.Add(time.Minute)); len(half) != 0 {
		s.Error("a part that was delivered a minute ago counts for the whole")
	}
	if at, ok, err := s.s.Next(s.ctx); err != nil || !ok || at.Before(Start.Add(time.Minute)) || at.After(Start.Add(time.Hour)) {
		s.Errorf("the parts are looked at %v, %v, %v", at, ok, err)
	}
	if take(Start.Add(time.Hour)); len(half) != 1 {
		s.Errorf("%d messages of which one part was delivered long ago", len(half))
	}
}

// ofDoubt lets reports come whose messages nobody knows.
func ofDoubt(s *suite) {
	id := s.round(3, store.Running)
	one, two, three := s.open(id, 1, "+358401234567"), s.open(id, 2, "+358401234568"), s.open(id, 3, "+358401234568")
	s.queue(one, "a")
	s.queue(two, "b")
	s.queue(three, "c")
	s.write(func(tx store.Tx) error {
		got, err := tx.Claim(Start, "+358450000000", "w1", 10)
		if len(got) != 3 {
			s.Errorf("%d claimed", len(got))
		}
		for _, a := range got {
			err = errors.Join(err, tx.Settle(Start, []store.Settlement{{Ref: a.Message.Envelope().Ref, State: channel.Uncertain, Due: Start.Add(time.Hour)}}))
		}
		return err
	})
	at := Start.Add(time.Minute)
	s.write(func(tx store.Tx) error {
		_, err := tx.Report([]channel.Report{{ID: "1", Gateway: "g", Part: "1", State: channel.Delivered, At: at, To: "+358401234567"},
			{ID: "2", Gateway: "g", Part: "2", State: channel.Delivered, At: at, To: "+358401234568"}, {ID: "3", Gateway: "g", Part: "3", State: channel.Delivered, At: at, To: "+358401234569"}})
		return err
	})
	take := func(now time.Time) (n int) {
		s.write(func(tx store.Tx) error {
			reports, err := tx.OfDoubt(now, 10)
			if err != nil {
				return err
			}
			n = len(reports)
			_, err = tx.Report(reports)
			return err
		})
		return n
	}
	if n := take(at.Add(10 * time.Second)); n != 0 {
		s.Errorf("%d reports were taken before the gateway's answer could come", n)
	}
	if n := take(at.Add(time.Hour)); n != 1 || s.state(id, channel.Delivered) != 1 || s.state(id, channel.Uncertain) != 2 {
		s.Errorf("%d reports, %d delivered: of two sends in doubt to one phone a report tells nothing", n, s.state(id, channel.Delivered))
	}
	if n := take(at.Add(time.Hour)); n != 0 {
		s.Errorf("%d reports were taken twice", n)
	}
}
