package testcity

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// phoneKind is how a number is given.
type phoneKind uint8

const (
	noPhone phoneKind = iota
	international
	national
	swedishMobile
	estonianMobile
	fixedLine // cannot take a text message
)

type phone struct {
	kind  phoneKind
	n     int32
	since int32
}

const (
	nationalShare = 0.3
	guardianNone  = 0.014 // guardians without a number, one by one
	familyNone    = 0.006 // families in which no guardian has one
	guardianAbove = 0.01  // guardians with a foreign number
	oneNumber     = 0.002 // families in which both parents gave the same number
	othersNone    = 0.06
	oldNone       = 0.20 // from 75 years
	fixedAtPilot  = 36   // a third of them of guardians
	sevenDigits   = 10_000_000
)

// numbers gives grown-ups their mobile numbers, each once: 045 7 and seven
// digits, a range of Finnish mobile numbers.
func (c *city) numbers() error {
	r := c.rng(14)
	t := &telephone{r: r, offset: r.IntN(sevenDigits), day: c.day}
	c.tel = t
	done := make([]bool, len(c.all))
	six := c.sixFamilies(r)
	c.guardianNumbers(t, six, done)
	var rest []int32
	for i := range c.kin {
		if !c.kin[i].six {
			rest = append(rest, int32(i))
		}
	}
	c.guardianNumbers(t, rest, done)
	for i := range c.all {
		h := &c.all[i]
		limit := othersNone
		if h.age >= 75 {
			limit = oldNone
		}
		if !done[i] && c.adult(int32(i)) && h.died == 0 && r.Float64() >= limit {
			h.phone = t.next()
		}
	}
	c.fixedLines(t, six)
	return nil
}

// telephone hands out numbers.
type telephone struct {
	r       *rand.Rand
	offset  int
	given   int
	foreign int
	day     int32
}

// next is the next Finnish number. 7,654,321 has no factor in common with ten
// million, so no number comes twice before all are given.
func (t *telephone) next() phone {
	const stride = 7_654_321
	n := (t.given*stride + t.offset) % sevenDigits
	t.given++
	k := international
	if t.r.Float64() < nationalShare {
		k = national
	}
	return phone{k, int32(n), t.day - 30 - t.r.Int32N(2500)}
}

func (t *telephone) abroad() phone {
	const stride = 765_431
	n := (t.foreign*stride + t.offset) % (sevenDigits / 10)
	t.foreign++
	k := swedishMobile
	if t.foreign%2 == 0 {
		k = estonianMobile
	}
	return phone{k, int32(n), t.day - 30 - t.r.Int32N(2500)}
}

// guardianNumbers gives the guardians of the families their numbers. The rare
// cases are exact over the list: its families come in an order by chance or
// are many.
func (c *city) guardianNumbers(t *telephone, families []int32, done []bool) {
	deck := make([]oddity, len(families))
	at := 0
	for _, q := range []struct {
		rate float64
		is   oddity
	}{{familyNone, nobody}, {guardianNone * 1.8, oneWithout}, {guardianAbove * 1.8, oneAbroad}, {oneNumber, shared}} {
		for range quota(q.rate, len(families)) {
			if at < len(deck) {
				deck[at] = q.is
				at++
			}
		}
	}
	t.r.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	owed := 0
	for k, i := range families {
		grown := c.deciders(&c.kin[i], done)
		is := deck[k]
		if is == usual && owed > 0 && len(grown) > 1 {
			is, owed = shared, owed-1
		} else if is == shared && len(grown) < 2 {
			is, owed = usual, owed+1
		}
		c.givePhones(t, is, grown, done)
	}
}

// oddity is what is rare about the numbers of a family.
type oddity uint8

const (
	usual      oddity = iota
	nobody            // no guardian has a number
	oneWithout        // one has none
	oneAbroad         // one has a foreign number
	shared            // all have the same
)

func (c *city) givePhones(t *telephone, is oddity, grown []int32, done []bool) {
	rare := 0
	if len(grown) > 1 {
		rare = t.r.IntN(len(grown))
	}
	for k, p := range grown {
		done[p] = true
		h := &c.all[p]
		switch {
		case is == nobody, is == oneWithout && k == rare:
		case is == oneAbroad && k == rare:
			h.phone = t.abroad()
		case is == shared && k > 0:
			h.phone = c.all[grown[0]].phone
		default:
			h.phone = t.next()
		}
	}
}

// deciders are the living grown-ups of a family who have no number yet.
func (c *city) deciders(f *family, done []bool) []int32 {
	var out []int32
	for _, p := range append(f.lives[:], f.away[:]...) {
		if p != none && !done[p] && c.all[p].died == 0 && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// fixedLines lets a few people have given the number of a fixed line, which
// the import sets aside.
func (c *city) fixedLines(t *telephone, six []int32) {
	want := max(2, c.scaled(fixedAtPilot))
	for _, i := range six {
		if want <= c.scaled(fixedAtPilot)*2/3 {
			break
		}
		if p := c.kin[i].lives[0]; c.all[p].phone.kind == international {
			c.all[p].phone.kind, want = fixedLine, want-1
		}
	}
	for want > 0 {
		i := t.r.IntN(len(c.all))
		if h := &c.all[i]; h.phone.kind == international && h.age > sixAge {
			h.phone.kind, want = fixedLine, want-1
		}
	}
}

// text writes the number as people do.
func (p phone) text() string {
	const fiveDigits = 100_000
	switch p.kind {
	case international:
		return fmt.Sprintf("+358457%07d", p.n)
	case national:
		return fmt.Sprintf("045 7%07d", p.n)
	case swedishMobile:
		return fmt.Sprintf("+4670%07d", p.n)
	case estonianMobile:
		return fmt.Sprintf("+37253%06d", p.n)
	case fixedLine:
		return fmt.Sprintf("09 310 %05d", p.n%fiveDigits)
	}
	return ""
}
