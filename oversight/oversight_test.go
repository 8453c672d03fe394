package oversight_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/access"
	"ennakko/oversight"
	"ennakko/person"
)

// monday is a Monday at noon in Helsinki.
var monday = time.Date(2026, 10, 5, 9, 0, 0, 0, time.UTC)

func zone(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// made is a made-up record.
type made struct {
	*oversight.Book
	n uint64
}

func (m *made) read(actor string, at time.Time, inCase bool, who ...uint32) {
	m.n++
	m.Add(oversight.Line{Seq: m.n, At: at, Actor: actor, Purpose: "fee", Case: inCase, Reads: true, Count: len(who), People: roaring.BitmapOf(who...)})
}

func record(t testing.TB) *made { return &made{Book: oversight.New(oversight.Usual(zone(t)))} }

func kinds(all []oversight.Finding) (out []string) {
	for _, f := range all {
		out = append(out, fmt.Sprintf("%s %s %d of %d", f.Kind, f.Actor, f.N, f.Of))
	}
	return out
}

func TestAnOrdinaryWeekHasNothingUnusual(t *testing.T) {
	m := record(t)
	for i := range 40 {
		m.read(fmt.Sprintf("officer:e%d", i%4), monday.Add(time.Duration(i)*time.Minute), true, uint32(i), uint32(i+100))
	}
	roles := map[string][]access.Role{}
	for i := range 4 {
		roles[fmt.Sprintf("officer:e%d", i)] = []access.Role{access.Expert}
	}
	if got := m.Findings(monday.Add(time.Hour), oversight.About{Roles: roles, Famous: roaring.New(), Cases: roaring.New()}); len(got) > 0 {
		t.Errorf("found %v", kinds(got))
	}
}

func TestWhoReadsMuchIsHeldAgainstOthersOfTheRole(t *testing.T) {
	m := record(t)
	for i := range uint32(40) {
		m.read("officer:sari", monday, true, 1000+i)
	}
	for i := range uint32(10) {
		m.read("officer:olli", monday, true, i)
		m.read("officer:eeva", monday, true, 50+i)
	}
	about := oversight.About{Roles: map[string][]access.Role{"officer:sari": {access.Expert}, "officer:olli": {access.Expert}, "officer:eeva": {access.Expert}}}
	got := m.Findings(monday, about)
	if want := []string{"much officer:sari 40 of 40"}; !slices.Equal(kinds(got), want) {
		t.Fatalf("found %v", kinds(got))
	}
	if f := got[0]; f.Middle != 10 || f.Others != 2 || f.Role != access.Expert || f.First != 1 || f.Last != 40 || len(f.Entries) != 10 || f.Entries[0] != 40 {
		t.Errorf("the finding is %+v", f)
	}
	about.Roles["officer:eeva"] = []access.Role{access.Leader}
	if got := m.Findings(monday, about); len(got) > 0 {
		t.Errorf("with one other of the role: %v", kinds(got))
	}
}

func TestOneLookAtARelativeOrAFamousPersonIsTold(t *testing.T) {
	m := record(t)
	m.read("officer:sari", monday, true, 7, 8)
	m.read("officer:olli", monday, true, 7)
	m.read("officer:olli", monday, true, 9)
	got := m.Findings(monday, oversight.About{Relatives: map[oversight.Pair]bool{{Actor: "officer:sari", Person: 8}: true, {Actor: "officer:olli", Person: 7}: false}, Famous: roaring.BitmapOf(9)})
	if want := []string{"relative officer:sari 1 of 1", "famous officer:olli 1 of 2"}; !slices.Equal(kinds(got), want) {
		t.Errorf("found %v", kinds(got))
	}
}

func TestPeopleWithoutACaseAndPeopleReadByMany(t *testing.T) {
	m := record(t)
	for i := range uint32(5) {
		m.read("officer:sari", monday, false, 20+i)
		m.read("officer:olli", monday, true, 20+i) // about a case
		m.read(fmt.Sprintf("officer:e%d", i), monday, true, 77)
	}
	got := m.Findings(monday, oversight.About{Cases: roaring.BitmapOf(77)})
	if want := []string{"no-case officer:sari 5 of 5", "readers  5 of 5"}; !slices.Equal(kinds(got), want) || got[1].Person != 77 {
		t.Errorf("found %v", kinds(got))
	}
	if got := m.Findings(monday, oversight.About{Cases: roaring.BitmapOf(77, 20)}); len(got) != 1 {
		t.Errorf("four people without a case are told: %v", kinds(got))
	}
}

func TestTheWorkingDayIsThatOfTheCity(t *testing.T) {
	helsinki := zone(t)
	for _, x := range []struct {
		at      time.Time
		outside bool
	}{
		{time.Date(2026, 10, 5, 5, 59, 0, 0, helsinki), true}, {time.Date(2026, 10, 5, 6, 0, 0, 0, helsinki), false},
		{time.Date(2026, 10, 5, 19, 59, 0, 0, helsinki), false}, {time.Date(2026, 10, 5, 20, 0, 0, 0, helsinki), true},
		{time.Date(2026, 10, 10, 12, 0, 0, 0, helsinki), true}, {time.Date(2026, 10, 11, 12, 0, 0, 0, helsinki), true},
	} {
		m := record(t)
		for range 5 {
			m.read("officer:sari", x.at, true, 1)
		}
		if got := m.Findings(x.at, oversight.About{}); (len(got) == 1) != x.outside {
			t.Errorf("%s: found %v", x.at, kinds(got))
		}
		m = record(t)
		for range 4 {
			m.read("officer:sari", x.at, true, 1)
		}
		if got := m.Findings(x.at, oversight.About{}); len(got) > 0 {
			t.Errorf("four readings at %s: %v", x.at, kinds(got))
		}
	}
}

func TestWhatIsNoLookAtPeopleOneByOneDoesNotCount(t *testing.T) {
	m := record(t)
	mass := roaring.New()
	mass.AddRange(1, 1000)
	for _, l := range []oversight.Line{
		{Actor: "officer:sari", Reads: true, Count: 999, People: mass},                          // a run over many
		{Actor: "system:work", Reads: true, Count: 1, People: roaring.BitmapOf(5)},              // no member of the staff
		{Actor: "resident:5", Reads: true, Count: 1, People: roaring.BitmapOf(5)},               // the person
		{Actor: "officer:sari", Reads: false, Count: 1, People: roaring.BitmapOf(5)},            // nothing was read
		{Actor: "officer:olli", Reads: true, Count: 1, People: roaring.BitmapOf(6), Case: true}, // this one counts
	} {
		m.n++
		l.Seq, l.At, l.Purpose = m.n, monday, "fee"
		m.Add(l)
		m.Add(l) // the same entry again
	}
	got := m.Findings(monday, oversight.About{Famous: roaring.BitmapOf(5, 6)})
	if want := []string{"famous officer:olli 1 of 1"}; !slices.Equal(kinds(got), want) {
		t.Errorf("found %v", kinds(got))
	}
	u := m.Uses()
	if len(u) != 1 || u[0].Total.Entries != 5 || u[0].Total.Readings != 4 || u[0].Total.People != 1002 {
		t.Errorf("the uses are %+v", u)
	}
}

func TestWhatIsOlderThanTheWindowIsForgotten(t *testing.T) {
	m := record(t)
	m.read("officer:sari", monday, true, 9)
	about := oversight.About{Famous: roaring.BitmapOf(9)}
	if got := m.Findings(monday.AddDate(0, 0, 30), about); len(got) != 1 {
		t.Errorf("on the last day: %v", kinds(got))
	}
	if got := m.Findings(monday.AddDate(0, 0, 31), about); len(got) != 0 || len(m.People(monday.AddDate(0, 0, 31))) != 0 {
		t.Errorf("a day later: %v", kinds(got))
	}
}

func TestAFindingKeepsItsKeyWhileItGrows(t *testing.T) {
	m := record(t)
	about := oversight.About{Famous: roaring.BitmapOf(9)}
	m.read("officer:sari", monday, true, 9)
	one := m.Findings(monday, about)[0]
	m.read("officer:sari", monday, true, 9)
	two := m.Findings(monday, about)[0]
	if one.Key() != two.Key() || two.Last != one.Last+1 {
		t.Errorf("%+v became %+v", one, two)
	}
	two.Actor = "officer:olli"
	if one.Key() == two.Key() {
		t.Error("another's finding has the same key")
	}
}

func TestUseOverTimeIsByTheCitysDaysAndWeeks(t *testing.T) {
	m := record(t)
	m.read("officer:sari", time.Date(2026, 10, 4, 21, 30, 0, 0, time.UTC), true, 1) // Monday already in Helsinki
	m.read("officer:sari", time.Date(2026, 10, 4, 12, 0, 0, 0, time.UTC), true, 1, 2)
	u := m.Uses()[0]
	days := u.Last(3, monday)
	if len(days) != 3 || days[0].Readings != 0 || days[1].People != 2 || days[2].People != 1 || !days[2].Day.Equal(time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the days are %+v", days)
	}
	weeks := u.Weeks(2, monday)
	if weeks[0].Readings != 1 || weeks[1].Readings != 1 || !weeks[0].Day.Equal(time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the weeks are %+v", weeks)
	}
}

func TestARequestIsAnsweredWithinAMonth(t *testing.T) {
	for came, due := range map[string]string{"2026-01-31": "2026-02-28", "2028-01-31": "2028-02-29", "2026-03-31": "2026-04-30", "2026-12-15": "2027-01-15", "2026-02-28": "2026-03-28"} {
		at, err := time.Parse(time.DateOnly, came)
		if err != nil {
			t.Fatal(err)
		}
		if got := oversight.Due(at).Format(time.DateOnly); got != due {
			t.Errorf("what came on %s is due on %s, not %s", came, got, due)
		}
	}
	if n := oversight.DaysLeft(monday, monday.AddDate(0, 0, -2)); n != -2 {
		t.Errorf("two days late is %d", n)
	}
	if n := oversight.DaysLeft(time.Date(2026, 10, 24, 23, 0, 0, 0, zone(t)), time.Date(2026, 10, 26, 1, 0, 0, 0, zone(t))); n != 2 {
		t.Errorf("over the end of summer time: %d", n)
	}
}

// BenchmarkAMillionEntries takes in a million entries, a fifth of them looks of 200
// officers, and finds what is unusual.
func BenchmarkAMillionEntries(b *testing.B) {
	z := zone(b)
	sets := make([]*roaring.Bitmap, 5000)
	for i := range sets {
		sets[i] = roaring.BitmapOf(uint32(i), uint32(i*7))
	}
	roles := map[string][]access.Role{}
	for i := range 200 {
		roles[fmt.Sprintf("officer:e%d", i)] = []access.Role{access.Expert}
	}
	about := oversight.About{Roles: roles, Famous: roaring.BitmapOf(1, 2, 3), Cases: roaring.BitmapOf(4), Relatives: map[oversight.Pair]bool{{Actor: "officer:e1", Person: person.ID(9)}: true}}
	for b.Loop() {
		book := oversight.New(oversight.Usual(z))
		for i := range 1_000_000 {
			l := oversight.Line{Seq: uint64(i + 1), At: monday.Add(time.Duration(i) * 2 * time.Second), Actor: "system:work", Purpose: "fee", Reads: true, Count: 2}
			if i%5 == 0 {
				l.Actor, l.People = fmt.Sprintf("officer:e%d", i%200), sets[i%len(sets)]
			}
			book.Add(l)
		}
		book.Findings(monday.AddDate(0, 0, 24), about)
	}
}
