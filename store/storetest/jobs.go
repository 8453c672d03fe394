package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/store"
)

// Worked is what a keeper of the queue of jobs can do beside.
type Worked interface {
	Jobs(ctx context.Context, limit int) ([]store.Job, error)
	JobCounts(ctx context.Context) ([]store.JobCount, error)
	JobProgress(ctx context.Context, id store.JobID, what string, done, total int) error
	RelieveJobs(ctx context.Context, worker string, lease time.Duration) (int, error)
	Due(ctx context.Context, now time.Time) (store.Due, error)
	Hold(ctx context.Context, name, holder string, lease time.Duration) (bool, error)
	FoundParts(ctx context.Context, id int64) ([][]byte, error)
	Preparation(ctx context.Context, id int64) (store.Preparation, error)
}

func (s *suite) jobs() []store.Job {
	s.Helper()
	out, err := s.s.Jobs(s.ctx, 10)
	s.must(err)
	return out
}

// queued: a job is in the queue when the write that caused it is kept.
func queued(s *suite) {
	broken := errors.New("broken")
	err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error {
		if _, err := tx.AddJob(store.NewJob{Kind: "import", Args: 1}); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) || len(s.jobs()) != 0 {
		s.Errorf("%v; %d jobs of a write that was not kept", err, len(s.jobs()))
	}
	before := s.entryCount()
	for range 2 {
		s.write(func(tx store.Tx) error {
			_, err := tx.AddJob(store.NewJob{Kind: "tidy", Args: map[string]string{"day": "2021-01-07"}, Once: true})
			return err
		})
	}
	list := s.jobs()
	if len(list) != 1 || list[0].Kind != "tidy" || list[0].State != store.JobWaiting || s.entryCount() != before+1 {
		s.Errorf("asked twice for one job: %+v", list)
	}
	s.must(s.s.JobProgress(s.ctx, list[0].ID, "sweeping", 1, 4))
	s.must(s.s.JobProgress(s.ctx, list[0].ID, "sweeping", 2, 4))
	if j := s.jobs()[0]; j.What != "sweeping" || j.Done != 2 || j.Total != 4 {
		s.Errorf("%+v", j)
	}
	counts, err := s.s.JobCounts(s.ctx)
	if want := []store.JobCount{{Kind: "tidy", State: store.JobWaiting, N: 1}}; err != nil || !slices.Equal(counts, want) {
		s.Errorf("%v, %v", counts, err)
	}
	if n, err := s.s.RelieveJobs(s.ctx, "w1", time.Second); err != nil || n != 0 {
		s.Errorf("%d jobs that nobody began were relieved, %v", n, err)
	}
}

// holding: one holder at a time, and another when it is silent.
func holding(s *suite) {
	for _, x := range []struct {
		holder string
		lease  time.Duration
		held   bool
	}{{"a", time.Hour, true}, {"a", time.Hour, true}, {"b", time.Hour, false}, {"b", -time.Hour, true}, {"a", time.Hour, false}} {
		if held, err := s.s.Hold(s.ctx, "log", x.holder, x.lease); err != nil || held != x.held {
			s.Errorf("%s holds it: %v, %v", x.holder, held, err)
		}
	}
}

// preparations: a part is kept once, and what was found goes at the end.
func preparations(s *suite) {
	var id int64
	s.write(func(tx store.Tx) (err error) {
		id, err = tx.AddPreparation(store.Preparation{Service: "pre-primary", PackHash: "h", AsOf: Start, Officer: "officer:a"}, []int{3, 5})
		return err
	})
	keep := func(part int, found string) (left int) {
		left = -1
		s.write(func(tx store.Tx) (err error) { left, err = tx.KeepPart(id, part, "w1", []byte(found)); return err })
		return left
	}
	if n := keep(5, "five"); n != 1 {
		s.Errorf("%d parts are left", n)
	}
	before := s.entryCount()
	keep(5, "another")
	if s.entryCount() != before {
		s.Error("a part was kept twice")
	}
	err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error { _, err := tx.ErasePerson(1); return err })
	if fault.KindOf(err) != fault.Conflict {
		s.Errorf("a person was erased while a round is prepared: %v", err)
	}
	if n := keep(3, "three"); n != 0 {
		s.Errorf("%d parts are left", n)
	}
	found, err := s.s.FoundParts(s.ctx, id)
	if err != nil || len(found) != 2 || string(found[0]) != "three" || string(found[1]) != "five" {
		s.Errorf("%q, %v", found, err)
	}
	s.write(func(tx store.Tx) error { return tx.EndPreparation(id, 7) })
	before = s.entryCount()
	s.write(func(tx store.Tx) error { return tx.EndPreparation(id, 8) })
	p, err := s.s.Preparation(s.ctx, id)
	if err != nil || p.State != store.PreparedAll || p.Round != 7 || p.Parts != 2 || p.Done != 2 || s.entryCount() != before {
		s.Errorf("%+v, %v", p, err)
	}
	if found, err := s.s.FoundParts(s.ctx, id); err != nil || len(found) != 0 {
		s.Errorf("%d parts are still kept, %v", len(found), err)
	}
}

// dues: what is due is told, by its kind.
func dues(s *suite) {
	want := func(what string, want store.Due) {
		s.Helper()
		if got, err := s.s.Due(s.ctx, Start); err != nil || got != want {
			s.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	want("nothing", store.Due{})
	id := s.round(1, store.Running)
	c := s.open(id, 1, "+358401234567")
	want("an open case", store.Due{})
	s.write(func(tx store.Tx) error { return tx.SetTimer(c.ID, conversation.ReminderDue, Start.Add(time.Second)) })
	want("a timer of later", store.Due{})
	s.write(func(tx store.Tx) error { return tx.SetTimer(c.ID, conversation.ReminderDue, Start) })
	want("a timer", store.Due{Timers: true})
	s.write(func(tx store.Tx) error { return tx.ClearTimers(c.ID) })
	s.queue(c, "k")
	want("a message", store.Due{Sends: true})
	s.write(func(tx store.Tx) error { return tx.SetRound(id, store.Paused, "") })
	want("a message of a paused round", store.Due{})
	s.write(func(tx store.Tx) error { return tx.SetRound(id, store.Running, "officer:test") })
	ref := s.claim()[0]
	want("a message under way", store.Due{})
	s.write(func(tx store.Tx) error {
		return tx.Settle(Start, []store.Settlement{{Ref: ref, State: channel.Uncertain, Due: Start}})
	})
	want("a send in doubt", store.Due{Doubts: true})
	s.write(func(tx store.Tx) error {
		_, err := tx.Receive([]channel.Incoming{{ID: "1", From: "+358401234567", Text: "A", At: Start}})
		return err
	})
	want("an answer", store.Due{Doubts: true, Answers: true})
	s.write(func(tx store.Tx) error {
		_, err := tx.Enqueue(store.Outgoing{Case: c.ID, Kind: conversation.ConfirmAccept, Language: "fi", Key: "reply", Text: "Kiitos", NotBefore: Start, Valid: time.Hour, Reply: true})
		return err
	})
	want("a message for which a person waits", store.Due{Doubts: true, Answers: true, Sends: true, Urgent: true})
}
