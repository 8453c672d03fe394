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
	hallsAtPilot     = 40
	fewestHalls      = 4
	roundsAtHalls    = 0.006 // places in exercise groups, for each resident
)

// healthStations puts health stations where grown-ups live. It has its own stream of
// random numbers: a city with stations is else the same as one without.
func (c *city) healthStations() []station {
	return c.sites(17, max(int(math.Round(stationsAtPilot*c.scale)), fewestStations), roundsAtStations)
}

// halls are where the city's exercise groups meet.
func (c *city) halls() []station {
	return c.sites(23, max(int(math.Round(hallsAtPilot*c.scale)), fewestHalls), roundsAtHalls)
}

// sites puts so many houses where grown-ups live, with places for a share of the
// residents.
func (c *city) sites(stream uint64, n int, share float64) []station {
	r := c.rng(stream)
	weights := make([]float64, len(c.fig.areas))
	homes := make([][]int32, len(c.fig.areas))
	for i := range c.all {
		if h := &c.all[i]; c.resident(int32(i)) && c.adult(int32(i)) && h.home != none {
			weights[h.area]++
			homes[h.area] = append(homes[h.area], h.home)
		}
	}
	var out []station
	for area, n := range apportion(weights, n) {
		for range n {
			out = append(out, station{house: c.flats[homes[area][r.IntN(len(homes[area]))]].house, area: int16(area)}) //nolint:gosec // areas are few
		}
	}
	sizes := make([]float64, len(out))
	for i := range sizes {
		sizes[i] = 0.6 + 0.8*r.Float64()
	}
	for i, n := range apportion(sizes, int(math.Round(share*float64(c.opt.Residents)))) {
		out[i].places = min(n, 500)
	}
	return out
}

// writeStations adds the health stations and the exercise groups to units.csv.
func (c *city) writeStations(w *rows) error {
	if err := c.writeSites(w, c.healthStations(), "h", "health_station", "Terveysasema", "Hälsostationen", "Health station"); err != nil {
		return err
	}
	return c.writeSites(w, c.halls(), "e", "exercise_group", "Liikuntaryhmä", "Motionsgruppen", "Exercise group")
}

func (c *city) writeSites(w *rows, sites []station, letter, kind, fi, sv, en string) error {
	for i, s := range sites {
		b := &c.houses[s.house]
		w.text(fmt.Sprintf("%s%04d", letter, i+1))
		at := fmt.Sprintf("%s %d", b.street, b.number)
		for _, name := range []string{fi, sv, en} {
			w.text(name + ", " + at)
		}
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
		w.text(kind)
		if err := w.end(); err != nil {
			return err
		}
	}
	return nil
}
