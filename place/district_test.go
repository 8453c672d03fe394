package place_test

import (
	"strings"
	"testing"

	"github.com/paulmach/orb/planar"

	"github.com/paulmach/orb"

	"ennakko/fault"
	"ennakko/place"
)

func TestADistrictHasTenDigitsAndKnowsItsParents(t *testing.T) {
	d, err := place.ParseDistrict(" 0911105310 ")
	if err != nil {
		t.Fatal(err)
	}
	if d.Municipality() != "091" || d.Suurpiiri() != "0911000000" || d.Peruspiiri() != "0911105000" {
		t.Fatalf("%s %s %s", d.Municipality(), d.Suurpiiri(), d.Peruspiiri())
	}
	if p := d.Suurpiiri().Peruspiiri(); p != "0911000000" {
		t.Fatalf("the district of a major district is itself, not %s", p)
	}
	if espoo, err := place.ParseDistrict("0491111111"); err != nil || espoo.Municipality() != "049" {
		t.Fatalf("other municipalities are accepted: %v", err)
	}
	var none place.District
	if !none.IsZero() || none.Suurpiiri() != "" || none.Municipality() != "" {
		t.Fatal("the zero district has no parents")
	}
}

func TestWhatIsNoDistrictIsRefusedWithoutRepeatingIt(t *testing.T) {
	for _, s := range []string{"", "911105310", "09111053100", "091110531x", "０911105", "-911105310", "secret"} {
		_, err := place.ParseDistrict(s)
		if fault.KindOf(err) != fault.Invalid || err == nil {
			t.Fatalf("accepted, or of another kind: %v", err)
		}
		if s != "" && strings.Contains(err.Error(), s) {
			t.Fatalf("the error repeats the input")
		}
	}
}

func TestHelsinkiHasItsAreasEachInItsParent(t *testing.T) {
	count := map[place.Level]int{}
	for _, a := range place.Districts() {
		count[a.Level]++
		if d, err := place.ParseDistrict(string(a.Code)); err != nil || d != a.Code || a.Name == "" {
			t.Errorf("%s %q: %v", a.Code, a.Name, err)
		}
		if len(a.Outline) == 0 && a.Name != "Aluemeri" {
			t.Errorf("%s has no outline", a.Name)
		}
		for _, parent := range []place.District{a.Code.Peruspiiri(), a.Code.Suurpiiri()} {
			if p, ok := place.AreaOf(parent); !ok || !within(a.Outline.Bound(), p.Outline.Bound()) {
				t.Errorf("%s is not within %s", a.Name, parent)
			}
		}
	}
	if count[place.OsaAlue] != 137 || count[place.Peruspiiri] != 34 || count[place.Suurpiiri] != 8 {
		t.Fatalf("%v", count)
	}
	if a, ok := place.AreaOf("0913301103"); !ok || a.Name != "Sörnäinen" {
		t.Fatal("a part split off later does not lead to the undivided area")
	}
	if _, ok := place.AreaOf("0911000001"); ok {
		t.Fatal("a number that no area has leads to a major district")
	}
	if _, ok := place.AreaOf("0499999999"); ok {
		t.Fatal("an area outside Helsinki is not in the list")
	}
}

func within(inner, outer orb.Bound) bool {
	return inner.IsEmpty() || outer.Contains(inner.Min) && outer.Contains(inner.Max)
}

func TestThePlacesEveryoneKnowsLieInTheirAreas(t *testing.T) {
	for _, tt := range []struct {
		what string
		at   orb.Point
		code place.District
	}{
		{"the railway station", orb.Point{24.9414, 60.1712}, "0911101020"},
		{"Suomenlinna church", orb.Point{24.9869, 60.1478}, "0911102520"},
		{"Itäkeskus metro station", orb.Point{25.0823, 60.2102}, "0917701457"},
		{"Malmi station", orb.Point{25.0103, 60.2510}, "0915503000"},
		{"the middle of Kontula", orb.Point{25.0843, 60.2360}, "0917703471"},
	} {
		if a, ok := place.AreaOf(tt.code); !ok || !planar.MultiPolygonContains(a.Outline, tt.at) {
			t.Errorf("%s does not lie in %s", tt.what, tt.code)
		}
	}
}

func TestTheLandOfHelsinkiIsAbout213SquareKilometres(t *testing.T) {
	for _, level := range []place.Level{place.Suurpiiri, place.Peruspiiri, place.OsaAlue} {
		var m2 float64
		for _, a := range place.Districts() {
			if a.Level == level {
				m2 += planar.Area(a.Outline) * 55_450 * 111_400 // a degree east and north at 60.2 N
			}
		}
		if m2 < 208e6 || m2 > 218e6 {
			t.Errorf("%s: %.1f km²", level, m2/1e6)
		}
	}
}
