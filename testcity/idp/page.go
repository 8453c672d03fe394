package idp

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

//go:embed login.html
var loginHTML string

//go:embed style.css
var styleCSS []byte

var loginPage = template.Must(template.New("login").Parse(loginHTML))

var texts = map[string]map[string]string{
	"fi": {"title": "Kuka olet?", "lead": "Kaikki ihmiset ovat keksittyjä. Kukaan ei tarvitse salasanaa.", "site": "Esittelyn tunnistus", "staff": "Kaupungin työntekijät",
		"residents": "Asukkaat", "expected": "Jatka henkilönä", "gone": "Kirjautuminen vanheni", "again": "Palaa edelliselle sivulle ja kirjaudu uudelleen.", "language": "Kieli"},
	"sv": {"title": "Vem är du?", "lead": "Alla människor är påhittade. Ingen behöver något lösenord.", "site": "Demonstrationens identifiering", "staff": "Stadens anställda",
		"residents": "Invånare", "expected": "Fortsätt som", "gone": "Inloggningen har gått ut", "again": "Gå tillbaka till föregående sida och logga in på nytt.", "language": "Språk"},
	"en": {"title": "Who are you?", "lead": "All people are made up. Nobody needs a password here.", "site": "The demonstration's log-in", "staff": "The city's staff",
		"residents": "Residents", "expected": "Continue as", "gone": "The log-in has expired", "again": "Go back to the page before and log in again.", "language": "Language"},
}

var languages = []string{"fi", "sv", "en"}

type pageView struct {
	Lang, Request string
	T             map[string]string
	Languages     []string
	Names         map[string]string
	Expected      *Person
	Groups        []group
	Gone          bool
}

type group struct {
	Title  string
	People []Person
}

// languageOf is the language of the page: chosen on it, asked for by the
// program that people log in to, or the browser's.
func languageOf(r *http.Request, asked []language.Tag) string {
	if l := r.URL.Query().Get("lang"); slices.Contains(languages, l) {
		return l
	}
	tags := []language.Tag{language.Finnish, language.Swedish, language.English}
	wanted, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	wanted = append(slices.Clone(asked), wanted...)
	if len(wanted) == 0 {
		return "fi"
	}
	_, i, _ := language.NewMatcher(tags).Match(wanted...)
	return languages[i]
}

// page shows who can log in.
func (p *provider) page(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("request")
	req, err := p.store.find(id)
	v := pageView{Lang: languageOf(r, req.asked.UILocales), Request: id, Languages: languages, Names: map[string]string{"fi": "Suomi", "sv": "Svenska", "en": "English"}}
	v.T = texts[v.Lang]
	if err != nil {
		v.Gone = true
		write(w, http.StatusNotFound, v)
		return
	}
	if err := p.fill(r, &v, req.asked.LoginHint); err != nil {
		http.Error(w, "the people cannot be listed now", http.StatusServiceUnavailable)
		return
	}
	write(w, http.StatusOK, v)
}

func (p *provider) fill(r *http.Request, v *pageView, expected string) error {
	if expected != "" {
		who, ok, err := p.o.People.Find(r.Context(), expected)
		if err != nil {
			return err
		}
		if ok {
			v.Expected = &who
		}
	}
	all, err := p.o.People.List(r.Context())
	for _, kind := range []string{Staff, Residents} {
		g := group{Title: v.T[kind]}
		for _, x := range all {
			if x.Kind == kind {
				g.People = append(g.People, x)
			}
		}
		if len(g.People) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	return err
}

func write(w http.ResponseWriter, status int, v pageView) {
	var b bytes.Buffer
	if err := loginPage.Execute(&b, v); err != nil {
		http.Error(w, "the page cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a reader who went away is no fault
}

// choose logs the chosen person in.
func (p *provider) choose(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("request")
	who, ok, err := p.o.People.Find(r.Context(), r.PostFormValue("person"))
	switch {
	case err != nil:
		http.Error(w, "the people cannot be listed now", http.StatusServiceUnavailable)
		return
	case !ok:
		http.Error(w, "there is no such person", http.StatusNotFound)
		return
	}
	if err := p.store.choose(id, who); err != nil {
		v := pageView{Lang: languageOf(r, nil), Languages: languages, Gone: true}
		v.T = texts[v.Lang]
		write(w, http.StatusNotFound, v)
		return
	}
	issued := op.NewIssuerInterceptor(p.op.IssuerFromRequest)
	issued.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, op.AuthCallbackURL(p.op)(r.Context(), id), http.StatusSeeOther)
	})(w, r)
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(styleCSS)
}
