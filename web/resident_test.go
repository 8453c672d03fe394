package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestAResidentSeesOwnMattersAndAnswers(t *testing.T) {
	c := newCity().running()
	h := handlerOf(t, c)
	body := getAs(t, h, "aino", "/?lang=en").Body.String()
	for _, s := range []string{"Onni: a place in pre-primary education", "/my/offers/12", "We are waiting for your answer", "You have objected since"} {
		if !strings.Contains(body, s) {
			t.Errorf("the first page does not show %q", s)
		}
	}
	body = getAs(t, h, "aino", "/my/offers/12?lang=en").Body.String()
	for _, s := range []string{"Kielo daycare centre", "Do you accept the place for Onni", "15 January 2021"} {
		if !strings.Contains(body, s) {
			t.Errorf("the offer does not show %q", s)
		}
	}
	for _, s := range []string{aNumber, "Erik", "Hei &lt;b&gt;", "Soitin", "conflict"} {
		if strings.Contains(body, s) {
			t.Errorf("the offer shows the officers' or the other guardian's %q", s)
		}
	}
	if w := post(t, h, "aino", "/my/offers/12", nil); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Choose yes or no") {
		t.Errorf("no choice: status %d", w.Code)
	}
	for _, tt := range []struct {
		path string
		form url.Values
	}{{"/my/offers/12", url.Values{"choice": {"accept"}}}, {"/my/objections", url.Values{"about": {"12"}, "on": {"no"}}}, {"/my/objections", url.Values{"about": {"me"}, "on": {"yes"}}}} {
		if w := post(t, h, "aino", tt.path, tt.form); w.Code != http.StatusSeeOther {
			t.Errorf("POST %s: status %d", tt.path, w.Code)
		}
	}
	if got, want := c.requests(), []string{"answer online 12 17 accept", "object 17 18 false", "object 17 17 true"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestNobodySeesAnothersMatters is insecure direct object reference: numbers
// in addresses and forms are changed.
func TestNobodySeesAnothersMatters(t *testing.T) {
	c := newCity().running()
	h := handlerOf(t, c)
	for who, paths := range map[string][]string{
		"aino":     {"/my/offers/13", "/my/offers/0", "/my/offers/x", "/my/uses?child=13", "/my/uses/45", "/my/uses/42", "/my/uses/99", "/my/uses/0", "/my/uses/45/file", "/my/uses/42/file", "/my/uses/0/file", "/my/uses/x/file"},
		"stranger": {"/my/offers/12", "/my/uses?child=12", "/my/uses", "/my/uses/44", "/my/uses/43", "/my/uses/43/file"},
	} {
		for _, path := range paths {
			if w := getAs(t, h, who, path); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), aChild) {
				t.Errorf("%s at %s: status %d", who, path, w.Code)
			}
		}
	}
	for _, form := range []url.Values{{"about": {"13"}, "on": {"yes"}}, {"about": {"18"}, "on": {"yes"}}} {
		if w := post(t, h, "aino", "/my/objections", form); w.Code != http.StatusNotFound {
			t.Errorf("objecting about %v: status %d", form, w.Code)
		}
	}
	if w := post(t, h, "stranger", "/my/offers/12", url.Values{"choice": {"accept"}}); w.Code != http.StatusNotFound {
		t.Errorf("another answers: status %d", w.Code)
	}
	if w := post(t, h, "stranger", "/my/objections", url.Values{"about": {"me"}, "on": {"yes"}}); w.Code != http.StatusNotFound {
		t.Errorf("somebody who is not in the registers objects: status %d", w.Code)
	}
	if got := c.requests(); len(got) != 0 {
		t.Errorf("the city was asked %q", got)
	}
	if w := getAs(t, h, "weak", "/?lang=en"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "strong identification") || strings.Contains(w.Body.String(), aChild) {
		t.Errorf("a weak log-in: status %d", w.Code)
	}
	if w := getAs(t, h, "stranger", "/?lang=en"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "hold no data about you") {
		t.Errorf("somebody who is not in the registers: status %d", w.Code)
	}
}

func TestAResidentSeesWhoUsedTheDataWithItsProof(t *testing.T) {
	h := handlerOf(t, newCity().running())
	body := getAs(t, h, "aino", "/my/uses?lang=en").Body.String()
	for _, s := range []string{"<b>The resident (you)</b> answered", "section 26 a", "Arranging pre-primary education", "/my/uses/43", "/my/uses?child=12"} {
		if !strings.Contains(body, s) {
			t.Errorf("the page does not show %q", s)
		}
	}
	if strings.Contains(body, "resident:17") || strings.Contains(body, "officer:") {
		t.Error("the page shows the record's own numbers")
	}
	body = getAs(t, h, "aino", "/my/uses/43?lang=en").Body.String()
	for _, s := range []string{"The entry stands in the record", "AQID", "ennakko/record", "/my/uses/43/file", "/open/proof"} {
		if !strings.Contains(body, s) {
			t.Errorf("the proof does not show %q", s)
		}
	}
}
