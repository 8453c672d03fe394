package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"

	"ennakko/access"
	"ennakko/audit/log"
	"ennakko/fault"
)

// proofPage is where a proof that somebody took along is checked. Two files come
// to it, neither of them long.
const (
	proofPage = "/open/proof"
	maxProof  = 3 * log.MostFile
)

// proofFile hands out the proof of an entry that covers the reader, or a child of
// theirs, as a file to take along. In it stands what the page shows and no more.
// That it was asked for is on the record.
func (s *site) proofFile(w http.ResponseWriter, r *http.Request) error {
	who := whoOf(r)
	seq, err := strconv.ParseUint(r.PathValue("entry"), 10, 63)
	if err != nil || seq == 0 {
		return missing("web.proofFile")
	}
	var since uint64
	if text := r.URL.Query().Get("since"); text != "" {
		if since, err = strconv.ParseUint(text, 10, 63); err != nil {
			return fault.New(fault.Invalid, "web.proofFile", "the size of the older checkpoint is no number")
		}
	}
	_, about, err := s.coveringEntry(r, who, seq)
	if err != nil {
		return err
	}
	if err := s.noteLook(r, who, about); err != nil {
		return err
	}
	f, err := s.residents.ProofFile(r.Context(), about, who.Actor(), seq, since)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return fault.Wrap(err, "web.proofFile", "the file cannot be written")
	}
	return attach(w, fmt.Sprintf("ennakko-proof-%d.json", seq), "application/json", append(raw, '\n'))
}

// checkView is what a proof that somebody put in shows.
type checkView struct {
	Fault    string // the text's key
	Done     bool
	Entry    entryView
	Checked  log.Checked
	Verifier string
}

// proofForm asks for a proof that somebody took along.
func (s *site) proofForm(w http.ResponseWriter, r *http.Request) error {
	return s.showCheck(w, r, http.StatusOK, checkView{})
}

func (s *site) showCheck(w http.ResponseWriter, r *http.Request, status int, v checkView) error {
	t := s.words(r)
	v.Verifier = s.proof.Verifier()
	return s.render(w, r, status, "checkproof.html", view{words: t, Title: t.T("check.title"), Path: proofPage, Data: v})
}

// checkProof checks a proof against this city's log and shows what it proves.
// Nothing of it is kept.
func (s *site) checkProof(w http.ResponseWriter, r *http.Request) error {
	raw, published, err := proofFiles(r)
	if err == nil && len(raw) == 0 {
		return s.showCheck(w, r, http.StatusUnprocessableEntity, checkView{Fault: "check.none"})
	}
	var f log.File
	var c log.Checked
	if err == nil {
		f, err = log.ParseFile(raw)
	}
	if err == nil {
		c, err = f.Check(s.proof.Verifier(), string(published))
	}
	switch kind := fault.KindOf(err); {
	case err == nil:
	case kind == fault.Tampered:
		return s.showCheck(w, r, http.StatusUnprocessableEntity, checkView{Fault: "check.tampered"})
	case kind == fault.Missing:
		return s.showCheck(w, r, http.StatusUnprocessableEntity, checkView{Fault: "check.since"})
	case kind == fault.Invalid:
		return s.showCheck(w, r, http.StatusUnprocessableEntity, checkView{Fault: "check.invalid"})
	default:
		return err
	}
	v := checkView{Done: true, Checked: c}
	if c.Shown {
		v.Entry = s.useView(s.words(r), c.Entry, c.Size, access.Who{})
	}
	return s.showCheck(w, r, http.StatusOK, v)
}

// proofFiles are the files of the form: the proof, and a checkpoint that was kept
// elsewhere, if there is one. They stay in memory.
func proofFiles(r *http.Request) (proof, published []byte, err error) {
	unreadable := fault.New(fault.Invalid, "web.proofFiles", "the files cannot be read")
	if err := r.ParseMultipartForm(maxProof); err != nil {
		return nil, nil, unreadable
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	for name, to := range map[string]*[]byte{"proof": &proof, "checkpoint": &published} {
		if *to, err = formFile(r, name); err != nil {
			return nil, nil, unreadable
		}
	}
	return proof, published, nil
}

func formFile(r *http.Request, name string) ([]byte, error) {
	f, _, err := r.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func(f multipart.File) { _ = f.Close() }(f)
	return io.ReadAll(f) // the body is bounded
}
