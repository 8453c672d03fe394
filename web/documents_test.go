package web

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"ennakko/document"
	"ennakko/person"
)

// sendFiles sends a form with files as somebody; each is a name and a content.
func sendFiles(t *testing.T, h http.Handler, who, address string, files ...string) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		part, err := form.CreateFormFile("files", files[i])
		if err == nil {
			_, err = part.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8080"+address, &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("Origin", "http://127.0.0.1:8080")
	carry(t, h, r, who)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAFamilySendsDocumentsOnThePage(t *testing.T) {
	c := newCity().withOma(feeDocuments)
	h := handlerOf(t, c)
	shows(t, h, "aino", "/my/fees/5?lang=en", []string{`enctype="multipart/form-data"`, " multiple ", "PDF, JPEG, PNG or HEIC", "By post", "P.O. Box", "By visiting", "1 year", "6 months"}, []string{"Documents that you sent"})
	w := sendFiles(t, h, "aino", "/my/fees/5/documents", "slip 1.pdf", aSlip, "slip 2.exe", aSlip)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/my/fees/5?done=sent#documents" {
		t.Errorf("status %d to %q", w.Code, w.Header().Get("Location"))
	}
	shows(t, h, "aino", "/my/fees/5?lang=en&done=sent", []string{"The documents are saved", "slip 1.pdf", `href="/my/fees/5/documents/31" download`, `action="/my/fees/5/documents/31/delete"`}, []string{"SECRET"})
	if want := []string{"send 17 5 slip 1.pdf pdf 26, slip 2.exe pdf 26"}; !slices.Equal(c.requests(), want) {
		t.Errorf("the city was asked %q, not %q", c.requests(), want)
	}
}

func TestAFileThatIsNotTakenIsNamedWithWhatIsWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		files []string
		says  []string
		kept  string
	}{
		"no file":      {nil, []string{"First choose the files"}, ""},
		"a page":       {[]string{"slip.pdf", "<html>"}, []string{"<b>slip.pdf</b>: this is no PDF", `href="#files"`, `aria-invalid="true"`}, ""},
		"an empty one": {[]string{"slip.pdf", ""}, []string{"the file is empty"}, ""},
		"a large one":  {[]string{"slip.pdf", aSlip + strings.Repeat("x", document.MostBytes)}, []string{"larger than 10 MB"}, ""},
		"one of two":   {[]string{"<b>good.pdf", aSlip, "bad <i>.png", "PNG"}, []string{"Files saved: 1", "<b>bad &lt;i&gt;.png</b>: this is no PDF"}, "send 17 5 <b>good.pdf pdf 26"},
		"too many":     {[]string{"1", aSlip, "2", aSlip, "3", aSlip, "4", aSlip}, []string{"20 documents at most"}, ""},
	} {
		c := newCity().withOma(feeDocuments)
		w := sendFiles(t, handlerOf(t, c), "aino", "/my/fees/5/documents", tt.files...)
		for _, s := range tt.says {
			if !strings.Contains(w.Body.String(), s) {
				t.Errorf("%s: the page does not say %q", name, s)
			}
		}
		if got := strings.Join(c.requests(), ";"); w.Code != http.StatusUnprocessableEntity || got != tt.kept {
			t.Errorf("%s: status %d, the city was asked %q", name, w.Code, got)
		}
	}
}

func TestDocumentsAreNotTakenFromOthersNorUnasked(t *testing.T) {
	for who, status := range map[string]int{"stranger": http.StatusNotFound, "weak": http.StatusForbidden, asExpert: http.StatusForbidden, "": http.StatusUnauthorized} {
		c := newCity().withOma(feeDocuments)
		if w := sendFiles(t, handlerOf(t, c), who, "/my/fees/5/documents", "slip.pdf", aSlip); w.Code != status || len(c.requests()) > 0 {
			t.Errorf("%q: status %d, the city was asked %q", who, w.Code, c.requests())
		}
	}
	c := newCity().withOma(feeAccepted)
	if w := sendFiles(t, handlerOf(t, c), "aino", "/my/fees/5/documents", "slip.pdf", aSlip); w.Code != http.StatusConflict || len(c.requests()) > 0 {
		t.Errorf("unasked: status %d", w.Code)
	}
}

// TestADocumentComesAsAFileThatNoPageMayRun: others made it.
func TestADocumentComesAsAFileThatNoPageMayRun(t *testing.T) {
	c := newCity().withDocuments()
	h := handlerOf(t, c)
	for who, path := range map[string]string{"aino": "/my/fees/5/documents/21", asExpert: "/desk/fees/4/documents/21"} {
		w := getAs(t, h, who, path)
		if w.Code != http.StatusOK || w.Body.String() != aSlip {
			t.Errorf("%s: status %d", path, w.Code)
		}
		for name, want := range map[string]string{"Content-Type": "application/pdf", "Content-Disposition": `attachment; filename="document-21.pdf"`, "X-Content-Type-Options": "nosniff",
			"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	for _, x := range []struct {
		who, path string
		status    int
	}{{"stranger", "/my/fees/5/documents/21", 404}, {"aino", "/my/fees/5/documents/99", 404}, {"aino", "/my/fees/5/documents/x", 404}, {"weak", "/my/fees/5/documents/21", 403},
		{"aino", "/desk/fees/4/documents/21", 403}, {asDPO, "/desk/fees/4/documents/21", 403}, {asExpert, "/desk/fees/4/documents/99", 404}} {
		if w := getAs(t, h, x.who, x.path); w.Code != x.status || strings.Contains(w.Body.String(), "SECRET") {
			t.Errorf("%s at %s: status %d", x.who, x.path, w.Code)
		}
	}
	for _, e := range []string{"resident:17 look at own document", "officer:sari look at a document"} {
		if !slices.Contains(c.entries(), e) {
			t.Errorf("the record lacks %q: %q", e, c.entries())
		}
	}
}

func TestThePageSaysWhatBecomesOfADocument(t *testing.T) {
	h := handlerOf(t, newCity().withDocuments())
	body := shows(t, h, "aino", "/my/fees/5?lang=en", []string{"palkka &lt;elokuu&gt;.pdf", "83 kB", "3.2 MB", "Kept until", "checked and appealed against", "906/2019", "Document 23", "You deleted it yourself", "/documents/21/delete"},
		[]string{"/documents/22/delete", "/documents/23"})
	if strings.Count(body, "/delete") != 1 {
		t.Error("what a decision rests on can be deleted")
	}
}

func TestTheHoursAreChangedAndWrongOnesRefused(t *testing.T) {
	c := newCity().withOma(feeProposed)
	h := handlerOf(t, c)
	shows(t, h, "aino", "/my/fees/5?lang=en", []string{"We reckon with 37.5 hours a week", "up to 20 hours: 60% of the fee", "35 hours or more", `value="37.5"`, `href="#hours"`}, nil)
	for _, bad := range []string{"", "many", "0", "101", "37.33", "-5", "3e1"} {
		if w := post(t, h, "aino", "/my/fees/5/hours", url.Values{"hours": {bad}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `href="#week"`) {
			t.Errorf("%q: status %d", bad, w.Code)
		}
	}
	post(t, h, "aino", "/my/fees/5/hours", url.Values{"hours": {" 27,5 "}})
	shows(t, h, "aino", "/my/fees/5?lang=en&done=hours", []string{"The hours of care are saved", "needs 27.5 hours"}, nil)
	if want := []string{"set hours 17 5 2750"}; !slices.Equal(c.requests(), want) {
		t.Errorf("the city was asked %q", c.requests())
	}
}

func TestAFamilyWithoutAPlaceIsToldSoAndAsksForOne(t *testing.T) {
	c := newCity().withoutPlace()
	h := handlerOf(t, c)
	shows(t, h, "aino", "/my/fees/5?lang=en", []string{"The child has no place", "do not tell us where there is room"}, []string{"Hours of care a week", "Kielo"})
	if w := post(t, h, "aino", "/my/fees/5/place", url.Values{"words": {" x "}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `href="#wish"`) {
		t.Errorf("no words: status %d", w.Code)
	}
	post(t, h, "aino", "/my/fees/5/place", url.Values{"words": {"From August"}})
	shows(t, h, "aino", "/my/fees/5?lang=en&done=place", []string{"Your request is saved", "is looking for one"}, []string{`id="wish"`})
	if want := []string{"ask for a place 17 5 From August"}; !slices.Equal(c.requests(), want) {
		t.Errorf("the city was asked %q", c.requests())
	}
	if w := post(t, handlerOf(t, newCity().withOma(feeOffered)), "aino", "/my/fees/5/place", url.Values{"words": {"From August"}}); w.Code != http.StatusConflict {
		t.Errorf("who has a place asks for one: status %d", w.Code)
	}
}

func TestACaseworkerAssessesAndProposes(t *testing.T) {
	c := newCity().withOma(feePerson)
	h := handlerOf(t, c)
	shows(t, h, asExpert, "/desk/fees?lang=en", []string{"Documents: 2, the latest on", "No documents have come yet"}, []string{"elokuu"})
	shows(t, h, asExpert, "/desk/fees/4?lang=en", []string{"palkka &lt;elokuu&gt;.pdf", `href="/desk/fees/4/documents/21"`, "Adult 1: Aino", "Adult 2: Erik", "Sends documents", "The income was fetched", `id="fetched-2"`, "maintenance paid"}, []string{`id="fetched-1"`})
	form := url.Values{"how-1": {"amounts"}, "kind-1-1": {"wages"}, "amount-1-1": {"3 250,50"}, "kind-1-2": {"capital"}, "amount-1-2": {"100"}, "how-2": {"none"}, "do": {"try"}}
	w := post(t, h, asExpert, "/desk/fees/4/assess", form)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "This is a trial") || !strings.Contains(w.Body.String(), `value="3 250,50"`) || len(c.requests()) > 0 {
		t.Errorf("a trial: status %d, the city was asked %q", w.Code, c.requests())
	}
	if e := "officer:sari try 1 wages 325050, 1 capital 10000, 2 none"; !slices.Contains(c.entries(), e) {
		t.Errorf("the trial is not on the record: %q", c.entries())
	}
	for name, tt := range map[string]struct {
		change [2]string
		says   string
	}{
		"an amount that is none": {[2]string{"amount-1-1", "much"}, `href="#amount-1-1"`},
		"below nothing":          {[2]string{"amount-1-2", "-5"}, `href="#amount-1-2"`},
		"more than anybody has":  {[2]string{"amount-1-1", "9999999"}, `href="#amount-1-1"`},
		"nothing of the second":  {[2]string{"how-2", "amounts"}, `href="#amount-2-1"`},
		"no words":               {[2]string{"words", " "}, `href="#reason"`},
	} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set("do", "propose")
		bad.Set("words", "From the pay slips")
		bad.Set(tt.change[0], tt.change[1])
		if w := post(t, h, asExpert, "/desk/fees/4/assess", bad); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s: status %d, without %q", name, w.Code, tt.says)
		}
	}
	form.Set("do", "propose")
	form.Set("words", "From the pay slips")
	for _, status := range []int{http.StatusSeeOther, http.StatusConflict} {
		if w := post(t, h, asExpert, "/desk/fees/4/assess", form); w.Code != status {
			t.Errorf("status %d, not %d", w.Code, status)
		}
	}
	if want := []string{"assess 4 officer:sari 1 wages 325050, 1 capital 10000, 2 none From the pay slips"}; !slices.Equal(c.requests(), want) {
		t.Errorf("the city was asked %q", c.requests())
	}
	for _, who := range []string{asLeader, asDPO, "aino"} {
		if w := post(t, handlerOf(t, newCity().withOma(feePerson)), who, "/desk/fees/4/assess", form); w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d", who, w.Code)
		}
	}
}

// TestDocumentsAreSentWithoutJavaScript sends two files in a browser, and looks at the
// page that names one that is not taken, as a reader of it and as axe does.
func TestDocumentsAreSentWithoutJavaScript(t *testing.T) {
	ctx := browser(t)
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal("axe-core is missing: run make test-tools")
	}
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "slip.pdf"), filepath.Join(dir, "page.html")
	for path, content := range map[string]string{good: aSlip, bad: "<html>"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := newCity().withOma(feeDocuments)
	address := serve(t, c)
	enter(t, ctx, address, "aino")
	for _, x := range []struct {
		width int64
		lang  person.Language
	}{{360, person.Finnish}, {320, person.Swedish}, {1280, person.English}} {
		see(t, ctx, chromedp.EmulateViewport(x.width, 900), chromedp.Navigate(address+in("/my/fees/5", x.lang)), chromedp.WaitReady("#files"),
			chromedp.SetUploadFiles("#files", []string{good, bad}), chromedp.Click(`form[action$="/documents"] button`), chromedp.WaitReady("#files-fault"))
		nothingSticksOut(t, ctx, x.width)
		axeFindsNothing(t, ctx, string(axe))
		keep(t, ctx, fmt.Sprintf("fee-refused-%d-%s", x.width, x.lang))
	}
	withoutScripts(t, ctx)
	see(t, ctx, chromedp.Navigate(address+"/my/fees/5?lang=en"), chromedp.WaitReady("#files"), chromedp.SetUploadFiles("#files", []string{good}),
		chromedp.Click(`form[action$="/documents"] button`), chromedp.WaitReady(".said"))
	if got := c.requests(); len(got) != 4 || got[3] != "send 17 5 slip.pdf pdf 26" {
		t.Errorf("the city was asked %q", got)
	}
}
