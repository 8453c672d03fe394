package library_test

import (
	"testing"

	"ennakko/library"
	"ennakko/packs"
	"ennakko/person"
)

func TestTheHealthLibraryIsGood(t *testing.T) {
	l, err := library.Load(packs.FS, "health", catalog)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Check()
	if err != nil {
		t.Error(err)
	}
	if r.Share() != 1 || r.Guarded != r.Exclusions {
		t.Errorf("%+v", r)
	}
	if len(l.Criteria()) < 300 {
		t.Errorf("%d criteria", len(l.Criteria()))
	}
	if l.Mark().In(person.English) == "" {
		t.Error("nothing marks the library as an example")
	}
	for _, c := range l.Criteria() {
		if !c.Runs() || c.Source == "" || c.Evidence == "" {
			t.Errorf("%s is %s, of source %q, evidence %q", c.Name, c.Approval.State, c.Source, c.Evidence)
		}
	}
}
