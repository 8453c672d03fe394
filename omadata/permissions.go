package omadata

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// View is a permission as the one whose data it is about sees it.
type View struct {
	ID        int64 // 0: it can be given, and was not asked for yet
	State     permission.State
	Stands    bool
	Why       permission.Why // it does not stand
	Child     string         // in whose matter, the given name
	Matter    store.MatterID
	Agreement permission.Agreement // as it was answered
	Current   bool                 // it is the agreement that is asked about now
	Until     time.Time            // it expires; zero: it does not stand
	Events    []ViewEvent
	Handovers []store.Handover   // the times that a source was asked
	Marks     []store.SourceMark // what sources say that they handed over
	IfTaken   Effect             // what taking it back would do
	Renewal   Renewal            // while it stands
}

// ViewEvent is one event in the life of a permission.
type ViewEvent struct {
	N       int
	Kind    permission.EventKind
	At      time.Time
	Mine    bool
	Version int
	Way     string
	Cause   permission.Cause
	Receipt bool // there is one
	Later   bool // there will be one: it could not be made when this happened
}

// Permissions are somebody's permissions, given, possible and ended. The look is on
// the record.
func (s *Service) Permissions(ctx context.Context, who person.ID) ([]View, error) {
	rows, err := s.c.DB.PermitsOf(ctx, who)
	if err != nil {
		return nil, err
	}
	ids, err := s.c.DB.MattersOf(ctx, Purpose, who)
	if err != nil {
		return nil, err
	}
	for _, row := range rows { // also where they have no say any more
		n, err := s.c.DB.MatterOf(ctx, Purpose, row.About)
		if err == nil && !slices.Contains(ids, n) {
			ids = append(ids, n)
		} else if err != nil && fault.KindOf(err) != fault.Missing {
			return nil, err
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	matters := make([]store.Matter, len(ids))
	for i, id := range ids {
		if matters[i], err = s.c.DB.Matter(ctx, id); err != nil {
			return nil, err
		}
	}
	families, err := s.families(ctx, reading{who: who, verb: "look at own permissions", names: true}, matters)
	if err != nil {
		return nil, err
	}
	var out []View
	for _, f := range families {
		i := slices.IndexFunc(rows, func(p store.Permit) bool { return p.About == f.matter.Child && p.Subject == who })
		var v View
		switch {
		case i >= 0:
			v, err = s.view(ctx, who, rows[i], f)
		case slices.Contains(f.adults, who):
			v, err = s.possible(f)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// possible is a permission that nobody asked for yet.
func (s *Service) possible(f *family) (View, error) {
	a, err := s.Agreement()
	return View{Child: f.names[f.matter.Child], Matter: f.matter.ID, Agreement: a, Current: true, Why: permission.WhyUnasked}, err
}

func (s *Service) view(ctx context.Context, who person.ID, row store.Permit, f *family) (View, error) {
	v := View{ID: row.ID, Child: f.names[f.matter.Child], Matter: f.matter.ID, Until: row.Until}
	p, a, err := s.lifeOf(ctx, row)
	if err != nil {
		return v, err
	}
	v.State, v.Agreement = p.State(), a
	v.Stands, v.Why = p.Stands(s.now(), a, f)
	if v.Stands {
		if v.Renewal, err = s.renewal(p, a); err != nil {
			return v, err
		}
	}
	if now, err := s.Agreement(); err == nil {
		v.Current = now.Hash() == a.Hash()
	}
	if v.Events, err = s.viewEvents(ctx, who, p); err != nil {
		return v, err
	}
	if v.Handovers, err = s.c.DB.Handovers(ctx, row.ID); err != nil {
		return v, err
	}
	if v.Marks, err = s.c.DB.SourceMarks(ctx, row.ID); err != nil {
		return v, err
	}
	v.Marks = slices.DeleteFunc(v.Marks, func(m store.SourceMark) bool { return m.Outcome != markKept })
	gone, err := s.c.DB.WouldDelete(ctx, row.ID)
	v.IfTaken.Permission = row.ID
	v.IfTaken.count(gone, a)
	return v, err
}

// viewEvents are the events in the life of a permission, with whether there is a
// receipt of each.
func (s *Service) viewEvents(ctx context.Context, who person.ID, p permission.Permission) (out []ViewEvent, err error) {
	kept, err := s.c.DB.PermitEvents(ctx, p.ID())
	if err != nil {
		return nil, err
	}
	owed, err := s.c.DB.OwedReceipts(ctx, p.ID(), len(kept))
	if err != nil {
		return nil, err
	}
	for i, e := range p.Events() { // it may have had more since
		later := slices.ContainsFunc(owed, func(o store.OwedReceipt) bool { return o.N == i+1 })
		out = append(out, ViewEvent{i + 1, e.Kind, e.At, e.By == who, e.Version, e.Way, e.Cause, kept[i].Signed, later && !kept[i].Signed})
	}
	return out, nil
}

// Receipt is the signed receipt of one event in the life of a permission. To others
// than those whose permission it is, it is not there. That it was fetched is on the
// record.
func (s *Service) Receipt(ctx context.Context, who person.ID, id int64, event int) ([]byte, error) {
	row, err := s.c.DB.Permit(ctx, id)
	if err != nil {
		return nil, err
	}
	p, _, err := s.lifeOf(ctx, row)
	if err != nil {
		return nil, err
	}
	if !concerns(p, who) {
		return nil, noPermission("omadata.Receipt")
	}
	act, err := audit.Begin(actor(who), "fetch a receipt", row.Purpose, "GDPR 15(1)", s.now())
	if err != nil {
		return nil, err
	}
	e := act.Entry()
	e.Object, e.People = permissionName(id), roaring.BitmapOf(uint32(row.Subject))
	if err := s.c.DB.Note(ctx, e); err != nil {
		return nil, err
	}
	return s.c.DB.PermitReceipt(ctx, id, event)
}

// Explain is the newest fee of a child with its working, for an officer. The look is
// on the record.
func (s *Service) Explain(ctx context.Context, officer string, child person.ID) (FeeProposal, error) {
	n, err := s.c.DB.MatterOf(ctx, Purpose, child)
	if err != nil {
		return FeeProposal{}, err
	}
	act, err := audit.Begin(officer, "look at a fee", Purpose, "GDPR 6(1)(c); "+Law, s.now())
	if err != nil {
		return FeeProposal{}, err
	}
	all, err := s.c.DB.Proposals(ctx, act, n)
	if err != nil {
		return FeeProposal{}, err
	}
	for _, p := range all {
		if len(p.Content) > 0 {
			x, err := feeOf(p)
			if err != nil {
				return FeeProposal{}, err
			}
			return *x, nil
		}
	}
	return FeeProposal{}, fault.New(fault.Missing, "omadata.Explain", "no fee was worked out yet").Do("let the family choose first: ennakko permission give")
}
