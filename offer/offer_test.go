package offer_test

import (
	"testing"
	"time"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
)

var place = offer.Place{Unit: "u1", Language: "fi"}

func finding(t *testing.T, v criteria.Verdict) criteria.Finding {
	t.Helper()
	why := criteria.Reason{Criterion: "alive", Verdict: v, Fields: []string{"population.death_date"}}
	if v == criteria.Unknown {
		why.Missing = why.Fields
	}
	f, err := criteria.Restore(7, v, []criteria.Reason{why}, time.Date(2021, 1, 7, 0, 0, 0, 0, time.UTC), "hash")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAnOfferNeedsAFindingAPlaceAndAnOfficer(t *testing.T) {
	for name, f := range map[string]criteria.Finding{"nobody's": {}, "not met": finding(t, criteria.NotMet), "unknown": finding(t, criteria.Unknown)} {
		if _, err := offer.Draft(f, place); fault.KindOf(err) != fault.Refused {
			t.Errorf("a finding that is %s became an offer: %v", name, err)
		}
	}
	for _, p := range []offer.Place{{}, {Unit: "u1"}, {Language: "fi"}} {
		if _, err := offer.Draft(finding(t, criteria.Met), p); fault.KindOf(err) != fault.Refused {
			t.Errorf("an offer of no place: %v", err)
		}
	}
	d, err := offer.Draft(finding(t, criteria.Met), place)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		d       offer.Drafted
		officer string
	}{{d, ""}, {offer.Drafted{}, "officer:a"}} {
		if a, err := c.d.Approve(c.officer); fault.KindOf(err) != fault.Refused || !a.IsZero() {
			t.Errorf("approved by nobody, or nothing: %v", err)
		}
	}
	a, err := d.Approve("officer:a")
	if err != nil || a.IsZero() || a.Child() != 7 || a.Place() != place || a.PackHash() != "hash" || a.Officer() != "officer:a" {
		t.Errorf("approved: %v", err)
	}
}

func TestAStoredOfferIsWholeOrRefused(t *testing.T) {
	for name, c := range map[string]struct {
		child   person.ID
		place   offer.Place
		officer string
	}{"child": {0, place, "officer:a"}, "place": {7, offer.Place{}, "officer:a"}, "officer": {7, place, ""}} {
		if a, err := offer.Restore(c.child, c.place, "hash", c.officer); err == nil || !a.IsZero() || a.Child() != 0 || a.Place() != (offer.Place{}) || a.PackHash() != "" {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
