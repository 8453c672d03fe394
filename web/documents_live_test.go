package web

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/signin"
)

// officer logs a caseworker in and gives their place among those who ask.
func (h *household) officer() int {
	h.t.Helper()
	token, err := signin.NewSessions(h.app.DB, time.Now).Begin(h.t.Context(), access.Who{ID: "sari", Name: "Sari", Roles: []access.Role{access.Expert}, Level: access.Substantial}, h.clock.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	h.cookies = append(h.cookies, &http.Cookie{Name: SessionCookie, Value: token})
	return len(h.cookies) - 1
}

// sends sends one file as one of the grown-ups.
func (h *household) sends(who int, path, name, content string) {
	h.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("files", name)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), http.MethodPost, "http://127.0.0.1:8080"+path, &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Origin", "http://127.0.0.1:8080")
	r.AddCookie(h.cookies[who])
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther {
		h.t.Fatalf("%s: status %d", path, w.Code)
	}
}

// documents: who has taken a permission back sends a document instead, while the other's
// permission stands; a caseworker assesses the one income, the fee follows and is
// accepted, and the page says what becomes of the document. Both see the use of it.
func (h *household) documents(fee string) {
	t := h.t
	t.Helper()
	sari := h.officer()
	h.send(0, fee, "/way", "way", wayDocuments)
	h.work()
	h.sends(0, fee+"/documents", "slip.pdf", aSlip)
	body := h.see(0, fee, "slip.pdf", "Documents that you sent")
	file := regexp.MustCompile(fee + `/documents/\d+`).FindString(body)
	if got := h.ask(0, file, nil).Body.String(); got != aSlip {
		t.Errorf("what comes back has %d bytes", len(got))
	}
	task := regexp.MustCompile(`/desk/fees/\d+`).FindString(h.see(sari, "/desk/fees", "Documents: 1", "The family sends documents"))
	body = h.see(sari, task, "slip.pdf", "Sends documents", "The income was fetched")
	if got := h.ask(sari, regexp.MustCompile(task+`/documents/\d+`).FindString(body), nil).Body.String(); got != aSlip {
		t.Errorf("the caseworker gets %d bytes", len(got))
	}
	h.see(0, "/my/uses", "opened a family&#39;s document", "sent documents")
	form := url.Values{"do": {"propose"}, "words": {"From the pay slip of October"}}
	for n := 1; n <= 2; n++ {
		how := byAmounts
		if strings.Contains(body, fmt.Sprintf(`id="fetched-%d"`, n)) {
			how = byFetched
		}
		form.Set(fmt.Sprintf("how-%d", n), how)
		form.Set(fmt.Sprintf("amount-%d-1", n), "4 321,09")
	}
	h.ask(sari, task+"/assess", form)
	h.see(sari, task+"?done=proposed", "The fee is proposed to the family")
	h.see(0, fee, "From the pay slip of October", "€4,321.09")
	if other := h.see(1, fee, "From the pay slip of October"); strings.Contains(other, "4,321.09") || strings.Contains(other, "slip.pdf") {
		t.Error("a grown-up sees the other's document or income")
	}
	h.ask(0, fee+"/hours", url.Values{"hours": {"20"}})
	h.see(0, fee+"?done=hours", "The hours of care are saved", "needs 20 hours")
	h.send(0, fee, "/answer", "answer", "accept")
	h.see(0, fee, "You have accepted the fee", "Kept until", "checked and appealed against")
	h.see(0, "/my/copy", "slip.pdf")
	h.ask(0, asksPath, url.Values{"kind": {"rectify"}, "about": {feeAbout + strings.TrimPrefix(fee, "/my/fees/")}, "words": {"The hours are wrong"}})
	h.see(0, asksPath, "Correction of data", "about a child", "The hours are wrong", "Waits for an answer")
}
