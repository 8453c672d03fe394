package person_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ennakko/person"
)

func day(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

func TestParseCode(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		birth    time.Time
		male     bool
		wrong    string // part of the error; empty: it is a code
	}{
		{"the register authority's example", "131052-308T", day(1952, 10, 13), false, ""},
		{"small letters and spaces", " 131052-308t ", day(1952, 10, 13), false, ""},
		{"1800s", "010199+902W", time.Time{}, false, "check character"},
		{"2000s with A", "010101A901S", day(2001, 1, 1), true, ""},
		{"new sign of the 1900s", "131052Y308T", day(1952, 10, 13), false, ""},
		{"last new sign of the 1900s", "131052U308T", day(1952, 10, 13), false, ""},
		{"too short", "131052-308", time.Time{}, false, "11 characters"},
		{"letter among the digits", "13105O-308T", time.Time{}, false, "letter where a digit"},
		{"unknown sign", "131052G308T", time.Time{}, false, "century sign"},
		{"no such day", "310252-308T", time.Time{}, false, "does not exist"},
		{"29 February of a common year", "290203A9018", time.Time{}, false, "does not exist"},
		{"wrong check character", "131052-308U", time.Time{}, false, "check character"},
		{"individual number 001", "131052-0014", time.Time{}, false, "below 002"},
		{"empty", "", time.Time{}, false, "11 characters"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := person.ParseCode(tt.in)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Fatalf("error %v, want one about %q", err, tt.wrong)
				}
				if tt.in != "" && strings.Contains(err.Error(), strings.TrimSpace(tt.in)) {
					t.Fatal("the error repeats the code")
				}
				return
			}
			if err != nil || !c.Birth().Equal(tt.birth) || c.Male() != tt.male {
				t.Fatalf("birth %v male %v err %v", c.Birth(), c.Male(), err)
			}
		})
	}
}

func TestMadeUpCodesAreValidAndAreNeverGivenToRealPeople(t *testing.T) {
	for _, birth := range []time.Time{day(1899, 12, 31), day(1950, 2, 28), day(2000, 2, 29), day(2015, 6, 1)} {
		for variant := range 6 {
			c, err := person.MakeCode(birth, variant, 900+variant)
			if birth.Year() < 1900 && variant > 0 {
				if err == nil {
					t.Error("the 1800s have one sign only")
				}
				continue
			}
			if err != nil || !c.Birth().Equal(birth) || !c.Temporary() || c.Male() != (variant%2 == 1) {
				t.Errorf("birth %v sign %d: %v", birth, variant, err)
			}
		}
	}
	if _, err := person.MakeCode(day(2015, 1, 1), 6, 900); err == nil {
		t.Error("the 2000s have six signs")
	}
}

func TestACodeDoesNotPrintLogOrMarshal(t *testing.T) {
	c, err := person.ParseCode("131052-308T")
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ code person.Code }
	j, err := json.Marshal(map[string]any{"c": c})
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%v %+v %#v %s %q %x %v %+v %#v", c, c, c, c, c, c, row{c}, row{c}, row{c}) + string(j)
	if strings.Contains(all, "308T") || strings.Contains(all, fmt.Sprintf("%x", "308T")) {
		t.Fatalf("the code leaks: %s", all)
	}
	if c.Reveal() != "131052-308T" {
		t.Error("Reveal does not give the code")
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"131052-308T", "", "010101A901S", "29020\x00A9018", "１３１０５２-308T"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := person.ParseCode(s)
		if err != nil {
			if len(s) > 5 && strings.Contains(err.Error(), s) {
				t.Fatal("the error repeats the input")
			}
			return
		}
		again, err := person.ParseCode(c.Reveal())
		if err != nil || again.Reveal() != c.Reveal() || !again.Birth().Equal(c.Birth()) {
			t.Fatalf("a good code does not read back: %v", err)
		}
		if !strings.EqualFold(strings.TrimSpace(s), c.Reveal()) {
			t.Fatal("the code is not what was read")
		}
	})
}
