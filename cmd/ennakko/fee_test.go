package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func familyFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "family.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const jakobstad = "on: 2023-03-01\nadults: 2\nincome: 5500\nchildren:\n  - {born: 2021-03-14, hours: 40}\n"

func TestFeeTellsThePublishedExampleWithItsWorking(t *testing.T) {
	file := familyFile(t, jakobstad)
	if out := must(t, "fee", "--case", file); out != "1: The fee a month: €54.\n" {
		t.Errorf("the fee is told as %q", out)
	}
	for language, want := range map[string][]string{
		"en": {"€5,500.00 − €4,998.00 = €502.00", "€502.00 × 10.7% = €53.714", "€53.714 is €54", "section 5"},
		"fi": {"5 500,00 € − 4 998,00 € = 502,00 €", "502,00 € × 10,7 % = 53,714 €", "53,714 € on 54 €", "5 §"},
		"sv": {"53,714 € blir 54 €", "Avgiften i månaden: 54 €."},
	} {
		out := strings.ReplaceAll(must(t, "fee", "--case", file, "--explain", "--language", language), "\u00a0", " ")
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("in %s %q is not told:\n%s", language, w, out)
			}
		}
	}
}

func TestFeeAsJSONHasEveryLineAndWhyAPersonMustLook(t *testing.T) {
	file := familyFile(t, "on: 2026-11-01\nadults:\n  - {income: {entrepreneur: 4000}, entrepreneur: true}\n  - {income: {wages: 3000}}\nchildren:\n  - {born: 2024-03-14, hours: 40}\n  - {born: 2022-03-14, hours: 20}\n  - {born: 2012-03-14}\n")
	var out []childFee
	if err := json.Unmarshal([]byte(must(t, "fee", "--case", file, "--json")), &out); err != nil || len(out) != 2 {
		t.Fatalf("%v, %+v", err, out)
	}
	if out[0].Size != 5 || out[0].Fee != 0 || out[1].Child != 2 || len(out[0].Person) != 2 || len(out[0].Lines) < 6 || out[0].Lines[0].Numbers["size"] != "5" {
		t.Errorf("%+v", out[0])
	}
	if err := json.Unmarshal([]byte(must(t, "fee", "--case", file, "--child", "2", "--json")), &out); err != nil || len(out) != 1 || out[0].Child != 2 {
		t.Errorf("one child alone: %v, %+v", err, out)
	}
}

func TestFeeRefusesWhatItCannotUse(t *testing.T) {
	file := familyFile(t, jakobstad)
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"fee"}, exitInvalid, "--case"},
		{[]string{"fee", "--case", "nowhere.yaml"}, exitMissing, "cannot be read"},
		{[]string{"fee", "--case", file, "--child", "2"}, exitInvalid, "no such child"},
		{[]string{"fee", "--case", file, "--language", "de"}, exitInvalid, "no such language"},
		{[]string{"fee", "--case", familyFile(t, "on: 2023-03-01\nadults: 9\n")}, exitInvalid, "family.yaml:2"},
		{[]string{"fee", "--case", familyFile(t, "on: 2023-03-01\nadults: 2\nchildren: [{born: 2015-01-01}]\n")}, exitInvalid, "no child of the family"},
		{[]string{"fee", "--case", file, "--pack", "../../packs/pre-primary"}, exitInvalid, "does not belong to a pack of fees"},
	} {
		if code, _, told := run(t, tt.args...); code != tt.code || !strings.Contains(told, tt.want) {
			t.Errorf("%v: %d, %s", tt.args, code, told)
		}
	}
}

func TestCheckKnowsAPackOfFees(t *testing.T) {
	if out := must(t, "check", "../../packs/early-education-fee"); !strings.HasPrefix(out, "early-education-fee ") || !strings.Contains(out, "made-up families") {
		t.Errorf("the check says %q", out)
	}
	all := must(t, "check", "../../packs")
	for _, name := range []string{"early-education-fee ", "health ", "pre-primary ", "blood-pressure "} {
		if !strings.Contains("\n"+all, "\n"+name) {
			t.Errorf("%s is not checked:\n%s", name, all)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../packs/early-education-fee")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "fee.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "fee.yaml"), []byte(strings.Replace(string(b), "lowest: 32", "lowest: 31", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, told := run(t, "check", dir); code != exitInvalid || !strings.Contains(told, "people.yaml:") {
		t.Errorf("a wrong figure: %d, %s", code, told)
	}
}
