package population

import (
	"cmp"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/clinical"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
)

// Live keeps findings up to date: a new fact of one person changes at once what
// the criteria that read it say of that person, and what those that read it of
// the household say of all who live there. Who lives where is as it was when the
// columns were loaded. Facts that came in stay here, over the columns; the next
// columns have them from the registers.
type Live struct {
	mu    sync.Mutex
	plan  *Plan
	found *Findings
	city  city
	w     *worker
	one   *overlay
	needs map[string][]int // the steps that decide the criteria that read a name
	added map[uint32]map[int][]row
	home  map[int]int // of a column of households, that of each person alone
}

// NewLive makes what keeps the findings of a run up to date. Nothing else may
// change the findings.
func NewLive(p *Plan, found *Findings) *Live {
	l := &Live{plan: p, found: found, city: p.columns.city(), needs: map[string][]int{}, added: map[uint32]map[int][]row{}}
	l.one = &overlay{live: l}
	l.w = newWorker(p, l.one, 1)
	l.home = map[int]int{}
	for name, list := range p.reads {
		l.needs[name] = p.stepsOf(list)
		if bare, ok := cutHousehold(name); ok && p.columns.homes != nil {
			l.home[p.columns.number(name)] = p.columns.number(bare)
		}
	}
	return l
}

// stepsOf lists the steps that decide criteria, in order.
func (p *Plan) stepsOf(criteria []int) []int {
	need := make([]bool, len(p.steps))
	for _, c := range criteria {
		need[p.parts[c].population], need[p.parts[c].done] = true, true
		for _, x := range p.parts[c].exclusions {
			need[x] = true
		}
	}
	var out []int
	for i := len(p.steps) - 1; i >= 0; i-- {
		if !need[i] || p.steps[i].fixed != nil {
			continue
		}
		out = append(out, i)
		for _, a := range p.steps[i].args {
			need[a] = true
		}
	}
	slices.Reverse(out)
	return out
}

// Moved is a person's change from one verdict to another.
type Moved struct {
	Person    person.ID
	Criterion string
	From, To  criteria.CareVerdict
}

// Record takes a new record in: it is a new fact of each concept that takes it.
// What changed by all of them together is returned, in the order of the criteria.
func (l *Live) Record(r clinical.Record) ([]Moved, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for _, c := range l.plan.language.Concepts() {
		for _, f := range c.Facts([]clinical.Record{r}) {
			if err := l.covers(r.Person); err != nil {
				return nil, err
			}
			l.add(r.Person, c.Name, f)
			names = append(names, c.Name)
		}
	}
	return l.follow(r.Person, names), nil
}

// Fact takes a new fact of a field or concept in. Of facts of the same day and
// minute it counts as the latest. A name that no criterion reads changes
// nothing; a person of whom the columns hold nothing is a fault.
func (l *Live) Fact(id person.ID, name string, f criteria.Fact) ([]Moved, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.covers(id); err != nil {
		return nil, err
	}
	l.add(id, name, f)
	return l.follow(id, []string{name}), nil
}

// Records takes the place of all records that came in of a person before: what
// was corrected in the meantime does not count twice.
func (l *Live) Records(id person.ID, records []clinical.Record) ([]Moved, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.covers(id); err != nil {
		return nil, err
	}
	was := l.added[uint32(id)]
	delete(l.added, uint32(id))
	var names []string
	for _, c := range l.plan.language.Concepts() {
		facts := c.Facts(slices.Clone(records))
		for _, f := range facts {
			l.add(id, c.Name, f)
		}
		if len(facts) > 0 || len(was[l.plan.columns.number(c.Name)]) > 0 {
			names = append(names, c.Name)
		}
	}
	return l.follow(id, names), nil
}

// Person is what is known of one person, new facts included, for the evaluator
// that says why.
func (l *Live) Person(id person.ID) criteria.Facts {
	return onePerson{l.plan.columns, uint32(id), func(col int) []row {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.rows(col, uint32(id))
	}}
}

// People are those whose findings may rest on new facts: theirs, or those of
// somebody who lives with them.
func (l *Live) People() *roaring.Bitmap {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := roaring.New()
	for id := range l.added {
		out.AddMany(l.around(id))
	}
	return out
}

// Around lists whose findings a new fact of a person may change, in order: the
// person, and whoever lives with them if a criterion reads facts of households.
func (l *Live) Around(id person.ID) []person.ID {
	var out []person.ID
	for _, x := range l.around(uint32(id)) {
		out = append(out, person.ID(x))
	}
	return out
}

func (l *Live) around(id uint32) []uint32 {
	if who := l.plan.columns.homes.with(id); len(l.home) > 0 && len(who) > 0 {
		return who
	}
	return []uint32{id}
}

func (l *Live) covers(id person.ID) error {
	if !l.city.people.has(uint32(id)) {
		return fault.New(fault.Missing, "population.Fact", "the person is not among those who were loaded").Do("load the columns anew")
	}
	return nil
}

func (l *Live) add(id person.ID, name string, f criteria.Fact) {
	col := l.plan.columns.number(name)
	if l.added[uint32(id)] == nil {
		l.added[uint32(id)] = map[int][]row{}
	}
	l.added[uint32(id)][col] = append(l.added[uint32(id)][col], l.plan.columns.rowOf(id, f))
}

// follow evaluates what reads any of the names, of the person or of the household.
func (l *Live) follow(id person.ID, names []string) []Moved {
	var shared []string
	for _, name := range names {
		if name = householdPrefix + name; len(l.plan.reads[name]) > 0 && len(l.home) > 0 {
			shared = append(shared, name)
		}
	}
	out := l.decide(id, slices.Concat(names, shared)...)
	for _, other := range l.around(uint32(id)) {
		if len(shared) > 0 && other != uint32(id) {
			out = append(out, l.decide(person.ID(other), shared...)...)
		}
	}
	return out
}

// decide evaluates what reads any of the names, for one person.
func (l *Live) decide(id person.ID, names ...string) []Moved {
	l.one.begin(uint32(id))
	var need, cares []int
	for _, name := range names {
		need, cares = append(need, l.needs[name]...), append(cares, l.plan.reads[name]...)
	}
	if len(names) > 1 {
		slices.Sort(need)
		slices.Sort(cares)
		need, cares = slices.Compact(need), slices.Compact(cares)
	}
	for _, i := range need {
		l.w.plan.steps[i].do(l.w, &l.w.plan.steps[i], &l.w.out[i])
	}
	var out []Moved
	var who flags
	who.set(0)
	for _, c := range cares {
		for v, of := range l.w.verdicts(c, &who) {
			if !of.has(0) {
				continue
			}
			if from := l.found.change(c, uint32(id), v); from != v {
				out = append(out, Moved{id, l.plan.cares[c].Name, verdicts()[from], verdicts()[v]})
			}
		}
	}
	return out
}

// rows is the facts of one person in a column, in order, new ones included.
func (l *Live) rows(col int, id uint32) []row {
	if bare, ok := l.home[col]; ok {
		return l.homeRows(col, bare, id)
	}
	var rows []row
	if col < len(l.city.columns) {
		rows = l.city.rowsOf(col, id)
	}
	for _, r := range l.added[id][col] {
		at := len(rows)
		for at > 0 && (rows[at-1].from > r.from || rows[at-1].from == r.from && rows[at-1].minute > r.minute) {
			at--
		}
		rows = slices.Insert(rows, at, r)
	}
	return rows
}

// homeRows is the facts of all who live with a person, as they would be loaded.
func (l *Live) homeRows(col, bare int, id uint32) []row {
	who := l.plan.columns.homes.with(id)
	if !slices.ContainsFunc(who, func(m uint32) bool { return len(l.added[m][bare]) > 0 }) {
		return l.city.rowsOf(col, id)
	}
	var rows []row
	for _, m := range who {
		for _, r := range l.rows(bare, m) {
			rows = append(rows, r.shared(id))
		}
	}
	slices.SortStableFunc(rows, func(x, y row) int { return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.minute, y.minute)) })
	return rows
}

// overlay gives a worker the facts of one person: those of the columns and those
// that came in since.
type overlay struct {
	live  *Live
	id    uint32
	parts map[int]*part
}

func (o *overlay) begin(id uint32) { o.id, o.parts = id, map[int]*part{} }

func (o *overlay) column(col, _ int) (*part, int) {
	p, ok := o.parts[col]
	if !ok {
		p = o.make(col)
		o.parts[col] = p
	}
	return p, 0
}

func (o *overlay) make(col int) *part {
	rows := o.live.rows(col, o.id)
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		rows[i].person = 0
	}
	return packed(rows, 1)
}

func (o *overlay) read(col, _ int) (f flags) {
	if col < len(o.live.city.columns) && o.live.city.columns[col].read.has(o.id) {
		f.set(0)
	}
	return f
}

func (o *overlay) bad(col, _ int) (f flags) {
	p, _ := o.column(col, 0)
	if p != nil && slices.ContainsFunc(p.num, func(x float64) bool { return x != x }) {
		f.set(0)
	}
	return f
}
