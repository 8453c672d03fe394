package testcity

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"slices"
	"strconv"

	"ennakko/fault"
	"ennakko/place"
)

//go:embed data/areas_2015.csv
var areasFile []byte

//go:embed data/ages_2010.csv
var agesFile []byte

// ageGroups are the lowest ages of the groups of the 2015 figures.
var ageGroups = [...]uint8{0, 7, 13, 16, 30, 65, 75}

const (
	ageBands = len(ageGroups)
	ages     = 103 // 0 to 102
)

// otherShare is the share of other mother tongues in each age group before it
// is fitted to the areas' figures. It is our assumption.
var otherShare = [ageBands]float64{0.16, 0.16, 0.15, 0.17, 0.16, 0.04, 0.02}

type areaFigures struct {
	code      place.District
	outline   place.District
	ages      [ageBands]float64
	groups    [groups]float64
	household float64
	unknown   bool // no known place
}

type figures struct {
	areas []areaFigures
	// people and men by single year of age; Swedish or not.
	people, men [2][ages]float64
}

// bandOf finds the age group of an age.
func bandOf(age uint8) int {
	b := 0
	for b+1 < ageBands && age >= ageGroups[b+1] {
		b++
	}
	return b
}

const (
	unknownPlace    = "0919999999"
	usualHousehold  = 2.0 // where the figures withhold the mean
	swedishSpeaking = 1
)

func numbersOf(file string, raw []byte, from int) ([][]string, [][]float64, error) {
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return nil, nil, fault.Wrap(err, "testcity.figures", "%s is not CSV", file)
	}
	rows = rows[1:]
	out := make([][]float64, len(rows))
	for i, r := range rows {
		out[i] = make([]float64, len(r))
		for j := from; j < len(r); j++ {
			if r[j] == "" {
				continue
			}
			if out[i][j], err = strconv.ParseFloat(r[j], 64); err != nil {
				return nil, nil, fault.New(fault.Internal, "testcity.figures", "a figure is no number").Where("%s row %d", file, i+2)
			}
		}
	}
	return rows, out, nil
}

func loadFigures() (figures, error) {
	var f figures
	text, n, err := numbersOf("areas_2015.csv", areasFile, 2)
	if err != nil {
		return f, err
	}
	for i, r := range n {
		a := areaFigures{code: place.District(text[i][0]), outline: place.District(text[i][1]), household: r[12], unknown: text[i][0] == unknownPlace}
		copy(a.ages[:], r[2:9])
		copy(a.groups[:], r[9:12])
		if a.household == 0 {
			a.household = usualHousehold
		}
		f.areas = append(f.areas, a)
	}
	text, n, err = numbersOf("ages_2010.csv", agesFile, 1)
	if err != nil {
		return f, err
	}
	for i, r := range n {
		low, width := ageClass(text[i][0])
		for k := range width {
			share := 1 / float64(width)
			sv := [2]float64{r[1] - r[2] + r[3] - r[4], r[2] + r[4]}
			men := [2]float64{r[1] - r[2], r[2]}
			for s := range 2 {
				f.people[s][low+k] += sv[s] * share
				f.men[s][low+k] += men[s] * share
			}
		}
	}
	return f, nil
}

// ageClass reads "7", "20-24" or "95+".
func ageClass(s string) (low, width int) {
	const oldest = 8
	if low, err := strconv.Atoi(s); err == nil {
		return low, 1
	}
	low, _ = strconv.Atoi(s[:2])
	if s[2] == '+' {
		return low, oldest
	}
	return low, 5
}

// apportion shares n out by weight with largest remainders (Hamilton's
// method); of equal remainders the first wins.
func apportion(weights []float64, n int) []int {
	out := make([]int, len(weights))
	var sum float64
	for _, w := range weights {
		sum += w
	}
	if sum <= 0 || n <= 0 {
		return out
	}
	rest := n
	order := make([]int, len(weights))
	remainder := make([]float64, len(weights))
	for i, w := range weights {
		exact := w / sum * float64(n)
		out[i] = int(exact)
		remainder[i] = exact - float64(out[i])
		rest -= out[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case remainder[a] > remainder[b]:
			return -1
		case remainder[a] < remainder[b]:
			return 1
		}
		return 0
	})
	for i := range rest {
		out[order[i%len(order)]]++
	}
	return out
}

// cells gives whole numbers of people by area, age group and mother tongue:
// the 2015 figures scaled to n, and the two margins joined within each area by
// iterative proportional fitting from the 2010 shares of Swedish by age.
func (f *figures) cells(n int) [][ageBands][groups]int {
	flat := make([]float64, 0, len(f.areas)*ageBands)
	for _, a := range f.areas {
		flat = append(flat, a.ages[:]...)
	}
	counts := apportion(flat, n)
	out := make([][ageBands][groups]int, len(f.areas))
	for i, a := range f.areas {
		byAge := counts[i*ageBands : (i+1)*ageBands]
		total := 0
		for _, k := range byAge {
			total += k
		}
		out[i] = f.join(byAge, apportion(a.groups[:], total))
	}
	return out
}

func (f *figures) join(byAge, byGroup []int) (out [ageBands][groups]int) {
	var t [ageBands][groups]float64
	for b := range t {
		sv := f.swedishShare(b)
		t[b] = [groups]float64{1 - sv - otherShare[b], sv, otherShare[b]}
	}
	for range 30 {
		for b := range t {
			scaleTo(t[b][:], float64(byAge[b]))
		}
		for g := range groups {
			var sum float64
			for b := range t {
				sum += t[b][g]
			}
			for b := range t {
				if sum > 0 {
					t[b][g] *= float64(byGroup[g]) / sum
				}
			}
		}
	}
	left := slices.Clone(byAge)
	for _, g := range []group{svGroup, otherGroup} {
		weights := make([]float64, ageBands)
		for b := range t {
			weights[b] = t[b][g]
		}
		for b, k := range apportion(weights, byGroup[g]) {
			k = min(k, left[b])
			out[b][g] = k
			left[b] -= k
			byGroup[g] -= k
		}
		for b := 0; byGroup[g] > 0; b = (b + 1) % ageBands { // rounding may overfill an age group by a few
			if left[b] > 0 {
				out[b][g]++
				left[b]--
				byGroup[g]--
			}
		}
	}
	for b := range out {
		out[b][fiGroup] = left[b]
	}
	return out
}

func scaleTo(row []float64, want float64) {
	var sum float64
	for _, x := range row {
		sum += x
	}
	for i := range row {
		if sum > 0 {
			row[i] *= want / sum
		}
	}
}

func (f *figures) swedishShare(band int) float64 {
	var all, sv float64
	for age := range ages {
		if bandOf(uint8(age)) == band {
			all += f.people[0][age] + f.people[swedishSpeaking][age]
			sv += f.people[swedishSpeaking][age]
		}
	}
	return sv / all
}
