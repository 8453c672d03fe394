package testcity

import (
	_ "embed"
	"math/rand/v2"
	"strings"

	"ennakko/fault"
)

//go:embed data/names.txt
var namesFile string

//go:embed data/words.txt
var wordsFile string

// tongues are the mother tongues of the city, with their share within the
// group. Finnish and Sámi are one group in the figures; the shares of the
// others are our assumption, near to what is known of Helsinki.
var tongues = [...]struct {
	code  string
	group group
	share float64
}{
	{"fi", fiGroup, 0.9998}, {"se", fiGroup, 0.0002}, {"sv", svGroup, 1},
	{"ru", otherGroup, 0.23}, {"et", otherGroup, 0.15}, {"so", otherGroup, 0.14}, {"en", otherGroup, 0.10},
	{"ar", otherGroup, 0.10}, {"ku", otherGroup, 0.05}, {"fa", otherGroup, 0.04}, {"zh", otherGroup, 0.06},
	{"vi", otherGroup, 0.04}, {"es", otherGroup, 0.05}, {"tr", otherGroup, 0.04},
}

// contactLanguages are the languages in which people are written to.
var contactLanguages = [...]string{"fi", "sv", "en"}

const (
	contactFi = iota
	contactSv
	contactEn
)

// names holds first names of women and men and family names by tongue.
type names [len(tongues)]struct {
	first  [2][]string
	family []string
}

// words holds the words of streets and units by kind.
type words map[string][]string

func loadWords() (names, words, error) {
	var n names
	w := words{}
	for line := range strings.Lines(namesFile) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		for t := range tongues {
			if tongues[t].code != f[0] {
				continue
			}
			switch f[1] {
			case "f":
				n[t].first[0] = f[2:]
			case "m":
				n[t].first[1] = f[2:]
			case "n":
				n[t].family = f[2:]
			}
		}
	}
	for t := range n {
		if len(n[t].first[0]) == 0 || len(n[t].first[1]) == 0 || len(n[t].family) == 0 {
			return n, w, fault.New(fault.Internal, "testcity.loadWords", "a mother tongue has no names").Where("names.txt %s", tongues[t].code)
		}
	}
	for line := range strings.Lines(wordsFile) {
		if f := strings.Fields(line); len(f) > 1 && f[0] != "#" {
			w[f[0]] = f[1:]
		}
	}
	return n, w, nil
}

// streets makes up street names, each once, in an order by chance.
func (w words) streets(r *rand.Rand) []string {
	var out []string
	for _, front := range w["street-front"] {
		for _, end := range w["street-end"] {
			out = append(out, front+end)
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// nameEveryone draws mother tongue, contact language and names. Children have
// a parent's tongue and family name.
func (c *city) nameEveryone() error {
	r := c.rng(7)
	for i := range c.all {
		c.name(r, &c.all[i])
	}
	for _, b := range c.bonds {
		const sharesName = 0.6
		first, second := &c.all[b.first], &c.all[b.second]
		switch {
		case b.child:
			c.inherit(second, first)
		case r.Float64() < sharesName:
			marry(first, second)
		}
	}
	for i := range c.kin {
		c.nameFamily(r, &c.kin[i])
	}
	return nil
}

func (c *city) name(r *rand.Rand, h *human) {
	const secondName, doubleName, youngAndDouble = 0.9, 0.006, 0.015
	x := r.Float64()
	for t := range tongues {
		if tongues[t].group != h.group {
			continue
		}
		h.tongue = uint8(t)
		if x -= tongues[t].share; x < 0 {
			break
		}
	}
	h.contact = contactOf(h.group, r.Float64())
	own := &c.names[h.tongue]
	first := own.first[sexOf(h.male)]
	h.given = [2]uint16{drawn(r, len(first)), 0}
	if r.Float64() < secondName {
		if second := drawn(r, len(first)); second != h.given[0] {
			h.given[1] = second + 1
		}
	}
	h.family = [2]uint16{c.familyName(r, h.tongue), 0}
	limit := doubleName
	if h.age < 50 {
		limit = youngAndDouble
	}
	if !h.male && h.age >= adultAge && r.Float64() < limit {
		if n := c.familyName(r, h.tongue); n != h.family[0] {
			h.family[1] = n + 1
		}
	}
}

// drawn takes every name with the same chance.
func drawn(r *rand.Rand, n int) uint16 { return uint16(r.IntN(n)) }

// familyName gives the number of a family name: the tongue in the upper bits.
func (c *city) familyName(r *rand.Rand, tongue uint8) uint16 {
	return uint16(tongue)<<tongueShift | drawn(r, len(c.names[tongue].family))
}

const tongueShift = 10

// marry gives both the man's name, or the first's; a second part of her own
// stays.
func marry(a, b *human) {
	if b.male {
		a, b = b, a
	}
	b.family[0] = a.family[0]
}

func contactOf(g group, x float64) uint8 {
	switch {
	case g == svGroup && x < 0.92, g == otherGroup && x < 0.02:
		return contactSv
	case g == otherGroup && x < 0.36:
		return contactEn
	}
	return contactFi
}

func (c *city) inherit(child, parent *human) {
	child.family = [2]uint16{parent.family[0], 0}
	if child.group == parent.group && child.tongue != parent.tongue {
		child.tongue = parent.tongue
		first := c.names[child.tongue].first[sexOf(child.male)]
		child.given = [2]uint16{child.given[0] % uint16(len(first)), 0}
	}
}

// nameFamily gives parents one name, or each their own, and the children one
// of them. Children in foster care keep their parents' name.
func (c *city) nameFamily(r *rand.Rand, f *family) {
	const sharesName = 0.65
	if f.lives[1] != none && r.Float64() < sharesName {
		marry(&c.all[f.lives[0]], &c.all[f.lives[1]])
	}
	parents := []int32{f.lives[0], f.lives[1]}
	switch f.form {
	case foster:
		parents = f.away[:]
	case apart:
		parents = []int32{f.lives[0], f.away[0]}
	case appointed:
		parents = f.lives[:1]
	}
	from := parents[0]
	if from == none || parents[1%len(parents)] != none && r.IntN(2) == 0 {
		from = parents[1%len(parents)]
	}
	given := map[uint16]bool{}
	for _, k := range f.kids {
		kid := &c.all[k]
		for _, p := range parents {
			if p != none && c.all[p].group == kid.group {
				c.inherit(kid, &c.all[p])
				break
			}
		}
		kid.family = [2]uint16{c.all[from].family[0], 0}
		for first := len(c.names[kid.tongue].first[sexOf(kid.male)]); given[kid.given[0]]; {
			kid.given[0] = (kid.given[0] + 1) % uint16(first)
		}
		given[kid.given[0]] = true
	}
}

func (c *city) givenNames(h *human) string {
	first := c.names[h.tongue].first[sexOf(h.male)]
	s := first[h.given[0]]
	if h.given[1] != 0 && h.given[1]-1 != h.given[0] {
		s += " " + first[h.given[1]-1]
	}
	return s
}

func (c *city) familyNames(h *human) string {
	one := func(n uint16) string { return c.names[n>>tongueShift].family[n&(1<<tongueShift-1)] }
	s := one(h.family[0])
	if h.family[1] != 0 {
		s += "-" + one(h.family[1]-1)
	}
	return s
}
