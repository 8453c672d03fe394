package web

import (
	"ennakko/audit"
	"ennakko/person"
)

// NewActions puts entries of the record into words, as the pages do: what was done, by
// whom, what for and under which law.
func NewActions() (func(l person.Language, e audit.Entry) string, error) {
	texts, err := readTexts()
	if err != nil {
		return nil, err
	}
	return func(l person.Language, e audit.Entry) string {
		t := words{catalogue: texts, Lang: l}
		verb, _ := t.verb(e.Verb)
		purpose := e.Purpose
		if t.Has("purpose." + purpose) {
			purpose = t.T("purpose." + purpose)
		}
		return actor(t, e.Actor) + " " + verb + " (" + purpose + "; " + e.Basis + ")"
	}, nil
}
