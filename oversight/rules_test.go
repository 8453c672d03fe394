package oversight_test

import (
	"strings"
	"testing"
	"time"

	"ennakko/oversight"
)

func TestAllThatIsWrongWithTheRulesIsToldAtOnce(t *testing.T) {
	if err := oversight.Usual(time.UTC).Check(); err != nil {
		t.Errorf("the usual rules: %v", err)
	}
	err := oversight.Rules{Window: time.Hour, From: 8, To: 8}.Check()
	for _, want := range []string{"window", "single", "times", "least", "from is not before", "outside", "readers", "alone"} {
		if err == nil || !strings.Contains(err.Error(), "oversight."+want) {
			t.Errorf("%s is not told: %v", want, err)
		}
	}
	for name, change := range map[string]func(*oversight.Rules){
		"window": func(r *oversight.Rules) { r.Window = 36 * time.Hour }, "from": func(r *oversight.Rules) { r.From = -1 }, "to": func(r *oversight.Rules) { r.To = 25 },
		"readers": func(r *oversight.Rules) { r.Readers = 1 }, "times": func(r *oversight.Rules) { r.Times = 1 },
	} {
		r := oversight.Usual(time.UTC)
		change(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), "oversight."+name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
