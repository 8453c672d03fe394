package storetest

import (
	"bytes"
	"context"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// Documented is what is exercised of documents.
type Documented interface {
	DocumentsIn(ctx context.Context, act audit.Act, id store.MatterID, of person.ID) ([]store.Document, error)
	SentIn(ctx context.Context) (map[store.MatterID]store.SentIn, error)
	HoursOf(ctx context.Context, purpose string, child person.ID) (int, bool, error)
}

// matter opens the matter of child 9, with the grown-ups 1 and 2.
func (s *suite) matter() (id store.MatterID) {
	s.Helper()
	s.write(func(tx store.Tx) (err error) {
		id, _, err = tx.OpenMatter(store.Matter{Purpose: feePurpose, Child: 9, Opened: Start, People: []store.MatterPerson{{Person: 1, Part: store.Guardian}, {Person: 2, Part: store.Guardian}}})
		return err
	})
	return id
}

func (s *suite) send(m store.MatterID, who person.ID, name string, content []byte, came time.Time) (id int64, fresh bool) {
	s.Helper()
	s.write(func(tx store.Tx) (err error) {
		id, fresh, err = tx.AddDocument(store.Document{Matter: m, Person: who, Came: came, Kind: "pdf", Name: name}, content)
		return err
	})
	return id, fresh
}

// documents are sent, read, sent again, and deleted.
func documents(s *suite) {
	m := s.matter()
	long := bytes.Repeat([]byte("a pay slip. "), 30_000) // in several pieces
	id, fresh := s.send(m, 1, "slip.pdf", long, Start)
	if again, twice := s.send(m, 1, "the same.pdf", long, Start); !fresh || twice || again != id {
		s.Errorf("sent twice: %v, %v, %d and %d", fresh, twice, id, again)
	}
	if other, theirs := s.send(m, 2, "slip.pdf", long, Start); !theirs || other == id {
		s.Errorf("another's document is not theirs: %d", other)
	}
	before := s.entryCount()
	all, err := s.s.DocumentsIn(s.ctx, s.act(), m, 1)
	s.must(err)
	if len(all) != 1 || all[0].Name != "slip.pdf" || all[0].Size != len(long) || all[0].Person != 1 || !all[0].Gone.IsZero() || s.entryCount() != before+1 {
		s.Errorf("%d documents, %d entries", len(all), s.entryCount()-before)
	}
	if all, err = s.s.DocumentsIn(s.ctx, s.act(), m, 0); err != nil || len(all) != 2 {
		s.Errorf("%d documents of everybody, %v", len(all), err)
	}
	sent, err := s.s.SentIn(s.ctx)
	if err != nil || sent[m].N != 2 || !sent[m].Newest.Equal(Start) {
		s.Errorf("%+v, %v", sent, err)
	}
	s.write(func(tx store.Tx) error {
		d, content, err := tx.OpenDocument(id)
		if d.Matter != m || !bytes.Equal(content, long) {
			s.Error("the document does not read back")
		}
		return err
	})
	s.write(func(tx store.Tx) error { return tx.DeleteDocument(id, store.GoneBySender, Start.Add(time.Hour)) })
	s.refused("to delete twice", fault.Conflict, func(tx store.Tx) error { return tx.DeleteDocument(id, store.GoneBySender, Start) })
	s.refused("to read what is gone", fault.Missing, func(tx store.Tx) error { _, _, err := tx.OpenDocument(id); return err })
	all, err = s.s.DocumentsIn(s.ctx, s.act(), m, 1)
	s.must(err)
	if len(all) != 1 || all[0].Name != "" || all[0].Why != store.GoneBySender || !all[0].Gone.Equal(Start.Add(time.Hour)) {
		s.Errorf("%+v", all)
	}
	if id, fresh = s.send(m, 1, "slip.pdf", long, Start); !fresh {
		s.Error("what was deleted cannot be sent again")
	}
	s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(1); return err })
	s.refused("to read an erased person's document", fault.Missing, func(tx store.Tx) error { _, _, err := tx.OpenDocument(id); return err })
	if all, err = s.s.DocumentsIn(s.ctx, s.act(), m, 0); err != nil || len(all) != 1 || all[0].Person != 2 {
		s.Errorf("after an erasure: %+v, %v", all, err)
	}
}

// keptDocuments go when their time is over, and no sooner.
func keptDocuments(s *suite) {
	m := s.matter()
	s.send(m, 1, "old", []byte("1"), Start)
	s.write(func(tx store.Tx) error {
		n, err := tx.KeepDocuments(m, Start.AddDate(0, 0, 10))
		if n != 1 {
			s.Errorf("%d are kept", n)
		}
		return err
	})
	s.send(m, 1, "idle", []byte("2"), Start)
	s.send(m, 1, "new", []byte("3"), Start.AddDate(0, 0, 5))
	gone := func(now, undecided time.Time, want ...string) {
		s.Helper()
		s.write(func(tx store.Tx) error {
			if _, err := tx.DeleteDocuments(now, undecided, 9); err != nil {
				return err
			}
			all, err := tx.DocumentsIn(m)
			var names []string
			for _, d := range all {
				if d.Gone.IsZero() {
					names = append(names, d.Name)
				}
			}
			if !slices.Equal(names, want) {
				s.Errorf("there are %q, not %q", names, want)
			}
			return err
		})
	}
	gone(Start.AddDate(0, 0, 9), Start, "old", "idle", "new")
	gone(Start.AddDate(0, 0, 9), Start.AddDate(0, 0, 1), "old", "new")
	gone(Start.AddDate(0, 0, 10), Start.AddDate(0, 0, 1), "new")
	all, err := s.s.DocumentsIn(s.ctx, s.act(), m, 1)
	if err != nil || all[0].Why != store.GoneDecided || all[1].Why != store.GoneUndecided {
		s.Errorf("%+v, %v", all, err)
	}
}

func careHours(s *suite) {
	m := s.matter()
	if _, ok, err := s.s.HoursOf(s.ctx, feePurpose, 9); ok || err != nil {
		s.Errorf("hours that nobody said: %v, %v", ok, err)
	}
	for _, h := range []int{2000, 3750} {
		s.write(func(tx store.Tx) error { return tx.SetHours(m, h, 1, Start) })
	}
	s.write(func(tx store.Tx) error {
		h, ok, err := tx.HoursOf(feePurpose, 9)
		if h != 3750 || !ok {
			s.Errorf("%d hours, %v", h, ok)
		}
		return err
	})
	s.give(1, 9)
	due, err := s.s.MattersDue(s.ctx, feePurpose, feePurpose, 9)
	s.must(err)
	if !slices.Contains(due, m) {
		s.Error("other hours do not work the fee out anew")
	}
}
