package web

import "regexp"

// sayFault is one thing that is wrong with a form, and the field where it is.
type sayFault struct {
	Text    string
	Foreign bool   // it has no words in the reader's language, and stays in English
	At      string // id of the field; "": none
}

// unsaid is a text that lacks a language.
var unsaid = regexp.MustCompile(`^(.+) is not said in (fi|sv|en)$`)

// unsaidAt are the fields of texts in three languages, without the language.
var unsaidAt = map[string]string{"the name of the use": "name", "what is done with the data": "what", "who uses the data": "user", "a term": "term", "a reason": "reason", "a recipient": "recipient"}

// faultAt are the fields of other faults. Each has its words: decide.says.<field>.
var faultAt = map[string]string{
	"the use has no purpose":                                               "purpose",
	"who uses the data has no business id":                                 "user",
	"the use has no source":                                                "describe",
	"the basis names no provision of article 6(1) of the GDPR":             "basis-6(1)(a)",
	"special kinds of data need a provision of article 9(2) of the GDPR":   "basis-9(2)(a)",
	"the use has no law":                                                   "law",
	"it is not said how long the data is kept":                             "keep",
	"it is not said how far a machine decides (people, proposes, decides)": "automation-people",
	"it is not said what kind of task the data is used for":                "task-offer",
	"it is not said which service the data is used for":                    "area-early-education",
	`the outcome "" is not known`:                                          "outcome-lawful",
	`terms go with the outcome "on terms", and with no other`:              "term.fi",
	"a reason has no source":                                               "source",
}

// faultsIn lists what is wrong in the reader's language, as far as it may be shown.
func faultsIn(t words, err error) (out []sayFault) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			out = append(out, faultsIn(t, e)...)
		}
		return out
	}
	show, _ := shown(err)
	if show == "" {
		return nil
	}
	if m := unsaid.FindStringSubmatch(show); m != nil && unsaidAt[m[1]] != "" {
		name := unsaidAt[m[1]]
		return []sayFault{{Text: t.T("decide.says.unsaid", t.T("decide."+name), t.T("language."+m[2])), At: name + "." + m[2]}}
	}
	if at := faultAt[show]; at != "" {
		return []sayFault{{Text: t.T("decide.says." + at), At: at}}
	}
	return []sayFault{{Text: show, Foreign: true}}
}
