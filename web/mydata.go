package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
)

// myData is what a resident's first page says of permissions and fees.
type myData struct {
	Fees     []feeMatter
	Ending   []permit // given, and nearly over: the reader may give them anew
	Stands   []permit // given
	Possible []permit
	Ended    []permit // taken back, refused, expired or ended by its cause
}

// myData reads it; nil: the city has none.
func (s *site) myData(r *http.Request) (*myData, error) {
	if !s.hasOmaData() {
		return nil, nil //nolint:nilnil // it is not there, and that is no fault
	}
	who := whoOf(r).Person
	fees, err := s.omaData.FeeMatters(r.Context(), who)
	if err != nil {
		return nil, err
	}
	all, err := s.omaData.Permits(r.Context(), who)
	if err != nil {
		return nil, err
	}
	out := myData{Fees: fees}
	for _, p := range all {
		switch {
		case p.stands():
			out.Stands = append(out.Stands, p)
			if p.Soon && !p.LetGo {
				out.Ending = append(out.Ending, p)
			}
		case p.State == permitPossible:
			out.Possible = append(out.Possible, p)
		default:
			out.Ended = append(out.Ended, p)
		}
	}
	return &out, nil
}

// Path is the permission's address.
func (p permit) Path() string { return "/my/permissions/" + strconv.FormatInt(p.N, 10) }

// permitView is a page of one permission.
type permitView struct {
	permit
	Stands bool
	Done   string // what was just done: a text's key
	Uses   []entryView
	Fee    string // where its fee is; ""
}

// Link is where more is told: one that was not asked for yet is given with the
// matter it is for.
func (p permit) Link() string {
	if p.N == 0 {
		return feePath(p.Matter)
	}
	return p.Path()
}

// EventNumber is the number of an event in the address of its receipt.
func (p permit) EventNumber(i int) int { return i + 1 }

// permitOf finds a permission of the reader. To others it is not there.
func (s *site) permitOf(r *http.Request) (permit, error) {
	n, err := numberOf(r, "permission")
	if err != nil {
		return permit{}, err
	}
	all, err := s.omaData.Permits(r.Context(), whoOf(r).Person)
	if err != nil {
		return permit{}, err
	}
	for _, p := range all {
		if p.N == n {
			return p, nil
		}
	}
	return permit{}, missing("web.permitOf")
}

// showPermit shows one permission: its text as it was when it was given, what
// happened, who used the data, and what taking it back would do.
func (s *site) showPermit(w http.ResponseWriter, r *http.Request) error {
	p, err := s.permitOf(r)
	if err != nil {
		return err
	}
	done := map[string]string{"taken-back": "permit.done", "anew": "permit.anew.yes", "let-go": "permit.anew.no"}[doneOf(r, "taken-back", "anew", "let-go")]
	return s.permitPage(w, r, http.StatusOK, p, done)
}

func (s *site) permitPage(w http.ResponseWriter, r *http.Request, status int, p permit, done string) (err error) {
	t := s.words(r)
	v := permitView{permit: p, Stands: p.stands(), Done: done}
	if p.Matter != 0 {
		v.Fee = feePath(p.Matter)
	}
	if v.Uses, err = s.usesFor(r, p.Agreement.Purpose); err != nil {
		return err
	}
	return s.render(w, r, status, "permission.html", view{words: t, Title: t.Of(p.Agreement.Title), Path: p.Path(), Data: v})
}

// usesFor are the newest entries of the record that cover the reader for one purpose,
// without the reader's own looks.
func (s *site) usesFor(r *http.Request, purpose string) (out []entryView, err error) {
	who := whoOf(r)
	entries, err := s.residents.UsesOf(r.Context(), who.Person, 0, usesLooked)
	if err != nil {
		return nil, err
	}
	proved, err := s.proof.Size(r.Context())
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		look := e.Actor == who.Actor() && strings.HasPrefix(e.Verb, "look ")
		if e.Purpose == purpose && !look && len(out) < usesOnPage {
			out = append(out, s.useView(s.words(r), e, proved, who))
		}
	}
	return out, nil
}

// takeBack withdraws a permission. What that does was said on the page before.
func (s *site) takeBack(w http.ResponseWriter, r *http.Request) error {
	p, err := s.permitOf(r)
	if err != nil {
		return err
	}
	switch {
	case p.State == permitTaken: // the button was pressed twice
		http.Redirect(w, r, p.Path()+"?done=taken-back", http.StatusSeeOther)
		return nil
	case !p.stands():
		return s.permitPage(w, r, http.StatusConflict, p, "permit.moved-on")
	}
	if err := s.omaData.TakeBack(r.Context(), whoOf(r).Person, p.N); err != nil {
		return err
	}
	http.Redirect(w, r, p.Path()+"?done=taken-back", http.StatusSeeOther)
	return nil
}

// receiptView is a receipt, to read.
type receiptView struct {
	Permit permit
	Event  permitEvent
	Text   string // the receipt itself
	File   string // where it is fetched
	Signed string // and where with the signature
}

// receiptOf is a receipt of the reader, with what it is of.
func (s *site) receiptOf(r *http.Request) (p permit, i int, b []byte, err error) {
	if p, err = s.permitOf(r); err != nil {
		return p, 0, nil, err
	}
	n, err := numberOf(r, "event")
	if err != nil {
		return p, 0, nil, err
	}
	if n > int64(len(p.Events)) || !p.Events[n-1].Receipt {
		return p, 0, nil, missing("web.receiptOf")
	}
	b, err = s.omaData.Receipt(r.Context(), whoOf(r).Person, p.N, int(n))
	return p, int(n), b, err
}

// showReceipt shows the receipt of one event of a permission.
func (s *site) showReceipt(w http.ResponseWriter, r *http.Request) error {
	p, n, b, err := s.receiptOf(r)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, contentOf(b), "", "  "); err != nil {
		return fault.New(fault.Tampered, "web.showReceipt", "the receipt is not readable")
	}
	t := s.words(r)
	path := fmt.Sprintf("%s/receipts/%d", p.Path(), n)
	v := receiptView{Permit: p, Event: p.Events[n-1], Text: pretty.String(), File: path + "/file", Signed: path + "/signed"}
	return s.render(w, r, http.StatusOK, "receipt.html", view{words: t, Title: t.T("receipt.title"), Path: path, Data: v})
}

// receiptFile gives the receipt as JSON-LD, to keep.
func (s *site) receiptFile(w http.ResponseWriter, r *http.Request) error {
	p, n, b, err := s.receiptOf(r)
	if err != nil {
		return err
	}
	return attach(w, fmt.Sprintf("receipt-%d-%d.jsonld", p.N, n), "application/ld+json", contentOf(b))
}

// receiptSigned gives the receipt as it was signed: a JWS whose content is the
// JSON-LD (RFC 7515, compact).
func (s *site) receiptSigned(w http.ResponseWriter, r *http.Request) error {
	p, n, b, err := s.receiptOf(r)
	if err != nil {
		return err
	}
	return attach(w, fmt.Sprintf("receipt-%d-%d.jws", p.N, n), "application/jose", b)
}

// contentOf is what a compact JWS signs. It does not check the signature: the city
// has made it itself.
func contentOf(signed []byte) []byte {
	parts := bytes.Split(signed, []byte("."))
	if len(parts) != 3 {
		return signed
	}
	b, err := base64.RawURLEncoding.DecodeString(string(parts[1]))
	if err != nil {
		return signed
	}
	return b
}

// attach sends a file to keep. Its name says nothing of the person.
func attach(w http.ResponseWriter, name, kind string, b []byte) error {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // a reader who has gone away is no fault
	return nil
}

// noteLook puts on the record that the reader looks at who used the data of a
// person: that is a use of it, too.
func (s *site) noteLook(r *http.Request, who access.Who, about person.ID) error {
	act, err := audit.Begin(who.Actor(), "look at who used data", "right of access", "GDPR 15(1)", s.clock.Now())
	if err != nil {
		return err
	}
	e := act.Entry()
	e.People = peopleOf(about)
	return s.record.Note(r.Context(), e)
}
