// Package place holds the words for places: coordinates in the Finnish grids,
// distances, and the districts of the city.
package place

import (
	"math"

	"ennakko/fault"
)

// CRS is a coordinate reference system, as its EPSG code.
type CRS int

// The grids in use in Finland: both are transverse Mercator projections of
// ETRS89 on the GRS80 ellipsoid (JHS 197).
const (
	GK25 CRS = 3879 // ETRS-GK25FIN: central meridian 25 E, scale 1, false easting 25,500,000 m
	TM35 CRS = 3067 // ETRS-TM35FIN: central meridian 27 E, scale 0.9996, false easting 500,000 m
)

// Grid is a place in one of the grids. Only NewGrid and conversions make one.
type Grid struct {
	crs         CRS
	north, east float64
}

// NewGrid checks that the place can be in Finland. North and east are metres.
func NewGrid(epsg int, north, east float64) (Grid, error) {
	const op = "place.NewGrid"
	crs := CRS(epsg)
	if crs != GK25 && crs != TM35 {
		return Grid{}, fault.New(fault.Invalid, op, "the coordinate system is not known").Do("use 3879 or 3067")
	}
	if inFinland(crs, north, east) {
		return Grid{crs, north, east}, nil
	}
	e := fault.New(fault.Invalid, op, "the coordinates are not in Finland")
	switch other := GK25 + TM35 - crs; {
	case inFinland(crs, east, north):
		return Grid{}, e.Do("north and east seem to be swapped")
	case inFinland(other, north, east):
		return Grid{}, e.Do("the coordinates seem to be those of EPSG:%d", int(other))
	}
	return Grid{}, e
}

func inFinland(crs CRS, north, east float64) bool {
	between := func(x, low, high float64) bool { return x > low && x < high } // false for NaN
	if crs == GK25 {
		return between(north, 6_600_000, 7_800_000) && between(east, 25_150_000, 25_850_000)
	}
	return between(north, 6_600_000, 7_800_000) && between(east, 50_000, 760_000)
}

// CRS is the grid's system.
func (g Grid) CRS() CRS { return g.crs }

// North is metres from the equator, false northing 0.
func (g Grid) North() float64 { return g.north }

// East is metres with the system's false easting.
func (g Grid) East() float64 { return g.east }

// IsZero reports whether the place was never made.
func (g Grid) IsZero() bool { return g.crs == 0 }

// Point is a place on the WGS 84 ellipsoid, in degrees. ETRS89 is taken as WGS
// 84: they differ by less than a metre.
type Point struct{ Lon, Lat float64 }

// Parameters of GRS80 and Krüger's series in the third flattening n, to order
// 4: far below a millimetre within 3 degrees of the central meridian.
// Source: L. Krüger (1912); C. F. F. Karney, Transverse Mercator with an
// accuracy of a few nanometers, J. Geodesy 85 (2011), equations 35 and 36.
const (
	semiMajor  = 6378137.0
	flattening = 1 / 298.257222101
	third      = flattening / (2 - flattening)
	third3     = third * third * third
)

var (
	rectifying = semiMajor / (1 + third) * (1 + sq(third)/4 + sq(sq(third))/64)
	alpha      = [4]float64{
		third/2 - 2*sq(third)/3 + 5*third3/16 + 41*sq(sq(third))/180,
		13*sq(third)/48 - 3*third3/5 + 557*sq(sq(third))/1440,
		61*third3/240 - 103*sq(sq(third))/140,
		49561 * sq(sq(third)) / 161280,
	}
	beta = [4]float64{
		third/2 - 2*sq(third)/3 + 37*third3/96 - sq(sq(third))/360,
		sq(third)/48 + third3/15 - 437*sq(sq(third))/1440,
		17*third3/480 - 37*sq(sq(third))/840,
		4397 * sq(sq(third)) / 161280,
	}
	eccentricity = math.Sqrt(flattening * (2 - flattening))
)

func sq(x float64) float64 { return x * x }

func (c CRS) parameters() (meridian, scale, falseEast float64) {
	if c == GK25 {
		return 25 * math.Pi / 180, 1, 25_500_000
	}
	return 27 * math.Pi / 180, 0.9996, 500_000
}

// Grid projects the point.
func (p Point) Grid(crs CRS) (Grid, error) {
	meridian, scale, falseEast := crs.parameters()
	lat, lon := p.Lat*math.Pi/180, p.Lon*math.Pi/180-meridian
	s := math.Sin(lat)
	conformal := math.Sinh(math.Atanh(s) - eccentricity*math.Atanh(eccentricity*s))
	xi := math.Atan2(conformal, math.Cos(lon))
	eta := math.Asinh(math.Sin(lon) / math.Hypot(conformal, math.Cos(lon)))
	x, y := xi, eta
	for j, a := range alpha {
		k := 2 * float64(j+1)
		x += a * math.Sin(k*xi) * math.Cosh(k*eta)
		y += a * math.Cos(k*xi) * math.Sinh(k*eta)
	}
	return NewGrid(int(crs), scale*rectifying*x, falseEast+scale*rectifying*y)
}

// Point is the inverse of the projection.
func (g Grid) Point() Point {
	meridian, scale, falseEast := g.crs.parameters()
	x, y := g.north/(scale*rectifying), (g.east-falseEast)/(scale*rectifying)
	xi, eta := x, y
	for j, b := range beta {
		k := 2 * float64(j+1)
		xi -= b * math.Sin(k*x) * math.Cosh(k*y)
		eta -= b * math.Cos(k*x) * math.Sinh(k*y)
	}
	conformal := math.Sin(xi) / math.Hypot(math.Sinh(eta), math.Cos(xi))
	lon := meridian + math.Atan2(math.Sinh(eta), math.Cos(xi))
	return Point{lon * 180 / math.Pi, latitude(conformal) * 180 / math.Pi}
}

// latitude finds the geographic latitude of a conformal one by Newton's
// method (Karney 2011, equations 19 to 21).
func latitude(conformal float64) float64 {
	e2 := sq(eccentricity)
	t := conformal / (1 - e2)
	for range 5 {
		h := math.Hypot(1, t)
		sigma := math.Sinh(eccentricity * math.Atanh(eccentricity*t/h))
		now := t*math.Hypot(1, sigma) - sigma*h
		t += (conformal - now) / math.Hypot(1, now) * (1 + (1-e2)*sq(t)) / ((1 - e2) * h)
	}
	return math.Atan(t)
}

// To converts into another grid.
func (g Grid) To(crs CRS) (Grid, error) {
	if g.crs == crs {
		return g, nil
	}
	return g.Point().Grid(crs)
}

// Distance is the straight line between two places in metres, in GK25.
func Distance(a, b Grid) (float64, error) {
	p, err := a.To(GK25)
	if err != nil {
		return 0, err
	}
	q, err := b.To(GK25)
	return math.Hypot(p.north-q.north, p.east-q.east), err
}
