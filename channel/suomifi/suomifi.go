// Package suomifi hands letters over to Suomi.fi Messages, the national service
// for letters of authorities (Act 571/2016, chapter 3). Who has a mailbox there
// reads the letter in it; for all others the service prints it and Posti carries
// it. The client is shaped like the service's REST interface:
// https://api.messages-qa.suomi.fi/api-docs
//
// Each letter has a name of its own, the externalId, which the service takes
// once. So a letter may be handed over again when nobody knows whether it
// arrived: there will be one.
package suomifi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"ennakko/fault"
)

// Address is where a letter goes when it is printed, and whose it is.
type Address struct {
	Name       string `json:"name"`
	Street     string `json:"streetAddress"`
	PostalCode string `json:"zipCode"`
	PostOffice string `json:"city"`
	Country    string `json:"countryCode"` // ISO 3166-1 alpha-2
}

// Options of the service, as it gave them to the city.
type Options struct {
	Server             string // https://api.messages.suomi.fi
	Username, Password string
	Service            string // the city's service in it
	Sender             Address
	// Posti prints and carries: the city's own agreement.
	PostiUsername, PostiPassword string
	PostiContact                 string // an e-mail address that it may write to
	HTTP                         *http.Client
}

// Letter is one letter to one person. It is personal data: it does not print.
type Letter struct {
	ID    string // its name; the same is taken once
	Code  string // the recipient's personal identity code
	To    Address
	Title string
	Body  string // what is read in the mailbox
	PDF   []byte // what is printed, and goes with the message
}

// Format hides the letter from every verb of fmt.
func (Letter) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[letter]") }

// MarshalText hides the letter from encoders.
func (Letter) MarshalText() ([]byte, error) { return []byte("[letter]"), nil }

// Client speaks with the service. It is safe for concurrent use.
type Client struct {
	set Options
	url *url.URL

	mu    sync.Mutex
	token string
}

// New makes a client; nothing is connected yet.
func New(o Options) (*Client, error) {
	const op = "suomifi.New"
	var l fault.List
	u, err := url.Parse(o.Server)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "127.0.0.1") {
		l.Add(fault.New(fault.Invalid, op, "the server of letters is no https address").Do("https://api.messages.suomi.fi"))
	}
	for _, need := range [][2]string{{"username", o.Username}, {"password", o.Password}, {"service", o.Service}, {"sender's name", o.Sender.Name}, {"sender's street", o.Sender.Street},
		{"sender's postal_code", o.Sender.PostalCode}, {"sender's post_office", o.Sender.PostOffice},
		{"posti_username", o.PostiUsername}, {"posti_password", o.PostiPassword}, {"posti_contact", o.PostiContact}} {
		if need[1] == "" {
			l.Add(fault.New(fault.Invalid, op, "the settings of letters lack the %s", need[0]).Do("see docs/operations.md"))
		}
	}
	if o.Sender.Country == "" {
		o.Sender.Country = "FI"
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: time.Minute}
	}
	return &Client{set: o, url: u}, l.Err()
}

type attachment struct {
	ID string `json:"attachmentId"`
}

// message is what POST /v2/messages takes: read where there is a mailbox, else
// printed.
type message struct {
	ExternalID string     `json:"externalId"`
	Electronic electronic `json:"electronic"`
	PaperMail  paperMail  `json:"paperMail"`
	Recipient  struct {
		ID string `json:"id"`
	} `json:"recipient"`
	Sender struct {
		ServiceID string `json:"serviceId"`
	} `json:"sender"`
}

type electronic struct {
	Title         string         `json:"title"`
	Body          string         `json:"body"`
	BodyFormat    string         `json:"bodyFormat"`
	Attachments   []attachment   `json:"attachments"`
	Type          string         `json:"messageServiceType"`
	Notifications map[string]any `json:"notifications"`
	ReplyBy       string         `json:"replyAllowedBy"`
	Visibility    string         `json:"visibility"`
}

type paperMail struct {
	Attachments []attachment   `json:"attachments"`
	Colour      bool           `json:"colorPrinting"`
	AddressPage bool           `json:"createAddressPage"`
	Type        string         `json:"messageServiceType"`
	Printing    map[string]any `json:"printingAndEnvelopingService"`
	Recipient   addressed      `json:"recipient"`
	Rotate      bool           `json:"rotateLandscapePages"`
	Sender      addressed      `json:"sender"`
	TwoSided    bool           `json:"twoSidedPrinting"`
}

type addressed struct {
	Address Address `json:"address"`
}

// Send hands a letter over and returns what the service calls it. A letter of a
// name that was taken before is not taken again, and that is no error. An error
// of kind Invalid or Refused will be the same the next time; one of kind Later
// means that nobody knows, and that the letter may be sent again.
func (c *Client) Send(ctx context.Context, l Letter) (string, error) {
	const op = "suomifi.Send"
	if l.ID == "" || l.Code == "" || l.Title == "" || l.Body == "" || len(l.PDF) == 0 || l.To.Name == "" || l.To.Street == "" || l.To.PostalCode == "" || l.To.PostOffice == "" {
		return "", fault.New(fault.Invalid, op, "the letter is not whole")
	}
	if l.To.Country == "" {
		l.To.Country = "FI"
	}
	body, form, err := upload(l.PDF)
	if err != nil {
		return "", err
	}
	var file attachment
	if _, err := c.call(ctx, op, http.MethodPost, "v2/attachments", form, body, &file); err != nil {
		return "", err
	}
	b, err := json.Marshal(c.message(l, file))
	if err != nil {
		return "", fault.Wrap(err, op, "the letter cannot be written")
	}
	var said struct {
		MessageID int64 `json:"messageId"`
	}
	status, err := c.call(ctx, op, http.MethodPost, "v2/messages", "application/json", b, &said)
	if err != nil && status != http.StatusConflict {
		return "", err
	}
	if said.MessageID == 0 {
		return "", fault.New(fault.Later, op, "the service of letters did not say what it calls the letter")
	}
	return strconv.FormatInt(said.MessageID, 10), nil
}

func (c *Client) message(l Letter, file attachment) message {
	m := message{ExternalID: l.ID,
		Electronic: electronic{Title: l.Title, Body: l.Body, BodyFormat: "Text", Attachments: []attachment{file}, Type: "Normal", ReplyBy: "No one", Visibility: "Recipient only",
			Notifications: map[string]any{"senderDetailsInNotifications": "Organisation and service name", "unreadMessageNotification": map[string]string{"reminder": "Default reminder"}}},
		// The address page is the service's own, so the letter's layout is free.
		PaperMail: paperMail{Attachments: []attachment{file}, AddressPage: true, Type: "Normal", TwoSided: true, Recipient: addressed{l.To}, Sender: addressed{c.set.Sender},
			Printing: map[string]any{"postiMessaging": map[string]any{"contactDetails": map[string]string{"email": c.set.PostiContact}, "username": c.set.PostiUsername, "password": c.set.PostiPassword}}}}
	m.Recipient.ID, m.Sender.ServiceID = l.Code, c.set.Service
	return m
}

func upload(pdf []byte) (body []byte, kind string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="letter.pdf"`}, "Content-Type": {"application/pdf"}})
	if err == nil {
		_, err = part.Write(pdf)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, "", fault.Wrap(err, "suomifi.Send", "the letter cannot be written")
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

// call asks the service, and logs in anew once when it no longer knows us.
func (c *Client) call(ctx context.Context, op, method, path, kind string, body []byte, into any) (int, error) {
	for again := false; ; again = true {
		token, err := c.login(ctx, again)
		if err != nil {
			return 0, err
		}
		status, err := c.ask(ctx, op, method, path, kind, token, body, into)
		if status != http.StatusUnauthorized || again {
			return status, err
		}
	}
}

func (c *Client) login(ctx context.Context, anew bool) (string, error) {
	const op = "suomifi.Login"
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && !anew {
		return c.token, nil
	}
	b, err := json.Marshal(map[string]string{"username": c.set.Username, "password": c.set.Password})
	if err != nil {
		return "", fault.Wrap(err, op, "the password cannot be written")
	}
	var said struct {
		Token string `json:"access_token"`
	}
	if status, err := c.ask(ctx, op, http.MethodPost, "v1/token", "application/json", "", b, &said); err != nil {
		if status >= 400 && status < 500 && status != http.StatusTooManyRequests {
			return "", fault.New(fault.Refused, op, "the service of letters refuses the username or password").Do("see letters in the settings; the service asks for a new password now and then")
		}
		return "", err
	}
	c.token = said.Token
	return c.token, nil
}

// longest is how much of an answer is read, in bytes.
const longest = 16 << 20

func (c *Client) ask(ctx context.Context, op, method, path, kind, token string, body []byte, into any) (int, error) {
	path, query, _ := strings.Cut(path, "?")
	u := c.url.JoinPath(path)
	u.RawQuery = query
	q, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return 0, fault.Wrap(err, op, "the service of letters cannot be asked")
	}
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	if token != "" {
		q.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := c.set.HTTP.Do(q)
	if err != nil {
		return 0, fault.New(fault.Later, op, "the service of letters does not answer").Because(err)
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(a.Body, longest))
	if err != nil {
		return 0, fault.New(fault.Later, op, "the service of letters did not end its answer").Because(err)
	}
	wrong := json.Unmarshal(b, into)
	switch s := a.StatusCode; {
	case s >= 200 && s < 300 && wrong == nil:
		return s, nil
	case s >= 200 && s < 300:
		return s, fault.New(fault.Later, op, "the answer of the service of letters is not readable")
	case s == http.StatusBadRequest || s == http.StatusRequestEntityTooLarge || s == http.StatusUnprocessableEntity: // its words may hold the letter's
		return s, fault.New(fault.Invalid, op, "the service of letters does not take the letter (HTTP %d)", s)
	case s == http.StatusUnauthorized || s == http.StatusForbidden || s == http.StatusNotFound:
		return s, fault.New(fault.Refused, op, "the service of letters refuses (HTTP %d)", s).Do("see letters in the settings")
	default:
		return s, fault.New(fault.Later, op, "the service of letters cannot serve now (HTTP %d)", s)
	}
}
