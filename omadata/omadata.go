// Package omadata is the use of a family's own data with their permission: a
// lower fee is offered, each grown-up permits or takes another way, what was
// permitted is fetched from its source, a fee is proposed with its working, and
// a person answers. A permission that is taken back stops everything at once.
//
// Two rules hold everywhere. Whatever is read of a person's data under their
// permission is read in one transaction with a look at that permission and with
// its entry on the record; and what a source sends is kept only if the permission
// still stands when it has come. What the city's registers say of a family is read
// under the purpose of the fee itself, which the law gives the city.
//
// docs/omadata.md tells an engineer how to bring a source, an agreement or a fee
// of their own; docs/decisions/031-omadata.md why it is built so.
package omadata

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"sync"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/store"
	"ennakko/store/tables"
)

// Registers reads the city's registers under a grant; every reading is on the
// record. *register.Reader is one.
type Registers interface {
	Read(ctx context.Context, g permission.Grant, where *register.Range, object string) ([]register.Row, error)
}

// Config is what a service is made of.
type Config struct {
	DB         *tables.DB
	Registers  func(ctx context.Context) (r Registers, done func(), err error) // as they are known now
	Sources    map[string]incomes.Incomes                                      // by the source's id in the agreement
	Fees       *fee.Pack
	Agreements []permission.Agreement // all versions, the newest last
	Receipts   Receipts
	People     map[string]standing.Key                                                   // by source: the key of its marks of people
	Erase      func(ctx context.Context, who person.ID, by string) (store.Erased, error) // takes a person out of all records; nil: it cannot be done here
	Messages   Messages                                                                  // in which people were told of the offer; nil: none are sent
	Ending     Messages                                                                  // in which people are told that a permission ends; nil: none are sent
	Now        func() time.Time
	Random     io.Reader // nil: the system's
	Settings
}

// Settings are what a city may choose. The zero value of each is a sound choice.
type Settings struct {
	Fresh    time.Duration // a source is not asked again for so long; 0: 30 days
	Months   int           // of income are fetched; 0: 12
	Hours    fee.Hours     // a week that are agreed on when nothing else is known; 0: 40
	Verdict  time.Duration // how long a source may rely on the city's word; 0: half a second
	Patience time.Duration // how long an answer of a source is waited for; 0: 2 minutes
	Block    int           // matters of one block of a review; 0: 64
}

func (s *Settings) fill() {
	fill := func(d *time.Duration, is time.Duration) {
		if *d == 0 {
			*d = is
		}
	}
	fill(&s.Fresh, 30*24*time.Hour)
	fill(&s.Verdict, 500*time.Millisecond)
	fill(&s.Patience, 2*time.Minute)
	if s.Months == 0 {
		s.Months = 12
	}
	if s.Hours == 0 {
		s.Hours = 40 * 100
	}
	if s.Block == 0 {
		s.Block = 64
	}
}

// Service runs the use. It is safe for concurrent use, also by several processes
// on the same records.
type Service struct {
	c     Config
	write func(ctx context.Context, act audit.Act, do func(store.Tx) error) error
	look  func(where string, tx store.Tx, f *family) permission.Ledger // who stands, inside a write

	beforeBlock func(n int) // of a review; for tests

	rests rests // work that could not be done

	mu    sync.Mutex
	texts map[textID]permission.Agreement
	calls map[*int64]context.CancelFunc // sources that are being asked, each by its permission
	swept int64                         // the registers against which all permissions were held last

	receiptsAt time.Time // not before are receipts tried that are owed
	remindAt   time.Time // not before is it looked who is to be asked anew
}

// textID names a version of an agreement.
type textID struct {
	purpose string
	version int
}

// Purpose is the id of the statutory purpose under which the registers of the city
// are read, and under which matters are kept.
const Purpose = "early-education-fee"

// New makes the service. There must be an agreement, a pack of fees and a clock.
func New(c Config) (*Service, error) {
	const op = "omadata.New"
	switch {
	case c.DB == nil || c.Registers == nil || c.Now == nil:
		return nil, fault.New(fault.Invalid, op, "there are no records, no registers or no clock")
	case c.Fees == nil:
		return nil, fault.New(fault.Missing, op, "there is no pack of fees")
	case len(c.Agreements) == 0:
		return nil, fault.New(fault.Missing, op, "there is no agreement: nothing may be fetched").Do("give the pack an agreement.yaml")
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	c.fill()
	s := &Service{c: c, texts: map[textID]permission.Agreement{}, calls: map[*int64]context.CancelFunc{}}
	s.write, s.beforeBlock = c.DB.Write, func(int) {}
	s.look = func(_ string, tx store.Tx, f *family) permission.Ledger { return ledger{s, tx, f} }
	for _, a := range c.Agreements {
		if a.Purpose() != c.Agreements[0].Purpose() {
			return nil, fault.New(fault.Invalid, op, "the agreements are for %q and %q", a.Purpose(), c.Agreements[0].Purpose()).Do("one service is one purpose")
		}
	}
	if _, err := s.own(c.Agreements[0]); err != nil {
		return nil, err
	}
	_, err := familyPurpose(c.Fees)
	return s, err
}

// now is the time, no finer than the records keep it.
func (s *Service) now() time.Time { return s.c.Now().UTC().Truncate(time.Microsecond) }

// Agreement is the one that is asked about now; Missing before the first is in
// force.
func (s *Service) Agreement() (permission.Agreement, error) {
	var out permission.Agreement
	now := s.now()
	for _, a := range s.c.Agreements {
		if !a.From().After(now) && (out.IsZero() || a.Version() > out.Version()) {
			out = a
		}
	}
	if out.IsZero() {
		return out, fault.New(fault.Missing, "omadata.Agreement", "no agreement is in force yet")
	}
	return out, nil
}

// text finds a version of an agreement: of the records, and of the pack while nobody
// was asked under it. What people agreed to counts, whatever a pack says later.
func (s *Service) text(ctx context.Context, purpose string, version int) (permission.Agreement, error) {
	id := textID{purpose, version}
	s.mu.Lock()
	a, ok := s.texts[id]
	s.mu.Unlock()
	if ok {
		return a, nil
	}
	kept, err := s.c.DB.KeptAgreement(ctx, purpose, version, s.now())
	if err != nil && fault.KindOf(err) == fault.Missing {
		for _, a := range s.c.Agreements {
			if a.Purpose() == purpose && a.Version() == version {
				return a, nil
			}
		}
	}
	if err != nil {
		return a, err
	}
	if a, err = permission.ParseAgreement([]byte(kept.Content)); err != nil {
		return a, err
	}
	if a.Hash() != kept.Hash {
		return permission.Agreement{}, fault.New(fault.Tampered, "omadata.text", "version %d of the agreement for %q is not the text that was agreed on", version, purpose)
	}
	s.mu.Lock()
	s.texts[id] = a
	s.mu.Unlock()
	return a, nil
}

// own is the purpose of an agreement: its data may be read under the person's own
// permission alone.
func (s *Service) own(a permission.Agreement) (permission.Purpose, error) {
	x := a.Spec()
	return permission.NewPurpose(permission.Spec{ID: x.Purpose, Name: x.Title, Why: x.Why, Basis: x.Basis, Law: x.Law, Controller: x.User.Name[person.English], Fields: a.Fields(),
		Until: forever, Retention: x.Keep.String(), Conditions: x.Conditions})
}

// forever is when purposes end whose agreements end them.
var forever = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// actor names who does something: a resident, or the program.
func actor(who person.ID) string {
	if who == 0 {
		return "system:omadata"
	}
	return fmt.Sprintf("resident:%d", who)
}

// act begins an act under the agreement's purpose.
func (s *Service) act(who person.ID, verb string, a permission.Agreement) (audit.Act, error) {
	x := a.Spec()
	return audit.Begin(actor(who), verb, x.Purpose, x.Basis+"; "+x.Law, s.now())
}
