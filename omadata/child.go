package omadata

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// ChildOf is the child of a matter in which somebody has a say now, for what they do on
// the child's behalf. To others, and to a guardian's partner, the matter is not there.
func (s *Service) ChildOf(ctx context.Context, who person.ID, n store.MatterID) (person.ID, error) {
	f, err := s.familyOf(ctx, reading{who: who, verb: "look whose matter it is"}, n)
	if err != nil {
		return 0, err
	}
	if !slices.Contains(f.adults, who) || f.partners[who] {
		return 0, noMatter("omadata.ChildOf")
	}
	return f.matter.Child, nil
}

// RequestPlace is a task of a caseworker: a child has no place, and the family asks
// for one.
const RequestPlace = "look for a place"

// AskPlace notes that the family asks for a place in early education, in its own words.
// The registers hold no count of free places there, so none is proposed: a caseworker
// looks for one. Asking twice is asking once; a child who has a place is a Conflict.
func (s *Service) AskPlace(ctx context.Context, who person.ID, n store.MatterID, words string) error {
	const op = "omadata.AskPlace"
	words = strings.TrimSpace(words)
	if len(words) > mostWords || utf8.RuneCountInString(words) < 3 {
		return fault.New(fault.Invalid, op, "say in 3 to %d letters from when, and how, the child needs care", mostWords)
	}
	return s.inMatter(ctx, who, n, "ask for a place", func(tx store.Tx, f *family) error {
		if c := f.care[f.matter.Child]; c.unit != "" && c.municipal {
			return fault.New(fault.Conflict, op, "the child has a place already").Do("look at the matter again")
		}
		open, err := tx.OpenRequests(n)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(open, func(r store.Request) bool { return r.Kind == RequestPlace }) {
			return store.ErrNothing
		}
		now := s.now()
		id, err := tx.AddRequest(store.Request{Kind: RequestPlace, Person: who, Matter: n, At: now, Due: now.AddDate(0, 0, placeDays), Basis: withoutDelay, Words: words})
		tx.Detail("task %d", id)
		return err
	})
}

// placeDays is after how many days the city holds itself late with a place: its own
// choice, by the two weeks in which a sudden need for work must be met.
//
// Source: Act on Early Childhood Education and Care 540/2018, section 17.
const placeDays = 14
