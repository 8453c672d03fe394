package adapter

import (
	"strings"
	"testing"

	"ennakko/fault"
)

func places(t *testing.T, paths ...string) *shape {
	t.Helper()
	var s shape
	for _, p := range paths {
		if err := s.add(p); err != nil {
			t.Fatal(err)
		}
	}
	return &s
}

func TestOnlyPlacesThatAreSetUpAreCopied(t *testing.T) {
	s := places(t, "/a", "/list/*/x", "/list/*/in/y", "/names/*")
	for in, want := range map[string]string{
		`{"a":1,"b":2}`: `{"a":1}`,
		`{"b":{"a":1},"list":[{"x":1.50,"z":[1,{"x":2}]},{"z":1},{"in":{"y":true,"q":0}}]}`: `{"list":[{"x":1.50},{},{"in":{"y":true}}]}`,
		`{"names":["p","q"],"a":90071992547409931234}`:                                      `{"names":["p","q"],"a":90071992547409931234}`,
		`{"a":null,"list":null,"names":[null]}`:                                             `{"a":null,"list":null,"names":[null]}`,
		`{}`:                                                                                `{}`,
		`{"list":[]}`:                                                                       `{"list":[]}`,
		`{"A":1,"list":[{"X":1}]}`:                                                          `{"list":[{}]}`,
		`{"b":"\u0000","a":"ä\u00e4\""}`:                                                    `{"a":"ää\""}`,
	} {
		got, err := s.cut([]byte(in), false)
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%s became %s, %v", in, got, err)
		}
	}
}

// A text, a list or a group where another was set up may hold anything.
func TestAnotherShapeIsNotCopied(t *testing.T) {
	s := places(t, "/a", "/list/*/x", "/names/*", "/in/y")
	for _, in := range []string{
		`{"a":{"secret":1}}`, `{"a":["secret"]}`, `{"list":"secret"}`, `{"list":{"x":1}}`, `{"list":["secret"]}`, `{"list":[[{"x":1}]]}`, `{"names":[["secret"]]}`, `{"names":[{"x":"secret"}]}`,
		`{"in":["secret"]}`, `{"in":5}`, `"secret"`, `["secret"]`, `5`, `true`,
		`{"a":1,"a":"secret"}`, `{"a":1}{"a":2}`, `{"a":1`, `{"list":[{"x":1}`, `{"list":[`, `{"a"`, `{`, ``, `secret`, `{"a":secret}`, `{"b":secret}`, "{\"a\":\"\xff\"}",
	} {
		got, err := s.cut([]byte(in), false)
		if err == nil || fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "secret") || got != nil {
			t.Errorf("%s became %s, %v", in, got, err)
		}
	}
	if got, err := s.cut([]byte(`{"a":1,"b":2}`), true); err == nil {
		t.Errorf("what must be whole is %s", got)
	}
	if got, err := s.cut([]byte(`{"a":1,"names":["x"]}`), true); err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

func TestPlacesThatContradictEachOtherAreRefused(t *testing.T) {
	for _, pair := range [][2]string{{"/a", "/a/b"}, {"/a/b", "/a"}, {"/a/*", "/a/b"}, {"/a/b", "/a/*"}, {"/a", "/a/*"}, {"/a/*", "/a"}} {
		s := places(t, pair[0])
		if err := s.add(pair[1]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v", pair, err)
		}
	}
	for _, p := range []string{"", "/", "a", "/a/", "//a", "/a b", "/a/**", "/$.a", "/1"} {
		if err := places(t).add(p); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", p, err)
		}
	}
	places(t, "/a/b", "/a/b", "/a/c", "/l/*/x", "/l/*/y")
}

func TestTheTextAtAPlaceIsAValueAndNoName(t *testing.T) {
	for in, want := range map[string]string{
		`{"person":"x"}`: "x", `{"person":5}`: "", `{"person":null}`: "", `{"person":{"person":"x"}}`: "", `{"a":{"person":"x"}}`: "", `{"a":["person"],"person":"y"}`: "y", `["person"]`: "", `{"Person":"x"}`: "", `{"person":["x"]}`: "",
	} {
		got, ok, err := textAt([]byte(in), "/person")
		if got != want || ok != (want != "") || err != nil {
			t.Errorf("%s: %q %v %v", in, got, ok, err)
		}
	}
	for _, in := range []string{`{"person":"x","person":"y"}`, `{"person":"x"`, `{"person":"x"} x`} {
		if _, _, err := textAt([]byte(in), "/person"); err == nil {
			t.Errorf("%s was read", in)
		}
	}
}
