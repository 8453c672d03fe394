package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register/fhir"
)

// An event from a clinic comes in beside a running desk: what the desk shows
// follows, with where the fact is from, and the whole city is evaluated with it
// when it is loaded anew.
func TestTheDeskFollowsAnEvent(t *testing.T) {
	a, clock := healthCity(t)
	ctx := t.Context()
	pack, err := a.Pack("blood-pressure")
	if err != nil {
		t.Fatal(err)
	}
	desk := a.NewDesk(pack, clock)
	changed, stop := desk.Watch()
	defer stop()
	wait := func(what string, so func() bool) {
		t.Helper()
		end := time.After(time.Minute)
		for !so() {
			select {
			case <-changed:
			case <-end:
				t.Fatalf("the desk does not show that %s", what)
			}
		}
	}
	go func() { _ = desk.Follow(ctx) }()
	if err := desk.RunCare(ctx, asOf, "officer:liisa"); err != nil {
		t.Fatal(err)
	}
	const name = "hypertension-treated"
	gaps := func() int {
		o, err := desk.Care()
		if err != nil {
			t.Fatal(err)
		}
		return o.Counts[name][criteria.Gap]
	}
	wait("the library was run", func() bool { o, _ := desk.Care(); return o.Run && !desk.Job().Busy })
	before := gaps()
	list, _, err := desk.Worklist(ctx, name, "officer:liisa", 1, 1)
	if err != nil || len(list) != 1 {
		t.Fatal(err)
	}
	lib, err := a.CareLibrary("health")
	if err != nil {
		t.Fatal(err)
	}
	b := runCare(t, a, asOf)
	ranked, _ := b.Worklist(name)
	who := ranked[0].Person
	whole, err := a.Population(ctx, lib.Language(), []string{"systolic"}, "officer:liisa", "x", func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	codes, err := a.Codes(ctx, whole, roaring.BitmapOf(uint32(who)), "officer:liisa")
	if err != nil {
		t.Fatal(err)
	}
	e, err := fhir.ReadEvent(strings.NewReader(`{"resourceType":"Observation","id":"fresh","status":"final","effectiveDateTime":"`+asOf.Format(time.DateOnly)+`T07:00:00Z",
		"subject":{"identifier":{"system":"urn:oid:1.2.246.21","value":"`+codes[who]+`"}},"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"component":[
		{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":118,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
		{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":74,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	added, err := a.AddEvent(ctx, e, lib, asOf, "officer:event")
	if err != nil || added.Person != who || !added.Fresh {
		t.Fatalf("%+v, %v", added, err)
	}
	wait("one fewer has a gap", func() bool { return gaps() == before-1 })
	if v := runCare(t, a, asOf.AddDate(0, 0, 1)).Found.Verdict(name, who); v == criteria.Gap {
		t.Error("the whole city, loaded anew, knows nothing of the event")
	}
	uses, err := a.DB.Uses(ctx, who, 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"keep an event", "take events into what was found"} {
		found := false
		for _, u := range uses {
			found = found || u.Verb == verb
		}
		if !found {
			t.Errorf("%q is not on the record of the person", verb)
		}
	}
	e.Identity = person.Code{}
	e.Patient = "nobody"
	if _, err := a.AddEvent(ctx, e, lib, asOf, "officer:event"); fault.KindOf(err) != fault.Missing {
		t.Error(err)
	}
}
