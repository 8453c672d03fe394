package strictyaml_test

import (
	"strings"
	"testing"

	"ennakko/person"
	"ennakko/strictyaml"
)

func TestHolesAreFilledInTheLanguageAround(t *testing.T) {
	f := &strictyaml.Faults{Op: "x.Load", Dir: "d", Page: "docs/x.md"}
	k := strictyaml.Document("a.yaml", []byte("at: here\nwith: {a: [1, 2], n: 7}\nthis:\n  t: {fi: \"<w>: x\", sv: \"<w>\", en: \"x <w>\"}\n  l: <a>\n  n: <n>\n  s: a <n> b\n  <w>: k\n"), f).Keys("at", "with", "this")
	with := k["with"].Keys("a", "n")
	x := k["this"].Fill(k["at"], func(name string, in person.Language) (strictyaml.Node, string, bool) {
		if name == "w" {
			return strictyaml.Node{}, map[person.Language]string{"fi": "litium", "sv": "eGFR", "en": "word", "": "key"}[in], true
		}
		v, ok := with[name]
		return v, "", ok
	})
	y := x.Keys("t", "l", "n", "s", "key")
	texts := y["t"].Texts()
	if texts["fi"] != "Litium: x" || texts["sv"] != "eGFR" || texts["en"] != "x word" {
		t.Errorf("%v", texts)
	}
	if l := y["l"].List(); len(l) != 2 || l[1].Whole(1, 9) != 2 || y["n"].Number() != 7 || y["s"].Text() != "a 7 b" {
		t.Error("a list, a number or a text was not filled as it should")
	}
	if x.Line() != 1 || !x.Has("key") || x.Has("<w>") || f.Len() != 0 {
		t.Errorf("line %d, %v", x.Line(), f.Err())
	}
	if k["this"].Keys("t", "l", "n", "s", "<w>"); f.Len() != 0 {
		t.Error("filling changed what it filled")
	}
}

func TestAHoleThatNothingFillsIsAFault(t *testing.T) {
	f := &strictyaml.Faults{Op: "x.Load", Dir: "d", Page: "docs/x.md"}
	k := strictyaml.Document("a.yaml", []byte("a: x <list> y\nb: <none>\nlist: [1]\n"), f).Keys("a", "b", "list")
	for _, name := range []string{"a", "b"} {
		k[name].Fill(k[name], func(hole string, _ person.Language) (strictyaml.Node, string, bool) {
			return k[hole], "", k[hole].There()
		})
	}
	if err := f.Err(); err == nil || f.Len() != 2 || !strings.Contains(err.Error(), "d/a.yaml:1: nothing fills the hole <list>") || !strings.Contains(err.Error(), "d/a.yaml:2: nothing fills the hole <none>") {
		t.Errorf("%v", f.Err())
	}
}
