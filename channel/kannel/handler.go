package kannel

import (
	"crypto/hmac"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ennakko/channel"
	"ennakko/channel/sms"
)

// mostText is the longest message that is read, in bytes.
const mostText = 16 << 10

// Handler takes what Kannel brings: reports at /report and messages from phones
// at /incoming. It answers 200 only when it is kept; Kannel tries again until
// then, as often as its http-request-retry says.
func (c *Client) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /report", c.report)
	m.HandleFunc("POST /incoming", c.incoming)
	return m
}

// marked refuses what does not come from the gateway.
func (c *Client) marked(w http.ResponseWriter, r *http.Request, what string) bool {
	if hmac.Equal([]byte(r.URL.Query().Get("mark")), []byte(c.mark(what))) {
		return true
	}
	c.set.Log.WarnContext(r.Context(), "refused", "why", "a request that does not come from the gateway", "gateway", c.set.Name, "page", r.Pattern)
	http.Error(w, "refused", http.StatusForbidden)
	return false
}

func (c *Client) report(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	ref := q.Get("ref")
	if !c.marked(w, r, ref) {
		return
	}
	kind, err := strconv.Atoi(q.Get("state"))
	state := map[int]channel.State{delivered: channel.Delivered, failed: channel.Failed, rejected: channel.Failed}[kind]
	if err != nil || state == "" {
		return // of a kind that was not asked for: nothing to keep
	}
	report := channel.Report{ID: c.set.Name + "/" + ref + "/" + string(state), Ref: channel.Ref(ref), State: state, At: time.Now()}
	c.kept(w, r, c.set.Inbox.Report(r.Context(), []channel.Report{report}))
}

func (c *Client) incoming(w http.ResponseWriter, r *http.Request) {
	if !c.marked(w, r, "incoming") {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostText))
	id, from := r.URL.Query().Get("id"), r.Header.Get("X-Kannel-From")
	if err != nil || id == "" || from == "" {
		// Kannel would bring it for ever: it is dropped, and told.
		c.set.Log.WarnContext(r.Context(), "a message from the gateway lacks its id or sender", "gateway", c.set.Name)
		return
	}
	m := channel.Incoming{ID: c.set.Name + "/" + id, From: number(from), Text: text(r, body), At: at(r)}
	c.kept(w, r, c.set.Inbox.Receive(r.Context(), []channel.Incoming{m}))
}

// kept answers; an empty 200 sends nothing back to the phone.
func (c *Client) kept(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		c.set.Log.WarnContext(r.Context(), "what the gateway brought cannot be kept now", "gateway", c.set.Name, "error", err)
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}
}

func number(from string) string {
	if strings.HasPrefix(from, "00") {
		from = "+" + from[2:]
	}
	if n, err := sms.ParseNumber(from, "FI"); err == nil {
		return n.Reveal()
	}
	if unescaped, err := url.QueryUnescape(from); err == nil {
		if n, err := sms.ParseNumber(unescaped, "FI"); err == nil {
			return n.Reveal()
		}
	}
	return from
}

// text reads the body by Kannel's headers: UTF-16 for coding 2, else what the
// content type says.
func text(r *http.Request, body []byte) string {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToUpper(params["charset"])
	switch {
	case err == nil && charset == "UTF-8":
		return string(body)
	case charset == "UTF-16BE" || charset == "" && r.Header.Get("X-Kannel-Coding") == "2":
		return sms.Join(sms.UCS2, body)
	case charset == "ISO-8859-1" || charset == "WINDOWS-1252" || charset == "LATIN1":
		return sms.Latin1(body)
	}
	return string(body)
}

// at is when the phone sent the message, as Kannel says; now if it does not.
func at(r *http.Request) time.Time {
	for _, form := range []string{time.RFC3339, time.DateTime} {
		if t, err := time.Parse(form, r.Header.Get("X-Kannel-Time")); err == nil {
			return t
		}
	}
	return time.Now()
}
