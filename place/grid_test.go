package place_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ennakko/place"
)

// The expected coordinates were computed with PROJ 9.1.1 (proj +proj=tmerc
// +ellps=GRS80) and are exact to 0.1 mm.
func TestTheProjectionsAgreeWithPROJ(t *testing.T) {
	for _, tt := range []struct {
		name        string
		p           place.Point
		crs         place.CRS
		north, east float64
	}{
		{"on the meridian of GK25", place.Point{Lon: 25, Lat: 60}, place.GK25, 6654072.8194, 25500000},
		{"Helsinki in GK25", place.Point{Lon: 24.945831, Lat: 60.192059}, place.GK25, 6675472.0975, 25496994.9068},
		{"Helsinki in TM35", place.Point{Lon: 24.945831, Lat: 60.192059}, place.TM35, 6674572.5945, 386100.3107},
		{"the east of the city in TM35", place.Point{Lon: 25.254, Lat: 60.297}, place.TM35, 6685765.5277, 403493.9953},
		{"the south-west of the city in GK25", place.Point{Lon: 24.78, Lat: 60.12}, place.GK25, 6667462.7774, 25487768.4995},
		{"the west coast in TM35", place.Point{Lon: 21.5, Lat: 63.1}, place.TM35, 7008616.7868, 222616.4524},
		{"the far east in GK25", place.Point{Lon: 29.7, Lat: 62.6}, place.GK25, 6952593.3987, 25741258.8536},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := tt.p.Grid(tt.crs)
			if err != nil || math.Abs(g.North()-tt.north) > 0.001 || math.Abs(g.East()-tt.east) > 0.001 {
				t.Fatalf("%.4f %.4f, error %v", g.North(), g.East(), err)
			}
		})
	}
}

func TestConversionsThereAndBackStayWithinAMillimetre(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		g, err := place.NewGrid(3879, rapid.Float64Range(6_640_000, 6_700_000).Draw(r, "north"), rapid.Float64Range(25_480_000, 25_520_000).Draw(r, "east"))
		if err != nil {
			r.Fatal(err)
		}
		other, err := g.To(place.TM35)
		if err != nil {
			r.Fatal(err)
		}
		back, err := other.To(place.GK25)
		if err != nil {
			r.Fatal(err)
		}
		if d, err := place.Distance(g, back); err != nil || d > 0.001 {
			r.Fatalf("%.6f m off, error %v", d, err)
		}
	})
}

func TestWrongCoordinatesSayWhatIsLikelyWrong(t *testing.T) {
	for _, tt := range []struct {
		name        string
		epsg        int
		north, east float64
		want        string
	}{
		{"swapped", 3879, 25_497_000, 6_673_000, "swapped"},
		{"the other grid", 3879, 6_672_000, 386_000, "EPSG:3067"},
		{"degrees", 3067, 60.17, 24.94, "not in Finland"},
		{"another system", 4326, 60.17, 24.94, "not known"},
		{"nowhere", 3067, math.Inf(1), 1, "not in Finland"},
		{"not a number", 3879, math.NaN(), 25_497_000, "not in Finland"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := place.NewGrid(tt.epsg, tt.north, tt.east); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one about %q", err, tt.want)
			}
		})
	}
}
