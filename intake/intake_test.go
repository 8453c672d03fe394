package intake_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/intake"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/store/sqlite"
	"ennakko/store/tables"
	"ennakko/store/vault"
)

var now = time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC)

func code(t *testing.T, y, m, d, number int) string {
	t.Helper()
	c, err := person.MakeCode(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC), 0, number)
	if err != nil {
		t.Fatal(err)
	}
	return c.Reveal()
}

// files is a folder of register files under construction.
type files map[string]string

const (
	populationHead   = "code;family_name;given_names;birth_date;death_date;sex;mother_tongue;contact_language;municipality;dwelling;street;postal_code;post_office;crs;north;east;district;moved_in;moved_out;non_disclosure\n"
	guardianshipHead = "child;guardian;custody;role;lives_with;since;until\n"
	contactsHead     = "code;mobile;since\n"
	educationHead    = "code;unit;language;provider;since;until;decision;decision_date\n"
	unitsHead        = "unit;name_fi;name_sv;name_en;provider;crs;north;east;district;language;places\n"
)

// child and mother are in every good folder.
func good(t *testing.T) (f files, child, mother string) {
	child, mother = code(t, 2015, 5, 4, 902), code(t, 1985, 2, 3, 904)
	return files{
		"snapshot.yaml": "snapshot: 2021-01-04\nsource: test\n",
		"population.csv": populationHead +
			child + ";Mäkinen;Aino Maria;2015-05-04;;f;fi;fi;091;d1;Kuja 1 A 2;00100;HELSINKI;3879;6675472.1;25496994.9;0911101010;2018-01-01;;0\n" +
			mother + ";Mäkinen;Anna;1985-02-03;;f;fi;sv;091;d1;Kuja 1 A 2;00100;HELSINKI;3067;6674572.6;386100.3;0911101010;2018-01-01;;0\n",
		"guardianships.csv":   guardianshipHead + child + ";" + mother + ";sole;parent;1;2015-05-04;\n",
		"contacts.csv":        contactsHead + mother + ";040 1234567;2019-01-01\n",
		"early_education.csv": educationHead + child + ";u1;fi;municipal;2018-08-01;;;\n",
		"units.csv":           unitsHead + "u1;Päiväkoti Kielo;Daghemmet Kielo;Kielo;municipal;3879;6675000;25497000;0911101010;fi;20\n",
	}, child, mother
}

func (f files) dir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range f {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type city struct {
	*testing.T
	db    *tables.DB
	facts string
}

func newCity(t *testing.T) *city {
	t.Helper()
	dir := t.TempDir()
	v, err := vault.Open(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(context.Background(), filepath.Join(dir, "e.db"), v, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &city{t, db, filepath.Join(dir, "facts")}
}

func (c *city) run(folder string) (intake.Result, error) {
	c.Helper()
	if err := os.MkdirAll(c.facts, 0o700); err != nil {
		c.Fatal(err)
	}
	return intake.Run(context.Background(), c.db, intake.Options{Facts: parquet.Shelf{Root: c.facts}, Folder: folder, Actor: "officer:a", Now: now, Rand: rand.New(rand.NewPCG(1, 2))})
}

func (c *city) good(f files) intake.Result {
	c.Helper()
	r, err := c.run(f.dir(c.T))
	if err != nil {
		c.Fatal(err)
	}
	return r
}

// read opens fields of everybody as they were known on a day, by field, sorted.
func (c *city) read(known time.Time, fields ...permission.Field) map[permission.Field][]string {
	c.Helper()
	three := map[person.Language]string{"fi": "x", "sv": "x", "en": "x"}
	p, err := permission.NewPurpose(permission.Spec{ID: "p", Name: three, Why: three, Basis: "b", Law: "l", Controller: "c", Fields: append(fields, register.BirthDate), Until: now.AddDate(9, 0, 0), Retention: "r"})
	if err != nil {
		c.Fatal(err)
	}
	act, err := audit.Begin("officer:a", "read", "p", p.LegalBasis(), now)
	if err != nil {
		c.Fatal(err)
	}
	g, err := permission.Check(act, p, append(fields, register.BirthDate), permission.Everyone(), nil)
	if err != nil {
		c.Fatal(err)
	}
	list, err := c.db.Files(context.Background(), known)
	if err != nil {
		c.Fatal(err)
	}
	src := parquet.NewSource(c.facts, list)
	defer func() { _ = src.Close() }()
	rows, err := register.NewReader(c.db, src, c.db.Identities(known)).Read(context.Background(), g, &register.Range{Field: register.BirthDate, From: now.AddDate(-150, 0, 0), To: now.AddDate(1, 0, 0)}, "test")
	if err != nil {
		c.Fatal(err)
	}
	out := map[permission.Field][]string{}
	for _, row := range rows {
		for _, f := range fields {
			known, err := row.Open(g, f)
			if err != nil {
				c.Fatal(err)
			}
			for _, k := range known {
				s, ok := k.Value.(string)
				if !ok {
					s = fmt.Sprint(k.Value)
				}
				out[f] = append(out[f], s)
			}
		}
	}
	for _, v := range out {
		slices.Sort(v)
	}
	return out
}

func TestAFolderComesInAndReadsBack(t *testing.T) {
	c := newCity(t)
	f, _, _ := good(t)
	r := c.good(f)
	if len(r.SetAside) != 0 {
		t.Fatalf("set aside: %+v", r.SetAside)
	}
	got := c.read(now, register.Mobile, register.ContactLanguage, register.District, register.EducationUnit, register.Name)
	for field, want := range map[permission.Field]string{register.Mobile: "[+358401234567]", register.ContactLanguage: "[fi sv]",
		register.District: "[0911101010 0911101010]", register.EducationUnit: "[u1]",
		register.Name: `[{"family":"Mäkinen","given":"Aino Maria"} {"family":"Mäkinen","given":"Anna"}]`} {
		if fmt.Sprint(got[field]) != want {
			t.Errorf("%s: %v, want %s", field, got[field], want)
		}
	}
}

func TestFormsOfFiles(t *testing.T) {
	f, _, _ := good(t)
	latin, err := charmap.Windows1252.NewEncoder().String(f["population.csv"])
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(f["population.csv"])); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(files){
		"byte-order mark":        func(f files) { f["population.csv"] = "\ufeff" + f["population.csv"] },
		"windows-1252 unsaid":    func(f files) { f["population.csv"] = latin },
		"windows line ends":      func(f files) { f["population.csv"] = strings.ReplaceAll(f["population.csv"], "\n", "\r\n") },
		"commas":                 func(f files) { f["population.csv"] = strings.ReplaceAll(f["population.csv"], ";", ",") },
		"gzip":                   func(f files) { delete(f, "population.csv"); f["population.csv.gz"] = zipped.String() },
		"no line end at the end": func(f files) { f["population.csv"] = strings.TrimSuffix(f["population.csv"], "\n") },
		"quoted cells":           func(f files) { f["population.csv"] = strings.ReplaceAll(f["population.csv"], "Mäkinen", `"Mäkinen"`) },
		"another order of columns": func(f files) {
			f["contacts.csv"] = "since;code;mobile\n2019-01-01;" + strings.Split(strings.Split(f["contacts.csv"], "\n")[1], ";")[0] + ";0401234567\n"
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCity(t)
			g, _, _ := good(t)
			change(g)
			if r := c.good(g); len(r.SetAside) != 0 {
				t.Fatalf("set aside: %+v", r.SetAside)
			}
			if got := c.read(now, register.Name); len(got[register.Name]) != 2 || !strings.Contains(got[register.Name][0], "Mäkinen") {
				t.Errorf("names %v", got)
			}
		})
	}
}

func TestTheSameFilesAgainChangeNothing(t *testing.T) {
	c := newCity(t)
	f, _, _ := good(t)
	c.good(f)
	before, err := c.db.Last(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range c.good(f).Files {
		if !x.Unchanged || x.Rows != 0 {
			t.Errorf("%+v", x)
		}
	}
	f["snapshot.yaml"] = "snapshot: 2021-01-11\nsource: test\n" // the same files, read on a later day
	c.good(f)
	if after, err := c.db.Last(context.Background()); err != nil || after != before {
		t.Errorf("%d entries, then %d, error %v", before, after, err)
	}
}

func TestANewerSnapshotKeepsWhatWasKnown(t *testing.T) {
	c := newCity(t)
	f, _, mother := good(t)
	c.good(f)
	f["snapshot.yaml"] = "snapshot: 2021-01-11\nsource: test\n"
	f["contacts.csv"] = contactsHead + mother + ";050 7654321;2021-01-10\n"
	f["population.csv"] = strings.Replace(f["population.csv"], ";0911101010;2018-01-01;;0\n", ";0911102030;2021-01-08;;0\n", 1)
	c.good(f)
	then, today := time.Date(2021, 1, 5, 0, 0, 0, 0, time.UTC), time.Date(2021, 1, 12, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		known            time.Time
		mobile, district string
	}{{then, "[+358401234567]", "[0911101010 0911101010]"}, {today, "[+358507654321]", "[0911101010 0911102030]"}} {
		got := c.read(tt.known, register.Mobile, register.District)
		if fmt.Sprint(got[register.Mobile]) != tt.mobile || fmt.Sprint(got[register.District]) != tt.district {
			t.Errorf("known on %s: %v", tt.known.Format(time.DateOnly), got)
		}
	}
	f["snapshot.yaml"] = "snapshot: 2021-01-18\nsource: test\n"
	f["contacts.csv"] = contactsHead
	c.good(f)
	if got := c.read(today.AddDate(0, 0, 7), register.Mobile); len(got[register.Mobile]) != 0 {
		t.Errorf("a number that is no longer listed is still known: %v", got)
	}
}

func TestWholeFoldersThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(f files)
		kind   fault.Kind
		want   string
	}{
		{"no snapshot.yaml", func(f files) { delete(f, "snapshot.yaml") }, fault.Missing, "snapshot.yaml is missing"},
		{"no day", func(f files) { f["snapshot.yaml"] = "source: x\n" }, fault.Invalid, "snapshot is not a day"},
		{"no source", func(f files) { f["snapshot.yaml"] = "snapshot: 2021-01-04\n" }, fault.Invalid, "source is missing"},
		{"unknown key", func(f files) { f["snapshot.yaml"] += "colour: red\n" }, fault.Invalid, "snapshot.yaml: the file is not"},
		{"unknown charset", func(f files) { f["snapshot.yaml"] += "charset: ebcdic\n" }, fault.Invalid, "charset is not known"},
		{"no register file", func(f files) { clear(f); f["snapshot.yaml"] = "snapshot: 2021-01-04\nsource: x\n" }, fault.Missing, "no register file"},
		{"misspelt file", func(f files) { f["populaton.csv"] = "x" }, fault.Invalid, "populaton.csv: the file's name"},
		{"empty file", func(f files) { f["units.csv"] = "" }, fault.Invalid, "units.csv: the file has no header row"},
		{"misspelt column", func(f files) { f["units.csv"] = strings.Replace(f["units.csv"], "places", "placse", 1) }, fault.Invalid, "units.csv row 1 column 11: a column has an unknown name"},
		{"missing column", func(f files) { f["contacts.csv"] = "code;mobile\n" }, fault.Invalid, "contacts.csv row 1: the column since is missing"},
		{"column twice", func(f files) { f["contacts.csv"] = "code;mobile;since;since\n" }, fault.Invalid, "contacts.csv row 1 column 4: a column stands twice"},
		{"UTF-16", func(f files) { f["snapshot.yaml"] += "charset: utf-8\n"; f["units.csv"] = "\xff\xfeu\x00" }, fault.Invalid, "UTF-16"},
		{"broken gzip", func(f files) { delete(f, "units.csv"); f["units.csv.gz"] = "not gzip" }, fault.Invalid, "units.csv.gz: the file cannot be read"},
		{"plain and gzipped", func(f files) { f["units.csv.gz"] = "x" }, fault.Invalid, "plain and gzipped"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCity(t)
			f, _, _ := good(t)
			tt.change(f)
			_, err := c.run(f.dir(t))
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.KindOf(err) != tt.kind {
				t.Fatalf("error %v (%v), want %v about %q", err, fault.KindOf(err), tt.kind, tt.want)
			}
			if n, err := c.db.Last(context.Background()); err != nil || n != 0 {
				t.Errorf("%d entries after a refusal, error %v", n, err)
			}
		})
	}
	t.Run("another file for a day that is there", func(t *testing.T) {
		c := newCity(t)
		f, _, _ := good(t)
		c.good(f)
		f["units.csv"] += "u2;B;;;municipal;3879;6675000;25497000;0911101010;fi;5\n"
		if _, err := c.run(f.dir(t)); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "units.csv") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("an older day than what is known", func(t *testing.T) {
		c := newCity(t)
		f, _, _ := good(t)
		c.good(f)
		f["snapshot.yaml"] = "snapshot: 2020-12-01\nsource: test\n"
		if _, err := c.run(f.dir(t)); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "newer snapshot") {
			t.Errorf("error %v", err)
		}
	})
}

// Each broken row is set aside with its place and reason; the good rows of
// the same file come in; the reason repeats nothing of the row.
func TestBrokenRows(t *testing.T) {
	f, child, mother := good(t)
	person := strings.Split(strings.Split(f["population.csv"], "\n")[2], ";")
	with := func(column int, value string) string {
		cells := slices.Clone(person)
		cells[0], cells[3], cells[5] = code(t, 1990, 1, 1, 905), "1990-01-01", "m"
		cells[column] = value
		return strings.Join(cells, ";")
	}
	edu := func(cells ...string) string { return child + ";" + strings.Join(cells, ";") }
	unit := func(column int, value string) string {
		cells := strings.Split("u9;N;;;municipal;3879;6675000;25497000;0911101010;fi;5", ";")
		cells[column] = value
		return strings.Join(cells, ";")
	}
	wrongCheck := mother[:10] + map[bool]string{true: "1", false: "0"}[mother[10] == '0']
	for _, tt := range []struct{ name, file, row, column, want string }{
		{"empty code", "population.csv", with(0, ""), "code", "empty"},
		{"short code", "population.csv", with(0, "010190-905"), "code", "11 characters"},
		{"wrong check character", "population.csv", with(0, wrongCheck), "code", "check character"},
		{"unknown century sign", "population.csv", with(0, "010190Z905K"), "code", "century sign"},
		{"impossible day in the code", "population.csv", with(0, "310290-905K"), "code", "does not exist"},
		{"letter in the code", "population.csv", with(0, "0101O0-905K"), "code", "letter"},
		{"code twice", "population.csv", strings.Join(person, ";"), "code", "twice"},
		{"no family name", "population.csv", with(1, ""), "family_name", "empty"},
		{"control character in a name", "population.csv", with(1, "A\x07B"), "family_name", "control characters"},
		{"a name of 300 letters", "population.csv", with(2, strings.Repeat("x", 300)), "given_names", "longer"},
		{"Finnish day", "population.csv", with(3, "1.1.1990"), "birth_date", "not a day"},
		{"birth that the code does not name", "population.csv", with(3, "1990-01-02"), "birth_date", "not the one"},
		{"year 9999", "population.csv", with(4, "9999-12-31"), "death_date", "year"},
		{"death before birth", "population.csv", with(4, "1980-01-01"), "death_date", "before"},
		{"sex that the code does not name", "population.csv", with(5, "f"), "sex", "not the one"},
		{"unknown sex", "population.csv", with(5, "1"), "sex", "unknown word"},
		{"mother tongue in words", "population.csv", with(6, "suomi"), "mother_tongue", "ISO 639"},
		{"contact language", "population.csv", with(7, "ru"), "contact_language", "fi, sv or en"},
		{"municipality without its zero", "population.csv", with(8, "91"), "municipality", "3 digits"},
		{"postal code", "population.csv", with(11, "100"), "postal_code", "5 digits"},
		{"degrees", "population.csv", with(14, "60.17"), "north", "not in Finland"},
		{"north without east", "population.csv", with(15, ""), "crs", "all be given"},
		{"north in words", "population.csv", with(14, "north"), "north", "number of metres"},
		{"other system", "population.csv", with(13, "4326"), "north", "not known"},
		{"district", "population.csv", with(16, "Kallio"), "district", "10 digits"},
		{"non-disclosure in words", "population.csv", with(19, "no"), "non_disclosure", "neither 0 nor 1"},
		{"a column too few", "population.csv", strings.Join(person[:19], ";"), "", "number of columns"},
		{"a quote inside", "population.csv", with(1, `Mä"ki`), "", "not CSV"},
		{"a quote that is not closed", "population.csv", with(1, `"Mäki`), "", "not CSV"},
		{"a zero byte", "population.csv", with(1, "A\x00B"), "", "bytes"},
		{"guardian of itself", "guardianships.csv", child + ";" + child + ";joint;parent;1;2015-05-04;", "guardian", "own guardian"},
		{"guardian who is not there", "guardianships.csv", child + ";" + code(t, 1970, 1, 1, 906) + ";joint;parent;1;2015-05-04;", "guardian", "not in the population register"},
		{"child who is not there", "guardianships.csv", code(t, 2016, 1, 1, 906) + ";" + mother + ";joint;parent;1;2016-01-01;", "child", "not in the population register"},
		{"the same guardian twice", "guardianships.csv", child + ";" + mother + ";joint;parent;1;2015-05-04;", "guardian", "twice"},
		{"unknown custody", "guardianships.csv", mother + ";" + child + ";shared;parent;1;2015-05-04;", "custody", "unknown word"},
		{"foster parent with custody", "guardianships.csv", mother + ";" + child + ";joint;foster;1;2015-05-04;", "custody", "no custody"},
		{"ends before it begins", "guardianships.csv", mother + ";" + child + ";joint;parent;1;2015-05-04;2014-01-01", "until", "before it begins"},
		{"fixed line", "contacts.csv", mother + ";09 310 1691;2019-01-01", "mobile", "cannot take a text message"},
		{"no number", "contacts.csv", mother + ";;2019-01-01", "mobile", "empty"},
		{"number of nobody", "contacts.csv", code(t, 1970, 1, 1, 906) + ";0401234567;2019-01-01", "code", "not in the population register"},
		{"unit that is not there", "early_education.csv", edu("u7", "fi", "municipal", "2018-08-01", "", "", ""), "unit", "not in the unit register"},
		{"language of instruction", "early_education.csv", edu("u1", "en", "municipal", "2018-08-01", "", "", ""), "language", "unknown word"},
		{"decision without a date", "early_education.csv", edu("u1", "fi", "municipal", "2018-08-01", "", "pre-primary", ""), "decision_date", "both"},
		{"no beginning", "early_education.csv", edu("u1", "fi", "municipal", "", "", "", ""), "since", "empty"},
		{"places below zero", "units.csv", unit(10, "-1"), "places", "whole number"},
		{"places in fractions", "units.csv", unit(10, "2.5"), "places", "whole number"},
		{"a unit without coordinates", "units.csv", strings.Replace(unit(0, "u9"), "3879;6675000;25497000", ";;", 1), "crs", "needs coordinates"},
		{"a unit twice", "units.csv", unit(0, "u1"), "unit", "twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCity(t)
			g, _, _ := good(t)
			rows := strings.SplitAfter(g[tt.file], "\n")
			// The broken row stands before the last good one, so that good rows follow it.
			at := len(rows) - 2
			if strings.Contains(tt.want, "twice") {
				at = len(rows) - 1
			}
			g[tt.file] = strings.Join(rows[:at], "") + tt.row + "\n" + strings.Join(rows[at:], "")
			r := c.good(g)
			if len(r.SetAside) != 1 {
				t.Fatalf("set aside: %+v", r.SetAside)
			}
			a := r.SetAside[0]
			if a.File != tt.file || a.Row != at+1 || a.Column != tt.column || !strings.Contains(a.Reason+" "+a.Hint, tt.want) {
				t.Errorf("%+v, want row %d column %q about %q", a, at+1, tt.column, tt.want)
			}
			for _, cell := range strings.Split(tt.row, ";") {
				if len(cell) > 4 && cell != "municipal" && cell != "foster" && strings.Contains(a.Reason+a.Hint, cell) {
					t.Errorf("the reason repeats a cell of the row: %s", a.Reason)
				}
			}
			for _, x := range r.Files {
				if want := strings.Count(f[tt.file], "\n") - 1; x.File == tt.file && x.Rows != want {
					t.Errorf("%d good rows came in, want %d", x.Rows, want)
				}
			}
		})
	}
}
