package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
	"ennakko/trace"
)

//go:embed templates/*.html
var templateFiles embed.FS

// page is a parsed template with the frame of every page.
type page = *template.Template

// readPages parses every page once. The files whose names begin with "part"
// are shared.
func readPages() (map[string]page, error) {
	const op = "web.readPages"
	base, err := template.New("frame").Funcs(template.FuncMap{"asset": asset, "tour": tourPart, "rounds": roundsPart,
		"agreed": agreedPart, "permitted": permittedPart, "effects": effectsPart, "grouped": groupedPart, "worked": workedPart, "tasklist": tasklistPart,
		"inc": func(i int) int { return i + 1 }, "tabs": tabsPart, "decision": decisionPart, "three": threePart, "boxes": boxesPart}).ParseFS(templateFiles, "templates/part_*.html")
	if err != nil {
		return nil, fault.Wrap(err, op, "the frame of the pages cannot be read")
	}
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, fault.Wrap(err, op, "the pages cannot be read")
	}
	pages := map[string]page{}
	for _, f := range files {
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, path.Join("templates", f.Name()))
		}
		if err != nil {
			return nil, fault.Wrap(err, op, "the page %s cannot be read", f.Name())
		}
		pages[f.Name()] = t
	}
	return pages, nil
}

// view is what every page is given.
type view struct {
	words
	Title     string
	Path      string // of the page, without a query
	Languages []person.Language
	Events    string // where changes are told; empty: the page stands still
	State     string // a page whose state is another is loaded anew
	Who       access.Who
	Demo      bool
	Nav       []link
	Data      any
	query     url.Values // of the address, if the page was asked for by it
}

// In is the address of this page in another language.
func (v view) In(l person.Language) string {
	q := url.Values{"lang": {string(l)}}
	for k, x := range v.query {
		if k != "lang" {
			q[k] = x
		}
	}
	return v.Path + "?" + q.Encode()
}

// link leads to a page.
type link struct {
	Href, Text string
	Here       bool
}

// Words are the view's words, for parts that are given other data.
func (v view) Words() words { return v.words }

// These give a part of a page its data and the words to show it in.
type (
	roundsOf struct {
		Words  words
		Rounds []store.Round
	}
	tourOf struct {
		Words words
		*tourView
	}
	agreedOf struct {
		Words     words
		Agreement agreement
	}
	permittedOf struct {
		Words  words
		Permit permit
	}
	effectsOf struct {
		Words   words
		Effects []consequence
		Done    bool // it has happened
	}
	workedOf struct {
		Words words
		Fee   *proposal
	}
	tasksOf struct {
		Words words
		Title string
		View  tasksView
		Tasks []feeTask
		Done  bool
	}
	groupedOf struct {
		Words words
		Group groupView
	}
)

// The parts of the data-protection officer's desk.
type (
	tabsOf struct {
		Words words
		Tabs  []link
	}
	decisionOf struct {
		Words    words
		Decision any // a decisionView, or what has one in it
	}
	threeOf struct {
		Words words
		View  decideView
		Name  string
	}
	boxesOf struct {
		Type, Name string
		All        []choice
	}
)

func tabsPart(w words, tabs []link) tabsOf                 { return tabsOf{w, tabs} }
func decisionPart(w words, d any) decisionOf               { return decisionOf{w, d} }
func threePart(w words, v decideView, name string) threeOf { return threeOf{w, v, name} }
func boxesPart(kind, name string, all []choice) boxesOf    { return boxesOf{kind, name, all} }

func agreedPart(w words, a agreement) agreedOf                  { return agreedOf{w, a} }
func permittedPart(w words, p permit) permittedOf               { return permittedOf{w, p} }
func effectsPart(w words, e []consequence, done bool) effectsOf { return effectsOf{w, e, done} }
func workedPart(w words, p *proposal) workedOf                  { return workedOf{w, p} }
func tasklistPart(w words, title string, v tasksView, tasks []feeTask, done bool) tasksOf {
	return tasksOf{w, title, v, tasks, done}
}
func groupedPart(w words, g groupView) groupedOf        { return groupedOf{w, g} }
func roundsPart(w words, rounds []store.Round) roundsOf { return roundsOf{w, rounds} }
func tourPart(w words, t *tourView) tourOf              { return tourOf{w, t} }

// handler makes a page or fails with a fault.
type handler func(w http.ResponseWriter, r *http.Request) error

// failure is how a kind of fault is shown; key is the text's.
type failure struct {
	status int
	key    string
}

// failures are those that are not the program's own.
var failures = map[fault.Kind]failure{
	fault.Missing:  {http.StatusNotFound, "error.missing"},
	fault.Conflict: {http.StatusConflict, "error.conflict"},
	fault.Invalid:  {http.StatusUnprocessableEntity, "error.invalid"},
	fault.Refused:  {http.StatusForbidden, "error.refused"},
	fault.Later:    {http.StatusServiceUnavailable, "error.later"},
}

// page checks who asks, runs the route's handler and shows its fault, in words
// that are safe to show.
func (s *site) page(to route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l, chosen := languageOf(r); chosen {
			http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: string(l), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
		}
		ctx, span := trace.Start(r.Context(), trace.Name(to.pattern)) // never the address: it says which case
		r, err := s.identify(r.WithContext(ctx))
		defer func() { span.End(err) }()
		if err == nil && to.action != anyone {
			if whoOf(r).Nobody() {
				s.askWho(w, r)
				return
			}
			if err = s.may(r, to.action, access.On{}); err == nil {
				err = s.notTooOften(r, to)
			}
		}
		if err == nil {
			err = to.do(w, r)
		}
		if err == nil || r.Context().Err() != nil {
			return
		}
		f, known := failures[fault.KindOf(err)]
		if !known {
			f = failure{http.StatusInternalServerError, "error.internal"}
			s.log.ErrorContext(r.Context(), "a page failed", "page", r.Pattern, "error", err)
		}
		if errors.Is(err, errTooOften) {
			f.status = http.StatusTooManyRequests
			w.Header().Set("Retry-After", "60")
		}
		s.fail(w, r, f.status, f.key, err)
	})
}

// askWho sends somebody who has not logged in to do so, and then back. A form
// is not sent again: its page says what to do.
func (s *site) askWho(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && !strings.HasSuffix(r.URL.Path, "/events") {
		http.Redirect(w, r, "/login?"+url.Values{"back": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
		return
	}
	s.fail(w, r, http.StatusUnauthorized, "error.login")
}

// words are the texts in the request's language.
func (s *site) words(r *http.Request) words {
	l, _ := languageOf(r)
	return words{catalogue: s.texts, Lang: l, zone: s.pack.Schedule().Zone(), self: s.pack.ForSelf(), kind: s.pack.UnitKind()}
}

// errorView is what an error page says.
type errorView struct {
	Key, Show, Hint string
	Why             string // of a refusal, in the reader's language
	Login           bool   // logging in may help
	Back            string // the page with the form that was sent, to come back to
}

// fail shows an error page: what is wrong, in the reader's language, and what
// the fault itself says may be shown.
func (s *site) fail(w http.ResponseWriter, r *http.Request, status int, key string, because ...error) {
	t := s.words(r)
	data := errorView{Key: key, Login: status == http.StatusUnauthorized, Back: s.formPage(r)}
	for _, err := range because {
		data.Show, data.Hint = shown(err)
		if _, ok := errors.AsType[*access.Refusal](err); ok {
			data.Show, data.Hint, data.Why = "", "", why(t, err)
		}
	}
	_ = s.render(w, r, status, "error.html", view{words: t, Title: t.T(key), Path: "/", Data: data})
}

// formPage is the page on which the form stands that a request comes from, as its
// address tells; the first page if it does not.
func (s *site) formPage(r *http.Request) string {
	method, pattern, ok := strings.Cut(r.Pattern, " ")
	path := r.URL.Path
	if !ok || method != http.MethodPost {
		return "/"
	}
	for all := s.routes(); pattern != "" && pattern != "/"; pattern, path = parent(pattern), parent(path) {
		if slices.ContainsFunc(all, func(x route) bool { return x.pattern == "GET "+pattern }) {
			return path
		}
	}
	return "/"
}

// parent is a path without its last part.
func parent(path string) string { return path[:max(strings.LastIndex(path, "/"), 0)] }

// why is the reason of a refusal in the reader's language.
func why(t words, err error) string {
	if refusal, ok := errors.AsType[*access.Refusal](err); ok {
		return t.Of(refusal.Why)
	}
	return t.T("error.refused")
}

// shown gives the words of a fault that may be shown to anyone.
func shown(err error) (show, hint string) {
	var f *fault.Error
	if !errors.As(err, &f) || fault.KindOf(err) == fault.Internal {
		return "", ""
	}
	return f.Show, f.Hint
}

// render writes a page whole or not at all.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) error {
	v.Languages, v.Who, v.Demo = languages, whoOf(r), s.demo()
	v.Nav = s.nav(r, v.words, v.Path)
	if r.Method == http.MethodGet && r.URL.Path == v.Path {
		v.query = r.URL.Query()
	}
	var b bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&b, "frame", v); err != nil {
		return fault.Wrap(err, "web.render", "the page cannot be written")
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(v.Lang))
	h.Set("Vary", "Cookie, Accept-Language")
	w.WriteHeader(status)
	// A reader who has gone away is no fault of the page.
	_, _ = w.Write(b.Bytes())
	return nil
}

// nav is the way to the pages that the reader may see.
func (s *site) nav(r *http.Request, t words, path string) []link {
	who := whoOf(r)
	var out []link
	add := func(href, key string, ok bool) {
		if ok {
			out = append(out, link{href, t.T(key), path == href || href != "/" && strings.HasPrefix(path, href+"/")})
		}
	}
	add("/", "nav.start", !who.Is(access.Resident))
	add("/", "nav.own", who.Is(access.Resident))
	add("/desk", "nav.desk", who.Nobody() || s.can(r, access.SeeDesk, access.On{}))
	add(carePath, "nav.care", s.hasCare() && s.can(r, access.SeeCare, access.On{}))
	add("/desk/fees", "nav.fees", s.hasOmaData() && s.can(r, access.SeeQueue, access.On{}))
	add("/desk/search", "nav.search", s.can(r, access.Search, access.On{}))
	add("/my/uses", "nav.uses", who.Is(access.Resident))
	add("/desk/record", "nav.record", s.can(r, access.SeeRecord, access.On{}))
	add(privacyPath, "nav.privacy", s.can(r, access.SeePrivacy, access.On{}))
	add("/open", "nav.open", true)
	add("/demo", "nav.tour", s.demo())
	add("/demo/handset", "nav.handset", s.demo())
	// The longest way that leads here is the one.
	here := -1
	for i, l := range out {
		if l.Here && (here < 0 || len(l.Href) > len(out[here].Href)) {
			here = i
		}
	}
	for i := range out {
		out[i].Here = i == here
	}
	return out
}

// part writes one part of a page, for a reader whose page stays.
func (s *site) part(name, part string, v view) (string, error) {
	var b bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&b, part, v); err != nil {
		return "", fault.Wrap(err, "web.part", "the part cannot be written")
	}
	return b.String(), nil
}
