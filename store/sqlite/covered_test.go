package sqlite_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store/storetest"
)

// TestWhoIsCoveredIsHeldAgainstTheEntries takes rows out of the lists by which
// a person's question is answered, and puts false ones in.
func TestWhoIsCoveredIsHeldAgainstTheEntries(t *testing.T) {
	for change, where := range map[string]string{"": "", "DELETE FROM audit_person WHERE person = 7": "entry 1", "DELETE FROM audit_mass": "entry 3",
		"INSERT INTO audit_person (person, seq) VALUES (9, 2)": "entry 2", "INSERT INTO audit_mass (seq) VALUES (9)": "entry 9",
		"UPDATE audit_person SET seq = 2 WHERE person = 8": "entry 1"} {
		d, path := open(t)
		note := func(people ...uint32) {
			act, err := audit.Begin("officer:a", "test", "p", "law", storetest.Start)
			if err != nil {
				t.Fatal(err)
			}
			e := act.Entry()
			e.People = roaring.BitmapOf(people...)
			if err := d.Note(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		many := make([]uint32, 100)
		for i := range many {
			many[i] = uint32(i)
		}
		note(7, 8)
		note()
		note(many...)
		if change == "" {
			if err := d.Covered(t.Context()); err != nil {
				t.Fatal(err)
			}
			for id, want := range map[person.ID]int{7: 2, 8: 2, 50: 1, 1000: 0} {
				if uses, err := d.Uses(t.Context(), id, 10); err != nil || len(uses) != want {
					t.Errorf("%d entries cover %d, not %d: %v", len(uses), id, want, err)
				}
			}
			continue
		}
		raw, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.ExecContext(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		if err := d.Covered(t.Context()); fault.KindOf(err) != fault.Tampered || !strings.HasPrefix(err.Error(), where+":") {
			t.Errorf("%s: %v", change, err)
		}
	}
}
