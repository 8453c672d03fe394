// Package round is one round of one service from start to end. It is the file
// to read first:
//
//	registers -> permission -> criteria -> finding -> offer -> channel -> reply
//
// Prepare finds the people and holds a place for each; nothing is sent and no
// name or number is read. Approve is an officer's act: only now are names and
// numbers read and the conversations opened, which package work then drives.
package round

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/offer/assign"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/service"
	"ennakko/store"
	"ennakko/trace"
	"ennakko/work"
)

// Store is what a round needs of the city's records.
type Store interface {
	Write(ctx context.Context, act audit.Act, do func(store.Tx) error) error
	Round(ctx context.Context, id store.RoundID) (store.Round, error)
	Drafts(ctx context.Context, id store.RoundID) ([]store.Draft, error)
	Units(ctx context.Context, known time.Time) ([]store.Unit, error)
	Objecting(ctx context.Context, purpose string) (*roaring.Bitmap, error)
	WaitingList(ctx context.Context, id store.RoundID) ([]store.Waiting, error)
	FreePlaces(ctx context.Context, id store.RoundID) ([]store.PlaceCount, error)
	LetterList(ctx context.Context, id store.RoundID) ([]store.Listed, error)
	Unreached(ctx context.Context, id store.RoundID) ([]store.Listed, error)
	LeftOut(ctx context.Context, id store.RoundID) ([]store.Finding, error)
	Capacities(ctx context.Context, id store.RoundID) ([]store.Capacity, error)
	Mark(ctx context.Context, name string) (string, error)
	Findings(ctx context.Context, id store.RoundID, people []person.ID) (map[person.ID]store.Finding, error)
	Moments(ctx context.Context, from time.Time, except store.RoundID) (map[string][]store.Moment, error)
	Later(ctx context.Context, service string, asOf time.Time) (waits, due *roaring.Bitmap, err error)
}

// Rooms are the things that a round works with.
type Rooms struct {
	Store     Store
	Registers *register.Reader
	Pack      *service.Pack
	Worker    *work.Worker
	Progress  func(what string, done, total int) // may be nil
	Address   string                             // of the city's pages, as people write it; "": as the pack says
}

func (r Rooms) progress(what string, done, total int) {
	if r.Progress != nil {
		r.Progress(what, done, total)
	}
}

// Order is what an officer asks for.
type Order struct {
	AsOf    time.Time // the day as of which the criteria are checked and the registers known
	Officer string    // who prepares: "officer:<id>"
	Seed    uint64    // of the round's lot, if it has one; 0: it follows from the pack and the day
	Now     time.Time
}

// Prepare finds the people of the service as of a day and holds a place for
// each who meets the criteria. It returns the number of the new round.
// Criteria that nobody approved never meet real people.
func Prepare(ctx context.Context, r Rooms, o Order) (store.RoundID, error) {
	found, err := Find(ctx, r, o, permission.Everyone(), "")
	if err != nil {
		return 0, err
	}
	return Assemble(ctx, r, o, []Found{found}, nil)
}

// Found is what was found among some people: who is in the age group and what
// the criteria say of each, in order of number, and counts.
type Found struct {
	Findings []store.Finding
	Counts   []store.Breakdown
}

// Find finds the people of the service among some, as of a day. Part names them on
// the record; "" are all. It keeps nothing but the entry of the reading.
func Find(ctx context.Context, r Rooms, o Order, among permission.People, part string) (Found, error) {
	if err := r.Pack.Approved(); err != nil {
		return Found{}, err
	}
	p := &preparation{Rooms: r, Order: o, counts: map[store.Breakdown]int{}}
	act, err := p.act(prepareVerb)
	if err != nil {
		return Found{}, err
	}
	if p.objecting, err = r.Store.Objecting(ctx, r.Pack.Purpose().ID()); err != nil {
		return Found{}, err
	}
	err = traced(ctx, "find", func(ctx context.Context) error { return p.find(ctx, act, among, part) })
	return Found{p.findings, p.breakdown()}, err
}

// Assemble makes a round of what was found in all parts, given in order: it holds a
// place for each who meets the criteria. Also is kept together with the round;
// nil: nothing is.
func Assemble(ctx context.Context, r Rooms, o Order, parts []Found, also func(store.Tx, store.RoundID) error) (id store.RoundID, err error) {
	ctx, span := trace.Start(ctx, "prepare round")
	defer func() { span.End(err) }()
	if err := r.Pack.Approved(); err != nil {
		return 0, err
	}
	p := &preparation{Rooms: r, Order: o, summary: map[string]int{}, counts: map[store.Breakdown]int{}, also: also, draws: true}
	act, err := p.act(prepareVerb)
	if err != nil {
		return 0, err
	}
	if p.objecting, err = r.Store.Objecting(ctx, r.Pack.Purpose().ID()); err != nil {
		return 0, err
	}
	if err := p.gather(parts); err != nil {
		return 0, err
	}
	for _, step := range []struct {
		name trace.Name
		do   func(context.Context, audit.Act) error
	}{{"homes", p.homes}, {"assign", p.assign}} {
		if err := traced(ctx, step.name, func(ctx context.Context) error { return step.do(ctx, act) }); err != nil {
			return 0, err
		}
	}
	err = traced(ctx, "draft", func(ctx context.Context) (err error) { id, err = p.keep(ctx, act); return err })
	return id, err
}

func traced(ctx context.Context, name trace.Name, do func(context.Context) error) error {
	ctx, span := trace.Start(ctx, name)
	err := do(ctx)
	span.End(err)
	return err
}

const prepareVerb = "find people and hold places"

// gather puts the parts together. Whoever began to object meanwhile is left out.
func (p *preparation) gather(parts []Found) error {
	for _, part := range parts {
		for _, f := range part.Findings {
			if p.objecting.Contains(uint32(f.Person)) {
				continue
			}
			p.findings = append(p.findings, f)
			if f.Verdict == criteria.Met {
				p.met = append(p.met, f.Person)
			}
		}
		for _, c := range part.Counts {
			n := c.N
			c.N = 0
			p.counts[c] += n
		}
	}
	if len(p.findings) == 0 {
		return fault.New(fault.Missing, "round.Prepare", "the registers hold nobody of the age group").Do("import registers of %d or later, or change the day (as-of)", p.AsOf.Year())
	}
	p.summary["found"], p.summary["justified"] = len(p.findings), len(p.met)
	return nil
}

// preparation is a round in the making.
type preparation struct {
	Rooms
	Order
	objecting *roaring.Bitmap
	findings  []store.Finding
	met       []person.ID
	children  map[person.ID]*assign.Child
	units     []store.Unit
	free      []store.PlaceCount    // only these places may be given; nil: all
	capacity  map[offer.Place]int   // what an officer changed
	need      map[person.ID]float64 // how much each is in need, by the pack's order
	draws     bool                  // a lot may be drawn
	lot       *store.Lot            // that was drawn
	mayWait   map[person.ID]bool    // whom waiting cannot harm
	waits     *roaring.Bitmap       // by an earlier lot
	due       *roaring.Bitmap       // waited by an earlier lot
	behind    []assign.Unplaced     // wait because others are more in need
	result    assign.Result
	summary   map[string]int
	counts    map[store.Breakdown]int // with N 0
	also      func(store.Tx, store.RoundID) error
}

func (p *preparation) act(verb string) (audit.Act, error) {
	purpose := p.Pack.Purpose()
	return audit.Begin(p.Officer, verb, purpose.ID(), purpose.LegalBasis(), p.Now)
}

func (p *preparation) object() string {
	return fmt.Sprintf("round of %s as of %s", p.Pack.Name(), p.AsOf.Format(time.DateOnly))
}

// find reads the age group and lets the criteria say who it is for.
func (p *preparation) find(ctx context.Context, act audit.Act, among permission.People, part string) error {
	p.progress("finding people", 0, 1)
	field, from, to, err := p.Pack.Cohort().Range(p.AsOf)
	if err != nil {
		return err
	}
	g, err := permission.Check(act, p.Pack.Purpose(), fieldsOf(slices.Concat(p.Pack.Fields(), []string{field}, counted(p.Pack.Purpose()))), among, p.objecting)
	if err != nil {
		return err
	}
	object := p.object()
	if part != "" {
		object += ": " + part
	}
	rows, err := p.Registers.Read(ctx, g, &register.Range{Field: permission.Field(field), From: from, To: to}, object)
	if err != nil {
		return err
	}
	for i, row := range rows {
		f, err := p.Pack.Find(row.ID, facts{row, g}, p.AsOf)
		if err != nil {
			return err
		}
		p.findings = append(p.findings, store.Finding{Person: f.Person(), Verdict: f.Verdict(), Reasons: f.Reasons(), Failsafe: p.Pack.Failsafe(f)})
		p.count(row, g, f.Met())
		if i%500 == 0 {
			p.progress("checking criteria", i, len(rows))
		}
	}
	return nil
}

func fieldsOf(names []string) []permission.Field {
	seen := map[string]bool{}
	var out []permission.Field
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, permission.Field(n))
		}
	}
	return out
}

// facts shows a row of the registers to the criteria, under the grant.
type facts struct {
	row register.Row
	g   permission.Grant
}

// Facts implements criteria.Facts.
func (f facts) Facts(field string) ([]criteria.Fact, bool) {
	known, err := f.row.Open(f.g, permission.Field(field))
	if err != nil || !f.row.Read(permission.Field(field)) {
		return nil, false
	}
	out := make([]criteria.Fact, len(known))
	for i, k := range known {
		out[i] = criteria.Fact{From: k.From, Until: k.Until, Value: k.Value, Qualifier: k.Qualifier}
	}
	return out, true
}

// Catalog is the catalogue of register fields as criteria see it.
func Catalog() criteria.Catalog {
	kinds := map[register.Kind]criteria.Kind{register.Text: criteria.Text, register.Date: criteria.Date, register.Number: criteria.Number,
		register.YesNo: criteria.YesNo, register.Person: criteria.Person, register.Hidden: criteria.Hidden,
		register.Record: criteria.Hidden} // records are read as concepts, never by the name of their field
	var c criteria.Catalog
	for _, f := range register.Fields() {
		absent := criteria.AbsentUnknown
		if f.Absent == register.None {
			absent = criteria.AbsentNone
		}
		c = append(c, criteria.FieldSpec{Name: string(f.Field), Kind: kinds[f.Kind], Absent: absent})
	}
	return c
}
