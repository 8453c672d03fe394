package web

import (
	"encoding/json"
	"net/http"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
	"ennakko/person"
)

func peopleOf(ids ...person.ID) *roaring.Bitmap {
	set := roaring.New()
	for _, id := range ids {
		set.Add(uint32(id))
	}
	return set
}

// copyView is the readable copy.
type copyView struct {
	Groups []groupView
	None   bool
}

// showCopy shows all that is kept of the reader. Source: GDPR article 15(3).
func (s *site) showCopy(w http.ResponseWriter, r *http.Request) error {
	b, err := s.omaData.Copy(r.Context(), whoOf(r).Person)
	if err != nil {
		return err
	}
	t := s.words(r)
	var v copyView
	top := groupOf(t, b, 1)
	if len(top.Lines) > 0 {
		v.Groups = append(v.Groups, groupView{Level: 2, Name: top.Name, Lines: top.Lines})
	}
	v.Groups = append(v.Groups, top.Parts...)
	v.None = len(v.Groups) == 0
	return s.render(w, r, http.StatusOK, "copy.html", view{words: t, Title: t.T("copy.title"), Path: "/my/copy", Data: v})
}

// copyFile gives the copy as a file that programs read. Source: GDPR article 20.
func (s *site) copyFile(w http.ResponseWriter, r *http.Request) error {
	b, err := s.omaData.Copy(r.Context(), whoOf(r).Person)
	if err != nil {
		return err
	}
	out, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return fault.Wrap(err, "web.copyFile", "the copy cannot be written")
	}
	return attach(w, "my-data.json", "application/json", append(out, '\n'))
}

// eraseView is what can be erased and what not.
type eraseView struct {
	erasable
	Done bool
	Sure bool   // the reader said so
	Ask  string // text key of what is wrong with the form
}

// eraseForm says what erasing would take, and what stays and why. Source: GDPR
// article 17, and 12(4): a refusal has its reasons.
func (s *site) eraseForm(w http.ResponseWriter, r *http.Request) error {
	e, err := s.omaData.CanErase(r.Context(), whoOf(r).Person)
	if err != nil {
		return err
	}
	return s.showErase(w, r, http.StatusOK, eraseView{erasable: e})
}

func (s *site) showErase(w http.ResponseWriter, r *http.Request, status int, v eraseView) error {
	t := s.words(r)
	return s.render(w, r, status, "erase.html", view{words: t, Title: t.T("erase.title"), Path: "/my/erase", Data: v})
}

// erase erases what can go. It cannot be undone, so the form asks once more.
func (s *site) erase(w http.ResponseWriter, r *http.Request) error {
	who := whoOf(r).Person
	if r.PostFormValue("sure") != "yes" {
		e, err := s.omaData.CanErase(r.Context(), who)
		if err != nil {
			return err
		}
		return s.showErase(w, r, http.StatusUnprocessableEntity, eraseView{erasable: e, Ask: "erase.fault"})
	}
	before, err := s.omaData.CanErase(r.Context(), who)
	if err != nil {
		return err
	}
	if len(before.Stays) == 0 { // a session would hold the name, and put the number on the record again; those on other devices end with the erasure
		if err := s.endSession(r); err != nil {
			return err
		}
		setCookie(w, SessionCookie, "", 0)
	}
	e, err := s.omaData.EraseOwn(r.Context(), who)
	if err != nil {
		return err
	}
	return s.showErase(w, r, http.StatusOK, eraseView{erasable: e, Done: true})
}
