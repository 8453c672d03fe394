package document_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"ennakko/document"
	"ennakko/fault"
)

const pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"

func pictures(t testing.TB) (jpg, pn []byte) {
	t.Helper()
	var a, b bytes.Buffer
	m := image.NewGray(image.Rect(0, 0, 3, 2))
	if err := jpeg.Encode(&a, m, nil); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return a.Bytes(), b.Bytes()
}

// heic is the beginning of a photograph as a telephone writes it.
func heic(brand, also string) []byte {
	return []byte("\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x00\x00" + also + "MiHE" + "\x00\x00\x00\x08meta")
}

func TestAFileIsWhatItsContentSays(t *testing.T) {
	jpg, pn := pictures(t)
	for name, tt := range map[string]struct {
		content []byte
		want    document.Kind
	}{
		"a PDF": {[]byte(pdf), document.PDF}, "a JPEG": {jpg, document.JPEG}, "a PNG": {pn, document.PNG}, "a photograph": {heic("heic", "mif1"), document.HEIC},
		"a photograph that names the format second":  {heic("mif1", "heic"), document.HEIC},
		"a PDF that is cut off":                      {[]byte(pdf[:40]), ""},
		"a PDF that begins with a page":              {[]byte("<html><script>alert(1)</script>" + pdf), ""},
		"a JPEG that is cut off":                     {jpg[:20], ""},
		"a PNG that is cut off":                      {pn[:20], ""},
		"only the first bytes of a JPEG":             {[]byte("\xff\xd8\xff<svg onload=alert(1)>"), ""},
		"a video":                                    {heic("mp42", "isom"), ""},
		"a box that says it is longer than the file": {[]byte("\x00\x00\x03\x00ftypheic\x00\x00\x00\x00mif1"), ""},
		"a page":         {[]byte("<!DOCTYPE html><p>hello"), ""},
		"a drawing":      {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), ""},
		"an office file": {[]byte("PK\x03\x04word/document.xml"), ""},
		"a program":      {[]byte("MZ\x90\x00"), ""},
		"nothing":        {nil, ""},
	} {
		got, err := document.Of(tt.content)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFileThatIsTooLargeSaysHowLargeItMayBe(t *testing.T) {
	_, err := document.Of(append([]byte(pdf), make([]byte, document.MostBytes)...))
	if fault.KindOf(err) != fault.Invalid || err == nil || !strings.Contains(err.Error(), "10 MB") {
		t.Errorf("%v", err)
	}
}

func TestEveryKindHasItsNames(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range document.Kinds() {
		if !k.Known() || seen[k.MediaType()] || k.MediaType() == document.Kind("exe").MediaType() || k.Extension() == "" {
			t.Errorf("%s: %s, %s", k, k.MediaType(), k.Extension())
		}
		seen[k.MediaType()] = true
	}
}

func FuzzOf(f *testing.F) {
	jpg, pn := pictures(f)
	for _, s := range [][]byte{[]byte(pdf), jpg, pn, heic("heic", "mif1")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		k, err := document.Of(content)
		if (err == nil) != k.Known() {
			t.Errorf("%q, %v", k, err)
		}
	})
}
