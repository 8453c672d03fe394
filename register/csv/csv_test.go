package csv_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ennakko/register/csv"
)

const head = "code;mobile;since\n"

func folder(t testing.TB, contacts string) *csv.Folder {
	t.Helper()
	dir := t.TempDir()
	for name, body := range map[string]string{"snapshot.yaml": "snapshot: 2021-01-04\nsource: test\n", "contacts.csv": contacts} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := csv.Open(dir)
	if err != nil {
		return nil // a file in another encoding is refused whole
	}
	return f
}

// rows reads contacts.csv and returns the good rows' codes and the rows set
// aside.
func rows(f *csv.Folder) (good []string, aside []csv.SetAside, err error) {
	err = f.Contacts(func(s csv.SetAside) { aside = append(aside, s) }, func(r csv.ContactRow) (string, string, string) {
		good = append(good, r.Code.Reveal())
		return "", "", ""
	})
	return good, aside, err
}

const goodRow = "131052-308T;0401234567;2020-01-01\n"

func TestAnOpenQuoteCostsOneRowOnly(t *testing.T) {
	good, aside, err := rows(folder(t, head+goodRow+"131052-308T;\"040;2020-01-01\n"+strings.Repeat(goodRow, 30)))
	if err != nil || len(good) != 31 || len(aside) != 1 || aside[0].Row != 3 {
		t.Errorf("%d good rows, set aside %+v, error %v", len(good), aside, err)
	}
}

func TestALineBreakInsideQuotesIsOneRow(t *testing.T) {
	good, aside, err := rows(folder(t, head+"131052-308T;\"040\n1234567\";2020-01-01\n"+"x;y;z\n"))
	if err != nil || len(good)+len(aside) != 2 || aside[len(aside)-1].Row != 3 {
		t.Errorf("%d good rows, set aside %+v, error %v", len(good), aside, err)
	}
}

func TestEmptyLinesCountAsRowsOfASpreadsheet(t *testing.T) {
	_, aside, err := rows(folder(t, head+goodRow+"\n\r\n"+goodRow+"\nx;y;z\n"))
	if err != nil || len(aside) != 1 || aside[0].Row != 7 {
		t.Errorf("set aside %+v, error %v", aside, err)
	}
}

func TestAFileInUTF16IsNamedAsSuch(t *testing.T) {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, r := range head + goodRow {
		b.WriteString(string(r) + "\x00")
	}
	dir := t.TempDir()
	for name, body := range map[string]string{"snapshot.yaml": "snapshot: 2021-01-04\nsource: test\n", "contacts.csv": b.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := csv.Open(dir); err == nil || !strings.Contains(err.Error(), "UTF-16") || !strings.Contains(err.Error(), "contacts.csv") {
		t.Errorf("error %v", err)
	}
}

func FuzzRows(f *testing.F) {
	for _, s := range []string{goodRow, "", "\"", "a;b\n;;;;\n", goodRow + "\"x\n" + goodRow, "\x00;\xff\n", strings.Repeat("\n", 20) + goodRow, "\"a\"b;c;d\n", "\r\r\n\r\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		open := folder(t, head+s+"\n"+goodRow)
		if open == nil {
			return
		}
		good, aside, err := rows(open)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(s, "\n") + 2
		if len(good)+len(aside) > lines {
			t.Fatalf("%d good and %d set aside of %d lines", len(good), len(aside), lines)
		}
		last := 1
		for _, a := range aside {
			if a.Row < last || a.Row > lines+1 || a.Reason == "" {
				t.Fatalf("row %d after %d of %d, reason %q", a.Row, last, lines, a.Reason)
			}
			last = a.Row
		}
	})
}
