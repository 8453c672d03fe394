package coding_test

import (
	"strings"
	"testing"

	"ennakko/coding"
)

func TestUnitsAreConvertedExactly(t *testing.T) {
	for _, tt := range []struct {
		from, to, substance string
		x, want             float64
	}{
		{"mm[Hg]", "mm[Hg]", "", 140, 140},
		{"kPa", "mm[Hg]", "", 13.3322, 100},
		{"mg/dL", "mmol/L", "glucose", 126, 6.993938586558316},
		{"mmol/L", "mg/dL", "glucose", 7, 126.1092},
		{"mg/dL", "mmol/L", "cholesterol", 193.325, 5},
		{"g/L", "mmol/L", "triglycerides", 0.88543, 1},
		{"mg/dL", "umol/L", "creatinine", 1.1312, 100},
		{"mmol/mol", "%", "hba1c", 48, 6.54304},
		{"%", "mmol/mol", "hba1c", 6.54304, 48},
		{"[degF]", "Cel", "", 98.6, 37},
		{"Cel", "[degF]", "", 37, 98.6},
		{"Cel", "K", "", 0, 273.15},
		{"[lb_av]", "kg", "", 100, 45.359237},
		{"[in_i]", "cm", "", 10, 25.4},
		{"mg/g", "mg/mmol", "creatinine", 300, 33.936},
		{"10*9/L", "10*3/uL", "", 4.5, 4.5},
		{"mL/min/{1.73_m2}", "mL/min", "", 60, 60},
		{"{beats}/min", "/min", "", 70, 70},
		{"U/L", "ukat/L", "", 60, 1},
		{"kg/m2", "g/cm2", "", 10, 1},
		{"wk", "d", "", 2, 14},
		{"%", "1", "", 55, 0.55},
		{"ng/mL", "nmol/L", "vitamin-d", 20.032, 50},
	} {
		c, err := coding.NewConversion(coding.MustUnit(tt.from), coding.MustUnit(tt.to), tt.substance)
		if err != nil {
			t.Errorf("%s to %s: %v", tt.from, tt.to, err)
			continue
		}
		if got := c.Apply(tt.x); got != tt.want {
			t.Errorf("%v %s is %v %s, not %v", tt.x, tt.from, got, tt.to, tt.want)
		}
	}
}

func TestWhatDoesNotMeasureTheSameIsNotConverted(t *testing.T) {
	for _, tt := range []struct{ from, to, substance, say string }{
		{"kg", "mm[Hg]", "", "kg and mm[Hg]"},
		{"mg/dL", "mmol/L", "", "say of which substance"},
		{"mg/dL", "mmol/L", "gold", "say of which substance"},
		{"%", "mmol/mol", "", "% and mmol/mol"},
		{"%", "mmol/mol", "glucose", "% and mmol/mol"},
		{"[iU]/L", "mol/L", "", "do not measure the same"},
		{"Cel", "kg", "", "Cel and kg"},
	} {
		_, err := coding.NewConversion(coding.MustUnit(tt.from), coding.MustUnit(tt.to), tt.substance)
		if err == nil || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("%s to %s: %v", tt.from, tt.to, err)
		}
	}
}

func TestBloodPressureMayBeWrittenAsPeopleDo(t *testing.T) {
	for _, s := range []string{"mmHg", "mm Hg"} {
		if u, err := coding.ParseUnit(s); err != nil || u.String() != "mm[Hg]" || !u.Same(coding.MustUnit("mm[Hg]")) {
			t.Errorf("%q is %v, %v", s, u, err)
		}
	}
}

func TestAUnitThatIsNotKnownIsAFault(t *testing.T) {
	for _, s := range []string{"", "furlong", "mm[Hg", "m//s", "m/", "(m", "m)", "m{x", "Cel/L", "m/Cel", "Cel2", "10", "0", "mmHg x", strings.Repeat("m.", 60) + "m", "mL/min/1.73m2 ", "m0"} {
		u, err := coding.ParseUnit(s)
		if s == "10" && err == nil {
			continue
		}
		if err == nil {
			t.Errorf("%q is taken for the unit %v", s, u)
		}
	}
}

func FuzzParseUnit(f *testing.F) {
	for _, s := range []string{"mm[Hg]", "10*9/L", "mL/min/{1.73_m2}", "(kg.m)/s2", "/min", "Cel"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := coding.ParseUnit(s)
		if err != nil {
			return
		}
		if u.String() != s || !u.Same(u) {
			t.Errorf("%q is not itself", s)
		}
	})
}
