package audit

import (
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
)

// peopleTree is a tree of hashes over the people whom an entry covers. Its number
// of places is a power of two; people stand in order from a secret place on, and
// round the end. The places that are left are filled with secret bytes, so that
// one person's way to the root tells neither who else is there, nor how many, nor
// how many stand before.
type peopleTree struct {
	stream cipher.Stream // the nonces of the places
	people []uint32      // in order
	size   uint64        // how many places there are
	first  uint64        // where the first person stands
}

// leastPlaces is how many places the smallest tree has.
const leastPlaces = 8

// block is how many places are grown at once, so that a country fits in memory.
const block = 4096

// none is no place.
const none = ^uint64(0)

// way is a place in the tree with what leads from it to the root.
type way struct {
	nonce    []byte
	siblings []hash // from the place upwards
}

// place is where a person stands; found is false when the tree does not have
// them.
func (t *peopleTree) place(who uint32) (at uint64, found bool) {
	for i, p := range t.people {
		if p == who {
			return (uint64(i) + t.first) & (t.size - 1), true
		}
	}
	return 0, false
}

// root grows the tree; for a place that is asked for it gives the way from there.
func (t *peopleTree) root(from uint64) (hash, way) {
	var w way
	width := min(t.size, block)
	tops := make([]hash, 0, t.size/width)
	buf := make([]byte, width*nonceSize)
	level := make([]hash, width)
	for begin := uint64(0); begin < t.size; begin += width {
		clear(buf)
		t.stream.XORKeyStream(buf, buf)
		for i := range width {
			nonce := buf[i*nonceSize:][:nonceSize]
			level[i] = t.leaf(begin+i, nonce)
			if begin+i == from {
				w.nonce = append([]byte(nil), nonce...)
			}
		}
		here := none
		if from-begin < width { // none is far behind all
			here = from - begin
		}
		tops = append(tops, fold(level, here, &w.siblings))
	}
	here := none
	if from != none {
		here = from / width
	}
	return fold(tops, here, &w.siblings), w
}

// leaf is the hash of one place.
func (t *peopleTree) leaf(place uint64, nonce []byte) hash {
	i := (place - t.first) & (t.size - 1)
	if i >= uint64(len(t.people)) {
		return hash(nonce)
	}
	return personHash(nonce, t.people[i])
}

func personHash(nonce []byte, who uint32) hash {
	var b [1 + nonceSize + 4]byte
	b[0] = ofPerson
	copy(b[1:], nonce)
	binary.BigEndian.PutUint32(b[1+nonceSize:], who)
	return sha256.Sum256(b[:])
}

// fold hashes a level upwards until one hash is left, and notes what stands
// beside the way from a place. It overwrites the level.
func fold(level []hash, from uint64, beside *[]hash) hash {
	for n := len(level); n > 1; n /= 2 {
		if from != none {
			*beside = append(*beside, level[from^1])
			from /= 2
		}
		for i := range n / 2 {
			level[i] = nodeHash(&level[2*i], &level[2*i+1])
		}
	}
	return level[0]
}

func nodeHash(left, right *hash) hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = ofNode
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// climb is the root to which a way leads from a person at a place.
func climb(nonce []byte, who uint32, place uint64, siblings []hash) hash {
	h := personHash(nonce, who)
	for i := range siblings {
		if place&1 == 0 {
			h = nodeHash(&h, &siblings[i])
		} else {
			h = nodeHash(&siblings[i], &h)
		}
		place /= 2
	}
	return h
}
