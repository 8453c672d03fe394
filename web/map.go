package web

import (
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"ennakko/place"
)

// cityMap is a map of the major districts that the server draws; the same
// numbers stand in the chart and the table beside it.
type cityMap struct {
	Title, Desc, ViewBox string
	Areas                []mapArea
}

// mapArea is one district. X and Y are where its words stand.
type mapArea struct {
	row
	Shown      string
	Path, X, Y string
	Shade      int // from 1, the least, to 5; 0: withheld
}

// outline is a district as it is drawn, made once.
type outline struct {
	code place.District
	path string
	x, y int
}

type outlines struct {
	width, height int
	list          []outline
}

// shades is how many shades the map has.
const shades = 5

// mapWidth is the width of the drawing, in units of the picture.
const mapWidth = 1000

// majorOutlines projects the major districts to a plane: plate carrée, true to
// scale in the city's middle latitude. Over 25 km that is good for a picture.
var majorOutlines = sync.OnceValue(func() outlines {
	var all orb.MultiPolygon
	for _, a := range place.Districts() {
		if a.Level == place.Suurpiiri {
			all = append(all, a.Outline...)
		}
	}
	box := all.Bound()
	narrow := math.Cos((box.Min.Lat() + box.Max.Lat()) / 2 * math.Pi / 180)
	scale := mapWidth / ((box.Max.Lon() - box.Min.Lon()) * narrow)
	at := func(p orb.Point) (x, y int) {
		return int(math.Round((p.Lon() - box.Min.Lon()) * narrow * scale)), int(math.Round((box.Max.Lat() - p.Lat()) * scale))
	}
	_, height := at(orb.Point{box.Min.Lon(), box.Min.Lat()})
	out := outlines{width: mapWidth, height: height}
	for _, a := range place.Districts() {
		if a.Level != place.Suurpiiri {
			continue
		}
		o := outline{code: a.Code}
		var b strings.Builder
		most := 0.0
		for _, polygon := range a.Outline {
			for _, ring := range polygon {
				ringPath(&b, ring, at)
			}
			if centre, size := planar.CentroidArea(polygon); math.Abs(size) > most {
				most = math.Abs(size)
				o.x, o.y = at(centre)
			}
		}
		o.path = b.String()
		out.list = append(out.list, o)
	}
	return out
})

// ringPath writes a ring as an SVG path, without points that fall together.
func ringPath(b *strings.Builder, ring orb.Ring, at func(orb.Point) (int, int)) {
	before := ""
	for i, p := range ring {
		x, y := at(p)
		point := strconv.Itoa(x) + " " + strconv.Itoa(y)
		switch {
		case i == 0:
			b.WriteString("M" + point)
		case point != before:
			b.WriteString("L" + point)
		}
		before = point
	}
	b.WriteString("Z")
}

// newMap draws rows that stand in the order of the major districts; further rows
// (the rest of the world) are on no map.
func newMap(t words, rows []row) cityMap {
	o := majorOutlines()
	m := cityMap{Title: t.T("cohort.map"), Desc: t.T("cohort.map.desc"), ViewBox: "-4 -4 " + strconv.Itoa(o.width+8) + " " + strconv.Itoa(o.height+8)}
	least, most := math.MaxInt, 0
	for i := range o.list {
		if i < len(rows) && !rows[i].Withheld {
			least, most = min(least, rows[i].N), max(most, rows[i].N)
		}
	}
	for i, a := range o.list {
		if i >= len(rows) {
			break
		}
		x := mapArea{row: rows[i], Shown: t.T("withheld"), Path: a.path, X: strconv.Itoa(a.x), Y: strconv.Itoa(a.y)}
		if !x.Withheld {
			x.Shown, x.Shade = t.N(x.N), 1+shades*(x.N-least)/(most-least+1)
		}
		m.Areas = append(m.Areas, x)
	}
	return m
}
