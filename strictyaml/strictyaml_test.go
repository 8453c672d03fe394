package strictyaml_test

import (
	"strings"
	"testing"

	"ennakko/strictyaml"
)

func TestAllFaultsAreToldInOrderOfFileAndLine(t *testing.T) {
	f := &strictyaml.Faults{Op: "x.Load", Dir: "d", Files: []string{"a.yaml", "b.yaml"}, Page: "docs/x.md"}
	b := strictyaml.Document("b.yaml", []byte("name: x\nage: many\nwho: {fi: a}\nmore: 1\n"), f)
	k := b.Keys("name", "age", "who", "?", "day")
	a := strictyaml.Document("a.yaml", []byte("- 2021-01-32\n- \"091\"\n"), f).List()
	if k["name"].Name() != "x" || a[1].Text() != "091" {
		t.Error("what is right was not read")
	}
	k["age"].Whole(1, 9)
	k["who"].Texts()
	a[0].Day()
	if k["day"].There() || !k["day"].Day().IsZero() {
		t.Error("what is not there has a value")
	}
	want := []string{"d/a.yaml:1: a day belongs here", "d/b.yaml:2: a whole number from 1 to 9", `d/b.yaml:3: the key "sv" is missing`, `d/b.yaml:3: the key "en" is missing`, `d/b.yaml:4: the key "more" is not known`}
	got := strings.Split(f.Err().Error(), "\n")
	if len(got) != len(want) || f.Len() != len(want) {
		t.Fatalf("%v", f.Err())
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%s\nshould begin\n%s", got[i], want[i])
		}
	}
}

func TestWhatIsNoPlainTextIsRefused(t *testing.T) {
	for text, say := range map[string]string{
		"": "see docs/x.md", "a: &x 1\nb: *x\n": "anchors", "a: !!str 1\n": "tags", "a: 1\na: 2\n": "stands twice", "a: 1\n---\nb: 1\n": "more than one document", "a: [": "this is not YAML",
	} {
		f := &strictyaml.Faults{Op: "x.Load", Dir: "d", Page: "docs/x.md"}
		strictyaml.Document("a.yaml", []byte(text), f).Keys("a", "?", "b")
		if f.Err() == nil || !strings.Contains(f.Err().Error(), say) {
			t.Errorf("%q gives %v", text, f.Err())
		}
	}
}
