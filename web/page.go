package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"path"

	"ennakko/fault"
	"ennakko/person"
)

//go:embed templates/*.html
var templateFiles embed.FS

// page is a parsed template with the frame of every page.
type page = *template.Template

// readPages parses every page once. The files whose names begin with "part"
// are shared.
func readPages() (map[string]page, error) {
	const op = "web.readPages"
	base, err := template.New("frame").Funcs(template.FuncMap{"asset": asset}).ParseFS(templateFiles, "templates/part_*.html")
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
	Data      any
}

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

// page runs a handler and shows its fault, in words that are safe to show.
func (s *site) page(do handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l, chosen := languageOf(r); chosen {
			http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: string(l), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
		err := do(w, r)
		if err == nil || r.Context().Err() != nil {
			return
		}
		f, known := failures[fault.KindOf(err)]
		if !known {
			f = failure{http.StatusInternalServerError, "error.internal"}
		}
		s.fail(w, r, f.status, f.key, err)
	})
}

// words are the texts in the request's language.
func (s *site) words(r *http.Request) words {
	l, _ := languageOf(r)
	return words{catalogue: s.texts, Lang: l, zone: s.pack.Schedule().Zone()}
}

// fail shows an error page: what is wrong, in the reader's language, and what
// the fault itself says may be shown.
func (s *site) fail(w http.ResponseWriter, r *http.Request, status int, key string, because ...error) {
	t := s.words(r)
	data := struct{ Key, Show, Hint string }{Key: key}
	for _, err := range because {
		data.Show, data.Hint = shown(err)
	}
	_ = s.render(w, status, "error.html", view{words: t, Title: t.T(key), Path: "/", Data: data})
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
func (s *site) render(w http.ResponseWriter, status int, name string, v view) error {
	v.Languages = languages
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

// part writes one part of a page, for a reader whose page stays.
func (s *site) part(name, part string, v view) (string, error) {
	var b bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&b, part, v); err != nil {
		return "", fault.Wrap(err, "web.part", "the part cannot be written")
	}
	return b.String(), nil
}
