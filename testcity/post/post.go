// Package post is a made-up post office with an interface shaped like that of
// Suomi.fi Messages: tokens, attachments, messages that are taken once by their
// externalId, mailboxes and printed letters, events. It fails on order.
package post

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The one customer.
const (
	Username = "city"
	Password = "secret"
)

// Trouble is how the office fails.
type Trouble string

// Ways to fail at POST /v2/messages.
const (
	Down       Trouble = "down"        // 503
	TooMuch    Trouble = "too much"    // 429
	NotTaken   Trouble = "not taken"   // 400
	Babble     Trouble = "babble"      // 200 and no JSON
	AnswerLost Trouble = "answer lost" // taken, and the connection ends
)

// Letter is a letter that the office took.
type Letter struct {
	ID, Code, Title, Body string
	To                    string // as on the envelope
	Pages                 string // what the attachment holds
	Printed               bool   // else it lies in the mailbox
	message               int64
}

// Office is the running office.
type Office struct {
	*httptest.Server

	mu        sync.Mutex
	tokens    map[string]bool
	files     map[string]string
	letters   []Letter
	mailboxes map[string]bool
	events    []event
	trouble   Trouble
	times     int
}

type event struct {
	Type     string         `json:"type"`
	At       time.Time      `json:"eventTime"`
	Metadata map[string]any `json:"metadata"`
}

// New opens an office on the loopback. Close closes it.
func New() *Office {
	o := &Office{tokens: map[string]bool{}, files: map[string]string{}, mailboxes: map[string]bool{}}
	m := http.NewServeMux()
	m.HandleFunc("POST /v1/token", o.token)
	m.HandleFunc("POST /v2/attachments", o.known(o.attach))
	m.HandleFunc("POST /v2/messages", o.known(o.message))
	m.HandleFunc("GET /v2/events", o.known(o.tell))
	o.Server = httptest.NewServer(m)
	return o
}

// Mailbox opens a mailbox for the person with a code.
func (o *Office) Mailbox(code string) { o.with(func() { o.mailboxes[code] = true }) }

// Break lets the next n messages fail.
func (o *Office) Break(how Trouble, n int) { o.with(func() { o.trouble, o.times = how, n }) }

// Forget ends all log-ins.
func (o *Office) Forget() { o.with(func() { clear(o.tokens) }) }

// Letters are the letters that were taken, in order.
func (o *Office) Letters() (out []Letter) {
	o.with(func() { out = slices.Clone(o.letters) })
	return out
}

// Return lets Posti bring a letter back.
func (o *Office) Return(id string) { o.happens(id, "Posti: returned to sender") }

// Reads lets the recipient read a letter in the mailbox.
func (o *Office) Reads(id string) { o.happens(id, "Electronic message read") }

func (o *Office) happens(id, what string) {
	o.with(func() {
		for _, l := range o.letters {
			if l.ID == id {
				o.add(what, l.message)
			}
		}
	})
}

func (o *Office) with(do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	do()
}

func (o *Office) add(what string, message int64) {
	o.events = append(o.events, event{what, time.Date(2021, 1, 8, 9, 0, len(o.events), 0, time.UTC), map[string]any{"messageId": message, "serviceId": "s"}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, map[string]any{"reason": why})
}

func (o *Office) token(w http.ResponseWriter, q *http.Request) {
	var in struct{ Username, Password string }
	if err := json.NewDecoder(q.Body).Decode(&in); err != nil || in.Username != Username || in.Password != Password {
		refuse(w, http.StatusBadRequest, "wrong username or password")
		return
	}
	o.with(func() {
		t := "t" + strconv.Itoa(len(o.tokens)+len(o.events)+1)
		o.tokens[t] = true
		answer(w, http.StatusOK, map[string]any{"access_token": t, "token_type": "Bearer", "expires_in": 3600})
	})
}

func (o *Office) known(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		ok := false
		o.with(func() { ok = o.tokens[trim(q.Header.Get("Authorization"))] })
		if !ok {
			refuse(w, http.StatusUnauthorized, "the token is not known")
			return
		}
		h(w, q)
	}
}

func trim(s string) string {
	if len(s) < 7 {
		return ""
	}
	return s[7:]
}

func (o *Office) attach(w http.ResponseWriter, q *http.Request) {
	f, head, err := q.FormFile("file")
	if err != nil || head.Header.Get("Content-Type") != "application/pdf" {
		refuse(w, http.StatusBadRequest, "no file")
		return
	}
	b, _ := io.ReadAll(f)
	o.with(func() {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", len(o.files)+1)
		o.files[id] = string(b)
		answer(w, http.StatusCreated, map[string]string{"attachmentId": id})
	})
}

func (o *Office) tell(w http.ResponseWriter, q *http.Request) {
	from, _ := strconv.Atoi(q.URL.Query().Get("continuationToken"))
	o.with(func() {
		to := min(from+2, len(o.events)) // in small pieces
		answer(w, http.StatusOK, map[string]any{"continuationToken": strconv.Itoa(to), "events": o.events[min(from, to):to]})
	})
}
