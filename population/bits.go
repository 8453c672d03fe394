package population

import "math/bits"

// blockPeople is how many people a block has: those whose numbers share all but
// the last ten bits.
const (
	blockBits   = 10
	blockPeople = 1 << blockBits
	blockWords  = blockPeople / 64
)

// flags is one bit for each person of a block.
type flags [blockWords]uint64

func (f *flags) set(i int)      { f[i>>6] |= 1 << (i & 63) }
func (f *flags) has(i int) bool { return f[i>>6]>>(i&63)&1 == 1 }

// take sets bit i to 0.
func (f *flags) take(i int) { f[i>>6] &^= 1 << (i & 63) }

// put sets bit i to 0 or 1; it must not be set yet.
func (f *flags) put(i int, bit uint64) { f[i>>6] |= bit << (i & 63) }

func (f *flags) none() bool {
	var any uint64
	for _, w := range f {
		any |= w
	}
	return any == 0
}

// count is how many bits are set.
func (f *flags) count() (n int) {
	for _, w := range f {
		n += bits.OnesCount64(w)
	}
	return n
}

// each hands over the people who are set, in order.
func (f *flags) each(do func(i int)) {
	for k, word := range f {
		for ; word != 0; word &= word - 1 {
			do(k<<6 | bits.TrailingZeros64(word))
		}
	}
}

// first sets the first n bits.
func (f *flags) first(n int) {
	*f = flags{}
	for i := range f {
		switch left := n - i*64; {
		case left >= 64:
			f[i] = ^uint64(0)
		case left > 0:
			f[i] = 1<<left - 1
		}
	}
}

// people is one bit for each person of the city, by number.
type people []uint64

func newPeople(most uint32) people { return make(people, (int(most)/blockPeople+1)*blockWords) }

func (p people) set(id uint32) { p[id/64] |= 1 << (id % 64) }

func (p people) has(id uint32) bool { return int(id/64) < len(p) && p[id/64]>>(id%64)&1 == 1 }

// block is the people of a block; nobody where the bits end.
func (p people) block(b int) (f flags) {
	if from := b * blockWords; from < len(p) {
		copy(f[:], p[from:])
	}
	return f
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
