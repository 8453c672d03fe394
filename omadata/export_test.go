package omadata

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// BeforeBlock calls do before each block of a review, with the number of the block
// from 1.
func BeforeBlock(s *Service, do func(n int)) { s.beforeBlock = do }

// Write is how a service writes.
type Write func(ctx context.Context, act audit.Act, do func(store.Tx) error) error

// Writing puts something around every write.
func Writing(s *Service, around func(Write) Write) { s.write = around(s.write) }

// ledgerFunc is a ledger made of a function.
type ledgerFunc func(ctx context.Context, purpose string, fields []permission.Field, who *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error)

func (f ledgerFunc) Standing(ctx context.Context, purpose string, fields []permission.Field, who *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error) {
	return f(ctx, purpose, fields, who, at)
}

// The places of the checks, for holes.
const (
	AtBegin = atBegin
	AtKeep  = atKeep
	AtRead  = atRead
	AtBatch = atBatch
)

// NoCheckAt plants a hole: at one place nobody looks whether a permission stands.
func NoCheckAt(s *Service, place string) {
	look := s.look
	s.look = func(where string, tx store.Tx, f *family) permission.Ledger {
		if where != place {
			return look(where, tx, f)
		}
		return ledgerFunc(func(_ context.Context, _ string, _ []permission.Field, who *roaring.Bitmap, _ time.Time) (*roaring.Bitmap, error) {
			return who, nil
		})
	}
}

// LooksLate plants a hole: it is looked whether a permission stood a while ago.
func LooksLate(s *Service, by time.Duration) {
	look := s.look
	s.look = func(where string, tx store.Tx, f *family) permission.Ledger {
		inner := look(where, tx, f)
		return ledgerFunc(func(ctx context.Context, p string, fields []permission.Field, who *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error) {
			return inner.Standing(ctx, p, fields, who, at.Add(-by))
		})
	}
}

// Remembers plants a hole: what was said once of a person's permission is not asked
// again.
func Remembers(s *Service) {
	look := s.look
	said := map[person.ID]bool{}
	s.look = func(where string, tx store.Tx, f *family) permission.Ledger {
		inner := look(where, tx, f)
		return ledgerFunc(func(ctx context.Context, p string, fields []permission.Field, who *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error) {
			out, err := inner.Standing(ctx, p, fields, who, at)
			if err != nil {
				return nil, err
			}
			for it := who.Iterator(); it.HasNext(); {
				id := person.ID(it.Next())
				if out.Contains(uint32(id)) || said[id] {
					said[id] = true
					out.Add(uint32(id))
				}
			}
			return out, nil
		})
	}
}

// A Relation is one thing that the registers say and that a permission needs.
type Relation string

// The relations.
const (
	Guardianship Relation = "guardianship"
	Residence    Relation = "residence"
	Life         Relation = "life"
)

// Ignores plants a hole: what the registers say of one thing is not looked at.
func Ignores(s *Service, r Relation) {
	look := s.look
	s.look = func(where string, tx store.Tx, f *family) permission.Ledger {
		g := *f
		all := people(f.matter)
		switch r {
		case Guardianship:
			g.adults = slices.Clone(all)
		case Residence:
			g.here = always(all)
		case Life:
			g.alive, g.adults = always(all), slices.Clone(all)
		}
		return look(where, tx, &g)
	}
}

func always(ids []person.ID) map[person.ID]bool {
	out := map[person.ID]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out
}

// KeepsNoEntry plants a hole: an act is done, and leaves no entry.
func KeepsNoEntry(s *Service, verb string) {
	Writing(s, func(write Write) Write {
		return func(ctx context.Context, act audit.Act, do func(store.Tx) error) error {
			if act.Verb() != verb {
				return write(ctx, act, do)
			}
			return write(ctx, act, func(tx store.Tx) error {
				if err := do(tx); err != nil {
					return err
				}
				return store.ErrNothing
			})
		}
	})
}
