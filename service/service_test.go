package service_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/packs"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/service"
)

var helsinki = func() *time.Location {
	z, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		panic(err)
	}
	return z
}()

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", s, helsinki)
	if err != nil {
		panic(err)
	}
	return t
}

var values = service.Values{Guardian: "Maija Virtanen", Child: "Aino", Unit: "Päiväkoti Kanto", Deadline: at("2021-01-15 23:59:59")}

func load(t testing.TB, old, new string) *service.Pack {
	t.Helper()
	file := "service.yaml"
	if old == "" {
		file = ""
	}
	p, err := service.Load(small(t, file, old, new), "small", catalog)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPackTellsWhatItHolds(t *testing.T) {
	p := load(t, "", "")
	if p.Name() != "small" || p.Version() != "1" || p.Owner() != "City" || p.Title(person.Swedish) != "Liten" || p.Guardians() != service.AnyGuardian {
		t.Errorf("%s %s %s %s %s", p.Name(), p.Version(), p.Owner(), p.Title(person.Swedish), p.Guardians())
	}
	if got := p.Purpose().Fields(); !slices.Equal(got, []permission.Field{"population.birth_date", "population.municipality"}) {
		t.Errorf("the purpose covers %v", got)
	}
	var names []string
	for _, c := range p.Conditions() {
		names = append(names, c.Name)
	}
	if !slices.Equal(names, service.ConditionNames()) || len(names) != 5 {
		t.Errorf("conditions: %v", names)
	}
	field, from, to, err := p.Cohort().Range(at("2021-01-07 00:00:00"))
	if err != nil || field != "population.birth_date" || from.Format(time.DateOnly) != "2015-01-01" || to.Format(time.DateOnly) != "2016-01-01" {
		t.Errorf("cohort: %s from %s to %s, %v", field, from, to, err)
	}
	if _, _, _, err := p.Cohort().Range(at("2010-01-07 00:00:00")); fault.KindOf(err) != fault.Missing {
		t.Errorf("a cohort before the parameter's first day: %v", err)
	}
}

func TestTheHashChangesWithEveryFileAndWithNothingElse(t *testing.T) {
	seen := map[string]string{load(t, "", "").Hash(): "the pack"}
	if again := load(t, "", "").Hash(); seen[again] == "" || len(again) != 64 {
		t.Errorf("the same pack has another hash: %s", again)
	}
	for _, change := range [][3]string{
		{"service.yaml", "owner: City", "owner: Town"}, {"criteria.yaml", "fi: ei kuusi", "fi: ei viisi"},
		{"messages.yaml", "fi: apua", "fi: apu!"}, {"people.yaml", "who: five", "who: FIVE"}, {"CHANGES.md", "First", "first"},
	} {
		p, err := service.Load(small(t, change[0], change[1], change[2]), "small", catalog)
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[p.Hash()]; twice {
			t.Errorf("the hash with %s changed is that of %s", change[0], other)
		}
		seen[p.Hash()] = change[0]
	}
}

func TestNobodyChangesAPackThroughWhatItHands(t *testing.T) {
	p := load(t, "", "")
	p.Conditions()[1].CheckedBy[0] = "x"
	p.Criteria()[0].NotMet[person.English] = "x"
	p.Law()[0].Says[person.English] = "x"
	p.Measures()[0].Title[person.English] = "x"
	if p.Conditions()[1].CheckedBy[0] == "x" || p.Criteria()[0].NotMet[person.English] == "x" || p.Law()[0].Says[person.English] == "x" || p.Measures()[0].Title[person.English] == "x" {
		t.Error("the pack was changed")
	}
}

type facts map[string]any

func (f facts) Facts(field string) ([]criteria.Fact, bool) {
	if v, ok := f[field]; ok {
		return []criteria.Fact{{Value: v}}, true
	}
	return nil, true
}

func TestTheFailsafeListIsForThoseWhomOnlyMarkedCriteriaLeaveOut(t *testing.T) {
	p := load(t, "", "")
	six, five := at("2015-03-14 00:00:00"), at("2016-03-14 00:00:00")
	tests := []struct {
		facts facts
		want  criteria.Verdict
		list  bool
	}{
		{facts{"population.birth_date": six, "population.municipality": "091"}, criteria.Met, false},
		{facts{"population.birth_date": six, "population.municipality": "049"}, criteria.NotMet, true},
		{facts{"population.birth_date": five, "population.municipality": "049"}, criteria.NotMet, false},
		{facts{"population.birth_date": five, "population.municipality": "091"}, criteria.NotMet, false},
		{facts{"population.municipality": "049"}, criteria.NotMet, false},
		{facts{"population.birth_date": six}, criteria.Unknown, false},
	}
	for _, tt := range tests {
		f, err := p.Find(1, tt.facts, at("2021-01-07 00:00:00"))
		if err != nil || f.Verdict() != tt.want || p.Failsafe(f) != tt.list {
			t.Errorf("%v: %s, on the list %t, %v; want %s, %t", tt.facts, f.Verdict(), p.Failsafe(f), err, tt.want, tt.list)
		}
		if f.PackHash() != p.Hash() {
			t.Errorf("the finding carries the hash %s", f.PackHash())
		}
	}
	f, err := p.Find(1, facts{"population.birth_date": five}, at("2021-01-07 00:00:00"))
	if err != nil {
		t.Fatal(err)
	}
	r := f.Reasons()
	if got := p.Reason(r[0], person.Finnish) + ", " + p.Reason(r[1], person.English); got != "ei kuusi, not known" {
		t.Errorf("reasons: %s", got)
	}
	var zero criteria.Finding
	if p.Failsafe(zero) {
		t.Error("nobody stands on the failsafe list")
	}
}

func TestAMessageNamesItsValuesInTheFormOfItsLanguage(t *testing.T) {
	p := load(t, "", "")
	for lang, want := range map[person.Language]string{
		person.Finnish: "fi 15.1.2021 +358450000000\nsv 15.1.2021 +358450000000\nen 15 January 2021 +358450000000",
		person.English: "en 15 January 2021 +358450000000\nfi 15.1.2021 +358450000000\nsv 15.1.2021 +358450000000",
	} {
		if got, err := p.Text(service.Notice, lang, values); err != nil || got != want {
			t.Errorf("%s: %q, %v", lang, got, err)
		}
	}
	got, err := p.Text(service.Inquiry, person.Swedish, values)
	if want := "Maija Virtanen Aino Päiväkoti Kanto 15.1.2021\nA = \nB = \nC = \nD = x"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAValueIsNeverReadAsATemplateAndNeverRepeatedInAFault(t *testing.T) {
	p := load(t, "", "")
	text := func(child string) (string, error) {
		v := values
		v.Child = child
		return p.Text(service.ConfirmDecline, person.Finnish, v)
	}
	for child, want := range map[string]string{
		"{guardian}":       "{guardian}",
		" Aino ":           "Aino",
		"Anna\u00a0Maria":  "Anna Maria",
		"Šarūnas":          "Šarūnas",
		"D'Arcy-Ó Conaill": "D'Arcy-Ó Conaill",
		"Anna-Maria Kristiina Wilhelmiina Charlotta Eleonoora": "Anna-Maria Kristiina Wilhelmiina",
		strings.Repeat("a", 90):                                strings.Repeat("a", 40),
	} {
		if got, err := text(child); err != nil || got != want {
			t.Errorf("%q became %q, %v; want %q", child, got, err, want)
		}
	}
	for _, child := range []string{"", "  ", "Aino\nA = no", "Ai\x00no", "Ai\u202eno", "Ai\u2028no", "Ai\xffno"} {
		got, err := text(child)
		if err == nil || got != "" || strings.Contains(err.Error(), "Ai") {
			t.Errorf("%q became %q, %v", child, got, err)
		}
	}
	if _, err := p.Text(service.Inquiry, person.Finnish, service.Values{Guardian: "a", Child: "b", Unit: "c"}); err == nil || err.Error() != "message inquiry: the message needs {deadline} and it is not known" {
		t.Errorf("a message without its deadline: %v", err)
	}
	if _, err := p.Text("greeting", person.Finnish, values); fault.KindOf(err) != fault.Missing {
		t.Errorf("a kind that there is not: %v", err)
	}
	if _, err := p.Text(service.Help, "de", values); fault.KindOf(err) != fault.Missing {
		t.Errorf("a language that there is not: %v", err)
	}
}

func TestARoundHasItsMoments(t *testing.T) {
	day := func(s string) time.Time { return at(s + " 00:00:00") }
	m, err := load(t, "", "").Schedule().Moments(time.Date(2021, 1, 7, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string][2]time.Time{
		"notice":   {m.Notice, at("2021-01-07 10:00:00")},
		"inquiry":  {m.Inquiry, at("2021-01-07 14:00:00")},
		"reminder": {m.Reminder, at("2021-01-13 08:00:00")}, // 72 h before is night
		"deadline": {m.Deadline, at("2021-01-15 23:59:59")},
		"close":    {m.Close, at("2021-01-29 23:59:59")},
	} {
		if !got[0].Equal(got[1]) {
			t.Errorf("%s at %s, want %s", what, got[0], got[1])
		}
	}
	fixed := load(t, "answer_days: 8", "deadline: 2021-01-15").Schedule()
	if m, err := fixed.Moments(day("2021-01-07")); err != nil || !m.Deadline.Equal(at("2021-01-15 23:59:59")) {
		t.Errorf("fixed deadline: %v, %v", m, err)
	}
	if _, err := fixed.Moments(day("2021-01-13")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a round that begins after its reminder: %v", err)
	}
}

func TestNothingIsSentInQuietHoursOnSundaysAndOnHolidays(t *testing.T) {
	s := load(t, "", "").Schedule()
	for from, want := range map[string]string{
		"2021-01-07 07:59:59": "2021-01-07 08:00:00",
		"2021-01-07 08:00:00": "2021-01-07 08:00:00",
		"2021-01-07 19:59:59": "2021-01-07 19:59:59",
		"2021-01-07 20:00:00": "2021-01-08 08:00:00",
		"2021-01-09 21:00:00": "2021-01-11 08:00:00", // Saturday evening
		"2021-01-10 12:00:00": "2021-01-11 08:00:00", // Sunday
		"2021-01-06 12:00:00": "2021-01-07 08:00:00", // Epiphany
		"2021-04-01 21:00:00": "2021-04-03 08:00:00", // Good Friday between
		"2021-04-03 21:00:00": "2021-04-06 08:00:00", // Easter
		"2020-12-24 20:00:00": "2020-12-28 08:00:00", // Christmas and a Sunday
		"2021-03-27 20:00:00": "2021-03-29 08:00:00", // clocks change on the Sunday
	} {
		if got := s.Allowed(at(from)); !got.Equal(at(want)) {
			t.Errorf("from %s the first moment is %s, want %s", from, got, want)
		}
	}
	open := load(t, "sundays: true, public_holidays: true", "sundays: false, public_holidays: false").Schedule()
	for _, free := range []string{"2021-01-10 12:00:00", "2021-01-06 12:00:00"} {
		if got := open.Allowed(at(free)); !got.Equal(at(free)) {
			t.Errorf("a pack that sends on Sundays and holidays waits from %s to %s", free, got)
		}
	}
}

func TestPublicHolidaysAreThoseOfFinland(t *testing.T) {
	var got []string
	for d := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == 2022; d = d.AddDate(0, 0, 1) {
		if service.PublicHoliday(d) {
			got = append(got, fmt.Sprintf("%d.%d.", d.Day(), d.Month()))
		}
	}
	// Pentecost, 5.6., is a Sunday like others here.
	want := "1.1. 6.1. 15.4. 17.4. 18.4. 1.5. 26.5. 25.6. 5.11. 6.12. 25.12. 26.12."
	if strings.Join(got, " ") != want {
		t.Errorf("2022: %v, want %s", got, want)
	}
	for _, easter := range []string{"1999-04-04", "2008-03-23", "2011-04-24", "2019-04-21", "2021-04-04", "2024-03-31", "2038-04-25"} {
		if !service.PublicHoliday(at(easter + " 12:00:00")) {
			t.Errorf("%s is not Easter", easter)
		}
	}
}

func TestThePageOnPacksNamesEveryKindOfMessageAndEveryFile(t *testing.T) {
	b, err := os.ReadFile("../docs/packs.md")
	if err != nil {
		t.Fatal(err)
	}
	words := append(service.ConditionNames(), "which_person")
	for _, k := range load(t, "", "").Kinds() {
		words = append(words, string(k))
	}
	for _, w := range append(words, "service.yaml", "criteria.yaml", "messages.yaml", "people.yaml", "CHANGES.md") {
		if !strings.Contains(string(b), "`"+w+"`") {
			t.Errorf("docs/packs.md does not tell of %s", w)
		}
	}
}

func TestCheckAllTellsTheFaultsOfEveryPack(t *testing.T) {
	fsys := small(t, "people.yaml", "2016-03-14", "2015-03-14")
	fsys["other/service.yaml"] = fsys["small/service.yaml"]
	_, err := service.CheckAll(fsys, catalog)
	if n := len(strings.Split(err.Error(), "\n")); n != 5 { // four missing files of one, a finding of the other
		t.Errorf("%d faults: %v", n, err)
	}
	if got, err := service.CheckAll(packs.FS, catalog); err != nil || len(got) == 0 {
		t.Errorf("the packs that come with the program: %d, %v", len(got), err)
	}
}
