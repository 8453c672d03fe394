package testcity

import (
	"fmt"
	"math"

	"ennakko/place"
)

// station is a health station; it stands in a house of its area.
type station struct {
	house  int32
	area   int16
	places int // appointments of one round
}

const (
	stationsAtPilot  = 24
	fewestStations   = 4
	roundsAtStations = 0.015 // appointments that stations can give in one round, for each resident
)

// healthStations puts health stations where grown-ups live. It has its own stream of
// random numbers: a city with stations is else the same as one without.
func (c *city) healthStations() []station {
	r := c.rng(17)
	weights := make([]float64, len(c.fig.areas))
	homes := make([][]int32, len(c.fig.areas))
	for i := range c.all {
		if h := &c.all[i]; c.resident(int32(i)) && c.adult(int32(i)) && h.home != none {
			weights[h.area]++
			homes[h.area] = append(homes[h.area], h.home)
		}
	}
	var out []station
	for area, n := range apportion(weights, max(int(math.Round(stationsAtPilot*c.scale)), fewestStations)) {
		for range n {
			out = append(out, station{house: c.flats[homes[area][r.IntN(len(homes[area]))]].house, area: int16(area)}) //nolint:gosec // areas are few
		}
	}
	sizes := make([]float64, len(out))
	for i := range sizes {
		sizes[i] = 0.6 + 0.8*r.Float64()
	}
	for i, n := range apportion(sizes, int(math.Round(roundsAtStations*float64(c.opt.Residents)))) {
		out[i].places = min(n, 500)
	}
	return out
}

// writeStations adds the health stations to units.csv.
func (c *city) writeStations(w *rows) error {
	for i, s := range c.healthStations() {
		b := &c.houses[s.house]
		w.text(fmt.Sprintf("h%04d", i+1))
		at := fmt.Sprintf("%s %d", b.street, b.number)
		w.text("Terveysasema, " + at)
		w.text("Hälsostationen, " + at)
		w.text("Health station, " + at)
		w.text("municipal")
		g, err := b.site.To(place.GK25)
		if err != nil {
			return err
		}
		w.number(int(g.CRS()))
		w.metres(g.North())
		w.metres(g.East())
		w.text(string(c.fig.areas[s.area].code))
		w.text("mul")
		w.number(s.places)
		w.text("health_station")
		if err := w.end(); err != nil {
			return err
		}
	}
	return nil
}
