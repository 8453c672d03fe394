package testcity_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"ennakko/fault"
	"ennakko/place"
	"ennakko/testcity"
)

func TestTheReaderSetsNothingAsideButThePlannedFixedLines(t *testing.T) {
	c := middling(t)
	for _, s := range c.aside {
		if s.File != "contacts.csv" || s.Column != "mobile" {
			t.Fatalf("set aside: %v", s.Fault())
		}
	}
	if len(c.aside) != c.summary.FixedLines || c.summary.FixedLines == 0 {
		t.Fatalf("%d set aside, %d fixed lines planned", len(c.aside), c.summary.FixedLines)
	}
}

func TestTheSummaryCountsWhatTheFilesSay(t *testing.T) {
	c := middling(t)
	residents, guardians, education := 0, 0, 0
	homes, units := map[string]bool{}, map[string]bool{}
	for i := range c.people {
		if p := &c.people[i]; c.resident(p) {
			residents++
			if p.Dwelling != "" {
				homes[p.Dwelling] = true
			}
		}
	}
	for _, g := range c.guardians {
		guardians += len(g)
	}
	for _, e := range c.education {
		education += len(e)
	}
	places := map[string]int{}
	for _, u := range c.units {
		units[u.Unit] = true
		places[u.Language] += u.Places
	}
	cohort, _, _ := c.cohort()
	s := c.summary
	for _, n := range []struct {
		what      string
		said, are int
	}{
		{"residents", s.Residents, residents}, {"rows", s.Rows, len(c.people)}, {"households", s.Households, len(homes)},
		{"guardianships", s.Guardianships, guardians}, {"contacts", s.Contacts, len(c.mobiles) + s.FixedLines},
		{"early education", s.EarlyEducation, education}, {"turning six", s.TurningSix, len(c.sixes())}, {"cohort", s.Cohort, cohort},
		{"units", s.Units, len(units)}, {"places in Finnish", s.PlacesFinnish, places["fi"]}, {"places in Swedish", s.PlacesSwedish, places["sv"]},
	} {
		if n.said != n.are {
			t.Errorf("%s: the summary says %d, the files %d", n.what, n.said, n.are)
		}
	}
	if residents != 64_000 {
		t.Errorf("%d residents", residents)
	}
}

func TestTheCohortIsThePilotsScaled(t *testing.T) {
	n, _, _ := middling(t).cohort()
	if math.Abs(float64(n)-559.1) > 0.06*559.1 {
		t.Fatalf("%d children", n)
	}
	for _, seed := range []uint64{1, 2, 3} {
		_, s := write(t, testcity.Options{Residents: 64_000, Seed: seed})
		if math.Abs(float64(s.Cohort)-559.1) > 0.03*559.1 {
			t.Errorf("seed %d: %d children", seed, s.Cohort)
		}
	}
}

// figures reads the 2015 table: per area, total, 7 age groups, 3 groups of
// mother tongue, mean household size.
func figures(t *testing.T) map[string][]float64 {
	t.Helper()
	f, err := os.Open("data/areas_2015.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]float64{}
	for _, r := range rows[1:] {
		n := make([]float64, 12)
		for i, s := range r[2:] {
			n[i+1], _ = strconv.ParseFloat(s, 64)
		}
		for _, x := range n[1:8] {
			n[0] += x
		}
		out[r[0]] = n
	}
	return out
}

func TestEachDistrictHasItsAgesLanguagesAndHouseholds(t *testing.T) {
	c := middling(t)
	want, got, homes := figures(t), map[string][]float64{}, map[string]map[string]bool{}
	bands := []int{0, 7, 13, 16, 30, 65, 75}
	tongue := map[string]int{"fi": 8, "se": 8, "sv": 9}
	for i := range c.people {
		p := &c.people[i]
		if !c.resident(p) {
			continue
		}
		d := p.District
		if d == "" {
			d = "0919999999"
		}
		if got[d] == nil {
			got[d], homes[d] = make([]float64, 11), map[string]bool{}
		}
		age := c.day.Year() - 1 - p.Birth.Year()
		b := len(bands) - 1
		for bands[b] > age {
			b--
		}
		got[d][0]++
		got[d][1+b]++
		l, ok := tongue[p.MotherTongue]
		if !ok {
			l = 10
		}
		got[d][l]++
		homes[d][p.Dwelling] = true
	}
	const scale = 64_000.0 / 620_473
	moved := 0 // grown-ups who were moved to children in whose area nobody fits
	for d, w := range want {
		g := got[d]
		if g == nil {
			g = make([]float64, 11)
		}
		for k := range 11 {
			tolerance := 1.01 // a whole person
			if k == 0 || k > 7 {
				tolerance = 4.5 // sums of seven rounded cells
			}
			if off := math.Abs(g[k] - w[k]*scale); off > tolerance && off < 4 && k < 8 {
				moved++
			} else if off > tolerance {
				t.Errorf("%s column %d: %.0f people, %.1f expected", d, k, g[k], w[k]*scale)
			}
		}
		if mean := g[0] / float64(len(homes[d])); w[11] > 0 && g[0] > 200 && math.Abs(mean-w[11]) > 0.06*w[11] {
			t.Errorf("%s: households of %.2f, %.2f expected", d, mean, w[11])
		}
	}
	if moved > 6 {
		t.Errorf("%d figures are off by some people", moved)
	}
	if len(got) > len(want) {
		t.Errorf("%d districts, the figures have %d", len(got), len(want))
	}
}

func TestSwedishIsSpokenByAgeAsThe2010TableSays(t *testing.T) {
	c := middling(t)
	var young, youngSv, old, oldSv float64
	for i := range c.people {
		p := &c.people[i]
		if !c.resident(p) {
			continue
		}
		sv := 0.0
		if p.MotherTongue == "sv" {
			sv = 1
		}
		switch age := c.day.Year() - 1 - p.Birth.Year(); {
		case age >= 75:
			old, oldSv = old+1, oldSv+sv
		case age >= 30 && age < 65:
			young, youngSv = young+1, youngSv+sv
		}
	}
	if ratio := (oldSv / old) / (youngSv / young); ratio < 1.6 || ratio > 2.6 { // 2010: 10.9 % against 5.2 %
		t.Fatalf("Swedish is %.2f times as common among the old as in middle age", ratio)
	}
}

func TestHomesLieInTheirDistricts(t *testing.T) {
	c := middling(t)
	outside, tm35, all := 0, 0, 0
	undrawn := place.District("0915505415")
	check := func(g place.Grid, d string) {
		all++
		if g.CRS() == place.TM35 {
			tm35++
		}
		a, ok := place.AreaOf(place.District(d))
		if place.District(d) == undrawn {
			return
		}
		if !ok {
			t.Fatalf("district %s has no area", d)
		}
		p := g.Point()
		if !planar.MultiPolygonContains(a.Outline, orb.Point{p.Lon, p.Lat}) {
			outside++
		}
	}
	for i := range c.people {
		p := &c.people[i]
		if p.HasHome != (p.Dwelling != "") || p.HasHome != (p.District != "") {
			t.Fatal("dwelling, coordinates and district do not go together")
		}
		if p.HasHome {
			check(p.Home, p.District)
		}
	}
	for _, u := range c.units {
		check(u.Site, u.District)
	}
	// The outlines' edges are straight in degrees here and in metres there.
	if outside*1000 > all {
		t.Errorf("%d of %d places lie outside their district", outside, all)
	}
	if share := float64(tm35) / float64(all); share < 0.01 || share > 0.03 {
		t.Errorf("%.3f of the coordinates are in EPSG:3067", share)
	}
}

func TestAllInOneDwellingHaveOneAddress(t *testing.T) {
	c := middling(t)
	seen := map[string]string{}
	for i := range c.people {
		p := &c.people[i]
		at := p.Street + p.PostalCode + p.District + strconv.FormatFloat(p.Home.North(), 'f', 2, 64)
		if was, ok := seen[p.Dwelling]; ok && was != at && p.Dwelling != "" {
			t.Fatal("one dwelling has two addresses")
		}
		seen[p.Dwelling] = at
	}
}

func TestIdentityCodesAreOnesThatNobodyHas(t *testing.T) {
	signs := map[byte]int{}
	c := middling(t)
	for i := range c.people {
		code := c.people[i].Code
		if !code.Temporary() {
			t.Fatal("an individual number is below 900")
		}
		signs[code.Reveal()[6]]++
	}
	for _, s := range []byte("-YXWVUABCDEF") {
		if signs[s] == 0 {
			t.Errorf("the century sign %c is not used", s)
		}
	}
	if signs['-'] < signs['U'] || signs['A'] < signs['F'] {
		t.Error("the newest signs are commoner than the oldest")
	}
}

func TestMobileNumbersAreValidAndEachPersonsOwn(t *testing.T) {
	c := middling(t)
	owners, national, foreign := map[string][]string{}, 0, 0
	for code, n := range c.mobiles {
		owners[n.Reveal()] = append(owners[n.Reveal()], code)
		if strings.HasPrefix(c.asWritten[code], "045 ") {
			national++
		}
		if n.Foreign() {
			foreign++
		}
	}
	together := map[[2]string]bool{}
	for _, rows := range c.guardians {
		for _, a := range rows {
			for _, b := range rows {
				together[[2]string{a.Guardian.Reveal(), b.Guardian.Reveal()}] = true
			}
		}
	}
	for _, who := range owners {
		if len(who) > 1 && (len(who) > 2 || !together[[2]string{who[0], who[1]}]) {
			t.Errorf("%d people who are not parents of one child have one number", len(who))
		}
	}
	if share := float64(national) / float64(len(c.mobiles)); share < 0.2 || share > 0.4 {
		t.Errorf("%.2f of the numbers are in national form", share)
	}
	if foreign == 0 {
		t.Error("nobody has a foreign number")
	}
}

func TestTheSameOptionsGiveTheSameBytes(t *testing.T) {
	opt := testcity.Options{Residents: 5_000, Seed: 3}
	a, _ := write(t, opt)
	b, _ := write(t, opt)
	opt.Gzip = true
	zipped, _ := write(t, opt)
	opt.Gzip, opt.Seed = false, 4
	other, _ := write(t, opt)
	for _, f := range []string{"population.csv", "guardianships.csv", "contacts.csv", "early_education.csv", "units.csv"} {
		first := bytesOf(t, filepath.Join(a, f))
		if !bytes.Equal(first, bytesOf(t, filepath.Join(b, f))) {
			t.Errorf("%s differs between two runs", f)
		}
		if !bytes.Equal(first, bytesOf(t, filepath.Join(zipped, f+".gz"))) {
			t.Errorf("%s differs when gzipped", f)
		}
		if bytes.Equal(first, bytesOf(t, filepath.Join(other, f))) {
			t.Errorf("%s is the same for another seed", f)
		}
	}
}

func bytesOf(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestCitiesThatCannotBeMadeAreRefused(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "units.csv"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		dir  string
		opt  testcity.Options
		kind fault.Kind
	}{
		{"no residents", t.TempDir(), testcity.Options{}, fault.Invalid},
		{"too few", t.TempDir(), testcity.Options{Residents: testcity.Fewest - 1}, fault.Invalid},
		{"too many", t.TempDir(), testcity.Options{Residents: testcity.Most + 1}, fault.Invalid},
		{"a year without such codes", t.TempDir(), testcity.Options{Residents: 2_000, Day: time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)}, fault.Invalid},
		{"a folder that holds files", full, testcity.Options{Residents: 2_000}, fault.Conflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := testcity.Write(context.Background(), tt.dir, tt.opt, nil); err == nil || fault.KindOf(err) != tt.kind {
				t.Fatalf("%v", err)
			}
		})
	}
	if b := bytesOf(t, filepath.Join(full, "units.csv")); string(b) != "mine" {
		t.Fatal("the file of another city was touched")
	}
}

func TestACityThatIsStoppedLeavesNoFolderToRead(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	dir := t.TempDir()
	_, err := testcity.Write(ctx, dir, testcity.Options{Residents: 30_000, Seed: 1}, func(int, int) { stop() })
	if fault.KindOf(err) != fault.Later {
		t.Fatalf("%v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Fatalf("%d files are left, error %v", len(left), err)
	}
}

func TestSmallCitiesCanBeMadeToo(t *testing.T) {
	for _, n := range []int{testcity.Fewest, 1_500, 3_000} {
		for seed := range uint64(6) {
			dir, s := write(t, testcity.Options{Residents: n, Seed: seed, Next: seed%2 == 1})
			if c := read(t, dir); len(c.aside) != s.FixedLines {
				t.Errorf("%d residents, seed %d: %d rows set aside, %d fixed lines", n, seed, len(c.aside), s.FixedLines)
				for _, a := range c.aside {
					t.Log(a.Fault())
				}
			}
		}
	}
}
