package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ennakko/document"
	"ennakko/fault"
	"ennakko/person"
)

// paperwork is what a family tells the city itself: documents, and hours of care.
type paperwork interface {
	// SendDocuments keeps files that are of a kind that is taken; kept is how many are new.
	SendDocuments(ctx context.Context, who person.ID, n int64, files []sentFile) (kept int, err error)
	// OwnDocument is one that the resident sent, with its content.
	OwnDocument(ctx context.Context, who person.ID, n, id int64) (sentFile, error)
	DeleteDocument(ctx context.Context, who person.ID, n, id int64) error
	// ChildOf is the child of a matter in which the resident has a say.
	ChildOf(ctx context.Context, who person.ID, n int64) (person.ID, error)
	// AskPlace asks for a place for a child who has none.
	AskPlace(ctx context.Context, who person.ID, n int64, words string) error
	// SetHours notes the hours of care a week, in hundredths.
	SetHours(ctx context.Context, who person.ID, n int64, hours int) error
}

// sentFile is a file that goes over the wire.
type sentFile struct {
	Name    string
	Kind    document.Kind
	Content []byte
}

// sentDocument is a document as who sent it sees it, or a caseworker.
type sentDocument struct {
	N     int64
	Adult int // who sent it, by their number in the working; 0: not told
	Name  string
	Kind  document.Kind
	Size  int
	Came  time.Time
	Until time.Time // a decision rests on it; zero: none does
	Gone  time.Time // zero: it is there
	Why   string    // it is gone: with words: document.gone.<why>
}

// There reports whether the document is there.
func (d sentDocument) There() bool { return d.Gone.IsZero() }

// Own reports whether who sent it may delete it.
func (d sentDocument) Own() bool { return d.There() && d.Until.IsZero() }

// Called is what the document is called on a page.
func (d sentDocument) Called(w words) string {
	if d.Name == "" {
		return w.T("document.n", d.N)
	}
	return d.Name
}

// Large is how large the document is.
func (d sentDocument) Large(w words) string {
	if d.Size < 1<<20 {
		return w.T("document.kb", w.N((d.Size+1023)>>10))
	}
	return w.T("document.mb", w.F(float64(d.Size)/(1<<20), 1))
}

// paper is what the city says of documents.
type paper struct {
	ByPost, InPerson said
	Keep             said // how long they are kept after a decision
	KeepWhy          said
	KeepLaw          string
	Undecided        said // how long without a decision
}

// mostAtOnce bounds what is taken in one form, in bytes; mostUpload what is read of
// one, so that who sends too much is told so.
const (
	mostAtOnce = 3 * document.MostBytes
	mostUpload = 8 * document.MostBytes
)

// uploading reports whether files come to a page.
func uploading(path string) bool {
	return strings.HasPrefix(path, "/my/fees/") && strings.HasSuffix(path, "/documents")
}

// uploadsAtOnce is how many forms with files are read at a time: each is in memory.
const uploadsAtOnce = 6

// uploadTime is how long one may take to come over a slow line.
const uploadTime = 5 * time.Minute

// refusal is a file that was not taken, and why.
type refusal struct{ Name, Key string }

// sendDocuments takes files of documents. Those that are of a kind that is taken are
// kept, and each of the others is named with what is wrong with it. What comes stays in
// memory, and nowhere else, until it is sealed.
func (s *site) sendDocuments(w http.ResponseWriter, r *http.Request) error {
	v, err := s.feeView(r)
	if err != nil {
		return err
	}
	if !v.CanSend {
		return fault.New(fault.Conflict, "web.sendDocuments", "documents are not waited for").Do("choose first that you send documents")
	}
	files, refused, err := s.filesOf(w, r)
	if err != nil {
		return err
	}
	kept := 0
	if len(files) > 0 {
		kept, err = s.omaData.SendDocuments(r.Context(), whoOf(r).Person, v.N, files)
		if err != nil && fault.KindOf(err) == fault.Invalid { // there are too many
			refused, err = append(refused, refusal{Key: "document.fault.many"}), nil
		}
		if err != nil {
			return err
		}
	}
	if len(refused) == 0 {
		http.Redirect(w, r, v.Path()+"?done=sent#documents", http.StatusSeeOther)
		return nil
	}
	if v, err = s.feeView(r); err != nil {
		return err
	}
	v.Sent, v.Refused = kept, refused
	return s.showFee(w, r, http.StatusUnprocessableEntity, v)
}

// filesOf reads the files of a form, when its turn has come.
func (s *site) filesOf(w http.ResponseWriter, r *http.Request) ([]sentFile, []refusal, error) {
	const op = "web.filesOf"
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	case <-r.Context().Done():
		return nil, nil, fault.New(fault.Later, op, "too many send documents just now").Do("try again in a moment")
	}
	// Where the connection cannot be given more time, it has what the server gives.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime))
	form, err := r.MultipartReader()
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, op, "the form cannot be read")
	}
	in := &incomingFiles{}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = in.take(part)
		}
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			in.refused = append(in.refused, refusal{Key: "document.fault.all"})
			return nil, in.refused, nil // nothing of a form that was not read to its end
		}
		if err != nil {
			return nil, nil, fault.New(fault.Invalid, op, "the form cannot be read")
		}
	}
	if len(in.files)+len(in.refused) == 0 {
		in.refused = []refusal{{Key: "document.fault.none"}}
	}
	return in.files, in.refused, nil
}

// incomingFiles are the files of one form.
type incomingFiles struct {
	files   []sentFile
	refused []refusal
	size    int
}

// take reads one part of a form. What is too large is read on, and not kept.
func (in *incomingFiles) take(part *multipart.Part) error {
	name := part.FileName()
	if part.FormName() != "files" || name == "" {
		_, err := io.Copy(io.Discard, part)
		return err
	}
	content, err := io.ReadAll(io.LimitReader(part, document.MostBytes+1))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, part); err != nil {
		return err
	}
	key := ""
	kind, wrong := document.Of(content)
	switch {
	case len(content) > document.MostBytes:
		key = "document.fault.large"
	case len(content) == 0:
		key = "document.fault.empty"
	case wrong != nil:
		key = "document.fault.kind"
	case in.size+len(content) > mostAtOnce:
		key = "document.fault.together"
	}
	if key != "" {
		in.refused = append(in.refused, refusal{strings.ToValidUTF8(name, ""), key})
		return nil
	}
	in.size += len(content)
	in.files = append(in.files, sentFile{strings.ToValidUTF8(name, ""), kind, content})
	return nil
}

// ownDocument hands a document back to who sent it.
func (s *site) ownDocument(w http.ResponseWriter, r *http.Request) error {
	n, err := numberOf(r, "matter")
	if err != nil {
		return err
	}
	id, err := numberOf(r, "document")
	if err != nil {
		return err
	}
	d, err := s.omaData.OwnDocument(r.Context(), whoOf(r).Person, n, id)
	if err != nil {
		return err
	}
	return handOut(w, id, d)
}

// handOut sends a document as a file to keep, which no page may run: others made it. Its
// name says nothing of anybody.
func handOut(w http.ResponseWriter, id int64, d sentFile) error {
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	w.Header().Set("X-Download-Options", "noopen")
	return attach(w, fmt.Sprintf("document-%d.%s", id, d.Kind.Extension()), d.Kind.MediaType(), d.Content)
}

// deleteDocument deletes a document at the word of who sent it.
func (s *site) deleteDocument(w http.ResponseWriter, r *http.Request) error {
	n, err := numberOf(r, "matter")
	if err != nil {
		return err
	}
	id, err := numberOf(r, "document")
	if err != nil {
		return err
	}
	if err := s.omaData.DeleteDocument(r.Context(), whoOf(r).Person, n, id); err != nil {
		return err
	}
	http.Redirect(w, r, feePath(n)+"?done=deleted#documents", http.StatusSeeOther)
	return nil
}

// hourShares are the shares of the fee by hours, as the page tells them.
type hourShares struct {
	Part, Full int // hours, in hundredths
	Percent    int // up to Part
	Steps      []hourStep
	Free       int // hours of pre-primary education, in hundredths
}

// hourStep is a share that the city has decided on.
type hourStep struct{ UpTo, Percent int }

// Week writes hours a week, given in hundredths.
func (w words) Week(hours int) string {
	if hours%100 == 0 {
		return w.N(hours / 100)
	}
	s := strings.TrimRight(w.F(float64(hours)/100, 2), "0")
	return s
}

// setHours notes the hours of care that the family wants; the fee follows.
func (s *site) setHours(w http.ResponseWriter, r *http.Request) error {
	v, err := s.feeView(r)
	if err != nil {
		return err
	}
	v.TypedHours = strings.TrimSpace(strings.ToValidUTF8(r.PostFormValue("hours"), ""))
	hours, ok := hundredthsOf(v.TypedHours, 100)
	if !ok || hours < 100 || hours%25 != 0 {
		v.HoursFault = "fee.hours.fault"
		return s.showFee(w, r, http.StatusUnprocessableEntity, v)
	}
	if v.Place == nil || v.Stage == feeEnded {
		return fault.New(fault.Conflict, "web.setHours", "there is no place to which the hours belong")
	}
	if err := s.omaData.SetHours(r.Context(), whoOf(r).Person, v.N, hours); err != nil {
		return err
	}
	http.Redirect(w, r, v.Path()+"?done=hours#hours", http.StatusSeeOther)
	return nil
}

// askPlace asks for a place for a child who has none: a caseworker looks for one.
func (s *site) askPlace(w http.ResponseWriter, r *http.Request) error {
	v, err := s.feeView(r)
	if err != nil {
		return err
	}
	if v.Place != nil {
		return fault.New(fault.Conflict, "web.askPlace", "the child has a place already").Do("look at the page again")
	}
	v.TypedPlace = strings.TrimSpace(strings.ToValidUTF8(r.PostFormValue("words"), ""))
	if n := utf8.RuneCountInString(v.TypedPlace); n < leastAsk || n > mostAsk {
		v.PlaceFault = "place.fault"
		return s.showFee(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.omaData.AskPlace(r.Context(), whoOf(r).Person, v.N, v.TypedPlace); err != nil {
		return err
	}
	http.Redirect(w, r, v.Path()+"?done=place", http.StatusSeeOther)
	return nil
}

// hundredthsOf reads a number as people write it, with at most two decimals and up to
// most, times a hundred: "37,5", "37.5", "3 200,50 €".
func hundredthsOf(text string, most int) (int, bool) {
	text = strings.NewReplacer("\u00a0", "", "\u202f", "", " ", "", "€", "", ",", ".").Replace(text)
	whole, rest, point := strings.Cut(text, ".")
	if whole == "" || len(whole) > 7 || point && rest == "" || len(rest) > 2 || strings.Trim(whole+rest, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(whole + rest + strings.Repeat("0", 2-len(rest)))
	return n, err == nil && n <= most*100
}
