package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/fault"
	"ennakko/person"
)

// book is a record with its log. The entry numbered old has a leaf of the first
// form.
type book struct {
	log  *log.Log
	rows []log.Record
}

const oldEntry = 40

func (b *book) Last(context.Context) (uint64, error) { return uint64(len(b.rows)), nil }

func (b *book) Range(_ context.Context, from uint64, limit int) ([]log.Record, error) {
	return b.rows[from-1 : min(len(b.rows), int(from)-1+limit)], nil
}

// withBook gives the city a log over the entries of its record.
func withBook(t *testing.T, c *city) *city {
	t.Helper()
	dir := t.TempDir()
	l, err := log.Open(filepath.Join(dir, "log"), log.Options{Keys: filepath.Join(dir, "keys"), Origin: "ennakko/record"})
	if err != nil {
		t.Fatal(err)
	}
	c.book = &book{log: l}
	for seq := uint64(1); seq <= lastEntry-2; seq++ {
		e, err := c.Entries(t.Context(), seq+1, false, 1)
		if err != nil {
			t.Fatal(err)
		}
		r := log.Record{Seq: seq, Entry: &e[0]}
		if r.Salt, err = audit.NewSalt(rand.Reader); err != nil {
			t.Fatal(err)
		}
		if seq == oldEntry {
			r.Salt = r.Salt[1:]
		}
		if r.Leaf, err = r.Entry.Leaf(r.Salt); err != nil {
			t.Fatal(err)
		}
		c.book.rows = append(c.book.rows, r)
	}
	if _, err := l.Sequence(t.Context(), c.book); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *city) Verifier() string {
	if c.book == nil {
		return "ennakko/record+0a0b0c0d+key"
	}
	return c.book.log.Verifier()
}

func (c *city) ProofFile(ctx context.Context, about person.ID, actor string, seq, since uint64) (log.File, error) {
	if c.book == nil || seq > uint64(len(c.book.rows)) {
		return log.File{}, fault.New(fault.Later, "test", "not yet")
	}
	r := c.book.rows[seq-1]
	show := []audit.Part{audit.PartAt, audit.PartKind, audit.PartVerb, audit.PartPurpose, audit.PartBasis, audit.PartFields}
	if r.Entry.Actor == actor {
		show = append(show, audit.PartName)
	}
	d, err := r.Entry.Disclose(r.Salt, uint32(about), show...)
	if err != nil {
		return log.File{}, err
	}
	return c.book.log.File(ctx, d, since)
}

// putIn sends files to the page that checks proofs.
func putIn(t *testing.T, h http.Handler, files map[string][]byte) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, content := range files {
		w, err := form.CreateFormFile(name, name+".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8080/open/proof", &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("Origin", "http://127.0.0.1:8080")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAProofIsTakenAlongAndCheckedByAnybody(t *testing.T) {
	c := withBook(t, newCity().running())
	h := handlerOf(t, c)
	w := getAs(t, h, "aino", "/my/uses/43/file")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Content-Disposition") != `attachment; filename="ennakko-proof-43.json"` {
		t.Fatalf("the file: status %d, %v", w.Code, w.Header())
	}
	if len(c.noted) == 0 || !strings.Contains(c.noted[len(c.noted)-1], "look at who used data") {
		t.Errorf("that the file was taken is not on the record: %q", c.noted)
	}
	file := w.Body.Bytes()
	for _, secret := range []string{"case 12", "18", aChild} {
		if secret == "18" && !bytes.Contains(file, []byte(`"number": 18`)) {
			continue
		}
		if bytes.Contains(file, []byte(secret)) {
			t.Errorf("the file shows %q", secret)
		}
	}
	got := putIn(t, h, map[string][]byte{"proof": file})
	for _, s := range []string{"The proof holds", "Entry 43 stands", "the number 17 in the city", "A resident", "answered", "section 26 a", "Arranging pre-primary education"} {
		if !strings.Contains(got.Body.String(), s) {
			t.Errorf("status %d, the page does not show %q", got.Code, s)
		}
	}
	if strings.Contains(got.Body.String(), "went on unchanged") {
		t.Error("a checkpoint was compared that nobody gave")
	}
	checkpoint, err := c.book.log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := putIn(t, h, map[string][]byte{"proof": file, "checkpoint": []byte(checkpoint)}); !strings.Contains(got.Body.String(), "went on unchanged") {
		t.Errorf("with a checkpoint: status %d", got.Code)
	}
	if w := getAs(t, h, "aino", "/my/uses/43/file?since=20"); !strings.Contains(w.Body.String(), `"since"`) {
		t.Error("the file does not lead from an older checkpoint")
	}
	for path, want := range map[string]int{"/my/uses/43/file?since=x": http.StatusUnprocessableEntity, "/my/uses/43/file?since=99": http.StatusUnprocessableEntity} {
		if w := getAs(t, h, "aino", path); w.Code != want {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

func TestAProofOfAnOlderEntryShowsOnlyThatItIsThere(t *testing.T) {
	h := handlerOf(t, withBook(t, newCity().running()))
	file := getAs(t, h, "aino", "/my/uses/40/file").Body.Bytes()
	got := putIn(t, h, map[string][]byte{"proof": file}).Body.String()
	if !strings.Contains(got, "The proof holds") || !strings.Contains(got, "an older form") || strings.Contains(got, "answered") {
		t.Error("the page says more, or less, than that the entry is there")
	}
}

func TestAFalseProofIsRefusedAndNothingOfItIsShown(t *testing.T) {
	c := withBook(t, newCity().running())
	h := handlerOf(t, c)
	file := getAs(t, h, "aino", "/my/uses/43/file").Body.Bytes()
	other := handlerOf(t, withBook(t, newCity().running()))
	for name, x := range map[string]struct {
		h     http.Handler
		files map[string][]byte
		says  string
	}{
		"a changed value":        {h, map[string][]byte{"proof": bytes.Replace(file, []byte(`"answer"`), []byte(`"&lt;b&gt; lied"`), 1)}, "does not hold"},
		"another city's":         {other, map[string][]byte{"proof": file}, "does not hold"},
		"no proof":               {h, map[string][]byte{"proof": []byte("<b>hello</b>")}, "is not a proof"},
		"nothing":                {h, nil, "Choose the file"},
		"an empty file":          {h, map[string][]byte{"proof": nil}, "Choose the file"},
		"too large":              {h, map[string][]byte{"proof": bytes.Repeat([]byte("x"), maxProof+1)}, "is not a proof"},
		"too large for a proof":  {h, map[string][]byte{"proof": bytes.Repeat([]byte("x"), log.MostFile+1)}, "is not a proof"},
		"a checkpoint of others": {h, map[string][]byte{"proof": file, "checkpoint": []byte("ennakko/record\n43\nroot\n")}, "does not hold"},
	} {
		w := putIn(t, x.h, x.files)
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, x.says) || strings.Contains(body, "lied") || strings.Contains(body, "hello") || strings.Contains(body, "The proof holds") {
			t.Errorf("%s: status %d, or the page shows what was put in", name, w.Code)
		}
	}
	if w := post(t, h, "", "/open/proof", nil); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a form without files: status %d", w.Code)
	}
	if got := c.requests(); len(got) != 0 {
		t.Errorf("the city was asked %q", got)
	}
}
