package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestAPermissionShowsItsTextItsUsesAndWhatTakingItBackDoes(t *testing.T) {
	c := newCity().withOma(feeAccepted)
	h := handlerOf(t, c)
	shows(t, h, "aino", "/?lang=en", []string{"In force", `href="/my/permissions/9"`, "The last day is 7 January 2022"}, []string{"Ended and refused"})
	shows(t, h, "aino", "/my/permissions/9?lang=en", []string{"version 1, from 1 August 2026", "Incomes Register", "The income fetched from the register</b>: is deleted at once",
		"The decision on the fee</b>: is kept", "Archives Act 831/1994", "I take the permission back", "/my/permissions/9/receipts/2", "The data has not been used"}, []string{"/receipts/1\"", "is taken back"})
	if w := post(t, h, "aino", "/my/permissions/9/take-back", nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/my/permissions/9?done=taken-back" {
		t.Errorf("status %d, to %s", w.Code, w.Header().Get("Location"))
	}
	shows(t, h, "aino", "/my/permissions/9?lang=en&done=taken-back", []string{"The permission is taken back", "What the end of the permission did", "/my/permissions/9/receipts/3", "See the ways and choose"}, []string{"/take-back"})
	shows(t, h, "aino", "/?lang=en", []string{"Ended and refused", "You took the permission back"}, nil)
	shows(t, h, "aino", "/my/fees/5?lang=en", []string{"We fetch your income no more", `value="documents"`}, []string{"a month on average"})
	if got := c.requests(); !slices.Equal(got, []string{"take back 17 9"}) {
		t.Errorf("%q", got)
	}
}

func TestUsesUnderAPermissionStandWithItsText(t *testing.T) {
	c := newCity().withOma(feeAccepted)
	c.oma.permit.Agreement.Purpose = "pre-primary" // the purpose of the made-up city's entries
	body := shows(t, handlerOf(t, c), "aino", "/my/permissions/9?lang=en", []string{"/my/uses/43", "section 26 a", "The resident (you)"}, []string{"resident:17", "officer:demo", "verb of tomorrow"})
	if n := strings.Count(body, `<li class="entry">`); n == 0 || n > usesOnPage {
		t.Errorf("%d uses are shown", n)
	}
}

func TestAReceiptCanBeReadAndKept(t *testing.T) {
	h := handlerOf(t, newCity().withOma(feeTakenBack))
	for path, event := range map[string]string{"/my/permissions/9/receipts/2": "The permission was given", "/my/permissions/9/receipts/3": "The permission was taken back"} {
		shows(t, h, "aino", path+"?lang=en", []string{event, "w3id.org/dpv", path + "/file", "version 1"}, nil)
		w := getAs(t, h, "aino", path+"/file")
		if !json.Valid(w.Body.Bytes()) || w.Header().Get("Content-Type") != "application/ld+json" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), `attachment; filename="receipt-9-`) {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
}

func TestACopyOfAllDataIsAPageAndAFile(t *testing.T) {
	c := newCity().withOma(feeAccepted)
	h := handlerOf(t, c)
	shows(t, h, "aino", "/my/copy?lang=en", []string{aGuardian, "3200.00", "<h2>", "<h3>", "/my/copy/file"}, []string{"Lindqvist"})
	w := getAs(t, h, "aino", "/my/copy/file")
	var b branch
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil || b.Key != "data" || len(b.Parts) != 3 || w.Header().Get("Content-Disposition") != `attachment; filename="my-data.json"` {
		t.Errorf("%v: %s", err, w.Body)
	}
	if n := len(c.entries()); n == 0 || c.entries()[n-1] != "resident:17 copy own data" {
		t.Errorf("a copy is not on the record: %q", c.entries())
	}
}

func TestErasureSaysWhatGoesWhatStaysAndWhy(t *testing.T) {
	c := newCity().withOma(feeAccepted)
	h := handlerOf(t, c)
	facts := []string{"Your income fetched from the register", "The decision on the fee", "kept for 10 years", "until 7 January 2031 at most", "GDPR 17(3)(b)", "Data Protection Ombudsman"}
	shows(t, h, "aino", "/my/erase?lang=en", append(facts, `id="sure"`), []string{"checked"})
	if post(t, h, "aino", "/my/erase", url.Values{"sure": {"perhaps"}}); c.oma.erased {
		t.Error("data was erased without a clear yes")
	}
	w := post(t, h, "aino", "/my/erase", url.Values{"sure": {"yes"}})
	for _, s := range append(facts, "The data is erased", "What was erased") {
		if !strings.Contains(w.Body.String(), s) {
			t.Errorf("the answer does not show %q", s)
		}
	}
	if strings.Contains(w.Body.String(), `id="sure"`) || !c.oma.erased {
		t.Error("the form is still there, or nothing was erased")
	}
	c.oma.empty = true
	shows(t, h, "aino", "/my/erase?lang=en", []string{"There is nothing to erase", "All of it can be erased"}, []string{`id="sure"`})
}

func TestALookAtTheRecordStandsOnTheRecord(t *testing.T) {
	c := newCity().running()
	h := handlerOf(t, c)
	for _, path := range []string{"/my/uses", "/my/uses?child=12", "/my/uses/43"} {
		before := len(c.entries())
		getAs(t, h, "aino", path)
		if got := c.entries()[before:]; !slices.Contains(got, "resident:17 look at who used data") {
			t.Errorf("%s: the record says %q", path, got)
		}
	}
	before := len(c.entries())
	getAs(t, h, "aino", "/my/uses?child=13")
	if got := c.entries()[before:]; slices.Contains(got, "resident:17 look at who used data") {
		t.Error("a look that was refused is noted as one")
	}
}

// TestTheWordsOfPermissionsAreOne: a permission is lupa, tillstånd, permission
// on every page; consent in the sense of the GDPR is something else.
func TestTheWordsOfPermissionsAreOne(t *testing.T) {
	texts, err := readTexts()
	if err != nil {
		t.Fatal(err)
	}
	for key, x := range texts {
		if strings.HasPrefix(key, "object.") || strings.HasPrefix(key, "act.") {
			continue // an objection is withdrawn, a permission is taken back; an Act has the name that it has
		}
		for _, word := range []string{"suostumu", "samtyck", "consent", "hakija", "sökande", "applicant", "asiakasmaks", "klientavgift", "asianomai", "rekisteröity", "registrerade", "data subject", "withdraw", "revoke"} {
			for l, s := range x {
				if strings.Contains(strings.ToLower(s), word) {
					t.Errorf("%s in %s says %q", key, l, word)
				}
			}
		}
	}
}

// Who is erased is logged out first: a session that lived on would hold their name, and
// each page would put their number on the record again.
func TestWhoErasesThemselfIsLoggedOutBefore(t *testing.T) {
	c := newCity().withOma(feeAccepted)
	c.oma.empty = true // nothing has to stay
	w := post(t, handlerOf(t, c), "aino", "/my/erase", url.Values{"sure": {"yes"}})
	gone := slices.ContainsFunc(w.Result().Cookies(), func(k *http.Cookie) bool { return k.Name == SessionCookie && k.MaxAge < 0 })
	out, erased := slices.Index(c.entries(), "resident:17 log out"), slices.Index(c.entries(), "resident:17 erase own data")
	if w.Code != http.StatusOK || !gone || out < 0 || erased < out {
		t.Errorf("status %d, the cookie is gone: %v, %q", w.Code, gone, c.entries())
	}
	c = newCity().withOma(feeAccepted)
	w = post(t, handlerOf(t, c), "aino", "/my/erase", url.Values{"sure": {"yes"}})
	if slices.Contains(c.entries(), "resident:17 log out") || len(w.Result().Cookies()) != 0 {
		t.Error("who is still kept by law was logged out")
	}
}
