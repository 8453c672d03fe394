package permission

import (
	"context"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
)

// Ledger says at any moment whose permission stands.
type Ledger interface {
	// Standing is those of the people whose permission for the purpose stands at
	// the moment, for all of the fields. It asks anew each time: what it said
	// before counts for nothing. The caller keeps who; it is never nil. A
	// purpose without any agreement is a fault of kind Missing.
	Standing(ctx context.Context, purpose string, fields []Field, who *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error)
}

// standing is what a grant keeps to look again.
type standing struct {
	ledger Ledger
	now    func() time.Time

	mu   sync.RWMutex
	open *roaring.Bitmap // whose permission stood at the last look at them
}

func (s *standing) stood(id person.ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.open.Contains(uint32(id))
}

// CheckStanding is Check for a purpose that needs the person's own permission.
// The grant keeps the ledger and is looked at again at each use; it opens
// nothing before Still was asked. People whose permission does not stand are
// left out, and if the people are named and nobody's stands, it is refused. A
// purpose that needs nobody's permission is granted as by Check.
//
// Without a ledger or a clock, and where the ledger knows no agreement for the
// purpose, the fault is of kind Missing: a gap, told apart from a violation.
func CheckStanding(ctx context.Context, act audit.Act, p Purpose, need []Field, who People, objecting *roaring.Bitmap, l Ledger, now func() time.Time) (Grant, error) {
	const op = "permission.CheckStanding"
	if !p.Needs(OwnPermission) {
		return Check(act, p, need, who, objecting)
	}
	g, err := check(act, p, need, who, objecting)
	if err != nil {
		return Grant{}, err
	}
	if l == nil || now == nil {
		return Grant{}, fault.New(fault.Missing, op, "nothing says whose permission stands for the purpose %q", p.ID()).Do("give the ledger of permissions and a clock")
	}
	g.own = &standing{ledger: l, now: now, open: roaring.New()}
	named, ok := g.Named()
	if !ok {
		return g, nil
	}
	stand, err := g.Still(ctx, named)
	if err != nil {
		return Grant{}, err
	}
	if stand.IsEmpty() {
		return Grant{}, fault.New(fault.Refused, op, "no permission for the purpose %q stands", p.ID()).Do("ask the person, or take another way")
	}
	return g, nil
}

// Standing reports whether the grant hangs on people's own permission, so that
// it has to be looked at again at each use.
func (g Grant) Standing() bool { return g.own != nil }

// Still cuts a set of people to those who may be read at this very moment. A
// reader calls it before it hands over each block of people. Where the purpose
// needs nobody's own permission it is Cut.
//
// A failure of the ledger is a fault, and nobody may be read.
func (g Grant) Still(ctx context.Context, who *roaring.Bitmap) (*roaring.Bitmap, error) {
	const op = "permission.Still"
	cut := g.Cut(who)
	if g.own == nil {
		return cut, nil
	}
	at := g.own.now()
	if !at.Before(g.purpose.Until()) {
		g.own.close(who)
		return nil, fault.New(fault.Refused, op, "the purpose %q ended on %s", g.purpose.ID(), g.purpose.Until().Format(time.DateOnly))
	}
	if cut.IsEmpty() {
		g.own.close(who)
		return cut, nil
	}
	stand, err := g.own.ledger.Standing(ctx, g.purpose.ID(), g.Fields(), cut.Clone(), at)
	if err != nil {
		g.own.close(who)
		return nil, fault.Wrap(err, op, "it could not be found out whose permission stands, so nobody is read")
	}
	if stand == nil {
		stand = roaring.New()
	}
	cut.And(stand)
	g.own.mu.Lock()
	defer g.own.mu.Unlock()
	g.own.open.AndNot(who)
	g.own.open.Or(cut)
	return cut, nil
}

func (s *standing) close(who *roaring.Bitmap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open.AndNot(who)
}

// IsGap reports whether reading stopped because something is not set up: no
// agreement, no ledger, no source.
func IsGap(err error) bool { return err != nil && fault.KindOf(err) == fault.Missing }

// IsViolation reports whether reading stopped because it is not allowed.
func IsViolation(err error) bool { return err != nil && fault.KindOf(err) == fault.Refused }
