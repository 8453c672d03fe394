package api

import (
	"net/http"
	"slices"
	"strings"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/person"
	"ennakko/signin"
)

// Helsinki Profile's GDPR API. Source: City-of-Helsinki/open-city-profile,
// Open-city-profile GDPR API 1.1.0.

// The scopes that a token must have.
const (
	scopeQuery  = "gdprquery"
	scopeDelete = "gdprdelete"
)

func (s *server) gdprRoutes() {
	s.mux.HandleFunc("GET "+GDPRPrefix+"{profile}", func(w http.ResponseWriter, r *http.Request) { s.profile(w, r, scopeQuery, s.getProfile) })
	s.mux.HandleFunc("DELETE "+GDPRPrefix+"{profile}", func(w http.ResponseWriter, r *http.Request) { s.profile(w, r, scopeDelete, s.deleteProfile) })
}

// node is one part of the tree of data.
type node struct {
	Key      string `json:"key"`
	Value    string `json:"value,omitempty"`
	Children []node `json:"children,omitempty"`
	Error    string `json:"error,omitempty"`
}

// notShown is why something is not in the tree.
const notShown = "Insufficient authentication level to read data"

// whyNot is one reason in the protocol's form.
type whyNot struct {
	Code    string                     `json:"code"`
	Message map[person.Language]string `json:"message"`
}

type whyNots struct {
	Errors []whyNot `json:"errors"`
}

// profile answers about the profile of the address, to a token of the same person
// with the scope. The token is looked at first: who has none learns nothing.
func (s *server) profile(w http.ResponseWriter, r *http.Request, scope string, then func(http.ResponseWriter, *http.Request, access.Who) error) {
	who, err := s.bearerOf(r, scope)
	switch {
	case err != nil && fault.KindOf(err) == fault.Refused:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		s.Log.WarnContext(r.Context(), "a token for the GDPR API is refused", "error", err)
		answer(w, http.StatusUnauthorized, trouble{"unauthorized", "the credentials are missing or invalid"})
		return
	case err == nil:
		err = then(w, r, who)
	}
	if err == nil {
		return
	}
	if status, t := troubleOf(err); status < http.StatusInternalServerError {
		answer(w, status, t)
		return
	}
	s.Log.ErrorContext(r.Context(), "the GDPR API cannot answer", "error", err)
	answer(w, http.StatusInternalServerError, whyNots{[]whyNot{{"LATER", laterWords}}})
}

var laterWords = map[person.Language]string{
	person.Finnish: "Pyyntöä ei voitu toteuttaa juuri nyt. Yritä myöhemmin uudelleen.",
	person.Swedish: "Begäran kunde inte utföras just nu. Försök igen senare.",
	person.English: "The request could not be carried out just now. Try again later.",
}

// bearerOf checks the token, and that it is of the person whom the address names.
func (s *server) bearerOf(r *http.Request, scope string) (access.Who, error) {
	const op = "api.gdpr"
	raw, ok := bearer(r)
	if !ok {
		return access.Who{}, fault.New(fault.Refused, op, "there is no token")
	}
	t, err := s.GDPR.Tokens.Check(r.Context(), raw)
	if err != nil {
		return access.Who{}, err
	}
	if !slices.Contains(t.Scopes, scope) {
		return access.Who{}, fault.New(fault.Refused, op, "the token has not the scope")
	}
	id := r.PathValue("profile")
	if !signin.IsProfile(id) {
		return access.Who{}, refuse("bad-profile", "the address does not name a profile by its UUID")
	}
	if !strings.EqualFold(t.Subject, id) {
		return access.Who{}, fault.New(fault.Refused, op, "the token is of another person")
	}
	who := access.Who{ID: strings.ToLower(id), Roles: []access.Role{access.Resident}, Level: t.Level}
	who.Person, err = s.DB.PersonByProfile(r.Context(), who.ID)
	if err != nil && fault.KindOf(err) != fault.Missing {
		return access.Who{}, err
	}
	return who, s.sameAs(r, who, t)
}

// sameAs refuses a token whose identity code is another's than that of the person who
// once logged in under the profile. A token need not have a code.
func (s *server) sameAs(r *http.Request, who access.Who, t signin.Token) error {
	if t.Code.IsZero() || !who.Person.Known() {
		return nil
	}
	is, err := s.DB.PersonByCode(r.Context(), t.Code)
	if err != nil && fault.KindOf(err) != fault.Missing {
		return err
	}
	if is != who.Person {
		return fault.New(fault.Refused, "api.gdpr", "the token is of another person than the one who logged in under the profile")
	}
	return nil
}

// bare refuses a request with a body: nothing that was meant is to be overlooked.
func bare(r *http.Request) error {
	if r.ContentLength != 0 {
		return refuse("body", "no body belongs to this request")
	}
	return nil
}

// getProfile gives all that the city holds of the person.
func (s *server) getProfile(w http.ResponseWriter, r *http.Request, who access.Who) error {
	if _, err := query(r); err != nil {
		return err
	}
	if err := bare(r); err != nil {
		return err
	}
	if !who.Person.Known() {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if err := s.Policies.Check(who, access.SeeOwn, access.On{People: []person.ID{who.Person}}); fault.KindOf(err) == fault.Refused {
		answer(w, http.StatusOK, node{Key: "ENNAKKO", Children: []node{{Key: "PERSONAL_DATA", Error: notShown}}})
		return nil
	} else if err != nil {
		return err
	}
	t, err := s.GDPR.Held.Tree(r.Context(), who.Person)
	if err != nil {
		return err
	}
	if len(t.Children) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	n := nodeOf(t)
	n.Key = "ENNAKKO"
	answer(w, http.StatusOK, n)
	return nil
}

// nodeOf puts a part of a copy into the protocol's form.
func nodeOf(t omadata.Tree) node {
	n := node{Key: snake(t.Key), Value: t.Value}
	for _, c := range t.Children {
		n.Children = append(n.Children, nodeOf(c))
	}
	return n
}

// snake writes a key in capital letters with underscores.
func snake(key string) string {
	var b strings.Builder
	for _, c := range strings.ToUpper(key) {
		if c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			b.WriteRune(c)
		} else if s := b.String(); s != "" && !strings.HasSuffix(s, "_") {
			b.WriteByte('_')
		}
	}
	return strings.TrimSuffix(b.String(), "_")
}

// readDry reads dry_run. It is true or false, in these letters, once; nothing else
// stands beside it: whatever else is there, nothing is erased.
func readDry(r *http.Request) (bool, error) {
	q, err := query(r, "dry_run")
	if err != nil {
		return false, err
	}
	if err := bare(r); err != nil {
		return false, err
	}
	switch v, ok := q["dry_run"]; {
	case !ok || v == "false":
		return false, nil
	case v == "true":
		return true, nil
	}
	return false, refuse("bad-dry-run", "dry_run is true or false")
}

// deleteProfile erases the person, or says by which law not.
func (s *server) deleteProfile(w http.ResponseWriter, r *http.Request, who access.Who) error {
	dry, err := readDry(r)
	if err != nil {
		return err
	}
	if !who.Person.Known() {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if err := s.Policies.Check(who, access.EraseOwn, access.On{People: []person.ID{who.Person}}); fault.KindOf(err) == fault.Refused {
		tooWeak(w)
		return nil
	} else if err != nil {
		return err
	}
	why, err := s.GDPR.Held.Erase(r.Context(), who.Person, dry)
	if err != nil {
		return err
	}
	if len(why) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	out := whyNots{}
	for _, x := range why {
		n := whyNot{strings.ToUpper(x.Code), map[person.Language]string{}}
		for _, l := range person.Languages() {
			n.Message[l] = x.What[l] + ": " + x.Why[l] + " (" + x.Law + ")"
		}
		out.Errors = append(out.Errors, n)
	}
	answer(w, http.StatusForbidden, out)
	return nil
}

// tooWeak refuses an identification that is not strong enough.
func tooWeak(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_user_authentication"`)
	answer(w, http.StatusUnauthorized, trouble{"weak", "the person was not identified strongly enough to erase"})
}
