package omadata

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/fee"
	"ennakko/store"
)

// offerAgain opens matters for children who came into early education, and brings those
// that are there up to date, when a register came in. The first time is an officer's to
// begin (Offer): before that there is nothing to bring up to date.
func (s *Service) offerAgain(ctx context.Context) error {
	some, err := s.c.DB.MattersAfter(ctx, Purpose, 0, 1)
	if err != nil || len(some) == 0 {
		return err
	}
	_, err = s.Offer(ctx, actor(0), func(int, int) {})
	return err
}

// otherFamilies lets the fee be worked out anew in the matters in which somebody has
// chosen and whose family is not what it was when that was done last: a child was born,
// a brother came into early education, a grown-up moved in.
func (s *Service) otherFamilies(ctx context.Context) (did bool, err error) {
	for after := store.MatterID(0); ; {
		ids, err := s.c.DB.MattersAfter(ctx, Purpose, after, stepBatch)
		if err != nil || len(ids) == 0 {
			return did, err
		}
		after = ids[len(ids)-1]
		var matters []store.Matter
		for _, id := range ids {
			m, err := s.c.DB.Matter(ctx, id)
			if err != nil {
				return did, err
			}
			if !m.Looked.IsZero() { // else nothing was worked out, or it is due already
				matters = append(matters, m)
			}
		}
		if len(matters) == 0 {
			continue
		}
		families, err := s.families(ctx, reading{verb: "look whether a fee's family is what it was"}, matters)
		if err != nil {
			return did, err
		}
		for _, f := range families {
			changed, err := s.letAnew(ctx, f)
			if did = did || changed; err != nil {
				return did, err
			}
		}
	}
}

// letAnew lets the fee of one matter be worked out anew if its family is another.
func (s *Service) letAnew(ctx context.Context, f *family) (changed bool, err error) {
	a, err := s.Agreement()
	if err != nil {
		return false, err
	}
	err = s.writeAct(ctx, 0, "let a fee be worked out anew", a, func(tx store.Tx) error {
		if err := unmoved(tx, f); err != nil {
			return err
		}
		if changed, err = s.noteFamily(tx, f); err != nil || !changed {
			return cmp.Or(err, store.ErrNothing)
		}
		tx.About(matterName(f.matter.ID), append(slices.Clone(f.adults), f.matter.Child)...)
		tx.Detail("the family is another by the registers")
		return nil
	})
	return changed && err == nil, err
}

// noteFamily notes what the family of a matter is, as far as the fee hangs on it, as a
// keyed digest. Changed is true when it was another, or was not known.
func (s *Service) noteFamily(tx store.Tx, f *family) (changed bool, err error) {
	const op = "omadata.noteFamily"
	x, ok, err := s.begun(tx, f)
	if err != nil {
		return false, err
	}
	var what struct {
		Care   bool
		Unit   string
		Adults []uint32
		Family fee.Family
	}
	if what.Care = ok; ok {
		what.Unit, what.Family = x.w.Unit, x.family
		what.Family.On = time.Time{}
	}
	for _, id := range f.adults {
		what.Adults = append(what.Adults, uint32(id))
	}
	b, err := json.Marshal(what)
	if err != nil {
		return false, fault.Wrap(err, op, "the family cannot be written")
	}
	sum, err := s.c.DB.Hash("family", string(b))
	if err != nil {
		return false, err
	}
	return tx.MatterFamily(f.matter.ID, hex.EncodeToString(sum))
}
