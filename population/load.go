package population

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register"
)

const householdPrefix = "household."

// Fields lists the fields of the registers that must be read for the fields and
// concepts of those names ("population.sex", "systolic", "household.smoking").
func Fields(l *criteria.Language, names []string) []permission.Field {
	var out []permission.Field
	for _, name := range names {
		if bare, ok := strings.CutPrefix(name, householdPrefix); ok {
			name, out = bare, append(out, register.Dwelling)
		}
		c, ok := l.Concept(name)
		if !ok {
			out = append(out, permission.Field(name))
			continue
		}
		out = append(out, register.HealthRead)
		for _, k := range c.Kinds {
			out = append(out, permission.Field(k.Field()))
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if i := slices.Index(out, register.HealthRead); i > 0 { // the first, since the rest waits for it
		out = slices.Insert(slices.Delete(out, i, i+1), 0, register.HealthRead)
	}
	return out
}

// Load reads the columns of fields and concepts of everyone whom the reading
// covers. A field that no source holds stays unknown. The values of concepts are
// turned into their units here; one that cannot be is marked, and its person is
// in error wherever it is read.
func Load(ctx context.Context, r *register.Reading, l *criteria.Language, names []string, progress func(done, total int)) (*Columns, error) {
	c := newColumns(r.People())
	fields := Fields(l, names)
	in := &intake{columns: c, runs: map[string][]run{}, made: map[string]bool{}}
	for _, name := range names {
		if concept, ok := l.Concept(name); ok {
			in.concepts = append(in.concepts, concept)
		}
	}
	slices.SortFunc(in.concepts, func(a, b criteria.Concept) int { return strings.Compare(a.Name, b.Name) })
	in.concepts = slices.CompactFunc(in.concepts, func(a, b criteria.Concept) bool { return a.Name == b.Name })
	// The columns are most of the memory, and what they are made of goes at once.
	defer debug.SetGCPercent(debug.SetGCPercent(loadingGC))
	for i, f := range fields {
		progress(i, len(fields))
		if err := in.take(ctx, r, f, fields[i+1:]); err != nil {
			return nil, fault.Wrap(err, "population.Load", "the field %s cannot be read", f)
		}
	}
	c.households(names)
	debug.FreeOSMemory()
	progress(len(fields), len(fields))
	return c, nil
}

// loadingGC is how much the memory may grow, in percent, before what is not used
// is given back, while columns are made.
const loadingGC = 20

// take reads one field, and makes the columns that need none of the fields that
// are left.
func (in *intake) take(ctx context.Context, r *register.Reading, f permission.Field, left []permission.Field) (err error) {
	spec, _ := register.Spec(f)
	switch {
	case !r.Read(f):
	case f == register.HealthRead:
		in.read, err = in.readOf(ctx, r)
	case spec.Kind == register.Record:
		err = in.records(ctx, r, f)
	default:
		if err = in.field(ctx, r, f, spec.Kind); err == nil {
			in.finish(string(f), fieldKind(string(f)), in.columns.people)
		}
	}
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, c := range in.concepts {
		waits := slices.ContainsFunc(left, func(f permission.Field) bool {
			return f == register.HealthRead || slices.ContainsFunc(c.Kinds, func(k clinical.Kind) bool { return k.Field() == string(f) })
		})
		if !waits && !in.made[c.Name] {
			in.made[c.Name] = true
			g.Go(func() error {
				in.finish(c.Name, c.Value, in.read)
				return nil
			})
		}
	}
	return g.Wait()
}

// run is facts of one concept or field that came in together, in order.
type run struct {
	at   int // the part
	part *part
}

// intake takes chunks in.
type intake struct {
	columns  *Columns
	concepts []criteria.Concept

	read people          // whose health record was read
	made map[string]bool // concepts whose column is made

	mu   sync.Mutex
	runs map[string][]run
}

// keep notes what a builder has gathered and empties it.
func (in *intake) keep(name string, b *builder, records bool) {
	for len(b.rows) > 0 {
		at := b.rows[0].person >> partBits
		n := slices.IndexFunc(b.rows, func(r row) bool { return r.person>>partBits != at })
		whole, loose, twice := b.rows, b.loose, b.twice
		if n >= 0 {
			b.rows = whole[:n]
		}
		p := b.part(records)
		if n >= 0 {
			b.rows, b.loose, b.twice = append(b.rows[:0], whole[n:]...), loose, twice
		}
		in.mu.Lock()
		in.runs[name] = append(in.runs[name], run{int(at), p})
		in.mu.Unlock()
	}
}

// readOf is whose health record was read.
func (in *intake) readOf(ctx context.Context, r *register.Reading) (people, error) {
	read := slices.Clone(in.columns.people)
	clear(read)
	var mu sync.Mutex
	err := r.Scan(ctx, register.HealthRead, nil, func(_ int, c *register.Chunk) error {
		mu.Lock()
		defer mu.Unlock()
		for _, id := range c.Person {
			read.set(id)
		}
		return nil
	})
	return read, err
}

// field reads a field that is no records.
func (in *intake) field(ctx context.Context, r *register.Reading, f permission.Field, k register.Kind) error {
	parts := perPart[*fieldPart]{}
	err := r.Scan(ctx, f, nil, func(part int, c *register.Chunk) error {
		p := parts.of(part, func() *fieldPart {
			return &fieldPart{builder{texts: in.columns.texts}, translation{to: in.columns.texts}}
		})
		for i, id := range c.Person {
			x := row{person: id, from: c.Day[i], until: c.Until[i], kind: ofText}
			switch k {
			case register.Text:
				x.text = p.words.of(c.Words, c.Text[i])
			case register.Number:
				x.num, x.kind = c.Value[i], ofNumber
			case register.Date:
				x.text = uint32(int32(c.Value[i])) //nolint:gosec // a day is kept bit by bit
			default:
				x.text = uint32(c.Value[i])
			}
			if c.Qualifier != nil {
				x.marks = p.words.of(c.Words, c.Qualifier[i])
			}
			p.builder.add(x)
		}
		return nil
	})
	for _, p := range parts.all {
		in.keep(string(f), &p.builder, false)
	}
	return err
}

type fieldPart struct {
	builder builder
	words   translation
}

// perPart has something for each part that is read at the same time.
type perPart[T any] struct {
	mu  sync.Mutex
	all map[int]T
}

func (p *perPart[T]) of(part int, make_ func() T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	x, ok := p.all[part]
	if !ok {
		if p.all == nil {
			p.all = map[int]T{}
		}
		x = make_()
		p.all[part] = x
	}
	return x
}

// translation turns the numbers of texts of one part into those of a dictionary.
type translation struct {
	to    *dictionary
	known []uint32 // one more than the number; 0: not known yet
}

func (t *translation) of(words []string, n uint32) uint32 {
	if n == 0 {
		return 0
	}
	for len(t.known) < len(words) {
		t.known = append(t.known, 0)
	}
	if t.known[n] == 0 {
		t.known[n] = t.to.number(words[n]) + 1
	}
	return t.known[n] - 1
}

// records reads a field of records: each is a fact of the concepts that take it.
func (in *intake) records(ctx context.Context, r *register.Reading, f permission.Field) error {
	kind, err := clinical.ParseKind(strings.TrimPrefix(string(f), "health."))
	if err != nil {
		return err
	}
	var mine []int
	for i, c := range in.concepts {
		if slices.Contains(c.Kinds, kind) {
			mine = append(mine, i)
		}
	}
	want := func(code string) bool {
		x := coding.Parse(code)
		return slices.ContainsFunc(mine, func(i int) bool { return in.concepts[i].Codes.Has(x) })
	}
	parts := perPart[*recordPart]{}
	err = r.Scan(ctx, f, want, func(part int, c *register.Chunk) error {
		parts.of(part, func() *recordPart { return newRecordPart(in, mine) }).take(c)
		return nil
	})
	for _, p := range parts.all {
		p.flush()
		p.spare = nil
	}
	return err
}

// recordPart takes the records of one part in, code by code.
type recordPart struct {
	in           *intake
	mine         []int
	texts, codes translation
	classes      translation
	byCode       [][]*taker // of each code, by its number
	code         uint32
	taking       []*taker
	takers       map[int]*taker
	spare        [][]row // room for rows, used again
}

// taker is one concept while it takes records.
type taker struct {
	concept *criteria.Concept
	said    string // the coded value that says only that there is one
	builder builder
	status  []int8 // of each word: 1 counts, -1 does not, 0 not asked yet
	units   []*unit
}

// unit turns values of one unit into the concept's, each value once.
type unit struct {
	same    bool
	bad     bool
	convert coding.Conversion
	known   map[float64]float64
}

func newRecordPart(in *intake, mine []int) *recordPart {
	return &recordPart{in: in, mine: mine, texts: translation{to: in.columns.texts}, codes: translation{to: in.columns.texts},
		classes: translation{to: in.columns.classes}, takers: map[int]*taker{}}
}

func (p *recordPart) take(c *register.Chunk) {
	for i, id := range c.Person {
		if c.Code[i] != p.code {
			p.flush()
			p.code = c.Code[i]
			p.taking = p.takersOf(c.Words, p.code)
			for _, t := range p.taking {
				if n := len(p.spare); n > 0 {
					p.spare, t.builder.rows = p.spare[:n-1], p.spare[n-1]
				}
			}
		}
		for _, t := range p.taking {
			if !t.takes(c, i) {
				continue
			}
			x := row{person: id, from: c.Day[i], until: c.Until[i], minute: int16(c.Minute[i]), class: uint16(p.classes.of(c.Words, c.Class[i])), //nolint:gosec // a day has 1,440 minutes; classes are few
				visit: c.Encounter[i], group: c.Group[i], code: p.codes.of(c.Words, c.Code[i])}
			switch t.concept.Value {
			case criteria.Number:
				x.num, x.kind = t.value(c, i), ofNumber
			case criteria.Coded:
				x.text, x.kind = p.texts.of(c.Words, c.ValueCode[i]), ofText
			}
			t.builder.add(x)
		}
	}
}

// flush ends the records of a code.
func (p *recordPart) flush() {
	for _, t := range p.taking {
		p.in.keep(t.concept.Name, &t.builder, true)
		p.spare, t.builder.rows = append(p.spare, t.builder.rows), nil
	}
}

func (p *recordPart) takersOf(words []string, code uint32) []*taker {
	for len(p.byCode) < len(words) {
		p.byCode = append(p.byCode, nil)
	}
	if p.byCode[code] == nil {
		x := coding.Parse(words[code])
		p.byCode[code] = []*taker{}
		for _, i := range p.mine {
			if !p.in.concepts[i].Codes.Has(x) {
				continue
			}
			if p.takers[i] == nil {
				p.takers[i] = &taker{concept: &p.in.concepts[i], said: clinical.Said().String(), builder: builder{texts: p.in.columns.texts}}
			}
			p.byCode[code] = append(p.byCode[code], p.takers[i])
		}
	}
	return p.byCode[code]
}

// takes is criteria.Concept.Takes for a record of the kind and a code of the
// concept.
func (t *taker) takes(c *register.Chunk, i int) bool {
	s := c.Status[i]
	for int(s) >= len(t.status) {
		t.status = append(t.status, 0)
	}
	if t.status[s] == 0 {
		t.status[s] = -1
		if t.concept.TakesStatus(c.Words[s]) {
			t.status[s] = 1
		}
	}
	return t.status[s] > 0 && (t.concept.Value != criteria.Number || c.Value[i] == c.Value[i]) &&
		(t.concept.Value != criteria.Coded || c.ValueCode[i] != 0 && c.Words[c.ValueCode[i]] != t.said) &&
		(!t.concept.Given || c.Value[i] == c.Value[i] || c.ValueCode[i] != 0)
}

// value is the number of a record in the concept's unit; NaN: it cannot be used.
func (t *taker) value(c *register.Chunk, i int) float64 {
	n := c.Unit[i]
	for int(n) >= len(t.units) {
		t.units = append(t.units, nil)
	}
	u := t.units[n]
	if u == nil {
		convert, err := t.concept.Converter(c.Words[n])
		u = &unit{convert: convert, bad: err != nil, same: convert.Identity(), known: map[float64]float64{}}
		t.units[n] = u
	}
	x := c.Value[i]
	switch {
	case u.bad || math.IsInf(x, 0):
		return math.NaN()
	case u.same:
		return x
	}
	y, ok := u.known[x]
	if !ok {
		if y = u.convert.Apply(x); math.IsInf(y, 0) {
			y = math.NaN()
		}
		u.known[x] = y
	}
	return y
}

// finish makes a column of what came in of it.
func (in *intake) finish(name string, kind criteria.Kind, read people) {
	in.mu.Lock()
	runs := in.runs[name]
	delete(in.runs, name)
	in.mu.Unlock()
	col := &column{name: name, kind: kind, read: read}
	byPart := map[int][]*part{}
	for _, x := range runs {
		byPart[x.at] = append(byPart[x.at], x.part)
	}
	for at, parts := range byPart {
		col.setPart(at, in.columns.joined(uint32(at)<<partBits, parts)) //nolint:gosec // fewer parts than people
	}
	if !in.columns.ids.IsEmpty() {
		col.markBad(in.columns.ids.Maximum())
	}
	in.columns.put(col)
}

// fieldKind is the kind of a field as criteria see it.
func fieldKind(name string) criteria.Kind {
	spec, _ := register.Spec(permission.Field(name))
	return map[register.Kind]criteria.Kind{register.Text: criteria.Text, register.Date: criteria.Date, register.Number: criteria.Number,
		register.YesNo: criteria.YesNo, register.Person: criteria.Person}[spec.Kind]
}

// joined makes one part of several of the same people.
func (c *Columns) joined(base uint32, parts []*part) *part {
	p := parts[0]
	if len(parts) > 1 {
		slices.SortFunc(parts, func(a, b *part) int { return cmp.Compare(a.first(), b.first()) })
		b := builder{texts: c.texts}
		for _, x := range parts {
			n := len(b.rows)
			b.rows = x.unpack(base, b.rows)
			b.twice = b.twice || n > 0 && b.rows[n-1].person >= b.rows[n].person
		}
		p = b.part(false)
	}
	p.group, p.code = nil, 0
	return p
}
