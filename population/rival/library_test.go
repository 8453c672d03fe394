package rival

import (
	"testing"
	"time"

	"ennakko/criteria"
	"ennakko/library"
	"ennakko/packs"
	"ennakko/round"
)

// The measurement on the library is of all of its criteria on both sides.
func TestEveryCriterionOfTheLibraryIsPutIntoSQL(t *testing.T) {
	l, err := library.Load(packs.FS, "health", round.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(l.Language(), l.Params(), criteria.Run{AsOf: time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)})
	for _, c := range l.Criteria() {
		w.touched = map[string]bool{}
		if _, err := w.verdict(c.Care); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	if len(w.joined) < 20 {
		t.Errorf("only %d questions relate a series to another or to the person's own days", len(w.joined))
	}
}
