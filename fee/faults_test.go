package fee_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"ennakko/fee"
	"ennakko/packs"
	"ennakko/person"
)

// spoiled is the pack with one text in one file replaced.
func spoiled(t testing.TB, file, old, new string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, name := range []string{"fee.yaml", "agreement.yaml", "messages.yaml", "documents.yaml", "people.yaml", "CHANGES.md"} {
		b, err := fs.ReadFile(packs.FS, packName+"/"+name)
		if err != nil {
			t.Fatal(err)
		}
		if name == file {
			if !strings.Contains(string(b), old) {
				t.Fatalf("%s does not hold %q", file, old)
			}
			b = []byte(strings.Replace(string(b), old, new, 1))
		}
		fsys[packName+"/"+name] = &fstest.MapFile{Data: b}
	}
	return fsys
}

func TestABrokenPackOfFeesSaysWhatIsWrongWithFileAndLine(t *testing.T) {
	for _, tt := range []struct{ file, old, new, want string }{
		{"fee.yaml", "name: early-education-fee", "name: late-education-fee", `fee.yaml:1: the pack "late-education-fee" stands in the folder`},
		{"fee.yaml", "increment: 197", "increments: 197", `the key "increments" is not known`},
		{"fee.yaml", "percent: 10.70", "percent: 10.705", "a number from 0 to 100 belongs here"},
		{"fee.yaml", "percent: 10.70", "percent: -1", "a number from 0 to 100 belongs here"},
		{"fee.yaml", "{size: 3, euros: 3758,", "{size: 4, euros: 3758,", "the row of a family of 3 belongs here"},
		{"fee.yaml", "{size: 3, euros: 3758,", "{size: 3, euros: 2758,", "the limit is lower than that of a smaller family"},
		{"fee.yaml", "      - {size: 6, euros: 5284, source: \"merikarvia.fi, liminka.fi\"}\n", "", "there are 4 limits and not 5"},
		{"fee.yaml", "lowest: 28", "lowest: 295", "the lowest fee is not below the highest"},
		{"fee.yaml", "later_children: 20", "later_children: 50", "a later child pays more than the second"},
		{"fee.yaml", "- from: 2023-03-01", "- from: 2022-08-01", "entry 2 does not begin after the one before it"},
		{"fee.yaml", "pre_primary:\n  - from: 2022-08-01", "pre_primary:\n  - from: 2022-08-02", "the first entry begins after the first period"},
		{"fee.yaml", "part_up_to: 20", "part_up_to: 35", "part time reaches into full time"},
		{"fee.yaml", "full_from: 35\n", "full_from: 35\n    steps: [{up_to: 27, percent: 70}, {up_to: 25, percent: 85}]\n", "the steps do not rise"},
		{"fee.yaml", "full_from: 35\n", "full_from: 35\n    steps: [{up_to: 27, percent: 50}]\n", "the steps do not rise"},
		{"fee.yaml", "steady_months: 3", "steady_months: 12\n    months: 6", `the key "months" stands twice`},
		{"fee.yaml", "    months: 12", "    months: 2", "income is steady over more months than it is averaged over"},
		{"documents.yaml", "undecided: P6M", "undecided: P0D", "documents would go as soon as they come"},
		{"documents.yaml", "keep: P1Y", "keep: a year", "a length of time belongs here"},
		{"fee.yaml", "- name: other\n", "- name: another\n", "the kind other, for what the pack does not know, is missing"},
		{"fee.yaml", "- name: pension\n", "- name: wages\n", "the kind wages stands twice"},
		{"fee.yaml", "treatment: left-out", "treatment: forgotten", "this word is not known here"},
		{"fee.yaml", "- name: pension\n    treatment: counted\n", "- name: pension\n    treatment: left-out\n    holiday_pay: true\n", "holiday pay is added only to a kind that is counted"},
		{"fee.yaml", "- id: fee\n", "- id: family\n", "the provision family stands twice"},
		{"fee.yaml", "version: \"2026.2\"", "version: \"2026.9\"", "CHANGES.md:1: the version 2026.9 is not told of"},
		{"agreement.yaml", "version: 1", "version: 2", "version 1 belongs here"},
		{"agreement.yaml", "      - kind: own-permission\n", "      - kind: permission\n", `the condition "permission" is not known`},
		{"agreement.yaml", "keep: P10Y", "keep: ten years", "a length of time belongs here"},
		{"agreement.yaml", "recipients: none", "recipients: nobody", "this word is not known here"},
		{"agreement.yaml", "signers: self", "signers: both", "this word is not known here"},
		{"agreement.yaml", "- id: documents", "- id: highest-fee", "the way stands in another place"},
		{"agreement.yaml", "- field: incomes.kind", "- field: incomes.month", "single source for field incomes.month"},
		{"agreement.yaml", "sv: \"Inkomstregistret\", ", "", `the key "sv" is missing`},
		{"agreement.yaml", "Tietoja ei haeta muualta.", "Tietoja ei haeta muualta. Tietoja ei haeta muualta. Tietoja ei haeta muualta. Tietoja ei haeta muualta. Tietoja ei haeta muualta. Tietoja ei haeta muualta.", "the text is longer than 220"},
		{"messages.yaml", "law: rounding", "law: round", `there is no provision "round"`},
		{"messages.yaml", "{size}. Aikuisia", "{sise}. Aikuisia", "the text cannot name {sise}"},
		{"messages.yaml", "Adults: {adults}", "Adults: {adults", "a curly bracket stands alone"},
		{"messages.yaml", "Adults: {adults}, ", "", "the text must name {adults}"},
		{"messages.yaml", "  fee:\n    law: fee\n    fi: \"Maksu kuukaudessa: {fee}.\"\n", "  fee:\n    law: fee\n", `the key "fi" is missing`},
		{"messages.yaml", "Lapsi: {child}", "Lapsi: {name}", "the message offer cannot name {name}"},
		{"messages.yaml", "Lapsi: {child}", "https://example.invalid {child}", "the message offer holds a link"},
		{"messages.yaml", "  child: {fi: \"Lapsi {number}\"", "  child: {fi: \"Lapsi\"", "the text must name {number}"},
		{"people.yaml", "case: \"masku 2 highest\"", "case: \"masku 2 lowest\"", `the case "masku 2 lowest" stands twice`},
		{"people.yaml", "income: 5500,", "income: 5500.123,", "a number from 0 to"},
		{"people.yaml", "{wages: 3000}}, {income: {wages: 3200}}", "{wages: 3000}}, {income: {wage: 3200}}", `there is no kind of income "wage"`},
		{"people.yaml", "{wages: 3000}}, {income: {wages: 3200}}", "{wages: 3000}}, {income: {wages: much}}", "an amount in euros belongs here"},
		{"people.yaml", "{\"2025-11\": {wages: 7000}", "{\"2025-13\": {wages: 7000}", "a month belongs here"},
		{"people.yaml", "known_from: \"2025-11\"", "known_from: \"2026-09\"", "the month from which the income is known belongs here"},
		{"people.yaml", "working: [family, counted-steady,", "working: [family, counted-stead,", "there is no line of that name"},
		{"people.yaml", "person: [few-months]", "person: [few-weeks]", "this word is not known here"},
		{"people.yaml", ", hours: 40, fee: 54}", ", hours: 40}", "the case expects no fee"},
	} {
		_, err := fee.Load(spoiled(t, tt.file, tt.old, tt.new), packName)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), packName+"/") {
			t.Errorf("%s with %q: %v", tt.file, tt.new, err)
		}
	}
}

func TestAllFaultsOfAPackOfFeesAreToldAtOnce(t *testing.T) {
	fsys := spoiled(t, "fee.yaml", "increment: 197", "increment: much")
	for file, change := range map[string][2]string{"messages.yaml": {"law: rounding", "law: round"}, "people.yaml": {"income: 5500,", "income: x,"}} {
		b := string(fsys[packName+"/"+file].Data)
		fsys[packName+"/"+file] = &fstest.MapFile{Data: []byte(strings.Replace(b, change[0], change[1], 1))}
	}
	_, err := fee.Load(fsys, packName)
	if err == nil || strings.Count(err.Error(), packName+"/") != 3 {
		t.Errorf("three faults are: %v", err)
	}
}

func TestAFolderThatIsNoPackOfFeesIsRefused(t *testing.T) {
	fsys := spoiled(t, "CHANGES.md", "# Changes", "# Changes")
	fsys[packName+"/.hidden"] = &fstest.MapFile{}
	if _, err := fee.Load(fsys, packName); err != nil {
		t.Errorf("a hidden file is in the way: %v", err)
	}
	fsys[packName+"/note.txt"] = &fstest.MapFile{}
	if _, err := fee.Load(fsys, packName); err == nil || !strings.Contains(err.Error(), `the file "note.txt" does not belong`) {
		t.Errorf("a file that does not belong: %v", err)
	}
	delete(fsys, packName+"/note.txt")
	delete(fsys, packName+"/people.yaml")
	if _, err := fee.Load(fsys, packName); err == nil || !strings.Contains(err.Error(), "people.yaml: the file is missing") {
		t.Errorf("a file that is missing: %v", err)
	}
	for _, dir := range []string{"nowhere", "../x"} {
		if _, err := fee.Load(fsys, dir); err == nil {
			t.Errorf("the folder %s was read", dir)
		}
	}
	if !fee.Is(packs.FS, packName) || fee.Is(packs.FS, "pre-primary") {
		t.Error("packs of fees are not told apart")
	}
}

func TestAWrongFigureMakesAMadeUpFamilyFail(t *testing.T) {
	for _, tt := range []struct{ file, old, new string }{
		{"fee.yaml", "euros: 5245,", "euros: 5246,"},
		{"fee.yaml", "increment: 295", "increment: 296"},
		{"fee.yaml", "percent: 10.70", "percent: 10.71"},
		{"fee.yaml", "highest: 335", "highest: 336"},
		{"fee.yaml", "lowest: 32", "lowest: 31"},
		{"fee.yaml", "second_child: 40", "second_child: 41"},
		{"fee.yaml", "later_children: 20", "later_children: 21"},
		{"fee.yaml", "part_percent: 60", "part_percent: 61"},
		{"fee.yaml", "part_up_to: 20", "part_up_to: 19.99"},
		{"fee.yaml", "full_from: 35", "full_from: 35.01"},
		{"fee.yaml", "free_hours: 20", "free_hours: 19"},
		{"fee.yaml", "percent: 5\n", "percent: 4\n"},
		{"fee.yaml", "steady_months: 3", "steady_months: 4"},
		{"fee.yaml", "    months: 12", "    months: 11"},
		{"fee.yaml", "fresh_months: 3", "fresh_months: 5"},
		{"fee.yaml", "change_percent: 10", "change_percent: 100"},
		{"fee.yaml", "- from: 2026-08-01", "- from: 2026-07-31"},
		{"fee.yaml", "- name: child-benefit\n    treatment: left-out", "- name: child-benefit\n    treatment: counted"},
		{"people.yaml", "fee: 54}", "fee: 53}"},
		{"people.yaml", "person: [few-months]", "person: [few-months, income-old]"},
	} {
		p, err := fee.Load(spoiled(t, tt.file, tt.old, tt.new), packName)
		if err != nil {
			t.Errorf("%q does not load: %v", tt.new, err)
			continue
		}
		if err := p.Test(); err == nil || !strings.Contains(err.Error(), packName+"/people.yaml:") {
			t.Errorf("%s with %q: no family tells: %v", tt.file, tt.new, err)
		}
	}
}

// alavus.fi: at most 20 hours 60 per cent, at most 27 hours 70, below 35 hours
// 85; of the highest fee of 295 that is 177, 207 and 251.
func TestACityThatDecidedOnStepsGetsThem(t *testing.T) {
	p, err := fee.Load(spoiled(t, "fee.yaml", "full_from: 35\n", "full_from: 35\n    steps: [{up_to: 27, percent: 70}, {up_to: 35, percent: 85}]\n"), packName)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		hours fee.Hours
		want  int
	}{{2000, 177}, {2001, 207}, {2700, 207}, {2701, 251}, {3499, 251}, {3500, 295}} {
		f := assessed("2023-03-01", 3, 2000000)
		f.Children[0].Hours = tt.hours
		x, err := p.Compute(f, 0)
		if err != nil || x.Euros != tt.want {
			t.Errorf("%d hundredths of an hour: %d, %v", tt.hours, x.Euros, err)
		}
		whole(t, x)
	}
}

func TestTextMessagesAreWholeAndNameNoMoney(t *testing.T) {
	p := pack(t)
	for _, m := range fee.Messages() {
		for _, l := range person.Languages() {
			s, err := p.Text(m, l, fee.Values{Child: "Aino", Day: "1.12.2026"})
			if err != nil || strings.ContainsAny(s, "{}€") || strings.Contains(s, "http") {
				t.Errorf("%s in %s: %q, %v", m, l, s, err)
			}
		}
	}
	if s, _ := p.Text(fee.Offer, person.English, fee.Values{Child: "Aino"}); !strings.Contains(s, "Aino") || !strings.Contains(s, p.Phone()) {
		t.Errorf("the offer is %q", s)
	}
	if _, err := p.Text(fee.Offer, person.English, fee.Values{}); err == nil {
		t.Error("a message without the child's name was made")
	}
	if _, err := p.Text("nothing", person.English, fee.Values{}); err == nil {
		t.Error("a message that is not there was made")
	}
}

func TestAFamilyIsReadFromAFileAndAFaultTellsLineAndNoValue(t *testing.T) {
	p := pack(t)
	f, err := p.ReadFamily("family.yaml", []byte("on: 2023-03-01\nadults: 2\nincome: 5500\nchildren:\n  - {born: 2021-03-14, hours: 40}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := euros(t, p, f, 0); got != 54 {
		t.Errorf("the published example is %d", got)
	}
	_, err = p.ReadFamily("family.yaml", []byte("on: 2023-03-01\nadults:\n  - {income: {wages: 4321.987}}\nchildren:\n  - {born: 14.3.2021, hours: many}\nchild: 1\n"))
	for _, want := range []string{"family.yaml:3: an amount", "family.yaml:5: a day", "family.yaml:5: a number", `family.yaml:6: the key "child"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
	if err != nil && (strings.Contains(err.Error(), "4321") || strings.Contains(err.Error(), "14.3")) {
		t.Errorf("the fault tells a value: %v", err)
	}
}

func FuzzReadFamilyNeverBreaksAndWhatItReadsIsComputedOrRefused(f *testing.F) {
	p := pack(f)
	f.Add("on: 2023-03-01\nadults: 2\nincome: 5500\nchildren:\n  - {born: 2021-03-14, hours: 40}\n")
	f.Add("on: 2026-11-01\nadults:\n  - months: {\"2026-09\": {wages: 1}, \"2026-10\": {pension: -2.5}}\n    known_from: \"2026-01\"\nchildren: [{born: 2021-03-14, hours: 40.5, pre_primary: true}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		x, err := p.ReadFamily("f", []byte(text))
		if err != nil {
			return
		}
		for i := range x.Children {
			if got, err := p.Compute(x, i); err == nil {
				whole(t, got)
			}
		}
	})
}
