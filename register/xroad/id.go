package xroad

import (
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"ennakko/fault"
	"ennakko/person"
)

// ClientID names a member of an exchange layer, or one of its subsystems:
// INSTANCE/CLASS/MEMBER or INSTANCE/CLASS/MEMBER/SUBSYSTEM. It can be compared;
// the zero value names nobody.
type ClientID struct{ instance, class, member, subsystem string }

// ServiceID names a service: the id of its provider, and its code.
type ServiceID struct {
	provider ClientID
	code     string
}

// Characters of identifiers: narrower than section 4.8 of the protocol allows.
var identifier = regexp.MustCompile(`^[A-Za-z0-9'()+,.=_-]{1,100}$`)

func parts(s string, op string) ([]string, error) {
	split := strings.Split(s, "/")
	for i, p := range split {
		plain, err := url.PathUnescape(p)
		if err != nil || !identifier.MatchString(plain) || strings.Trim(plain, ".") == "" {
			return nil, fault.New(fault.Invalid, op, "part %d of the identifier is not one", i+1).Do("an identifier is letters, digits and '()+,-.=_ between strokes: FI/MUN/0201256-6/ennakko")
		}
		split[i] = plain
	}
	return split, nil
}

// ParseClient reads a member or a subsystem, as in the header X-Road-Client.
func ParseClient(s string) (ClientID, error) {
	const op = "xroad.ParseClient"
	p, err := parts(s, op)
	switch {
	case err != nil:
		return ClientID{}, err
	case len(p) == 3:
		return ClientID{p[0], p[1], p[2], ""}, nil
	case len(p) == 4:
		return ClientID{p[0], p[1], p[2], p[3]}, nil
	}
	return ClientID{}, fault.New(fault.Invalid, op, "the client's identifier does not have three or four parts").Do("write it as FI/MUN/0201256-6/ennakko: instance, class, member, subsystem")
}

// ParseService reads a service with its provider. With four parts the provider
// has no subsystem.
func ParseService(s string) (ServiceID, error) {
	const op = "xroad.ParseService"
	p, err := parts(s, op)
	switch {
	case err != nil:
		return ServiceID{}, err
	case len(p) == 4:
		return ServiceID{ClientID{p[0], p[1], p[2], ""}, p[3]}, nil
	case len(p) == 5:
		return ServiceID{ClientID{p[0], p[1], p[2], p[3]}, p[4]}, nil
	}
	return ServiceID{}, fault.New(fault.Invalid, op, "the service's identifier does not have four or five parts").Do("write it as FI/GOV/0000000-0/register/incomes: instance, class, member, subsystem, service")
}

// String is the identifier as it stands in addresses and headers.
func (c ClientID) String() string {
	if c == (ClientID{}) {
		return ""
	}
	s := url.PathEscape(c.instance) + "/" + url.PathEscape(c.class) + "/" + url.PathEscape(c.member)
	if c.subsystem != "" {
		s += "/" + url.PathEscape(c.subsystem)
	}
	return s
}

// String is the identifier as it stands in addresses and headers.
func (s ServiceID) String() string {
	if s == (ServiceID{}) {
		return ""
	}
	return s.provider.String() + "/" + url.PathEscape(s.code)
}

// NewID makes the number of a request: a random UUID.
func NewID(random io.Reader) (string, error) {
	id, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return "", fault.Wrap(err, "xroad.NewID", "no number can be made for the request")
	}
	return id.String(), nil
}

// Person is whose deed a request is, for the header X-Road-UserId. It does not
// print. The zero value is the program's own deed: the header is left out.
type Person struct{ boxed *string }

// SignedIn is somebody who was identified: their code with the country before it.
func SignedIn(c person.Code) Person {
	if c.IsZero() {
		return Person{}
	}
	s := "FI" + c.Reveal()
	return Person{&s}
}

// Format hides the person from every verb of fmt.
func (Person) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[person]") }
