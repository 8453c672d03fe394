package suomifi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Event is what became of a letter.
type Event struct {
	Message string // what the service calls the letter
	Fate    Fate
	At      time.Time
}

// Fate is what can become of a letter.
type Fate string

// What becomes of letters.
const (
	InMailbox Fate = "in mailbox"
	Read      Fate = "read"
	Printed   Fate = "printed"
	Returned  Fate = "returned" // Posti could not bring it
)

// fates are the service's words. Others, such as that a mailbox was opened, are
// passed over.
var fates = map[string]Fate{"Electronic message created": InMailbox, "Electronic message read": Read, "Paper mail created": Printed, "Posti: returned to sender": Returned}

// Events reads what became of letters since the events that a mark stands for;
// "" is the beginning. It returns the next mark. There is nothing new when the
// mark stays or no event came.
func (c *Client) Events(ctx context.Context, after string) ([]Event, string, error) {
	const op = "suomifi.Events"
	path := "v2/events"
	if after != "" {
		path += "?" + url.Values{"continuationToken": {after}}.Encode()
	}
	var said struct {
		Next   string `json:"continuationToken"`
		Events []struct {
			Type     string    `json:"type"`
			At       time.Time `json:"eventTime"`
			Metadata struct {
				MessageID int64 `json:"messageId"`
			} `json:"metadata"`
		} `json:"events"`
	}
	if _, err := c.call(ctx, op, http.MethodGet, path, "", nil, &said); err != nil {
		return nil, after, err
	}
	var out []Event
	for _, e := range said.Events {
		if fate, known := fates[e.Type]; known && e.Metadata.MessageID != 0 {
			out = append(out, Event{strconv.FormatInt(e.Metadata.MessageID, 10), fate, e.At})
		}
	}
	if said.Next == "" {
		said.Next = after
	}
	return out, said.Next, nil
}
