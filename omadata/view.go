package omadata

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// Stage is where a matter is, as one grown-up sees it.
type Stage string

// The stages.
const (
	Offered     Stage = "offered"    // they have not chosen
	WithPartner Stage = "partner"    // they permitted, another grown-up has not
	Fetching    Stage = "fetching"   // the income is on its way
	Late        Stage = "late"       // the source does not answer; it is asked again
	Proposed    Stage = "proposed"   // they are asked about the fee
	Anew        Stage = "anew"       // another fee is proposed beside the one that was decided
	AtPerson    Stage = "person"     // a caseworker looks at it
	ByDocuments Stage = "documents"  // they send documents
	AtHighest   Stage = "highest"    // the highest fee was chosen, and is not yet proposed
	PutOff      Stage = "not-now"    // they chose nothing
	Accepted    Stage = "accepted"   // the fee is decided
	TakenBack   Stage = "taken-back" // they took the permission back
	Over        Stage = "ended"      // by its cause
)

// Matter is the fee of one child as one grown-up of its household sees it.
type Matter struct {
	N         store.MatterID // stands in addresses; no person's number
	Child     string         // the given name
	Stage     Stage
	Agreement permission.Agreement // that was answered, or is asked about
	Chosen    string               // the way; "": none
	ChosenAt  time.Time
	Permit    int64     // the reader's own permission; 0: none
	Standing  bool      // it stands
	Partners  []Partner // the other grown-ups of the household
	Income    []Income  // the reader's own, and nobody else's; only while the permission stands
	FetchedAt time.Time
	Fee       *FeeProposal // asked about, or decided
	Was       *FeeProposal // decided, while Fee is asked about
	Place     *Place
	Open      bool   // the reader can answer now
	Words     string // that went with the last answer
	Household bool   // the reader is a guardian's partner: asked about their own income, deciding nothing about the child

	Answer     string // of a caseworker to the reader; "": none
	AnsweredAt time.Time

	Documents []Document // the reader's own, oldest first, also those that are gone
	CanSend   bool       // documents are waited for

	PlaceAsked time.Time // the reader asked for a place, and a caseworker looks for one; zero: not
}

// Partner is another grown-up: that they have chosen, and nothing of what they have
// told.
type Partner struct {
	Name   string
	Chosen bool
	way    string // for the stage only
}

// FeeProposal is a fee with its working, without the lines that tell of another
// grown-up's income alone.
type FeeProposal struct {
	ID       int64
	State    string // store.ProposalOpen and the like
	Made     time.Time
	Answered time.Time
	Own      int // the reader's number in the words of the working; 0: none
	Working  Working
}

// Place is the care place that a fee is for.
type Place struct {
	ID    string
	Name  permission.Texts
	Hours int // a week, in hundredths

	Said       bool // the family said how many hours it wants; else they are the usual ones
	PrePrimary bool // some of them are free
}

// ownAct begins somebody's look at their own matters.
func (s *Service) ownAct(who person.ID, verb string) (audit.Act, error) {
	return audit.Begin(actor(who), verb, Purpose, "GDPR 15(1)", s.now())
}

// Matters are the matters in which somebody has a say, oldest first.
func (s *Service) Matters(ctx context.Context, who person.ID) ([]Matter, error) {
	ids, err := s.c.DB.MattersOf(ctx, Purpose, who)
	if err != nil {
		return nil, err
	}
	var out []Matter
	for _, id := range ids {
		m, err := s.Matter(ctx, who, id)
		if fault.KindOf(err) == fault.Missing && err != nil {
			continue // the matter is about them, or they have no say any more
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// Matter is one matter. To those who have no say in it, it is not there. The look is
// on the record.
func (s *Service) Matter(ctx context.Context, who person.ID, n store.MatterID) (out Matter, err error) {
	for range mostMoves {
		if out, err = s.matter(ctx, who, n); !errors.Is(err, errMoved) {
			return out, err
		}
	}
	return Matter{}, fault.New(fault.Later, "omadata.Matter", "registers keep coming in").Do("try again in a moment")
}

func (s *Service) matter(ctx context.Context, who person.ID, n store.MatterID) (Matter, error) {
	const op = "omadata.Matter"
	m, err := s.c.DB.Matter(ctx, n)
	if err != nil {
		return Matter{}, err
	}
	if !slices.Contains(m.People, store.MatterPerson{Person: who, Part: store.Guardian}) {
		return Matter{}, noMatter(op)
	}
	all, err := s.families(ctx, reading{who: who, verb: "look at own matter", names: true}, []store.Matter{m})
	if err != nil {
		return Matter{}, err
	}
	f := all[0]
	if !slices.Contains(f.adults, who) {
		return Matter{}, noMatter(op)
	}
	out := Matter{N: n, Child: f.names[m.Child], Household: f.partners[who]}
	if out.Agreement, err = s.Agreement(); err != nil {
		return out, err
	}
	for _, fill := range []func(context.Context, person.ID, *family, *Matter) error{s.ownChoice, s.partners, s.fees, s.place, s.ownIncome, s.answered, s.sent} {
		if err := fill(ctx, who, f, &out); err != nil {
			return out, err
		}
	}
	return out, s.stage(ctx, &out)
}

// standsNow looks at a permission in one matter, outside of a write: for what is
// shown only. What is read is decided inside the write that reads.
func (s *Service) lifeOf(ctx context.Context, row store.Permit) (permission.Permission, permission.Agreement, error) {
	events, err := s.c.DB.PermitEvents(ctx, row.ID)
	if err != nil {
		return permission.Permission{}, permission.Agreement{}, err
	}
	p, err := s.life(ctx, row, events)
	if err != nil {
		return p, permission.Agreement{}, err
	}
	a, err := s.text(ctx, row.Purpose, row.Version)
	return p, a, err
}

// permitIn finds somebody's permission in a matter; ok is false when there is none.
func (s *Service) permitIn(ctx context.Context, who, child person.ID) (store.Permit, bool, error) {
	rows, err := s.c.DB.PermitsAbout(ctx, child)
	for _, row := range rows {
		if row.Subject == who && row.Purpose == s.c.Agreements[0].Purpose() {
			return row, true, err
		}
	}
	return store.Permit{}, false, err
}

func (s *Service) ownChoice(ctx context.Context, who person.ID, f *family, out *Matter) error {
	row, ok, err := s.permitIn(ctx, who, f.matter.Child)
	if err != nil || !ok {
		return err
	}
	p, a, err := s.lifeOf(ctx, row)
	if err != nil {
		return err
	}
	w := p.Current()
	out.Permit = row.ID
	if w.State != permission.Asked {
		out.ChosenAt = w.At
	}
	out.Standing, _ = p.Stands(s.now(), a, f)
	switch w.State {
	case permission.Standing, permission.Partly:
		out.Chosen, out.Agreement = permission.WayPermit, a
	case permission.Refused:
		out.Chosen = w.Way
		if out.Chosen == "" {
			out.Chosen = NotNow
		}
	case permission.Withdrawn:
		out.Stage = TakenBack
	case permission.Ended:
		out.Stage = Over
	case permission.Unasked, permission.Asked, permission.Expired:
	}
	return nil
}

func (s *Service) partners(ctx context.Context, who person.ID, f *family, out *Matter) error {
	for _, id := range f.adults {
		if id == who {
			continue
		}
		row, ok, err := s.permitIn(ctx, id, f.matter.Child)
		if err != nil {
			return err
		}
		chosen := ok && (row.State == permission.Standing.String() || row.State == permission.Refused.String())
		way := ""
		if chosen {
			p, _, err := s.lifeOf(ctx, row)
			if err != nil {
				return err
			}
			way = p.Current().Way
		}
		out.Partners = append(out.Partners, Partner{f.names[id], chosen, way})
	}
	return nil
}

// fees finds the newest proposal, and what was decided before it.
func (s *Service) fees(ctx context.Context, who person.ID, f *family, out *Matter) error {
	act, err := s.ownAct(who, "look at own fee")
	if err != nil {
		return err
	}
	all, err := s.c.DB.Proposals(ctx, act, f.matter.ID)
	if err != nil {
		return err
	}
	for _, p := range all {
		if len(p.Content) == 0 || p.State == store.ProposalReplaced {
			continue
		}
		x, err := feeOf(p)
		if err != nil {
			return err
		}
		x.Own = x.Working.numberOf(out.Permit)
		x.Working.seenBy(x.Own)
		switch {
		case out.Fee == nil:
			out.Fee, out.Words = x, p.Words
		case out.Was == nil && p.State == store.ProposalAccepted && out.Fee.State != store.ProposalAccepted:
			out.Was = x
		}
	}
	out.Open = out.Fee != nil && out.Fee.State == store.ProposalOpen
	return nil
}

func feeOf(p store.Proposal) (*FeeProposal, error) {
	x := &FeeProposal{ID: p.ID, State: p.State, Made: p.Made, Answered: p.Answered}
	if err := json.Unmarshal(p.Content, &x.Working); err != nil {
		return nil, fault.New(fault.Tampered, "omadata.Matter", "a proposal is not readable")
	}
	return x, nil
}

func (s *Service) place(ctx context.Context, _ person.ID, f *family, out *Matter) error {
	c := f.care[f.matter.Child]
	if c.unit == "" {
		return nil
	}
	out.Place = &Place{ID: c.unit}
	if err := s.hours(ctx, f, out.Place); err != nil {
		return err
	}
	units, err := s.c.DB.Units(ctx, s.now())
	for _, u := range units {
		if u.ID == c.unit {
			out.Place.Name = u.Name
		}
	}
	return err
}

// ownIncome reads the reader's own income, if their permission stands: a look at
// one's own data is a reading like any other.
func (s *Service) ownIncome(ctx context.Context, who person.ID, f *family, out *Matter) error {
	if !out.Standing {
		return nil
	}
	act, err := s.act(who, "look at own income", out.Agreement)
	if err != nil {
		return err
	}
	err = s.write(ctx, act, func(tx store.Tx) error {
		out.Income, out.FetchedAt = nil, time.Time{}
		g, err := s.grant(ctx, atRead, tx, act, out.Agreement, f, who)
		if err != nil {
			return err
		}
		kept, err := tx.HandoversOf(out.Permit)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(kept, func(h store.Handover) bool { return h.State == store.HandoverGot })
		if i < 0 {
			return store.ErrNothing
		}
		p, err := tx.OpenHandover(g, kept[i].ID)
		if err != nil {
			return err
		}
		var x Fetched
		if err := json.Unmarshal(p.Content, &x); err != nil {
			return fault.New(fault.Tampered, "omadata.Matter", "what is kept of a source is not readable")
		}
		out.Income, out.FetchedAt = x.Income, kept[i].Ended
		tx.About(permissionName(out.Permit), who)
		tx.Fields(kept[i].Fields)
		return nil
	})
	if permission.IsViolation(err) { // it ended in between
		out.Standing = false
		return nil
	}
	return err
}

// stage says where the matter is.
func (s *Service) stage(ctx context.Context, out *Matter) error {
	defer func() { out.CanSend = out.Stage != Over && (out.Chosen == Documents || out.Stage == AtPerson) }()
	switch {
	case out.Fee != nil && out.Fee.State == store.ProposalAsked:
		out.Stage = AtPerson
	case out.Open && out.Was != nil:
		out.Stage = Anew
	case out.Open:
		out.Stage = Proposed
	case out.Fee != nil && out.Fee.State == store.ProposalAccepted && out.Stage == "":
		out.Stage = Accepted
	case out.Stage != "":
	case out.Chosen == Documents:
		out.Stage = ByDocuments
	case out.Chosen == Highest:
		out.Stage = AtHighest
	case out.Chosen == NotNow:
		out.Stage = PutOff
	case out.Chosen == permission.WayPermit:
		return s.underWay(ctx, out)
	default:
		out.Stage = Offered
	}
	return nil
}

// underWay tells whether a partner, or the source, is waited for.
func (s *Service) underWay(ctx context.Context, out *Matter) error {
	out.Stage = Fetching
	documents := false
	for _, p := range out.Partners {
		if !p.Chosen || p.way != permission.WayPermit && p.way != Documents {
			out.Stage = WithPartner
			return nil
		}
		documents = documents || p.way == Documents
	}
	kept, err := s.c.DB.Handovers(ctx, out.Permit)
	if documents && len(kept) > 0 && kept[0].State == store.HandoverGot {
		out.Stage = AtPerson // who works the fee out of what the other sends
	}
	if len(kept) > 0 && kept[0].State == store.HandoverFailed {
		out.Stage = Late
	}
	return err
}
