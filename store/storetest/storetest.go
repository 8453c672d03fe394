// Package storetest says what any keeper of the city's records must do. Each
// keeper's tests call Exercise.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/store"
)

// Store is what is exercised.
type Store interface {
	Write(ctx context.Context, act audit.Act, do func(store.Tx) error) error
	Funnel(ctx context.Context, id store.RoundID) (store.Funnel, error)
	Next(ctx context.Context) (time.Time, bool, error)
	PhoneHash(e164 string) (conversation.Phone, error)
	Round(ctx context.Context, id store.RoundID) (store.Round, error)
	Steps(ctx context.Context, id store.RoundID) ([]store.RoundStep, error)
	Items(ctx context.Context, id store.RoundID, kind string, after store.ItemID, limit int) ([]store.OpenItem, error)
	History(ctx context.Context, act audit.Act, id conversation.CaseID) (store.History, error)
	CasesOf(ctx context.Context, id person.ID) ([]conversation.CaseID, error)
	CasesOnPhone(ctx context.Context, e164 string) ([]conversation.CaseID, error)
	Objections(ctx context.Context, id person.ID) (map[string]time.Time, error)
	UsesBefore(ctx context.Context, id person.ID, before uint64, limit int) ([]audit.Entry, error)
	Note(ctx context.Context, e audit.Entry) error
	Uses(ctx context.Context, id person.ID, limit int) ([]audit.Entry, error)
	Posts(ctx context.Context, id store.RoundID) ([]store.Post, error)
	Mark(ctx context.Context, name string) (string, error)
	LetterCounts(ctx context.Context) (states map[string]int, refused int, err error)
	Entry(ctx context.Context, seq uint64) (audit.Entry, []byte, error)
	Explained(ctx context.Context) error
	Covered(ctx context.Context) error
	Permitted
	Linked
	Hooked
	Watched
	Documented
	Needy
	Session(ctx context.Context, hash []byte) (store.Session, bool, error)
	TouchSession(ctx context.Context, hash []byte, seen time.Time) error
	log.Records
	Worked
	NewRecords
	Turns
}

// Start is the time at which the exercises begin.
var Start = time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC)

// Exercise runs every exercise on a fresh store.
func Exercise(t *testing.T, open func(t *testing.T) Store) {
	for name, do := range map[string]func(*suite){
		"a write is kept whole with its entry, or not at all":          wholeOrNothing,
		"a write that found nothing to do leaves nothing":              nothing,
		"a write without an act is refused":                            noAct,
		"entries have numbers without gaps and leaves that match":      entries,
		"entries of many writers are kept once each, in order":         manyWriters,
		"who leaves while they wait is not kept, others are":           leaving,
		"a faulty entry fails alone":                                   faulty,
		"a place is given once":                                        places,
		"a time of a unit is given once":                               appointments,
		"a lot is kept, and who was erased is not in it":               lots,
		"a case is changed by one writer at a time":                    versions,
		"nobody approves a round that they had a hand in":              fourEyes,
		"what an officer says of an item and a round is sealed":        officersWords,
		"an objection stands until it is withdrawn":                    objections,
		"a round that is put off keeps its hours":                      putOff,
		"a look at a case is on the record before it is read":          looks,
		"a session is found by its hash until it is ended":             sessions,
		"a key is queued once":                                         keys,
		"a message is claimed once":                                    claims,
		"messages to one phone are numbered apart":                     apart,
		"a worker that is silent is relieved, one that is not is not":  relieved,
		"what may be handed over is shared":                            allowance,
		"a job is in the queue when its cause is kept":                 queued,
		"what is due is told by its kind":                              dues,
		"one alone may do what one alone may do":                       holding,
		"a part of a preparation is kept once":                         preparations,
		"officers are told once of what waits":                         notices,
		"a letter has one name and one fate":                           posts,
		"people are erased and counts stay":                            erasing,
		"what was to go out in a lost time is uncertain":               lost,
		"a report on a phone tells of the one send in doubt to it":     ofDoubt,
		"a message in parts is delivered when its parts are":           parts,
		"a send that was cut off is uncertain until it is settled":     uncertain,
		"a report that comes before the gateway's answer stays":        earlyReport,
		"reports come twice and in any order":                          reports,
		"an answer is kept once":                                       answers,
		"timers wait for a running round, and fire once, by time":      timers,
		"a phone finds its cases, and who waits for it":                phones,
		"an item is open once":                                         items,
		"what is due at night waits, answers do not":                   postponed,
		"a send that stays uncertain is put before a person once":      doubtful,
		"what a phone was sent is counted by kind and time":            wrote,
		"a receipt that is owed is made once":                          owedReceipts,
		"a record between snapshots is known from its day on":          newRecords,
		"a number is not given again when its row was erased":          numbersOnce,
		"a decision is kept with the data of who has left the matter":  decidedOnData,
		"the uses of a person are found in small and large sets":       usesFound,
		"other systems know people by links of their own":              links,
		"a caller has the permissions of its own individuals":          permitsOfACaller,
		"the uses of a person come in pages with their number":         usesInPages,
		"the watch over readings knows staff, famous people and looks": watching,
		"the record is gone through line by line":                      lines,
		"what became of permissions is counted":                        permitCounts,
		"a webhook is its caller's alone":                              hooks,
		"a webhook is told of what its caller may know":                told,
		"what a webhook is told is on the record and kept":             deliveries,
	} {
		t.Run(name, func(t *testing.T) { do(newSuite(t, open(t))) })
	}
	for name, do := range ofPermissions() {
		t.Run(name, func(t *testing.T) { do(newSuite(t, open(t))) })
	}
}

// ofPermissions are the exercises of permissions, and of what belongs to them.
func ofPermissions() map[string]func(*suite) {
	return map[string]func(*suite){
		"an agreement is kept in all its versions":                 agreements,
		"a permission stands from giving to withdrawal":            permits,
		"what is handed over is kept and read only with a grant":   handovers,
		"a matter has its people and one proposal at a time":       matters,
		"a request is settled once":                                requests,
		"a document is sealed, read back, and gone for good":       documents,
		"documents are kept as long as a decision wants them":      keptDocuments,
		"the hours of care are those that were said last":          careHours,
		"people are erased with what was permitted and fetched":    erasingPermissions,
		"a note of somebody named is sealed and the newest counts": needNotes,
	}
}

// ExerciseOwner runs what only the owner of the tables may do.
func ExerciseOwner(t *testing.T, open func(t *testing.T) Store) {
	t.Run("entries are erased and their leaves stay", func(t *testing.T) { erasingEntries(newSuite(t, open(t))) })
}

type suite struct {
	*testing.T
	s       Store
	ctx     context.Context
	numbers map[string]bool // the phones of the cases that were opened
}

func newSuite(t *testing.T, s Store) *suite {
	return &suite{t, s, context.Background(), map[string]bool{}}
}

func (s *suite) act() audit.Act {
	s.Helper()
	a, err := audit.Begin("officer:test", "test", "p", "law", Start)
	s.must(err)
	return a
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) write(do func(tx store.Tx) error) {
	s.Helper()
	s.must(s.s.Write(s.ctx, s.act(), do))
}

func (s *suite) entryCount() uint64 {
	s.Helper()
	n, err := s.s.Last(s.ctx)
	s.must(err)
	return n
}

// round makes a running round with places in one unit.
func (s *suite) round(n int, state store.RoundState) (id store.RoundID) {
	s.Helper()
	s.write(func(tx store.Tx) (err error) {
		id, err = tx.AddRound(store.Round{Service: "pre-primary", Version: "1", PackHash: "h", AsOf: Start, State: state, Officer: "officer:a",
			Schedule: store.Schedule{Deadline: Start.AddDate(0, 0, 14), CloseAt: Start.AddDate(0, 0, 30)}})
		if err != nil {
			return err
		}
		return tx.AddPlaces(id, []store.PlaceCount{{Place: offer.Place{Unit: "u1", Language: "fi"}, Places: n}})
	})
	return id
}

func (s *suite) newCase(child person.ID, numbers ...string) store.NewCase {
	s.Helper()
	f, err := criteria.Restore(child, criteria.Met, []criteria.Reason{{Criterion: "c", Verdict: criteria.Met, Fields: []string{"f"}}}, Start, strings.Repeat("a", 64))
	s.must(err)
	d, err := offer.Draft(f, offer.Place{Unit: "u1", Language: "fi"})
	s.must(err)
	a, err := d.Approve("officer:a")
	s.must(err)
	n := store.NewCase{Offer: a, Names: conversation.Names{Child: "Aino", Unit: map[person.Language]string{"fi": "Kielo"}}, Numbers: numbers, Deadline: Start.AddDate(0, 0, 14)}
	for i := range numbers {
		n.Parties = append(n.Parties, conversation.Party{Person: child*100 + person.ID(i), Name: "Anna", Language: "fi"})
	}
	return n
}

func (s *suite) open(id store.RoundID, child person.ID, numbers ...string) (c conversation.Case) {
	s.Helper()
	for _, n := range numbers {
		s.numbers[n] = true
	}
	s.write(func(tx store.Tx) (err error) { c, err = tx.OpenCase(id, s.newCase(child, numbers...)); return err })
	return c
}

func wholeOrNothing(s *suite) {
	before := s.entryCount()
	broken := errors.New("disk full")
	err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error {
		if _, err := tx.AddRound(store.Round{Service: "x", AsOf: Start}); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) || s.entryCount() != before {
		s.Errorf("error %v, %d entries more", err, s.entryCount()-before)
	}
	if id := s.round(1, store.Running); id != 1 {
		s.Errorf("the half write left a round: the next has number %d", id)
	}
	if s.entryCount() != before+1 {
		s.Error("a write has no entry")
	}
}

func nothing(s *suite) {
	s.write(func(tx store.Tx) error {
		if _, err := tx.AddRound(store.Round{Service: "x", AsOf: Start}); err != nil {
			return err
		}
		return store.ErrNothing
	})
	if s.entryCount() != 0 {
		s.Error("an entry was made")
	}
	if id := s.round(1, store.Running); id != 1 {
		s.Errorf("rows were kept: the next round has number %d", id)
	}
}

func noAct(s *suite) {
	err := s.s.Write(s.ctx, audit.Act{}, func(store.Tx) error { s.Error("the write was begun"); return nil })
	if fault.KindOf(err) != fault.Refused {
		s.Errorf("error %v", err)
	}
}

func entries(s *suite) {
	for i := range 5 {
		s.write(func(tx store.Tx) error {
			tx.About(fmt.Sprintf("thing %d", i), person.ID(i+1), person.ID(i+70000))
			tx.Detail("%d", i)
			e := s.act().Entry()
			e.Fields = []string{"population.name"}
			return tx.Note(e)
		})
	}
	all, err := s.s.Range(s.ctx, 1, 100)
	s.must(err)
	if len(all) != 10 {
		s.Fatalf("%d entries", len(all))
	}
	for i, r := range all {
		leaf, err := r.Entry.Leaf(r.Salt)
		s.must(err)
		if r.Seq != uint64(i+1) || r.Entry.Seq != r.Seq || string(leaf) != string(r.Leaf) {
			s.Errorf("entry %d does not match its leaf", r.Seq)
		}
	}
	if !all[1].Entry.People.Contains(70000) || all[0].Entry.Fields[0] != "population.name" {
		s.Error("people or fields were lost")
	}
}

func places(s *suite) {
	id := s.round(2, store.Running)
	a := s.open(id, 1)
	s.open(id, 2)
	err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error { _, err := tx.OpenCase(id, s.newCase(3)); return err })
	if fault.KindOf(err) != fault.Conflict {
		s.Fatalf("a third case in two places: error %v", err)
	}
	err = s.s.Write(s.ctx, s.act(), func(tx store.Tx) error { _, err := tx.OpenCase(id, s.newCase(1)); return err })
	if fault.KindOf(err) != fault.Conflict {
		s.Fatalf("a second case for one child: error %v", err)
	}
	s.write(func(tx store.Tx) error {
		again, err := tx.HoldPlace(a.ID)
		if err != nil || !again {
			s.Errorf("holding what is held: %v %v", again, err)
		}
		return tx.ReleasePlace(a.ID)
	})
	c := s.open(id, 3)
	s.write(func(tx store.Tx) error {
		ok, err := tx.HoldPlace(a.ID)
		free, err2 := tx.PlaceFree(a.ID)
		if ok || free {
			s.Error("a place that was given on is taken again")
		}
		return errors.Join(err, err2, tx.ReleasePlace(c.ID))
	})
	s.write(func(tx store.Tx) error {
		free, err := tx.PlaceFree(a.ID)
		ok, err2 := tx.HoldPlace(a.ID)
		if !free || !ok {
			s.Error("a free place cannot be taken again")
		}
		return errors.Join(err, err2)
	})
	f, err := s.s.Funnel(s.ctx, id)
	s.must(err)
	if f.Overbooked != 0 || f.PlacesHeld != 2 || f.Places != 2 {
		s.Errorf("%+v", f)
	}
}

func versions(s *suite) {
	c := s.open(s.round(1, store.Running), 1, "+358401234567")
	c.Version, c.Stage = 1, conversation.Accepted
	s.write(func(tx store.Tx) error { return tx.SaveCase(c) })
	err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error { return tx.SaveCase(c) })
	if fault.KindOf(err) != fault.Conflict {
		s.Errorf("a stale case was kept: %v", err)
	}
	s.write(func(tx store.Tx) error {
		h, err := tx.Case(c.ID)
		if err == nil && (h.Case.Stage != conversation.Accepted || h.Case.Names().Child != "Aino" || h.Offer.Child() != 1 || h.Offer.IsZero()) {
			s.Error("the case does not read back")
		}
		return err
	})
}

func answers(s *suite) {
	in := []channel.Incoming{{ID: "g1", From: "+358401234567", Text: "A", At: Start}, {ID: "g2", From: "+358401234567", Text: "B", At: Start}}
	for want := 2; want >= 0; want -= 2 {
		s.write(func(tx store.Tx) error {
			fresh, err := tx.Receive(in)
			if fresh != want {
				s.Errorf("%d fresh, want %d", fresh, want)
			}
			return err
		})
	}
	s.write(func(tx store.Tx) error {
		got, err := tx.TakeReceived(10)
		if len(got) != 2 || got[0].In.Text != "A" || got[0].In.From != "+358401234567" {
			s.Fatalf("%d waiting", len(got))
		}
		return errors.Join(err, tx.Handled(got[0].ID, 0, "accept", Start))
	})
	s.write(func(tx store.Tx) error {
		got, err := tx.TakeReceived(10)
		if len(got) != 1 || got[0].In.Text != "B" {
			s.Errorf("%d waiting after one was handled", len(got))
		}
		return err
	})
}

func timers(s *suite) {
	id := s.round(3, store.Paused)
	a, b := s.open(id, 1), s.open(id, 2)
	take := func(now time.Time) (due []store.DueTimer) {
		s.write(func(tx store.Tx) (err error) { due, err = tx.TakeTimers(now, 10); return err })
		return due
	}
	s.write(func(tx store.Tx) error {
		return errors.Join(tx.SetTimer(a.ID, conversation.InquiryDue, Start.Add(2*time.Hour)), tx.SetTimer(b.ID, conversation.NoticeDue, Start.Add(time.Hour)),
			tx.SetTimer(b.ID, conversation.NoticeDue, Start.Add(90*time.Minute)), tx.SetTimer(b.ID, conversation.DeadlineDue, Start.Add(time.Hour)))
	})
	if len(take(Start.AddDate(1, 0, 0))) != 0 {
		s.Fatal("a paused round has timers that fire")
	}
	s.write(func(tx store.Tx) error {
		return errors.Join(tx.SetRound(id, store.Running, ""), tx.ClearTimers(b.ID), tx.SetTimer(b.ID, conversation.NoticeDue, Start.Add(90*time.Minute)))
	})
	if len(take(Start.Add(time.Hour))) != 0 {
		s.Error("a timer fired early, or was not cleared")
	}
	due := take(Start.Add(3 * time.Hour))
	if len(due) != 2 || due[0].Case != b.ID || due[1].Timer != conversation.InquiryDue || len(take(Start.Add(3*time.Hour))) != 0 {
		s.Errorf("due %v", due)
	}
}

func phones(s *suite) {
	id := s.round(3, store.Running)
	a := s.open(id, 1, "+358401234567", "+358501234567")
	b := s.open(id, 2, "+358401234567")
	p, err := s.s.PhoneHash("+358401234567")
	s.must(err)
	other, err := s.s.PhoneHash("+358440000000")
	s.must(err)
	s.write(func(tx store.Tx) error {
		on, err := tx.OnPhone(p)
		none, err2 := tx.OnPhone(other)
		_, waits, err3 := tx.Waiting(p)
		if len(on) != 2 || on[0].Case.ID != a.ID || on[1].Case.ID != b.ID || len(none) != 0 || waits {
			s.Errorf("%d and %d cases, waits %v", len(on), len(none), waits)
		}
		if on[0].Case.Parties[0].Phone != p {
			s.Error("the phone of a case that was kept is not the one that it is found by")
		}
		b.Version, b.Parties[0].Waiting = 1, true
		return errors.Join(err, err2, err3, tx.SaveCase(b))
	})
	s.write(func(tx store.Tx) error {
		c, waits, err := tx.Waiting(p)
		if !waits || c.Case.ID != b.ID || c.Party != 0 {
			s.Error("who waits is not found")
		}
		return errors.Join(err, tx.SetRound(id, store.Closed, ""))
	})
	onPhone := func() (n int) {
		s.write(func(tx store.Tx) error {
			on, err := tx.OnPhone(p)
			n = len(on)
			return err
		})
		return n
	}
	if onPhone() != 2 {
		s.Error("what comes after the newest round is closed is not that round's")
	}
	s.round(1, store.Prepared)
	if onPhone() != 0 {
		s.Error("a closed round has the phone although there is a newer one")
	}
}

func items(s *suite) {
	id := s.round(1, store.Running)
	c := s.open(id, 1)
	for range 2 {
		s.write(func(tx store.Tx) error {
			return errors.Join(tx.OpenItem(store.Item{Case: c.ID, Kind: conversation.ItemConflict, Reason: "r"}, Start), tx.AddLetter(c.ID, "no number", Start))
		})
	}
	f, err := s.s.Funnel(s.ctx, id)
	s.must(err)
	if f.Items[conversation.ItemConflict] != 1 || f.Letters != 1 {
		s.Errorf("%v items, %d letters", f.Items, f.Letters)
	}
	s.write(func(tx store.Tx) error {
		return tx.SettleItems(c.ID, conversation.ItemConflict, "officer:a", "called", Start)
	})
	f, err = s.s.Funnel(s.ctx, id)
	s.must(err)
	if f.Items[conversation.ItemConflict] != 0 {
		s.Error("a settled item is open")
	}
}
