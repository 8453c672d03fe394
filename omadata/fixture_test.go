package omadata_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/packs"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/store"
	"ennakko/store/sqlite"
	"ennakko/store/tables"
	"ennakko/store/vault"
)

// The made-up family. Aino is the child; Anna and Antti live with her; Oskar is her
// brother; Pekka is somebody else.
const (
	aino  person.ID = 1
	anna  person.ID = 2
	antti person.ID = 3
	oskar person.ID = 4
	pekka person.ID = 5
)

var start = time.Date(2026, 10, 5, 9, 0, 0, 0, time.UTC)

// clock is a clock that is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is the city's registers in memory. It implements register.Source.
type world struct {
	mu    sync.Mutex
	facts map[person.ID]map[permission.Field][]register.Fact
	while func() // what happens while the registers are read; nil: nothing
}

func (*world) Has() []permission.Field {
	return []permission.Field{register.BirthDate, register.DeathDate, register.MovedOut, register.Dwelling, register.GuardianOf, register.EducationUnit, register.Provider, register.Decision, register.Name, register.Code}
}

func (w *world) Find(_ context.Context, r register.Range) (*roaring.Bitmap, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := roaring.New()
	for id, fields := range w.facts {
		for _, f := range fields[r.Field] {
			if t, ok := f.Value.(time.Time); ok && !t.Before(r.From) && t.Before(r.To) {
				out.Add(uint32(id))
			}
		}
	}
	return out, nil
}

func (w *world) Select(_ context.Context, fields []permission.Field, people *roaring.Bitmap, each func(person.ID, permission.Field, register.Fact) error) error {
	if w.while != nil {
		defer w.while() // after it is read, and before it is used
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for it := people.Iterator(); it.HasNext(); {
		id := person.ID(it.Next())
		for _, f := range fields {
			for _, x := range w.facts[id][f] {
				if err := each(id, f, x); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// set puts facts in the place of those of a field.
func (w *world) set(id person.ID, f permission.Field, facts ...register.Fact) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.facts[id] == nil {
		w.facts[id] = map[permission.Field][]register.Fact{}
	}
	w.facts[id][f] = facts
}

// born puts somebody into the registers.
func (w *world) born(t testing.TB, id person.ID, name string, birth time.Time, dwelling string) {
	t.Helper()
	c, err := person.MakeCode(birth, 0, 900+int(id)%100)
	if err != nil {
		t.Fatal(err)
	}
	full, err := register.EncodeIdentity(register.FullName{Family: "Virtanen", Given: name})
	if err != nil {
		t.Fatal(err)
	}
	for f, v := range map[permission.Field]any{register.BirthDate: birth, register.Dwelling: dwelling, register.Name: full, register.Code: c.Reveal()} {
		w.set(id, f, register.Fact{Value: v})
	}
}

func (w *world) code(t testing.TB, id person.ID) person.Code {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	s, _ := w.facts[id][register.Code][0].Value.(string)
	c, err := person.ParseCode(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func guardian(id person.ID, lives bool) register.Fact {
	return register.Fact{From: start.AddDate(-5, 0, 0), Value: id, Qualifier: register.GuardianTerms(person.JointCustody, person.Parent, lives)}
}

// inCare puts a child into the city's early education.
func (w *world) inCare(child person.ID) {
	w.set(child, register.EducationUnit, register.Fact{From: start.AddDate(-1, 0, 0), Value: "u1"})
	w.set(child, register.Provider, register.Fact{From: start.AddDate(-1, 0, 0), Value: "municipal"})
}

// source is a register of incomes that does what a test says.
type source struct {
	mu    sync.Mutex
	asked []incomes.Request
	pay   map[string]int64                             // cents a month by identity code
	do    func(context.Context, incomes.Request) error // before it answers; nil: nothing
}

func (s *source) Fetch(ctx context.Context, r incomes.Request) (incomes.Answer, error) {
	s.mu.Lock()
	s.asked = append(s.asked, r)
	do, cents := s.do, s.pay[r.Person.Reveal()]
	s.mu.Unlock()
	if do != nil {
		if err := do(ctx, r); err != nil {
			return incomes.Answer{}, err
		}
	}
	out := incomes.Answer{Request: r.ID, Months: incomes.MonthsBetween(r.From, r.To)}
	for _, m := range out.Months {
		out.Income = append(out.Income, incomes.Income{Month: m, Kind: incomes.Wages, Cents: cents, Payer: "SECRET PAYER"})
	}
	return out, nil
}

func (s *source) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// city is everything together.
type city struct {
	testing.TB
	*omadata.Service
	ctx    context.Context
	db     *tables.DB
	clock  *clock
	world  *world
	source *source
	matter store.MatterID
	moved  int
}

var feePack = sync.OnceValues(func() (*fee.Pack, error) { return fee.Load(packs.FS, "early-education-fee") })

// newCity is a city with one family, and its matter opened.
func newCity(t testing.TB, change ...func(*omadata.Config)) *city {
	t.Helper()
	c := emptyCity(t, change...)
	c.world.born(t, aino, "Aino Maria", start.AddDate(-4, 0, 0), "d1")
	c.world.born(t, anna, "Anna", start.AddDate(-34, 0, 0), "d1")
	c.world.born(t, antti, "Antti", start.AddDate(-36, 0, 0), "d1")
	c.world.born(t, oskar, "Oskar", start.AddDate(-9, 0, 0), "d1")
	c.world.born(t, pekka, "Pekka", start.AddDate(-50, 0, 0), "d2")
	for _, child := range []person.ID{aino, oskar} {
		c.world.set(child, register.GuardianOf, guardian(anna, true), guardian(antti, true), guardian(pekka, false))
	}
	c.world.inCare(aino)
	c.pay(anna, 3000_00)
	c.pay(antti, 3500_00)
	c.registersCame()
	if _, err := c.Offer(c.ctx, "system:test", func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	id, err := c.db.MatterOf(c.ctx, omadata.Purpose, aino)
	if err != nil {
		t.Fatal(err)
	}
	c.matter = id
	return c
}

func emptyCity(t testing.TB, change ...func(*omadata.Config)) *city {
	t.Helper()
	dir := t.TempDir()
	v, err := vault.Open(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	c := &city{TB: t, ctx: context.Background(), clock: &clock{now: start}, world: &world{facts: map[person.ID]map[permission.Field][]register.Fact{}}, source: &source{pay: map[string]int64{}}}
	if c.db, err = sqlite.Open(c.ctx, filepath.Join(dir, "ennakko.db"), v, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.db.Close() })
	pack, err := feePack()
	if err != nil {
		t.Fatal(err)
	}
	config := omadata.Config{DB: c.db, Fees: pack, Agreements: pack.Agreements(), Now: c.clock.Now, Sources: map[string]incomes.Incomes{"incomes-register": c.source},
		People: map[string]standing.Key{"incomes-register": peopleKey(t)},
		Registers: func(context.Context) (omadata.Registers, func(), error) {
			return register.NewReader(c.db, c.world), func() {}, nil
		}}
	for _, f := range change {
		f(&config)
	}
	if c.Service, err = omadata.New(config); err != nil {
		t.Fatal(err)
	}
	return c
}

func peopleKey(t testing.TB) standing.Key {
	t.Helper()
	sum := sha256.Sum256([]byte("test"))
	k, err := standing.NewKey(sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (c *city) pay(id person.ID, cents int64) {
	code := c.world.code(c, id)
	c.source.mu.Lock()
	defer c.source.mu.Unlock()
	c.source.pay[code.Reveal()] = cents
}

// registersCame says that a new register came in: what the world says now holds.
func (c *city) registersCame() {
	c.Helper()
	c.moved++
	c.writes("import", func(tx store.Tx) error {
		_, err := tx.AddSnapshot(store.Snapshot{Register: fmt.Sprintf("population %d", c.moved), Day: start, Source: "x", FileHash: "y"})
		return err
	})
}

func (c *city) writes(verb string, do func(store.Tx) error) {
	c.Helper()
	a, err := audit.Begin("system:test", verb, "test", "law", c.clock.Now())
	if err == nil {
		err = c.db.Write(c.ctx, a, do)
	}
	if err != nil {
		c.Fatal(err)
	}
}

func (c *city) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// choose takes a way, and a second later does all that waits.
func (c *city) choose(who person.ID, way string) {
	c.Helper()
	c.must(c.Choose(c.ctx, who, c.matter, way))
	c.work()
}

// work does all that waits.
func (c *city) work() {
	c.Helper()
	for range 1000 {
		c.clock.add(time.Second)
		did, err := c.Step(c.ctx)
		c.must(err)
		if !did {
			return
		}
	}
	c.Fatal("the work never ends")
}

// see is the matter as somebody sees it.
func (c *city) see(who person.ID) omadata.Matter {
	c.Helper()
	m, err := c.Matter(c.ctx, who, c.matter)
	c.must(err)
	return m
}

// permit is somebody's permission.
func (c *city) permit(who person.ID) store.Permit {
	c.Helper()
	all, err := c.db.PermitsAbout(c.ctx, aino)
	c.must(err)
	i := slices.IndexFunc(all, func(p store.Permit) bool { return p.Subject == who })
	if i < 0 {
		c.Fatalf("person %d has no permission", who)
	}
	return all[i]
}

// since are the entries after one, oldest first, as "actor verb".
func (c *city) since(seq uint64) (out []string) {
	c.Helper()
	for _, e := range c.entries(seq) {
		out = append(out, e.Actor+" "+e.Verb)
	}
	return out
}

func (c *city) entries(after uint64) (out []audit.Entry) {
	c.Helper()
	for {
		rows, err := c.db.Range(c.ctx, after+1, 1000)
		c.must(err)
		if len(rows) == 0 {
			return out
		}
		for _, r := range rows {
			out = append(out, *r.Entry)
			after = r.Seq
		}
	}
}

func (c *city) last() uint64 {
	c.Helper()
	n, err := c.db.Last(c.ctx)
	c.must(err)
	return n
}

// has reports whether entries with the words, in this order, stand after one.
func (c *city) has(seq uint64, words ...string) {
	c.Helper()
	all := c.since(seq)
	i := 0
	for _, e := range all {
		if i < len(words) && e == words[i] {
			i++
		}
	}
	if i < len(words) {
		c.Errorf("there is no entry %q in\n%s", words[i], strings.Join(all, "\n"))
	}
}

func (c *city) hasNot(seq uint64, word string) {
	c.Helper()
	for _, e := range c.since(seq) {
		if e == word {
			c.Errorf("there is an entry %q", word)
		}
	}
}

func (c *city) payloads() (n int) {
	c.Helper()
	all, err := c.db.PermitsAbout(c.ctx, aino)
	c.must(err)
	for _, p := range all {
		hs, err := c.db.Handovers(c.ctx, p.ID)
		c.must(err)
		for _, h := range hs {
			if h.State == store.HandoverGot {
				n++
			}
		}
	}
	return n
}

func wants(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("error %v, want one of kind %s", err, kind)
	}
}
