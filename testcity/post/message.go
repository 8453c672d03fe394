package post

import (
	"encoding/json"
	"fmt"
	"net/http"
)

type file struct {
	ID string `json:"attachmentId"`
}

type address struct {
	Address struct{ Name, StreetAddress, ZipCode, City, CountryCode string }
}

// request is what the interface takes; a field that it does not have is refused.
type request struct {
	ExternalID string
	Electronic struct {
		Title, Body, BodyFormat, MessageServiceType, ReplyAllowedBy, Visibility string
		Attachments                                                             []file
		Notifications                                                           struct {
			SenderDetailsInNotifications string
			UnreadMessageNotification    struct{ Reminder string }
		}
	}
	PaperMail struct {
		Attachments                                                              []file
		ColorPrinting, CreateAddressPage, RotateLandscapePages, TwoSidedPrinting bool
		MessageServiceType                                                       string
		PrintingAndEnvelopingService                                             struct {
			PostiMessaging struct {
				ContactDetails     struct{ Email string }
				Username, Password string
			}
		}
		Recipient, Sender address
	}
	Recipient struct{ ID string }
	Sender    struct{ ServiceID string }
}

func (r request) whole() bool {
	p := r.PaperMail.PrintingAndEnvelopingService.PostiMessaging
	to, from := r.PaperMail.Recipient.Address, r.PaperMail.Sender.Address
	for _, s := range []string{r.ExternalID, r.Electronic.Title, r.Electronic.Body, r.Recipient.ID, r.Sender.ServiceID, p.ContactDetails.Email, p.Username, p.Password,
		to.Name, to.StreetAddress, to.ZipCode, to.City, to.CountryCode, from.Name, from.StreetAddress, from.ZipCode, from.City, from.CountryCode} {
		if s == "" {
			return false
		}
	}
	return r.Electronic.BodyFormat == "Text" && r.Electronic.MessageServiceType == "Normal" && r.Electronic.ReplyAllowedBy == "No one" &&
		(r.Electronic.Visibility == "Normal" || r.Electronic.Visibility == "Recipient only") && len(r.Electronic.Attachments) == 1 && len(r.PaperMail.Attachments) == 1
}

func (o *Office) message(w http.ResponseWriter, q *http.Request) {
	var in request
	d := json.NewDecoder(q.Body)
	d.DisallowUnknownFields()
	wrong := d.Decode(&in)
	o.mu.Lock()
	defer o.mu.Unlock()
	how := Trouble("")
	if o.times > 0 {
		how, o.times = o.trouble, o.times-1
	}
	pages, attached := "", false
	if wrong == nil && in.whole() {
		pages, attached = o.files[in.Electronic.Attachments[0].ID]
	}
	switch {
	case how == Down:
		refuse(w, http.StatusServiceUnavailable, "down")
	case how == TooMuch:
		refuse(w, http.StatusTooManyRequests, "too much")
	case how == Babble:
		_, _ = fmt.Fprint(w, "<html>")
	case how == NotTaken || !attached:
		refuse(w, http.StatusBadRequest, "not a whole message")
	default:
		o.take(w, in, pages, how == AnswerLost)
	}
}

func (o *Office) take(w http.ResponseWriter, in request, pages string, lost bool) {
	for _, l := range o.letters {
		if l.ID == in.ExternalID {
			answer(w, http.StatusConflict, map[string]any{"reason": "the externalId was used", "messageId": l.message})
			return
		}
	}
	to := in.PaperMail.Recipient.Address
	l := Letter{ID: in.ExternalID, Code: in.Recipient.ID, Title: in.Electronic.Title, Body: in.Electronic.Body, Pages: pages, Printed: !o.mailboxes[in.Recipient.ID],
		To: fmt.Sprintf("%s, %s, %s %s %s", to.Name, to.StreetAddress, to.ZipCode, to.City, to.CountryCode), message: int64(1000 + len(o.letters))}
	o.letters = append(o.letters, l)
	what := "Electronic message created"
	if l.Printed {
		what = "Paper mail created"
	}
	o.add(what, l.message)
	if lost {
		panic(http.ErrAbortHandler)
	}
	answer(w, http.StatusOK, map[string]any{"messageId": l.message})
}
