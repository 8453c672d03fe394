package web

import (
	"net/http"

	"ennakko/fault"
)

// Changed reports whether another text than the one it was given under would be agreed to.
func (p permit) Changed() bool { return p.Soon && p.Under.Hash != p.Agreement.Hash }

// decideAnew notes whether the reader gives a permission anew before its end, or lets
// it end.
func (s *site) decideAnew(w http.ResponseWriter, r *http.Request) error {
	p, err := s.permitOf(r)
	if err != nil {
		return err
	}
	want := r.PostFormValue("anew")
	switch {
	case want != "yes" && want != "no":
		return s.permitPage(w, r, http.StatusUnprocessableEntity, p, "permit.anew.fault")
	case !p.stands() || p.Soon && r.PostFormValue("text") != p.Under.Hash:
		return s.permitPage(w, r, http.StatusConflict, p, "permit.anew.moved")
	}
	switch err := s.omaData.DecideAnew(r.Context(), whoOf(r).Person, p.N, want == "yes", r.PostFormValue("text")); {
	case err != nil && fault.KindOf(err) == fault.Conflict: // it ended, or the text changed, in between
		if p, err = s.permitOf(r); err != nil {
			return err
		}
		return s.permitPage(w, r, http.StatusConflict, p, "permit.anew.moved")
	case err != nil:
		return err
	}
	done := map[string]string{"yes": "anew", "no": "let-go"}[want]
	http.Redirect(w, r, p.Path()+"?done="+done, http.StatusSeeOther)
	return nil
}
