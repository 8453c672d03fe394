package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"ennakko/fault"
)

// news is what a page is told while it is open.
type news struct {
	State   string            `json:"state"`   // another state: load the page anew
	Parts   map[string]string `json:"parts"`   // by the id of the element
	Summary string            `json:"summary"` // for those who listen
}

const (
	newsEvery = 400 * time.Millisecond // at most so often
	newsAlive = time.Second            // at least so often: the clock moves by itself, and a broken line is seen
)

// stream sends news when something changed, and at times although nothing did:
// the clock moves by itself.
func (s *site) stream(w http.ResponseWriter, r *http.Request, tell func(ctx context.Context) (news, error)) error {
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil {
		return fault.Wrap(err, "web.stream", "changes cannot be sent")
	}
	w.Header().Set("Content-Type", "text/event-stream")
	changed, stop := s.rounds.Watch()
	defer stop()
	var last string
	who := whoOf(r).Actor()
	for {
		// A page that stays open hears nothing any more after a log-out.
		if again, err := s.identify(r.WithContext(context.WithValue(r.Context(), whoKey{}, nil))); err != nil || whoOf(again).Actor() != who {
			return nil
		}
		n, err := tell(r.Context())
		if err != nil {
			return nil // the head is sent: the page will ask again
		}
		b, err := json.Marshal(n)
		if err != nil {
			return nil
		}
		line := ": alive\n\n"
		if string(b) != last {
			line, last = fmt.Sprintf("data: %s\n\n", b), string(b)
		}
		if _, err := w.Write([]byte(line)); err != nil || out.Flush() != nil {
			return nil
		}
		if !wait(r.Context(), s.ctx, changed) {
			return nil
		}
	}
}

// wait rests for newsEvery and then until something changed; it reports
// whether the page and the server are still there.
func wait(page, server context.Context, changed <-chan struct{}) bool {
	rest := time.NewTimer(newsEvery)
	defer rest.Stop()
	select {
	case <-page.Done():
		return false
	case <-server.Done():
		return false
	case <-rest.C:
	}
	alive := time.NewTimer(newsAlive)
	defer alive.Stop()
	select {
	case <-page.Done():
		return false
	case <-server.Done():
		return false
	case <-changed:
	case <-alive.C:
	}
	return true
}
