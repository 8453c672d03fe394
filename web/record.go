package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ennakko/audit"
)

const entriesOnPage = 20

// entryView is one entry in plain words. It names no number of a person or a
// case.
type entryView struct {
	Seq     uint64
	At      time.Time
	Actor   string
	Verb    string
	Foreign bool // the verb is in the record's own language
	Purpose string
	Basis   string
	People  int
	Few     bool
	Nobody  bool
	Fields  []string
	Proved  bool
}

// recordView is a page of the record.
type recordView struct {
	Entries  []entryView
	Last     uint64
	Proved   uint64
	Waiting  uint64 // for their proof
	Older    uint64 // 0: there are none
	Newest   bool
	Readings bool // only entries in which fields of people were read
}

// showRecord shows who used data, newest first.
func (s *site) showRecord(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	before, err := strconv.ParseUint(r.URL.Query().Get("before"), 10, 63)
	if err != nil {
		before = 0
	}
	v := recordView{Newest: before == 0, Readings: r.URL.Query().Get("show") == "readings"}
	if v.Last, err = s.record.Last(r.Context()); err != nil {
		return err
	}
	if v.Proved, err = s.proof.Size(r.Context()); err != nil {
		return err
	}
	v.Waiting = v.Last - min(v.Last, v.Proved)
	entries, err := s.record.Entries(r.Context(), before, v.Readings, entriesOnPage)
	if err != nil {
		return err
	}
	for _, e := range entries {
		v.Entries = append(v.Entries, s.entryView(t, e, v.Proved))
		v.Older = e.Seq
	}
	if v.Older <= 1 || len(entries) < entriesOnPage {
		v.Older = 0
	}
	return s.render(w, r, http.StatusOK, "record.html", view{words: t, Title: t.T("record.title"), Path: "/desk/record", Data: v})
}

// entryView puts an entry into words. Proved is how many entries the log
// covers.
func (s *site) entryView(t words, e audit.Entry, proved uint64) entryView {
	x := entryView{Seq: e.Seq, At: e.At, Actor: actor(t, e.Actor), Verb: e.Verb, Purpose: e.Purpose, Basis: e.Basis, Foreign: true, Fields: e.Fields, Proved: e.Seq <= proved}
	if e.People != nil {
		x.People = int(e.People.GetCardinality())
	}
	x.Nobody, x.Few = x.People == 0, x.People > 0 && x.People < smallest
	if x.Few {
		x.People = 0
	}
	if verb, ok := t.verb(e.Verb); ok {
		x.Verb, x.Foreign = verb, false
	}
	x.Purpose = s.purposeWords(t, e.Purpose)
	return x
}

// manyPurposes stands between the purposes of an entry about several services.
const manyPurposes = ", "

// purposeWords says a purpose in words: one of a service, of the program's own, or several
// of services that were served at once.
func (s *site) purposeWords(t words, id string) string {
	for _, other := range append([]*site{s}, s.beside...) {
		if p := other.pack.Purpose(); p.ID() == id {
			return p.Name(t.Lang)
		}
	}
	if t.Has("purpose." + id) {
		return t.T("purpose." + id)
	}
	if one, rest, several := strings.Cut(id, manyPurposes); several {
		return s.purposeWords(t, one) + manyPurposes + s.purposeWords(t, rest)
	}
	return id
}

// actor says who it was in words. A resident is not told from another.
func actor(t words, a string) string {
	kind, name, _ := strings.Cut(a, ":")
	switch {
	case t.Has("actor." + a):
		return t.T("actor." + a)
	case kind == "officer":
		return t.T("actor.officer", name)
	case kind == "resident":
		return t.T("actor.resident")
	case kind == "source":
		return t.T("actor.source")
	}
	return t.T("actor.system")
}

// verb is a verb of the record in words; ok is false when it has none. Those that name
// a source or another system have a text that does.
func (w words) verb(v string) (text string, ok bool) {
	if w.Has("verb." + v) {
		return w.T("verb." + v), true
	}
	for form, key := range map[string]string{"ask %s": "verb.source.ask", "take in what %s sent": "verb.source.sent", "tell %s of a permission": "verb.webhook.told"} {
		var name string
		if n, err := fmt.Sscanf(v, form, &name); n == 1 && err == nil && fmt.Sprintf(form, name) == v {
			return w.T(key, w.source(name)), true
		}
	}
	return v, false
}

// source names a source of data.
func (w words) source(id string) string {
	if w.Has("source." + id) {
		return w.T("source." + id)
	}
	return id
}
