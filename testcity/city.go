package testcity

import (
	"math/rand/v2"
	"time"

	"github.com/paulmach/orb"

	"ennakko/place"
)

// city is the whole city in memory. People, families, dwellings and units
// refer to each other by index; none is -1.
type city struct {
	opt    Options
	day    int32 // snapshot day, days since 1970-01-01
	scale  float64
	fig    figures
	all    []human
	kin    []family
	ofKid  []int32 // family of each person of age 0-17, else none
	flats  []dwelling
	houses []building
	units  []unit
	care   []careRow
	names  names
	words  words
	issued map[int32]*issued // identity codes given out, by day of birth

	orphans []int32  // families for whom no adult was found in their area
	free    pool     // adults who have no household yet
	absent  []absent // parents to be found who live elsewhere
	bonds   []bond
	tel     *telephone
	land    []outline // of each area
	corner  orb.Point // where the street under construction begins
	heading float64   // and its direction in radians
}

const none = -1

// group is the group of mother tongues of which the figures speak.
type group uint8

const (
	fiGroup group = iota // Finnish and Sámi
	svGroup
	otherGroup
	groups
)

type human struct {
	born, died        int32 // days; died 0: alive
	movedIn, movedOut int32
	home              int32 // dwelling
	area              int16 // index in figures.areas
	age               uint8 // on the last day of the year before the snapshot
	group             group
	male              bool
	hidden            bool // non-disclosure
	tongue            uint8
	contact           uint8 // index in contactLanguages
	given             [2]uint16
	family            [2]uint16 // second 0: one name only
	municipality      uint16
	code              [11]byte
	phone             phone
}

const helsinki = 91

// The forms of a family.
type form uint8

const (
	together  form = iota
	apart          // joint custody, two dwellings
	sole           // one guardian
	foster         // foster parents; the parents keep custody
	appointed      // a guardian appointed by a court
	forms
)

// family is the children of one household and the grown-ups who act for them.
type family struct {
	kids    []int32
	lives   [2]int32 // grown-ups in the children's home
	away    [2]int32 // parents elsewhere
	form    form
	six     bool // a child turns six in the year of the snapshot
	twins   bool
	widowed bool  // lives[0] alone; away[0] died
	open    bool  // the register does not know yet that the guardian has died
	since   int32 // foster care or appointment
	custody bool  // away[0] of a sole family stands in the register without custody
	gone    bool  // moved out of the city, or not counted among residents
}

type dwelling struct {
	house int32
	flat  int32
	area  int16
}

type building struct {
	site        place.Grid
	north, east float64 // GK25
	street      string
	number      int32
	postal      string
}

// rng gives the stream of one stage.
func (c *city) rng(stage uint64) *rand.Rand {
	return rand.New(rand.NewPCG(c.opt.Seed, 0x9e3779b97f4a7c15*(stage+1)))
}

func newCity(opt Options) (*city, error) {
	c := &city{opt: opt, day: dayOf(opt.Day), scale: float64(opt.Residents) / pilotResidents, issued: map[int32]*issued{}}
	var err error
	if c.fig, err = loadFigures(); err != nil {
		return nil, err
	}
	if c.names, c.words, err = loadWords(); err != nil {
		return nil, err
	}
	return c, nil
}

func dayOf(t time.Time) int32 { return int32(t.Unix() / 86400) }

func dateOf(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

// firstOf is the first day of a year.
func firstOf(year int) int32 { return dayOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)) }

// bornIn is the year in which people of an age were born.
func (c *city) bornIn(age uint8) int { return c.opt.Day.Year() - 1 - int(age) }

// sixAge is the age, on the last day of the year before, of those who turn six.
const sixAge = 5

const adultAge = 18

func (c *city) adult(i int32) bool { return c.all[i].age >= adultAge }
