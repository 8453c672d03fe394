package standing

import (
	"regexp"
	"time"

	"ennakko/fault"
	"ennakko/permission"
)

// The wire forms. All names are needed; none other is taken.
type wireQuestion struct {
	ID         string             `json:"id"`
	Permission int64              `json:"permission"`
	Purpose    string             `json:"purpose"`
	Fields     []permission.Field `json:"fields"`
	Person     PersonMark         `json:"person"`
	At         time.Time          `json:"at"`
}

type wireVerdict struct {
	ID     string     `json:"id"` // of the question
	Stands *bool      `json:"stands"`
	Gap    bool       `json:"gap,omitempty"`
	At     *time.Time `json:"at,omitempty"` // of the verdict, by the city's clock
	Until  *time.Time `json:"until,omitempty"`
	Why    Why        `json:"why,omitempty"`
}

// WireMark is a mark as it stands on the wire and in the source's own file.
type WireMark struct {
	ID         string             `json:"id"`
	Request    string             `json:"request"`
	Client     string             `json:"client"`
	Permission int64              `json:"permission"`
	Purpose    string             `json:"purpose"`
	Fields     []permission.Field `json:"fields"`
	Person     PersonMark         `json:"person"`
	At         time.Time          `json:"at"`
}

// Wire is the mark for the wire.
func (m Mark) Wire() WireMark {
	return WireMark{m.ID, m.Request, m.Client, m.Permission, m.Purpose, m.Fields, m.Person, m.At}
}

// Mark is what the wire brought.
func (w WireMark) Mark() Mark {
	return Mark{ID: w.ID, Request: w.Request, Client: w.Client, Permission: w.Permission, Purpose: w.Purpose, Fields: w.Fields, Person: w.Person, At: w.At}
}

type wireMarks struct {
	Marks []WireMark `json:"marks"`
}

// wireTaken answers marks in their order. It may be shorter than the marks: the
// rest is to be sent again.
type wireTaken struct {
	Marks []wireFate `json:"marks"`
}

type wireFate struct {
	ID    string `json:"id"`
	Taken *bool  `json:"taken"` // false: it will never be
}

// MostMarks is how many marks are sent at once.
const MostMarks = 100

var (
	idForm      = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,99}$`)
	personForm  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	whyForm     = regexp.MustCompile(`^[a-z][a-z-]{0,39}$`)
	requestForm = regexp.MustCompile(`^[A-Za-z0-9-]{0,64}$`)
)

func about(op, id string, permissionID int64, purpose string, fields []permission.Field, who PersonMark, at time.Time) error {
	bad := func(what string) error {
		return fault.New(fault.Invalid, op, "%s is not one", what)
	}
	switch {
	case !idForm.MatchString(id):
		return bad("the id")
	case permissionID < 1:
		return bad("the permission's number")
	case !nameForm.MatchString(purpose):
		return bad("the purpose")
	case !personForm.MatchString(string(who)):
		return bad("the mark of the person")
	case at.IsZero():
		return bad("the moment")
	case len(fields) == 0 || len(fields) > 200:
		return bad("the list of fields")
	}
	for _, f := range fields {
		if !nameForm.MatchString(string(f)) {
			return bad("a field")
		}
	}
	return nil
}

// Check says what of the mark is not as it should be.
func (w WireMark) Check() error {
	const op = "standing.Mark"
	if !requestForm.MatchString(w.Request) || !nameForm.MatchString(w.Client) {
		return fault.New(fault.Invalid, op, "the number of the request or the client is not one")
	}
	return about(op, w.ID, w.Permission, w.Purpose, w.Fields, w.Person, w.At)
}
