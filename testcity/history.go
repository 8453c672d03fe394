package testcity

import (
	"math"
	"math/rand/v2"

	"ennakko/clinical"
	"ennakko/register/parquet"
)

// historyYears is how far back the records go.
const (
	historyYears = 8
	historyDays  = 2922
)

// history makes the health record of one person after the other. Everything of a
// person follows from the seed of the city and the person's place in it, so that
// people can be made in any order.
type history struct {
	c     *city
	pcg   *rand.PCG
	r     *rand.Rand
	ills  []illness
	acute []complaint
	emit  func(clinical.Kind, *parquet.Row) error
	err   error

	h           *human
	row         parquet.Row
	from, last  int32 // the record's first and last day
	age         float64
	groups, enc uint32

	onset   []int32 // day of each illness, 0: not ill
	burden  float64 // how much more or less ill than others of the same age
	lapses  int32   // from this day the person stays away from controls
	minutes int32   // of the visit under way
	class   string  // and its class
	base    body
	rows    int
}

// body is what the measurements of a person vary around.
type body struct {
	systolic, diastolic float64
	weight, height      float64
	hba1c, ldl, egfr    float64
}

func (c *city) newHistory(emit func(clinical.Kind, *parquet.Row) error) *history {
	pcg := rand.NewPCG(0, 0)
	return &history{c: c, pcg: pcg, r: rand.New(pcg), ills: illnesses(), acute: complaints(), emit: emit, onset: make([]int32, len(illnesses()))}
}

const daysInYear = 365.25

// of writes the record of a person.
func (h *history) of(i int32) error {
	p := &h.c.all[i]
	h.pcg.Seed(h.c.opt.Seed^0x5bd1e995, uint64(i)+1)
	h.h, h.groups, h.enc, h.err = p, 0, 0, nil
	h.row = parquet.Row{Person: uint32(i) + 1}
	h.last = h.c.day
	if p.died != 0 && p.died < h.last {
		h.last = p.died
	}
	if p.movedOut != 0 && p.movedOut < h.last {
		h.last = p.movedOut
	}
	h.from = max(h.c.day-historyDays, p.born)
	h.age = float64(h.last-p.born) / daysInYear
	h.burden = math.Exp(0.55*h.r.NormFloat64() - 0.15)
	h.lapses = math.MaxInt32
	if h.r.Float64() < 0.17 {
		h.lapses = h.last - 300 - h.r.Int32N(1200)
	}
	h.sicken()
	h.bodyOf()
	h.diagnose()
	h.controls()
	h.passing()
	h.stays()
	h.habits()
	h.vaccinations()
	h.screenings()
	h.childhood()
	h.births()
	h.teeth()
	return h.err
}

// add writes one row of a new resource.
func (h *history) add(k clinical.Kind, x parquet.Row) {
	h.groups++
	x.Group = h.groups
	h.same(k, x)
}

// same writes a further row of the last resource: a component.
func (h *history) same(k clinical.Kind, x parquet.Row) {
	if h.err != nil || x.Day != clinical.Always && x.Day > h.last {
		return
	}
	x.Person, x.Group = h.row.Person, h.groups
	if h.err = h.emit(k, &x); h.err == nil {
		h.rows++
	}
}

// none stands for a value that is not there.
var noValue = math.NaN()

// visit is an encounter of one day. Cost is in euros.
func (h *history) visit(day int32, class string, cost float64) uint32 {
	h.enc++
	h.class = class
	h.minutes = 8*60 + h.r.Int32N(8*60)
	h.add(clinical.Encounter, parquet.Row{Code: "act|" + class, Day: day, Until: day, Minute: h.minutes, Value: math.Round(cost), Unit: "EUR", Status: "finished", Class: class, Encounter: h.enc})
	return h.enc
}

// typed says of the visit just written what it was for.
func (h *history) typed(code string, day int32, enc uint32) {
	h.same(clinical.Encounter, parquet.Row{Code: code, Day: day, Until: day, Minute: h.minutes, Value: noValue, Status: "finished", Class: h.class, Encounter: enc})
}

// measure is a number that was measured at a visit.
func (h *history) measure(code string, day int32, value float64, unit string, enc uint32, digits float64) {
	f := math.Pow(10, digits)
	h.add(clinical.Observation, parquet.Row{Code: code, Day: day, Until: day, Minute: h.minutes, Value: math.Round(value*f) / f, Unit: unit, Status: "final", Class: h.class, Encounter: enc})
}

func (h *history) chance(p float64) bool { return h.r.Float64() < p }

func (h *history) near(mean, sd float64) float64 { return mean + sd*h.r.NormFloat64() }

// ageOn is the age in years on a day.
func (h *history) ageOn(day int32) float64 { return float64(day-h.h.born) / daysInYear }

// sicken decides which lasting illnesses the person has, and since when.
func (h *history) sicken() {
	for i := range h.ills {
		h.onset[i] = 0
		ill := &h.ills[i]
		share := &ill.women
		if h.h.male {
			share = &ill.men
		}
		p := share.at(h.age)
		if i == dyslipidaemia || i == kidneyDisease || i == coronary {
			if h.onset[diabetes2] != 0 || h.onset[hypertension] != 0 {
				p *= 1.6
			} else {
				p *= 0.6
			}
		}
		if i == diabetes1 && h.onset[diabetes2] != 0 || p == 0 || !h.chance(min(p*h.burden, 0.97)) {
			continue
		}
		// Illnesses begin more often lately: people grow older.
		years := min(h.age, 25) * math.Pow(h.r.Float64(), 1.4)
		h.onset[i] = max(h.last-int32(years*daysInYear), h.h.born+1)
	}
}

func (h *history) ill(i int) bool { return h.onset[i] != 0 }

func (h *history) bodyOf() {
	b := &h.base
	b.height = h.near(164, 6)
	if h.h.male {
		b.height = h.near(178, 7)
	}
	bmi := max(h.near(24.5, 3.6), 17)
	if h.ill(obesity) {
		bmi = max(h.near(34, 3.5), 30)
	} else if h.ill(diabetes2) {
		bmi += 3.5
	}
	b.weight = bmi * b.height * b.height / 1e4
	b.systolic = h.near(112+0.22*h.age, 9)
	b.diastolic = h.near(72+0.06*h.age, 6)
	b.hba1c = h.near(35+0.04*h.age, 2)
	if h.ill(diabetes2) || h.ill(diabetes1) {
		b.hba1c = 40 + math.Exp(h.near(2.6, 0.65)) // half below 54 mmol/mol, about one in twelve above 75
	}
	b.ldl = max(h.near(3, 0.75), 1)
	b.egfr = min(h.near(118-0.75*max(h.age-25, 0), 10), 125)
	if h.ill(kidneyDisease) {
		b.egfr = h.near(47, 7)
	}
}
