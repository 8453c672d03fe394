package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
)

// The data-use monitor. Source: e-gov/AJ, Andmejälgija kasutusteabe teenus 2.1.0.

func (s *server) usageRoutes() {
	s.mux.HandleFunc("GET "+UsagePrefix+"/v2/findUsage", s.as(access.AskUsage, s.findUsage))
	s.mux.HandleFunc("GET "+UsagePrefix+"/v2/usagePeriod", s.as(access.AskUsage, s.usagePeriod))
	s.mux.HandleFunc("GET "+UsagePrefix+"/v2/heartbeat", s.as(access.AskUsage, s.heartbeat))
}

// useOfData is one use, in the protocol's form.
type useOfData struct {
	LogTime        time.Time `json:"logtime"`
	Action         string    `json:"action"`
	ReceiverCode   string    `json:"receiverCode"`
	ReceiverName   string    `json:"receiverName,omitempty"`
	ReceiverSystem string    `json:"receiverSystem"`
}

type usesAnswer struct {
	Total  int         `json:"totalUsages"`
	Usages []useOfData `json:"usages"`
}

// usageAsked is what findUsage asks.
type usageAsked struct {
	Who, About    person.Code
	From, Until   time.Time // zero: no bound
	Offset, Limit int
}

// The limit when none is asked for, as the protocol has it, and the greatest.
const (
	usualUses = 1000
	mostUses  = 10000
)

// readUsage reads a question. The words of the fault hold nothing of it.
func readUsage(r *http.Request) (out usageAsked, err error) {
	q, err := query(r, "userCode", "periodStart", "periodEnd", "offset", "limit")
	if err != nil {
		return out, err
	}
	ids := r.Header.Values("X-Road-UserId")
	if len(ids) != 1 {
		return out, refuse("no-user", "the header X-Road-UserId is needed, once")
	}
	if out.Who, err = codeOf(ids[0]); err != nil {
		return out, refuse("bad-user", "X-Road-UserId is not an identity code")
	}
	code, ok := q["userCode"]
	if !ok {
		return out, refuse("no-code", "userCode is needed")
	}
	if out.About, err = codeOf(code); err != nil {
		return out, refuse("bad-code", "userCode is not an identity code")
	}
	if out.From, err = moment(q, "periodStart"); err != nil {
		return out, err
	}
	if out.Until, err = moment(q, "periodEnd"); err != nil {
		return out, err
	}
	if !out.Until.IsZero() && out.Until.Before(out.From) {
		return out, refuse("bad-period", "the period ends before it begins")
	}
	if out.Offset, err = whole(q, "offset", 0, 1<<31-1); err != nil {
		return out, err
	}
	out.Limit, err = whole(q, "limit", usualUses, mostUses)
	return out, err
}

// codeOf reads an identity code, which may have the country before it: FI or none.
func codeOf(s string) (person.Code, error) {
	return person.ParseCode(strings.TrimPrefix(s, "FI"))
}

// moment reads a moment (RFC 3339); zero when it is not there.
func moment(q map[string]string, name string) (time.Time, error) {
	v, ok := q[name]
	if !ok {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil || t.Year() < 1 {
		return time.Time{}, refuse("bad-time", "%s is not a moment, as 2021-01-31T10:20:30Z", name)
	}
	return t.UTC(), nil
}

// whole reads a number from 0.
func whole(q map[string]string, name string, usual, most int) (int, error) {
	v, ok := q[name]
	if !ok {
		return usual, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > most || strconv.Itoa(n) != v {
		return 0, refuse("bad-number", "%s is not a whole number from 0 to %d", name, most)
	}
	return n, nil
}

// rightOfAccess begins the act of a look at one's own data.
func (s *server) rightOfAccess(actor, verb string) (audit.Act, error) {
	return audit.Begin(actor, verb, "right of access", "GDPR 15(1)", s.Now())
}

// findUsage lists who used a person's data. The look is on the record before the
// answer leaves.
func (s *server) findUsage(w http.ResponseWriter, r *http.Request, c Caller) error {
	in, err := readUsage(r)
	if err != nil {
		return err
	}
	about, found, err := s.whose(r, in)
	if err != nil {
		return err
	}
	out := usesAnswer{Usages: []useOfData{}}
	if !found {
		answer(w, http.StatusOK, out)
		return nil
	}
	until := in.Until
	if !until.IsZero() {
		until = until.Add(time.Microsecond) // the bound belongs to it
	}
	page, total, err := s.DB.UsesPage(r.Context(), about.id, in.From, until, in.Offset, in.Limit)
	if err != nil {
		return err
	}
	act, err := s.rightOfAccess(fmt.Sprintf("resident:%d", about.asker), "look at who used data")
	if err != nil {
		return err
	}
	e := act.Entry()
	e.Object, e.Detail, e.People = "record of uses", "through "+c.actor(), roaring.BitmapOf(uint32(about.id))
	if err := s.DB.Note(r.Context(), e); err != nil {
		return err
	}
	out.Total = total
	l := languageOf(r)
	for _, e := range page {
		out.Usages = append(out.Usages, s.use(l, e))
	}
	answer(w, http.StatusOK, out)
	return nil
}

type looked struct{ id, asker person.ID }

// whose finds whose uses are asked for, and whether who asks may. Found is false
// when the city holds nothing of who asks about themself.
func (s *server) whose(r *http.Request, in usageAsked) (out looked, found bool, err error) {
	find := func(c person.Code) (person.ID, error) {
		id, err := s.DB.PersonByCode(r.Context(), c)
		if err != nil && fault.KindOf(err) == fault.Missing {
			return 0, nil
		}
		return id, err
	}
	if out.id, err = find(in.About); err != nil {
		return out, false, err
	}
	if in.Who.Reveal() == in.About.Reveal() {
		out.asker = out.id
		return out, out.id.Known(), nil
	}
	// Who may not ask does not learn whether there is such a person.
	if out.asker, err = find(in.Who); err != nil {
		return out, false, err
	}
	may := false
	if out.asker.Known() && out.id.Known() && s.Usage.MayAsk != nil {
		if may, err = s.Usage.MayAsk(r.Context(), out.asker, out.id); err != nil {
			return out, false, err
		}
	}
	if !may {
		return out, false, refuse("no-representation", "who asks does not act for this person")
	}
	return out, true, nil
}

// use is an entry in the protocol's form. Another system that received data is
// named; all else is the city's own use.
func (s *server) use(l person.Language, e audit.Entry) useOfData {
	out := useOfData{LogTime: e.At, ReceiverCode: s.City.ID, ReceiverName: s.City.Name, ReceiverSystem: "Ennakko"}
	if name, ok := strings.CutPrefix(e.Actor, "system:"); ok {
		if i := slices.IndexFunc(s.Callers.all, func(c Caller) bool { return c.Name == name && c.ID != "" }); i >= 0 {
			c := s.Callers.all[i]
			out.ReceiverCode, out.ReceiverName, out.ReceiverSystem = c.ID, c.Words, c.Name
		}
	}
	if s.Usage != nil && s.Usage.Words != nil {
		out.Action = s.Usage.Words(l, e)
	}
	if out.Action == "" {
		out.Action = e.Verb + " (" + e.Purpose + "; " + e.Basis + ")"
	}
	return out
}

// languageOf is the first of the three languages that a caller asks for; Finnish
// when there is none.
func languageOf(r *http.Request) person.Language {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(tag, "-")
		if l, err := person.ParseLanguage(strings.ToLower(tag)); err == nil {
			return l
		}
	}
	return person.Finnish
}

// usagePeriod is since when uses are told. They are told until now.
func (s *server) usagePeriod(w http.ResponseWriter, r *http.Request, _ Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	at, ok, err := s.DB.FirstEntry(r.Context())
	if err != nil {
		return err
	}
	if !ok {
		at = s.Now().UTC()
	}
	answer(w, http.StatusOK, struct {
		Start time.Time `json:"periodStart"`
	}{at})
	return nil
}

// heartbeat says whether the record answers.
func (s *server) heartbeat(w http.ResponseWriter, r *http.Request, _ Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	out := struct {
		Status  string `json:"status"`
		Message string `json:"message"`
	}{"OK", "the record answers"}
	if _, err := s.DB.Last(r.Context()); err != nil {
		s.Log.ErrorContext(r.Context(), "the record does not answer a heartbeat", "error", err)
		out.Status, out.Message = "FAIL", "the record does not answer"
	}
	answer(w, http.StatusOK, out)
	return nil
}
