package testcity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"ennakko/fault"
	"ennakko/place"
)

const (
	perStreet = 12   // buildings on a street
	between   = 28.0 // metres between buildings on one side of a street
	inTM35    = 0.02 // share of buildings whose coordinates stand in EPSG:3067
	largeFlat = 2.55 // mean household size from which an area has small houses
	midFlat   = 2.15 // and small blocks of flats
	stairSize = 12   // flats on one stair
)

// outline is an area's land in metres, in GK25.
type outline struct {
	land  orb.MultiPolygon
	bound orb.Bound
}

func outlineOf(code place.District) (outline, error) {
	const op = "testcity.outlineOf"
	area, ok := place.AreaOf(code)
	if !ok || len(area.Outline) == 0 {
		return outline{}, fault.New(fault.Internal, op, "an area has no outline").Where("areas_2015.csv %s", code)
	}
	land := area.Outline.Clone()
	for _, polygon := range land {
		for _, ring := range polygon {
			for k, p := range ring {
				g, err := place.Point{Lon: p[0], Lat: p[1]}.Grid(place.GK25)
				if err != nil {
					return outline{}, fault.Wrap(err, op, "an outline lies outside Finland")
				}
				ring[k] = orb.Point{g.East(), g.North()}
			}
		}
	}
	return outline{land, land.Bound()}, nil
}

// point is anywhere on the area's land.
func (o outline) point(r *rand.Rand) orb.Point {
	const tries = 400
	for range tries {
		p := orb.Point{
			o.bound.Min[0] + r.Float64()*(o.bound.Max[0]-o.bound.Min[0]),
			o.bound.Min[1] + r.Float64()*(o.bound.Max[1]-o.bound.Min[1]),
		}
		if planar.MultiPolygonContains(o.land, p) {
			return p
		}
	}
	return o.land[0][0][0]
}

// addresses builds the streets and houses of each area and puts the dwellings
// into them.
func (c *city) addresses() error {
	r := c.rng(6)
	streets := c.words.streets(r)
	byArea := make([][]int32, len(c.fig.areas))
	for i := range c.flats {
		byArea[c.flats[i].area] = append(byArea[c.flats[i].area], int32(i))
	}
	c.land = make([]outline, len(c.fig.areas))
	next := 0
	for a := range c.fig.areas {
		if c.fig.areas[a].unknown {
			continue
		}
		var err error
		if c.land[a], err = outlineOf(c.fig.areas[a].outline); err != nil {
			return err
		}
		size := flatsPerHouse(c.fig.areas[a].household)
		flats := byArea[a]
		r.Shuffle(len(flats), func(i, j int) { flats[i], flats[j] = flats[j], flats[i] })
		for k := 0; len(flats) > 0; k++ {
			if k%perStreet == 0 {
				next++
			}
			if err := c.erect(r, a, k, streets[next%len(streets)]); err != nil {
				return err
			}
			n := min(len(flats), 1+r.IntN(2*size-1))
			for flat, f := range flats[:n] {
				c.flats[f].house, c.flats[f].flat = int32(len(c.houses)-1), int32(flat+1)
			}
			if n == 1 {
				c.flats[flats[0]].flat = 0
			}
			flats = flats[n:]
		}
	}
	return nil
}

func flatsPerHouse(household float64) int {
	switch {
	case household >= largeFlat:
		return 2
	case household >= midFlat:
		return 7
	}
	return 16
}

// erect adds the k-th building of an area: along the street that the last one
// stands on, or where a new street begins.
func (c *city) erect(r *rand.Rand, area, k int, street string) error {
	land := c.land[area]
	on := k % perStreet
	if on == 0 {
		c.corner, c.heading = land.point(r), r.Float64()*2*math.Pi
	}
	side := float64(on%2)*2 - 1
	along := float64(on/2) * between
	p := orb.Point{
		c.corner[0] + along*math.Cos(c.heading) - side*between/2*math.Sin(c.heading),
		c.corner[1] + along*math.Sin(c.heading) + side*between/2*math.Cos(c.heading),
	}
	if !planar.MultiPolygonContains(land.land, p) {
		p = land.point(r)
	}
	site, err := gridAt(p, r.Float64() < inTM35)
	if err != nil {
		return err
	}
	c.houses = append(c.houses, building{site: site, north: p[1], east: p[0], street: street, number: int32(on + 1), postal: postalCode(c.fig.areas[area].outline)})
	return nil
}

func gridAt(p orb.Point, tm35 bool) (place.Grid, error) {
	g, err := place.NewGrid(int(place.GK25), p[1], p[0])
	if err == nil && tm35 {
		return g.To(place.TM35)
	}
	return g, err
}

// postalCode is a made-up code of the form that Helsinki's have: 00 and three
// digits, the last a zero.
func postalCode(d place.District) string {
	n, _ := strconv.Atoi(string(d[7:9]))
	if n < 10 {
		n += 10
	}
	return fmt.Sprintf("00%02d0", n)
}

// street gives number, stair and flat: "Kielotie 5 B 14".
func (c *city) street(f *dwelling) string {
	b := &c.houses[f.house]
	s := b.street + " " + strconv.Itoa(int(b.number))
	if f.flat == 0 {
		return s
	}
	return s + " " + string('A'+(f.flat-1)/stairSize) + " " + strconv.Itoa(int(f.flat))
}
