package web

import (
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"ennakko/access"
	"ennakko/channel/sms"
	"ennakko/person"
	"ennakko/service"
)

// sample is a made-up family for whom the messages are shown.
type sample struct {
	Key             string
	guardian, child string
	unit            map[person.Language]string
}

// samples are an ordinary family, one with long names, and one whose names have
// letters outside the GSM alphabet, which make a message cost more.
var samples = []sample{
	{"usual", "Maija Esimerkki", "Eevi", map[person.Language]string{person.Finnish: "Päiväkoti Kielo", person.Swedish: "Daghemmet Kielo", person.English: "Kielo daycare centre"}},
	{"long", "Anna-Katariina Esimerkki-Suomalainen", "Maria-Valentina", map[person.Language]string{person.Finnish: "Päiväkoti Pohjoinen Metsänpoikanen",
		person.Swedish: "Daghemmet Pohjoinen Metsänpoikanen", person.English: "Pohjoinen Metsänpoikanen daycare centre"}},
	{"letters", "Máret Ánnesáččá", "Niillas-Ásllat", map[person.Language]string{person.Finnish: "Päiväkoti Kielo", person.Swedish: "Daghemmet Kielo", person.English: "Kielo daycare centre"}},
}

// messagesView is every message of the service for one made-up family.
type messagesView struct {
	Samples  []sample
	Chosen   sample
	Messages []messageView
	CanTest  bool
	Fault    string // text key
	Number   string
	Sent     string // text key of what became of a test
}

type messageView struct {
	Key   string
	Paper bool // a letter: it has no parts
	Texts []textView
}

type textView struct {
	Lang       person.Language
	Text       string
	Parts      int
	Characters int
	Wide       bool    // sent as UCS-2
	Cents      float64 // what it costs; 0 when the pack does not say
}

// messages shows an officer what families will read, before anything is sent.
func (s *site) messages(w http.ResponseWriter, r *http.Request) error {
	v, err := s.messagesView(r)
	if err != nil {
		return err
	}
	return s.renderMessages(w, r, http.StatusOK, v)
}

func (s *site) renderMessages(w http.ResponseWriter, r *http.Request, status int, v messagesView) error {
	t := s.words(r)
	return s.render(w, r, status, "messages.html", view{words: t, Title: t.T("messages.preview"), Path: "/desk/messages", Data: v})
}

func (s *site) messagesView(r *http.Request) (messagesView, error) {
	v := messagesView{Samples: samples, Chosen: samples[0], CanTest: s.can(r, access.TestSend, access.On{})}
	if i := slices.IndexFunc(samples, func(x sample) bool { return x.Key == r.URL.Query().Get("family") }); i >= 0 {
		v.Chosen = samples[i]
	}
	deadline, err := s.deadline(r)
	if err != nil {
		return v, err
	}
	for _, k := range s.pack.Kinds() {
		m := messageView{Key: "kind." + string(k), Paper: k == service.LetterText}
		for _, l := range languages {
			text, err := s.pack.Text(k, l, service.Values{Guardian: v.Chosen.guardian, Child: v.Chosen.child, Unit: v.Chosen.unit[l], Answer: "A", Deadline: deadline})
			if err != nil {
				return v, err
			}
			parts := sms.Segments(text)
			m.Texts = append(m.Texts, textView{Lang: l, Text: text, Parts: parts.Count, Characters: utf8.RuneCountInString(text), Wide: parts.Encoding == sms.UCS2,
				Cents: float64(parts.Count) * s.pack.Schedule().PartPrice()})
		}
		v.Messages = append(v.Messages, m)
	}
	return v, nil
}

// deadline is the day that the messages name: that of the round, or of one that
// would begin now.
func (s *site) deadline(r *http.Request) (time.Time, error) {
	rd, found, err := s.rounds.Round(r.Context())
	if err != nil || found && !rd.Schedule.Deadline.IsZero() {
		return rd.Schedule.Deadline, err
	}
	at, err := s.pack.Schedule().Moments(s.clock.Now())
	return at.Deadline, err
}
