package letter_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"ennakko/channel/letter"
	"ennakko/fault"
	"ennakko/person"
)

func good() letter.Letter {
	return letter.Letter{Ref: 12, Recipient: "Máret Äijälä", Address: []string{"Mannerheimintie 1 A 5", "00100 HELSINKI"}, Language: person.Finnish,
		Text: "Hyvä Máret Äijälä\n\nLapsi: Áŋŋel\nPaikka: Päiväkoti Käpylä\n\nA = otan paikan vastaan", Child: "Áŋŋel", Reason: "no mobile number"}
}

func shielded(l person.Language) letter.ProtectedLetter {
	return letter.ProtectedLetter{Ref: 34, Recipient: "Anna-Liisa O’Neill", Language: l, Child: "Eino", Phone: "09 310 00000", By: time.Date(2021, 1, 15, 0, 0, 0, 0, time.UTC)}
}

func head() letter.Head {
	return letter.Head{Sender: []string{"Helsingin kaupunki", "Kasvatus ja koulutus", "PL 51000, 00099 HELSINGIN KAUPUNKI"}, Day: time.Date(2021, 1, 8, 0, 0, 0, 0, time.UTC)}
}

func rows(t *testing.T, letters ...any) (out []letter.Row) {
	t.Helper()
	for _, l := range letters {
		var r letter.Row
		var err error
		switch l := l.(type) {
		case letter.Letter:
			r, err = letter.NewRow(l)
		case letter.ProtectedLetter:
			r, err = letter.NewProtectedRow(l)
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// text reads the words of each page back out of a PDF.
func text(t *testing.T, pdf []byte) (pages []string) {
	t.Helper()
	streams := regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`)
	shown := regexp.MustCompile(`(?s)\(((?:\\.|[^\\)])*)\) Tj`)
	for _, m := range streams.FindAllSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		content, err := io.ReadAll(z)
		if err != nil || !bytes.Contains(content, []byte(" Tj")) {
			continue
		}
		var lines []string
		for _, s := range shown.FindAllSubmatch(content, -1) {
			raw := regexp.MustCompile(`(?s)\\(.)`).ReplaceAllFunc(s[1], func(e []byte) []byte {
				if e[1] == 'r' {
					return []byte("\r")
				}
				return e[1:]
			})
			units := make([]uint16, len(raw)/2)
			for i := range units {
				units[i] = binary.BigEndian.Uint16(raw[2*i:])
			}
			lines = append(lines, string(utf16.Decode(units)))
		}
		pages = append(pages, strings.Join(lines, "\n"))
	}
	return pages
}

func TestEachLetterIsOnePageWithItsWords(t *testing.T) {
	second := good()
	second.Language, second.Recipient = person.English, "Țiriac Nguyễn ǩ (junior) \\ Đặng"
	second.Text = strings.Repeat("The quick brown fox jumps over the lazy dog. ", 20) + strings.Repeat("x", 300)
	var b bytes.Buffer
	if err := letter.PDF(&b, rows(t, good(), second, shielded(person.Swedish)), head()); err != nil {
		t.Fatal(err)
	}
	pages := text(t, b.Bytes())
	if len(pages) != 3 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, want := range [][]string{
		{"Helsingin kaupunki\n", "8.1.2021", "Viite 12", "Máret Äijälä\nMannerheimintie 1 A 5\n00100 HELSINKI\n", "Lapsi: Áŋŋel\n"},
		{"8 January 2021", "Reference 12", "Țiriac Nguyễn ǩ (junior) \\ Đặng\nMannerheimintie", "lazy dog"},
		{"Anna-Liisa O’Neill\nFörmedlas via befolkningsdatasystemet\nBästa Anna-Liisa O’Neill\n", "senast 15.1.2021", "09 310 00000", "Referens 34"},
	} {
		for _, s := range want {
			if !strings.Contains(pages[i], s) {
				t.Errorf("page %d lacks %q:\n%s", i+1, s, pages[i])
			}
		}
	}
	if strings.Contains(pages[0], "no mobile number") {
		t.Error("the reason is for the list, not for the recipient")
	}
	if n := strings.Count(pages[1], "x"); n < 300 {
		t.Errorf("%d of 300 letters of a long word are there", n)
	}
}

func TestAnotherReaderFindsTheSameWords(t *testing.T) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Fatal("pdftotext (poppler-utils) is missing: run make test-tools")
	}
	var b bytes.Buffer
	if err := letter.PDF(&b, rows(t, good()), head()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "letters.pdf")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	if err != nil || !strings.Contains(string(out), "Máret Äijälä\n") || !strings.Contains(string(out), "Áŋŋel") || !strings.Contains(string(out), "00100 HELSINKI") {
		t.Errorf("%v:\n%s", err, out)
	}
}

func TestTheSameLettersMakeTheSameFile(t *testing.T) {
	var a, b bytes.Buffer
	if err := letter.PDF(&a, rows(t, good()), head()); err != nil {
		t.Fatal(err)
	}
	if err := letter.PDF(&b, rows(t, good()), head()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two runs differ")
	}
}

func TestTheListIsATable(t *testing.T) {
	evil := good()
	evil.Recipient, evil.Address, evil.Child = "=HYPERLINK(\"http://x\")", []string{"+1", " -2", "＝3", "@4"}, "-x"
	var b bytes.Buffer
	if err := letter.CSV(&b, rows(t, good(), evil, shielded(person.Finnish))); err != nil {
		t.Fatal(err)
	}
	body, bom := strings.CutPrefix(b.String(), "\ufeff")
	r := csv.NewReader(strings.NewReader(body))
	r.Comma = ';'
	got, err := r.ReadAll()
	if err != nil || !bom || len(got) != 4 {
		t.Fatalf("%d rows, byte-order mark %v, %v", len(got), bom, err)
	}
	for i, want := range []string{
		"reference|delivery|recipient|address_1|address_2|address_3|address_4|language|child|reason",
		"12|post|Máret Äijälä|Mannerheimintie 1 A 5|00100 HELSINKI|||fi|Áŋŋel|no mobile number",
		"12|post|'=HYPERLINK(\"http://x\")|'+1|'-2|'＝3|'@4|fi|'-x|no mobile number",
		"34|forwarded|Anna-Liisa O’Neill|Toimitetaan väestötietojärjestelmän kautta||||fi|Eino|non-disclosure",
	} {
		if line := strings.Join(got[i][:10], "|"); line != want {
			t.Errorf("row %d: %s\nwant   %s", i, line, want)
		}
	}
	if got[1][10] != good().Text {
		t.Errorf("the text is %q", got[1][10])
	}
}

// The proof that no address, district, unit or distance can get into a
// protected letter: there is no field for one, names take no digits, and all
// that is printed is known.
func TestAProtectedLetterHasNoRoomForAnAddressOrAUnit(t *testing.T) {
	var fields []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[letter.ProtectedLetter]()) {
		fields = append(fields, f.Name)
	}
	if got := strings.Join(fields, " "); got != "Ref Recipient Language Child Phone By" {
		t.Errorf("the fields are %s: may each of them be known of a family under non-disclosure?", got)
	}
	for name, change := range map[string]func(*letter.ProtectedLetter){
		"an address as a name":       func(l *letter.ProtectedLetter) { l.Recipient = "Anna, Mannerheimintie 1" },
		"a second line in a name":    func(l *letter.ProtectedLetter) { l.Recipient = "Anna\nMannerheimintie" },
		"a unit with the child":      func(l *letter.ProtectedLetter) { l.Child = "Eino (Käpylä)" },
		"an address as a number":     func(l *letter.ProtectedLetter) { l.Phone = "Mannerheimintie" },
		"a long number":              func(l *letter.ProtectedLetter) { l.Phone = "60.17 24.94 60.17 24.94" },
		"no number to call":          func(l *letter.ProtectedLetter) { l.Phone = "" },
		"no reference":               func(l *letter.ProtectedLetter) { l.Ref = 0 },
		"no day":                     func(l *letter.ProtectedLetter) { l.By = time.Time{} },
		"no language":                func(l *letter.ProtectedLetter) { l.Language = "" },
		"no recipient":               func(l *letter.ProtectedLetter) { l.Recipient = " " },
		"a name as long as a letter": func(l *letter.ProtectedLetter) { l.Child = strings.Repeat("a", 61) },
	} {
		l := shielded(person.Finnish)
		change(&l)
		if _, err := letter.NewProtectedRow(l); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("%s passes: %v", name, err)
		} else if strings.Contains(err.Error(), "Mannerheimintie") {
			t.Errorf("%s: the error repeats the letter", name)
		}
	}
}

func TestAProtectedLetterSaysTheSameInEachLanguage(t *testing.T) {
	for l, want := range map[person.Language]string{
		person.Finnish: "viimeistään 15.1.2021", person.Swedish: "senast 15.1.2021", person.English: "by 15 January 2021",
	} {
		var b bytes.Buffer
		rs := rows(t, shielded(l))
		if err := letter.PDF(&b, rs, head()); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.Fields(strings.Join(text(t, b.Bytes()), " ")), " ")
		if !rs[0].Protected() || !strings.Contains(got, want) || !strings.Contains(got, ": Eino") || !strings.Contains(got, "09 310 00000") || strings.Contains(got, "{") {
			t.Errorf("%s: %s", l, got)
		}
		for _, word := range []string{"turvakielto", "spärrmarkering", "non-disclosure"} {
			if strings.Contains(strings.ToLower(got), word) {
				t.Errorf("%s: the letter tells why the data are protected", l)
			}
		}
	}
}

func TestALetterThatCannotBeSentIsRefused(t *testing.T) {
	for name, change := range map[string]func(*letter.Letter){
		"no address":             func(l *letter.Letter) { l.Address = nil },
		"an empty line":          func(l *letter.Letter) { l.Address = []string{"Katu 1", ""} },
		"five lines":             func(l *letter.Letter) { l.Address = []string{"a", "b", "c", "d", "e"} },
		"a line of two":          func(l *letter.Letter) { l.Address = []string{"Katu 1\n00100 HELSINKI"} },
		"a line too long":        func(l *letter.Letter) { l.Address = []string{strings.Repeat("Katu ", 20)} },
		"no text":                func(l *letter.Letter) { l.Text = " \n" },
		"a text too long":        func(l *letter.Letter) { l.Text = strings.Repeat("a", 4001) },
		"a control character":    func(l *letter.Letter) { l.Text = "a\x1bb" },
		"no child":               func(l *letter.Letter) { l.Child = "" },
		"no language":            func(l *letter.Letter) { l.Language = "de" },
		"a reason of many words": func(l *letter.Letter) { l.Reason = strings.Repeat("reason ", 20) },
	} {
		l := good()
		change(&l)
		if _, err := letter.NewRow(l); err == nil || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s passes: %v", name, err)
		}
	}
}

func TestWhatCannotBePrintedIsToldWithItsPlace(t *testing.T) {
	emoji, arabic, long := good(), good(), good()
	emoji.Text, arabic.Recipient, long.Text = "👍", "محمد", strings.Repeat("a\n", 1900)
	for _, tt := range []struct {
		name  string
		rows  []letter.Row
		head  letter.Head
		words []string
	}{
		{"characters the font lacks, all at once", rows(t, good(), emoji, arabic), head(), []string{"letter 2: the font has no U+1F44D", "letter 3: the font has no U+0645"}},
		{"a text of several pages", rows(t, good(), long), head(), []string{"letter 2: the text does not fit"}},
		{"no sender", rows(t, good()), letter.Head{Day: head().Day}, []string{"no sender"}},
		{"no day", rows(t, good()), letter.Head{Sender: []string{"x"}}, []string{"no day"}},
		{"a window nowhere", rows(t, good()), letter.Head{Sender: []string{"x"}, Day: head().Day, Top: 200}, []string{"outside any window"}},
		{"a row of no constructor", []letter.Row{{}}, head(), []string{"letter 1: the row came from no constructor"}},
	} {
		var b bytes.Buffer
		err := letter.PDF(&b, tt.rows, tt.head)
		for _, w := range tt.words {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v, want %q", tt.name, err, w)
			}
		}
		if b.Len() > 0 {
			t.Errorf("%s: something was written", tt.name)
		}
	}
	if err := letter.CSV(io.Discard, []letter.Row{{}}); err == nil {
		t.Error("a row of no constructor is in the table")
	}
}

func TestARowDoesNotPrintOrMarshal(t *testing.T) {
	r := rows(t, good())[0]
	j, err := json.Marshal(r)
	all := fmt.Sprintf("%v %+v %#v %s %v", r, r, r, r, struct{ r letter.Row }{r}) + string(j)
	if err != nil || strings.Contains(all, "Mannerheimintie") || strings.Contains(all, "ijälä") {
		t.Errorf("the row leaks: %s, %v", all, err)
	}
}
