package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestAResidentAsksAndSeesTheAnswer(t *testing.T) {
	c := newCity().running().withOma(feeOffered)
	h := handlerOf(t, c)
	shows(t, h, "aino", "/?lang=en", []string{`href="/my/requests"`, "by when an answer is due"}, nil)
	body := shows(t, h, "aino", "/my/requests?lang=en", []string{"Correction of data", "Our address is &lt;b&gt;wrong&lt;/b&gt;", "Waits for an answer, by 5 February 2021", "The answer was due by", "A copy was sent", "Answered on", "You took it back",
		"about a child", "The data-protection officer", "GDPR 16 and 12(3)", "tietosuoja.fi", `href="/my/copy"`}, []string{"objects to the purpose", "taken back by who asked", "officer:pekka", "Pekka", "resident:17"})
	if strings.Count(body, aChild) == 0 {
		t.Error("nothing can be asked about the child")
	}
	post(t, h, "aino", "/my/requests", url.Values{"kind": {"rectify"}, "about": {"12"}, "words": {" The name is wrong "}})
	post(t, h, "aino", "/my/requests", url.Values{"kind": {"restrict"}, "about": {"fee-5"}, "words": {"Until it is right"}})
	post(t, h, "aino", "/my/requests", url.Values{"kind": {"access"}, "about": {"me"}, "words": {"All"}})
	if want := []string{"ask 17 18 rectify The name is wrong", "ask 17 18 restrict Until it is right", "ask 17 0 access All"}; !slices.Equal(c.requests(), want) {
		t.Errorf("the city was asked %q, not %q", c.requests(), want)
	}
}

func TestARequestThatCannotBeFiledIsRefused(t *testing.T) {
	c := newCity().running().withOma(feeOffered)
	h := handlerOf(t, c)
	for name, tt := range map[string]struct {
		who    string
		form   url.Values
		status int
		says   string
	}{
		"no kind":       {"aino", url.Values{"words": {"please"}}, http.StatusUnprocessableEntity, `href="#kind-access"`},
		"a task's kind": {"aino", url.Values{"kind": {"documents"}, "words": {"please"}}, http.StatusUnprocessableEntity, `href="#kind-access"`},
		"no words":      {"aino", url.Values{"kind": {"erase"}, "words": {"  "}}, http.StatusUnprocessableEntity, `aria-invalid="true"`},
		"too many":      {"aino", url.Values{"kind": {"erase"}, "words": {"once more"}}, http.StatusUnprocessableEntity, "wait for an answer already"},
		"another child": {"aino", url.Values{"kind": {"erase"}, "about": {"13"}, "words": {"please"}}, http.StatusNotFound, ""},
		"another fee":   {"aino", url.Values{"kind": {"erase"}, "about": {"fee-6"}, "words": {"please"}}, http.StatusNotFound, ""},
		"a weak log-in": {"weak", url.Values{"kind": {"erase"}, "words": {"please"}}, http.StatusForbidden, "strong identification"},
		"an officer":    {asExpert, url.Values{"kind": {"erase"}, "words": {"please"}}, http.StatusForbidden, ""},
	} {
		w := post(t, h, tt.who, "/my/requests", tt.form)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s: status %d, without %q", name, w.Code, tt.says)
		}
	}
	if got := c.requests(); len(got) != 0 {
		t.Errorf("the city was asked %q", got)
	}
}

func TestTheOfficerSeesWhatResidentsAskOnTheirPages(t *testing.T) {
	h := handlerOf(t, newCity().running())
	shows(t, h, asDPO, "/desk/privacy/requests?lang=en", []string{"Objects to the use:", "confirm it in the answer", "about a child for whom the asker decides", "Taken back by who asked"}, []string{aChild, aGuardian, "objects to the purpose", "resident:17"})
	w := post(t, h, asDPO, "/desk/privacy/requests/14/who", nil)
	if body := w.Body.String(); !strings.Contains(body, aChild) || !strings.Contains(body, aGuardian) {
		t.Errorf("who asks, and about whom, is not shown: status %d", w.Code)
	}
}
