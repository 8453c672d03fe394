package app_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/fault"
	"ennakko/packs"
	"ennakko/person"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
)

// noPhones is the family of the tour without numbers: its round has come to the
// day after the letters are listed.
type noPhones struct {
	*app.App
	pack  *service.Pack
	round store.Round
	dir   string
}

func newNoPhones(t *testing.T) noPhones {
	t.Helper()
	n := noPhones{dir: t.TempDir()}
	clock := app.NewSteppedClock(begin)
	var err error
	n.App, err = app.Open(t.Context(), app.Config{Data: filepath.Join(n.dir, "data"), Packs: packs.FS, Clock: clock, New: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close(context.Background()) })
	n.comes(t, "2021-01-04")
	if n.pack, err = n.Pack("pre-primary"); err != nil {
		t.Fatal(err)
	}
	if n.round, err = n.Start(t.Context(), n.pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: begin}, "officer:other", nil); err != nil {
		t.Fatal(err)
	}
	d, err := n.NewDriver(t.Context(), n.pack)
	if err == nil {
		err = d.RunUntil(t.Context(), n.round, clock, begin.AddDate(0, 0, 1), func(time.Time) {})
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// comes imports the files of the tour as of a day, without contacts, with texts
// of population.csv and guardianships.csv replaced in pairs.
func (n noPhones) comes(t *testing.T, day string, pairs ...string) {
	t.Helper()
	files := filepath.Join(n.dir, day)
	if err := os.CopyFS(files, os.DirFS("testdata/tour")); err != nil {
		t.Fatal(err)
	}
	edit := func(name string, change func(string) string) {
		path := filepath.Join(files, name)
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(change(string(b))), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	edit("contacts.csv", func(string) string { return "code;mobile;since\n" })
	edit("snapshot.yaml", func(s string) string { return strings.Replace(s, "2021-01-04", day, 1) })
	used := ""
	for _, name := range []string{"population.csv", "guardianships.csv"} {
		edit(name, func(s string) string { used += s; return strings.NewReplacer(pairs...).Replace(s) })
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(used, pairs[i]) {
			t.Fatalf("nothing to replace: %s", pairs[i])
		}
	}
	res, err := n.Import(t.Context(), files, "officer:test", nil)
	if err != nil || len(res.SetAside) > 0 {
		t.Fatalf("%v, set aside %v", err, res.SetAside)
	}
}

func (n noPhones) letters(t *testing.T, folder string) (round.Letters, string) {
	t.Helper()
	out := filepath.Join(n.dir, folder)
	l, err := n.Letters(t.Context(), n.pack, n.round.ID, "officer:post", out, asOf)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(out, app.LettersCSV))
	if err != nil {
		t.Fatal(err)
	}
	return l, string(b)
}

func holds(t *testing.T, text string, yes bool, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) != yes {
			t.Errorf("%q in the file: %v", p, !yes)
		}
	}
}

func TestLettersGoToEachHomeInItsLanguage(t *testing.T) {
	n := newNoPhones(t)
	l, table := n.letters(t, "one")
	if l.Children != 1 || len(l.Rows) != 2 || l.Forwarded != 0 || len(l.Without) != 0 {
		t.Fatalf("%d letters about %d children, %d forwarded, without %v", len(l.Rows), l.Children, l.Forwarded, l.Without)
	}
	holds(t, table, true, "Dear Helmi Naava", "Sammalpolku 3 B 12;00550 HELSINKI", "Kielo daycare centre", "Hyvä Otto Halla", "Routakuja 8;00630 HELSINKI", "Päiväkoti Kielo", "no mobile number")
	n.letters(t, "two")
	for _, name := range []string{app.LettersCSV, app.LettersPDF} {
		one, err := os.ReadFile(filepath.Join(n.dir, "one", name))
		two, err2 := os.ReadFile(filepath.Join(n.dir, "two", name))
		info, err3 := os.Stat(filepath.Join(n.dir, "one", name))
		if err != nil || err2 != nil || err3 != nil || !slices.Equal(one, two) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: the same letters again differ, or others may read them: %v %v %v", name, err, err2, err3)
		}
	}
	drafts, err := n.DB.Drafts(t.Context(), n.round.ID)
	if err != nil {
		t.Fatal(err)
	}
	uses, err := n.DB.Uses(t.Context(), drafts[0].Child, 50)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, u := range uses {
		if u.Verb == "write letters" && u.Actor == "officer:post" && u.Purpose == "pre-primary" && slices.Contains(u.Fields, "population.name") {
			read++
		}
	}
	if read != 2 { // one for each time
		t.Errorf("the record tells the child of %d readings for letters", read)
	}
	// In one home with one language they share a letter.
	n.comes(t, "2021-01-05", ";Halla;Otto;1982-11-21;;m;fi;fi;091;d2;Routakuja 8;00630;", ";Halla;Otto;1982-11-21;;m;fi;en;091;d1;Sammalpolku 3 B 12;00550;")
	if l, table = n.letters(t, "together"); len(l.Rows) != 1 {
		t.Errorf("%d letters to one home", len(l.Rows))
	}
	holds(t, table, true, "Helmi Naava and Otto Halla", "Dear Helmi Naava and Otto Halla")
	if err := n.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Verify(t.Context(), log.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

func TestAProtectedFamilyIsOnNoListWithItsHome(t *testing.T) {
	for who, change := range map[string][2]string{
		"the child":      {"2015-03-14;;0\n", "2015-03-14;;1\n"},
		"one guardian":   {"2019-09-01;;0", "2019-09-01;;1"},
		"other guardian": {"2012-06-01;;0", "2012-06-01;;1"},
	} {
		n := newNoPhones(t)
		n.comes(t, "2021-01-05", change[0], change[1])
		l, table := n.letters(t, "letters")
		if len(l.Rows) != 2 || l.Forwarded != 2 {
			t.Errorf("%s: %d letters, %d forwarded", who, len(l.Rows), l.Forwarded)
		}
		home := []string{"Sammalpolku", "Routakuja", "00550", "00630", "HELSINKI", "Kielo", "Kanerva", "0913303220", "0914401282", "3879", "6676", "419"}
		holds(t, table, false, home...)
		holds(t, table, true, "Helmi Naava", "Otto Halla", "Aino", "09 310 00000", "15 January 2021", "15.1.2021")
		list, err := n.Failsafe(t.Context(), n.pack, n.round.ID, person.Swedish)
		if err != nil || len(list) != 1 || list[0].Group != round.NotReached {
			t.Fatalf("failsafe %v, %v", list, err)
		}
		path := filepath.Join(n.dir, "f", "failsafe.csv")
		if err := n.FailsafeFile(t.Context(), n.pack, n.round.ID, list, "officer:test", path); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		holds(t, string(b), false, home...)
		if strings.Count(string(b), "Aino Naava;") != 2 || strings.Count(string(b), ";yes\r\n") != 2 {
			t.Errorf("%s: the failsafe list does not say that the family is protected", who)
		}
	}
}

func TestNoChildIsLeftOutOfTheLettersInSilence(t *testing.T) {
	for why, change := range map[string][]string{
		"no address is known":                           {"d1;Sammalpolku 3 B 12;00550;HELSINKI;3879;6676100.0;25497530.0", "d1;;;;;;", "Routakuja 8;00630;HELSINKI;3879;6679880.0;25496440.0", ";;;;;"},
		"the child is in foster care":                   {"211182-905S;joint;parent", "211182-905S;none;foster"},
		"nobody who decides for the child can be asked": {"211182-905S;joint", "211182-905S;none", "020584-9045;joint", "020584-9045;none"},
		"a name or an address does not fit on a letter": {"Sammalpolku 3 B 12", strings.Repeat("Sammalpolku ", 6)},
	} {
		n := newNoPhones(t)
		n.comes(t, "2021-01-05", change...)
		l, _ := n.letters(t, "letters")
		f, err := n.DB.Funnel(t.Context(), n.round.ID)
		if err != nil || len(l.Rows) != 0 || l.Without[why] != 1 || f.Items["by hand"] != 1 {
			t.Errorf("%s: %d letters, without %v, matters %v, %v", why, len(l.Rows), l.Without, f.Items, err)
		}
	}
}

func TestListsThatCannotBeWrittenLeaveNothing(t *testing.T) {
	n := newNoPhones(t)
	taken := filepath.Join(n.dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, app.LettersPDF, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Join(taken, "..", "2021-01-04", "units.csv"), taken} {
		_, err := n.Letters(t.Context(), n.pack, n.round.ID, "officer:test", folder, asOf)
		if err == nil || strings.Contains(err.Error(), "Naava") {
			t.Errorf("%s: %v", filepath.Base(folder), err)
		}
	}
	left, err := os.ReadDir(taken)
	if err != nil || len(left) != 1 {
		t.Errorf("%d things are left, %v", len(left), err)
	}
	if _, err := n.Round(t.Context(), "pre-primary", 9); fault.KindOf(err) != fault.Missing {
		t.Errorf("a round that is not there: %v", err)
	}
	if _, err := n.Round(t.Context(), "swimming", 0); fault.KindOf(err) != fault.Missing {
		t.Errorf("a service without a round: %v", err)
	}
	if _, err := n.Round(t.Context(), "swimming", 1); fault.KindOf(err) != fault.Missing {
		t.Errorf("a round of another service: %v", err)
	}
}
