package service_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"ennakko/person"
	"ennakko/service"
)

// small is the pack of testdata with one text in one file replaced.
func small(t testing.TB, file, old, new string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, name := range []string{"service.yaml", "criteria.yaml", "messages.yaml", "people.yaml", "CHANGES.md"} {
		b, err := os.ReadFile("testdata/small/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if name == file {
			if !strings.Contains(string(b), old) {
				t.Fatalf("%s does not hold %q", file, old)
			}
			b = []byte(strings.Replace(string(b), old, new, 1))
		}
		fsys["small/"+name] = &fstest.MapFile{Data: b}
	}
	return fsys
}

func TestABrokenPackSaysAllThatIsWrongWithFileLineAndHint(t *testing.T) {
	tests := []struct{ file, old, new, want string }{
		{"service.yaml", "owner: City\n", "owner: City\n  phone: x\n",
			"small/service.yaml:4: this is not YAML: mapping values are not allowed in this context (look at indentation, colons and quotes)"},
		{"service.yaml", "owner: City", "owners: City",
			"small/service.yaml:1: the key \"owner\" is missing (add it)\nsmall/service.yaml:3: the key \"owners\" is not known (keys here: name, version, owner, phone, title, law, conditions, purpose, cohort, schedule, guardians, measures, units, address, order, appointments, comparison, outcomes)"},
		{"service.yaml", "owner: City", "owner: City\nowner: City",
			"small/service.yaml:4: the key \"owner\" stands twice (keep one of them)"},
		{"service.yaml", "version: \"1\"", "version: 1",
			"small/service.yaml:2: YAML does not take this as a text (write it in quotes: \"1\")"},
		{"service.yaml", "name: small", "name: large",
			"small/service.yaml:1: the pack \"large\" stands in the folder \"small\" (give both the same name)"},
		{"service.yaml", "owner: City", "owner: &a City",
			"small/service.yaml:3: anchors, aliases and merges are not used in packs (write it out)"},
		{"service.yaml", "guardians: any", "guardians: any\n---\nx: 1",
			"small/service.yaml:49: the file holds more than one document (take the line --- and what follows away)"},
		{"service.yaml", "title: {fi: Pieni, sv: Liten, en: Small}", "title: {fi: Pieni, en: Small}",
			"small/service.yaml:5: the key \"sv\" is missing (add it)"},
		{"service.yaml", "  beneficial: {text: {fi: a, sv: a, en: a}, evidence: pilot, checked_by: service}\n", "",
			"small/service.yaml:11: the key \"beneficial\" is missing (add it)"},
		{"service.yaml", "checked_by: [six, here]", "checked_by: service",
			"small/service.yaml:18: that a resident is entitled is checked for each person (name the criteria that check it)"},
		{"service.yaml", "checked_by: [six, here]", "checked_by: [six, her]",
			"small/service.yaml:18: there is no criterion \"her\" (criteria here: six, here)\nsmall/criteria.yaml:15: no condition is checked by the criterion here (name it in checked_by of a condition in service.yaml, or take it away)"},
		{"service.yaml", "fields: [population.birth_date, population.municipality]", "fields: [population.birth_date, population.municipalty]",
			"small/service.yaml:29: there is no field \"population.municipalty\" (see docs/registers.md for the fields)\nsmall/criteria.yaml:16: the purpose does not cover the field population.municipality (add it to purpose, fields, in service.yaml, if the law allows)"},
		{"service.yaml", "fields: [population.birth_date, population.municipality]", "fields: [population.birth_date]",
			"small/criteria.yaml:16: the purpose does not cover the field population.municipality (add it to purpose, fields, in service.yaml, if the law allows)"},
		{"service.yaml", "until: 2030-01-01", "until: 1.1.2030",
			"small/service.yaml:30: a day belongs here (write it as 2021-01-07)"},
		{"service.yaml", "field: population.birth_date", "field: population.municipality",
			"small/service.yaml:34: \"population.municipality\" is not a field of days (the cohort is a range of days, such as of population.birth_date)"},
		{"service.yaml", "from: date(as_of.year() - param.age, 1, 1)", "from: as_of.year() - param.age",
			"small/service.yaml:35, column 14 of the text: the text says number, not day"},
		{"service.yaml", "time_zone: Europe/Helsinki", "time_zone: Europe/Helsingfors",
			"small/service.yaml:38: the time zone is not known (Finland's is Europe/Helsinki)"},
		{"service.yaml", "answer_days: 8", "answer_days: 8\n  deadline: 2021-01-15",
			"small/service.yaml:38: either answer_days or deadline is needed (keep one: answer_days counts from the day on which the round begins)"},
		{"service.yaml", "from: \"20:00\", to: \"08:00\"", "from: \"08:00\", to: \"20:00\"",
			"small/service.yaml:44: the quiet hours must begin in the evening and end in the morning (such as from \"20:00\" to \"08:00\")"},
		{"service.yaml", "sender: \"+358450000000\"", "sender: Helsinki",
			"small/service.yaml:47: the sender is not an international telephone number (write it as +358401234567; a name cannot be answered)"},
		{"service.yaml", "sender: \"+358450000000\"", "sender: +358450000000",
			"small/service.yaml:47: YAML does not take this as a text (write it in quotes: \"+358450000000\")"},
		{"service.yaml", "guardians: any", "guardians: both",
			"small/service.yaml:48: this word is not known here (words here: any, all, one-told, self)"},
		{"service.yaml", "rate_per_second: 20", "rate_per_second: fast",
			"small/service.yaml:46: a whole number from 1 to 1000 belongs here (write it in digits)"},
		{"service.yaml", "objection: true", "objection: perhaps",
			"small/service.yaml:32: true or false belongs here (write true or false)"},
		{"service.yaml", "validity: 24h", "validity: 24",
			"small/service.yaml:45: a length of time up to 168h belongs here (write it as 4h or 30m)"},
		{"criteria.yaml", "param.age ==", "param.ages ==",
			"small/criteria.yaml:8, column 46 of the text: there is no parameter \"ages\" (parameters here: age)"},
		{"criteria.yaml", "population.municipality.latest()", "population.municipality",
			"small/criteria.yaml:16, column 25 of the text: == cannot be applied to (texts, text) (compare like with like; ask a field for one value first, as in .latest())"},
		{"criteria.yaml", "population.municipality.latest()", "population.name.latest()",
			"small/criteria.yaml:16, column 11 of the text: the field population.name is sealed: no criterion may read it (decide without it)"},
		{"criteria.yaml", "population.municipality.latest() == '091'", "population.municipality.latest() ==",
			"small/criteria.yaml:16, column 36 of the text: the text ends too early (see docs/packs.md, The language)"},
		{"criteria.yaml", "population.municipality.latest() == '091'", "early_education.provider.exists()",
			"small/criteria.yaml:16: the purpose does not cover the field early_education.provider (add it to purpose, fields, in service.yaml, if the law allows)"},
		{"criteria.yaml", "value: 6", "value: six",
			"small/criteria.yaml:5: a number belongs here (write it in digits, with a point)"},
		{"criteria.yaml", "      - {from: 2015-08-01, value: 6, source: Act 1/2020}", "      - {from: 2015-08-01, value: 6, source: Act 1/2020}\n      - {from: 2014-08-01, value: 6, source: Act 1/2020}",
			"small/criteria.yaml:2: the values of the parameter age are not in order of day (put the oldest first)"},
		{"criteria.yaml", "name: here", "name: six",
			"small/service.yaml:18: there is no criterion \"here\" (criteria here: six, six)\nsmall/criteria.yaml:7: nobody is left out by the criterion six alone (make somebody up in people.yaml for whom not_met is just this)\nsmall/criteria.yaml:15: the criterion six stands twice (give each a name of its own)\nsmall/criteria.yaml:15: nobody is left out by the criterion six alone (make somebody up in people.yaml for whom not_met is just this)\nsmall/people.yaml:14: with these reasons the finding would be met (name the criteria that leave the person out in not_met, those that cannot tell in unknown)\nsmall/people.yaml:15: there is no criterion \"here\" (see criteria.yaml)\nsmall/people.yaml:20: with these reasons the finding would be met (name the criteria that leave the person out in not_met, those that cannot tell in unknown)\nsmall/people.yaml:21: there is no criterion \"here\" (see criteria.yaml)"},
		{"criteria.yaml", "    approved: {by: Head, on: 2020-12-14, evidence: tried}", "    approved: {by: Head, evidence: tried}",
			"small/criteria.yaml:14: the key \"on\" is missing (add it)"},
		{"criteria.yaml", "failsafe: true", "failsafe: true\n  - name: more\n    cel: population.birth_date.exists()\n    met: {fi: a, sv: a, en: a}\n    not_met: {fi: a, sv: a, en: a}\n    unknown: {fi: a, sv: a, en: a}\n    source: Act\n    failsafe: false",
			"small/criteria.yaml:22: no condition is checked by the criterion more (name it in checked_by of a condition in service.yaml, or take it away)\nsmall/criteria.yaml:22: nobody is left out by the criterion more alone (make somebody up in people.yaml for whom not_met is just this)"},
		{"messages.yaml", "stop: {fi: a, sv: a, en: a}\n", "",
			"small/messages.yaml:1: the key \"stop\" is missing (add it)"},
		{"messages.yaml", "help: {fi: apua, sv: hjälp, en: help}", "help: {fi: apua, en: help}",
			"small/messages.yaml:9: the key \"sv\" is missing (add it)"},
		{"messages.yaml", "already: {fi: \"{child} {answer}\"", "already: {fi: \"{barn}\"",
			"small/messages.yaml:17: the message already cannot name {barn} (placeholders here: {answer}, {child}, {deadline}, {guardian}, {number}, {phone}, {unit})\nsmall/messages.yaml:17: the message already must name {child} (say it in the text)\nsmall/messages.yaml:17: the message already must name {answer} (say it in the text)"},
		{"messages.yaml", "already: {fi: \"{child} {answer}\"", "already: {fi: \"lapsi\"",
			"small/messages.yaml:17: the message already must name {child} (say it in the text)\nsmall/messages.yaml:17: the message already must name {answer} (say it in the text)"},
		{"messages.yaml", "already: {fi: \"{child} {answer}\"", "already: {fi: \"{child\"",
			"small/messages.yaml:17: a curly bracket stands alone (write placeholders as {child})"},
		{"messages.yaml", "fi: apua", "fi: \"https://example.org\"",
			"small/messages.yaml:9: the message help holds a link (take it away: families are told that we never send one)"},
		{"messages.yaml", "C = \\nD = x", "C = \\nE = x",
			"small/messages.yaml:3: the inquiry does not offer the answer D (put each answer on a line of its own: A = ...)"},
		{"messages.yaml", "fi: apua", "fi: \"ap\\u200bua\"",
			"small/messages.yaml:9: the text holds characters that cannot be seen (take them away; they come from copying)"},
		{"people.yaml", "finding: unknown\n    unknown: [here]\n    missing: [population.municipality]", "finding: met",
			"small/people.yaml:2: nobody's finding is unknown (make up at least one)"},
		{"people.yaml", "not_met: [here]", "not_met: [six, here]",
			"small/criteria.yaml:15: nobody is left out by the criterion here alone (make somebody up in people.yaml for whom not_met is just this)"},
		{"people.yaml", "finding: not met\n    not_met: [six]", "finding: met",
			"small/criteria.yaml:7: nobody is left out by the criterion six alone (make somebody up in people.yaml for whom not_met is just this)"},
		{"people.yaml", "population.municipality: \"049\"", "population.municipality: 049",
			"small/people.yaml:13: YAML does not take this as a text (write it in quotes: \"049\")"},
		{"people.yaml", "population.municipality: \"049\"", "population.name: \"x\"",
			"small/people.yaml:13: there is no field \"population.name\" that criteria read (fields here: population.birth_date, population.death_date, population.sex, population.mother_tongue, population.contact_language, population.municipality, population.district, population.dwelling, population.moved_in, population.moved_out, population.non_disclosure, population.code, population.name, population.address)"},
		{"people.yaml", "2016-03-14", "14.3.2016",
			"small/people.yaml:8: a day belongs here (write it as 2021-01-07)"},
		{"people.yaml", "finding: unknown", "finding: perhaps",
			"small/people.yaml:2: nobody's finding is unknown (make up at least one)\nsmall/people.yaml:20: this word is not known here (words here: met, not met, unknown)"},
		{"people.yaml", "2016-03-14", "2015-03-14",
			"small/people.yaml:6: the finding of \"five\" is met and should be not met; not met: nothing, unknown: nothing (mend the criterion, or what is expected of it)"},
		{"people.yaml", "not_met: [here]\n    failsafe: true", "not_met: [here]",
			"small/people.yaml:11: that \"elsewhere\" stands on the failsafe list is true and should be false (mend the criterion, or what is expected of it)"},
		{"people.yaml", "missing: [population.municipality]", "missing: [population.birth_date]",
			"small/people.yaml:17: of \"nobody knows where\" population.municipality is missing, and should be population.birth_date (mend the criterion, or what is expected of it)"},
		{"service.yaml", "from: date(as_of.year() - param.age, 1, 1)", "from: date(as_of.year() - param.age, 6, 1)",
			"small/people.yaml:2: \"six and here\" is met, but no round looks at this person: the cohort leaves the person out (mend the cohort in service.yaml)"},
		{"people.yaml", "2016-03-14, population.municipality: \"091\"", "2016-03-14, population.municipality: \"049\"",
			"small/people.yaml:6: the finding of \"five\" is not met for other reasons; not met: six, here, unknown: nothing (mend the criterion, or what is expected of it)"},
		{"CHANGES.md", "## 1", "## 0",
			"small/CHANGES.md:1: the version 1 is not told of (add the line: ## 1)"},
	}
	for _, tt := range tests {
		p, err := service.Load(small(t, tt.file, tt.old, tt.new), "small", catalog)
		if err == nil {
			err = p.Test()
		}
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s with %q instead of %q:\n gives %v\n want  %s", tt.file, tt.new, tt.old, err, tt.want)
		}
	}
}

func TestAFolderThatIsNotAPackIsToldApart(t *testing.T) {
	without := func(name string) fstest.MapFS {
		fsys := small(t, "", "", "")
		delete(fsys, "small/"+name)
		return fsys
	}
	with := func(name, content string) fstest.MapFS {
		fsys := small(t, "", "", "")
		fsys["small/"+name] = &fstest.MapFile{Data: []byte(content)}
		return fsys
	}
	const hint = " (files of a pack: service.yaml, criteria.yaml, messages.yaml, people.yaml, CHANGES.md)"
	tests := []struct {
		fsys      fstest.MapFS
		dir, want string
	}{
		{without("people.yaml"), "small", "small/people.yaml: the file is missing" + hint},
		{with("notes.txt", "x"), "small", `small/service.yaml: the file "notes.txt" does not belong to a pack` + hint},
		{with("people.yaml", strings.Repeat("# long\n", 200_000)), "small", "small/people.yaml: the file is longer than 1048576 bytes (a pack is short enough to be read aloud)"},
		{with("messages.yaml", "# nothing\n"), "small", "small/messages.yaml:1: the file is empty (see docs/packs.md for what belongs here)"},
		{with("messages.yaml", "a: "+strings.Repeat("[", 11000)), "small", "small/messages.yaml:1: this is not YAML: exceeded max depth of 10000 (look at indentation, colons and quotes)"},
		{with("messages.yaml", "notice: "+strings.Repeat("[", 20)+strings.Repeat("]", 20)), "small", "small/messages.yaml:1: the parts are nested too deeply (see docs/packs.md for the form)"},
		{with("x", ""), "large", "large: the folder cannot be read (a pack is a folder with service.yaml in it)"},
		{with("x", ""), "../small", "the folder's name is not a plain path (name it without .. and without / in front)"},
	}
	for _, tt := range tests {
		if _, err := service.Load(tt.fsys, tt.dir, catalog); err == nil || err.Error() != tt.want {
			t.Errorf("%s:\n gives %v\n want  %s", tt.dir, err, tt.want)
		}
	}
	if _, err := service.Load(with(".DS_Store", "x"), "small", catalog); err != nil {
		t.Errorf("a hidden file of the editor is in the way: %v", err)
	}
}

func TestFaultsOfSeveralFilesAreToldAtOnceInOrder(t *testing.T) {
	fsys := small(t, "service.yaml", "guardians: any", "guardians: both")
	fsys["small/criteria.yaml"].Data = []byte(strings.Replace(string(fsys["small/criteria.yaml"].Data), "param.age ==", "param.ages ==", 1))
	fsys["small/people.yaml"].Data = []byte(strings.Replace(string(fsys["small/people.yaml"].Data), "2016-03-14", "soon", 1))
	_, err := service.Load(fsys, "small", catalog)
	var places []string
	for line := range strings.Lines(err.Error()) {
		place, _, _ := strings.Cut(line, ": ")
		places = append(places, place)
	}
	want := "small/service.yaml:48 small/criteria.yaml:8, column 46 of the text small/people.yaml:8"
	if got := strings.Join(places, " "); got != want {
		t.Errorf("faults at %s, want %s", got, want)
	}
}

func TestADraftLoadsAndIsTestedButDoesNotRun(t *testing.T) {
	p, err := service.Load(small(t, "criteria.yaml", "    approved: {by: Head, on: 2020-12-14, evidence: tried}\n", ""), "small", catalog)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Test(); err != nil {
		t.Errorf("a draft cannot be tested: %v", err)
	}
	want := "small/criteria.yaml: the criterion six is a draft: nobody approved it (add approved: with by, on and evidence)"
	if err := p.Approved(); err == nil || err.Error() != want {
		t.Errorf("a draft may run: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	whole := small(f, "", "", "")
	names := []string{"service.yaml", "criteria.yaml", "messages.yaml", "people.yaml", "CHANGES.md"}
	for i, name := range names {
		f.Add(i, string(whole["small/"+name].Data))
	}
	f.Add(0, "a: &a [*a, *a]")
	f.Add(3, "people: [{who: x, as_of: 2021-01-07, facts: {population.birth_date: [{value: 2015-01-01}]}, finding: met}]")
	f.Fuzz(func(t *testing.T, file int, content string) {
		if file < 0 || file >= len(names) {
			return
		}
		fsys := fstest.MapFS{}
		for name, m := range whole {
			fsys[name] = m
		}
		fsys["small/"+names[file]] = &fstest.MapFile{Data: []byte(content)}
		p, err := service.Load(fsys, "small", catalog)
		if err != nil {
			return
		}
		_ = p.Test() // may find people other than told, and must not panic
		for _, k := range p.Kinds() {
			for _, l := range person.Languages() {
				if text, err := p.Text(k, l, values); err == nil && text == "" {
					t.Fatalf("the message %s is empty", k)
				}
			}
		}
		_, _, _, _ = p.Cohort().Range(values.Deadline)
		_, _ = p.Schedule().Moments(values.Deadline)
	})
}
