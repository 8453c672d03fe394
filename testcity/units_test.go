package testcity_test

import "testing"

func TestUnitsHoldTheCohortWithSomeRoom(t *testing.T) {
	c := middling(t)
	_, demand, asked := c.cohort()
	places, names, full, pre := map[string]int{}, map[string]string{}, 0, map[string]bool{}
	ownNames := map[string]bool{}
	for _, u := range c.units {
		places[u.Language] += u.Places
		if asked[u.Unit+" "+u.Language] > u.Places && u.Places > 0 {
			full++
		}
		if u.Places > 0 {
			pre[u.Unit+" "+u.Language] = true
		}
		if u.Provider == "private" && u.Places > 0 {
			t.Error("a private unit has places of the city's")
		}
		names[u.Unit] = u.NameFi
	}
	for _, n := range names {
		if ownNames[n] {
			t.Errorf("two units are named %s", n)
		}
		ownNames[n] = true
	}
	for _, l := range []string{"fi", "sv"} {
		if room := float64(places[l]) / float64(demand[l]); room < 1.08 || room > 1.10+1/float64(demand[l]) {
			t.Errorf("%s: %d places for %d children", l, places[l], demand[l])
		}
	}
	if full == 0 {
		t.Error("no unit is asked for by more children than it holds")
	}
	stays, all := 0, 0
	for unit, n := range asked {
		all += n
		if pre[unit] {
			stays += n
		}
	}
	if share := float64(stays) / float64(all); share < 0.64 || share > 0.78 {
		t.Errorf("%.2f attend a unit that gives pre-primary in their language", share)
	}
	if share := float64(places["sv"]) / float64(places["sv"]+places["fi"]); share < 0.055 || share > 0.10 {
		t.Errorf("%.3f of the places are in Swedish", share)
	}
}
