package population

// A run over everyone goes through all steps of a block before it takes up the
// next one. If each step had its own places for values, a worker would go through
// tens of megabytes for each block, and nothing would stay in the processor's
// cache. So a step takes places that no later step will read any more, as a
// compiler gives registers to values.

// places says which places each step of a run has.
type places struct {
	of    []stepPlaces
	n     [nPools]int
	rooms int
}

// The pools of places, by what they hold. A place for texts never holds anything
// else: whatever stands there is the number of a text.
const (
	poolNumbers = iota
	poolDays
	poolTexts
	poolRows
	nPools
)

// stepPlaces are a step's places: one or two of one pool, and a room for rows.
type stepPlaces struct {
	at   [2]int
	room int
}

// pool is the pool of a shape, and how many places it takes there.
func (s shape) pool() (pool, n int) {
	switch s {
	case number:
		return poolNumbers, 1
	case date:
		return poolDays, 1
	case span:
		return poolDays, 2
	case text:
		return poolTexts, 1
	case answers:
		return poolRows, 2
	case truth:
	}
	return 0, 0
}

// places gives places to the steps of an order.
func (p *Plan) places(order []int) places {
	out := places{of: make([]stepPlaces, len(p.steps))}
	values, rooms := p.ends(order)
	var pools [nPools]free
	var room free
	for at, i := range order {
		pool, n := p.steps[i].shape.pool()
		for k := range n {
			out.of[i].at[k] = pools[pool].take()
		}
		if p.steps[i].shape == answers {
			out.of[i].room = room.take()
		}
		for _, old := range values[at] { // not before: a step reads while it writes
			pool, n := p.steps[old].shape.pool()
			for k := range n {
				pools[pool].give(out.of[old].at[k])
			}
		}
		for _, old := range rooms[at] {
			room.give(out.of[old].room)
		}
	}
	for i := range pools {
		out.n[i] = pools[i].n
	}
	out.rooms = room.n
	return out
}

// ends tells of each step of an order whose values, and whose rooms, nothing
// reads after it. A room lives as long as any series made from its series.
func (p *Plan) ends(order []int) (values, rooms [][]int) {
	read, held := make([]int, len(p.steps)), make([]int, len(p.steps))
	values, rooms = make([][]int, len(order)), make([][]int, len(order))
	for at := len(order) - 1; at >= 0; at-- {
		i := order[at]
		s := &p.steps[i]
		read[i], held[i] = max(read[i], at), max(held[i], at)
		for _, a := range s.args {
			read[a], held[a] = max(read[a], at), max(held[a], at)
			if s.shape == answers {
				held[a] = max(held[a], held[i])
			}
		}
	}
	for _, i := range order {
		values[read[i]] = append(values[read[i]], i)
		if p.steps[i].shape == answers {
			rooms[held[i]] = append(rooms[held[i]], i)
		}
	}
	return values, rooms
}

// free is places of which those that were given back last are taken first.
type free struct {
	list []int
	n    int // how many places there are in all
}

func (f *free) take() int {
	if last := len(f.list) - 1; last >= 0 {
		at := f.list[last]
		f.list = f.list[:last]
		return at
	}
	f.n++
	return f.n - 1
}

func (f *free) give(at int) { f.list = append(f.list, at) }

// memory is the places of one worker.
type memory struct {
	numbers [][]float64
	days    [][]int32
	texts   [][]uint32
	rows    [][]uint32
	rooms   [][]uint32
}

func (p *places) memory() *memory {
	return &memory{rooms: make([][]uint32, p.rooms), numbers: cut[float64](p.n[poolNumbers]), days: cut[int32](p.n[poolDays]),
		texts: cut[uint32](p.n[poolTexts]), rows: cut[uint32](p.n[poolRows])}
}

// cut makes n places for the people of a block.
func cut[T any](n int) [][]T {
	out, all := make([][]T, n), make([]T, n*blockPeople)
	for i := range out {
		out[i] = all[i*blockPeople : (i+1)*blockPeople : (i+1)*blockPeople]
	}
	return out
}

// give gives a step's places to its vector.
func (m *memory) give(s shape, of stepPlaces, v *vector) {
	switch s {
	case number:
		v.num = m.numbers[of.at[0]]
	case date:
		v.day = m.days[of.at[0]]
	case span:
		v.day, v.last = m.days[of.at[0]], m.days[of.at[1]]
	case text:
		v.text = m.texts[of.at[0]]
	case answers:
		v.lo, v.hi, v.room = m.rows[of.at[0]], m.rows[of.at[1]], &m.rooms[of.room]
	case truth:
	}
}
