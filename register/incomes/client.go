package incomes

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/register/standing"
	"ennakko/register/xroad"
)

// Client asks a register of incomes through an exchange layer.
type Client struct {
	over    *xroad.Client
	service xroad.ServiceID
	kinds   []Kind
	now     func() time.Time
}

// Path is where incomes are asked for, below the service.
const Path = "incomes"

// NewClient makes a client of a service. Kinds is the list of what the register
// may tell; nil is Kinds().
func NewClient(over *xroad.Client, service xroad.ServiceID, kinds []Kind, now func() time.Time) (*Client, error) {
	if over == nil || service == (xroad.ServiceID{}) || now == nil {
		return nil, fault.New(fault.Invalid, "incomes.NewClient", "a register of incomes needs a way to it, a service and a clock")
	}
	if kinds == nil {
		kinds = Kinds()
	}
	return &Client{over, service, slices.Clone(kinds), now}, nil
}

// question is the body of a request. The identity code stands here and nowhere
// else.
type question struct {
	Person string `json:"person"`
	From   Month  `json:"from"`
	To     Month  `json:"to"`
	Kinds  []Kind `json:"kinds,omitempty"`
}

// Fetch implements Incomes.
func (c *Client) Fetch(ctx context.Context, r Request) (Answer, error) {
	const op = "incomes.Fetch"
	if err := c.whole(r); err != nil {
		return Answer{}, err
	}
	body, err := json.Marshal(question{r.Person.Reveal(), r.From, r.To, r.Kinds})
	if err != nil {
		return Answer{}, fault.New(fault.Internal, op, "the request cannot be written")
	}
	names := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		names[i] = string(f)
	}
	said, err := c.over.Ask(ctx, c.service, Path, body, xroad.Headers{ID: r.ID, Person: xroad.SignedIn(r.SignedIn), Issue: strconv.FormatInt(r.Permission, 10),
		More: http.Header{standing.HeaderPurpose: {r.Purpose}, standing.HeaderFields: {strings.Join(names, ",")}}})
	if err != nil {
		return Answer{}, told(err)
	}
	a, err := c.read(r, said.Body)
	if err != nil {
		return Answer{}, err
	}
	a.Request, a.Hash, a.At, a.Handover = said.ID, said.Hash, c.now(), said.Header.Get(standing.HeaderHandover)
	return a, nil
}

// whole refuses a request that could not be answered well.
func (c *Client) whole(r Request) error {
	const op = "incomes.Fetch"
	var l fault.List
	bad := func(ok bool, words string) {
		if !ok {
			l.Add(fault.New(fault.Invalid, op, "%s", words))
		}
	}
	bad(!r.Person.IsZero(), "the request names nobody")
	bad(r.Purpose != "", "the request has no purpose")
	bad(r.Permission > 0, "the request has no permission")
	months := 0
	if _, err := ParseMonth(string(r.From)); err == nil {
		if _, err := ParseMonth(string(r.To)); err == nil {
			months = len(MonthsBetween(r.From, r.To))
		}
	}
	bad(months > 0 && months <= MostMonths, "the request is not for 1 to 36 months")
	for _, f := range []string{string(FieldMonth), string(FieldKind), string(FieldCents)} {
		bad(slices.ContainsFunc(r.Fields, func(g field) bool { return string(g) == f }), "the request lacks the field "+f+", without which income says nothing")
	}
	for _, f := range r.Fields {
		bad(slices.Contains(Fields(), f), "the request asks for a field that a register of incomes does not have")
	}
	for _, k := range r.Kinds {
		bad(slices.Contains(c.kinds, k), "the request asks for a kind of income that is not on the list")
	}
	return l.Err()
}

// told puts the refusals of a source into the kinds that Incomes promises.
func told(err error) error {
	const op = "incomes.Fetch"
	r, ok := errors.AsType[*xroad.Refusal](err)
	if !ok || r.Type != "" {
		return fault.Wrap(err, op, "the register of incomes was not read")
	}
	switch standing.Refusal(r.Header.Get(standing.HeaderRefusal)) {
	case standing.Gap:
		return fault.New(fault.Missing, op, "a gap: the register of incomes is not set up for this client, purpose or field").Because(err).Do("agree with the register's keeper, who sets up the source adapter")
	case standing.Violation:
		return fault.New(fault.Refused, op, "a violation: the register of incomes hands nothing over, because the permission does not stand there").Because(err).Do("look at the permission; ask the person again if it ended")
	case standing.Unclear:
		return fault.New(fault.Invalid, op, "the register of incomes does not understand the request").Because(err).Do("compare the versions of both ends")
	case standing.Unavailable, standing.Trouble:
		return fault.New(fault.KindOf(err), op, "the register of incomes cannot answer now").Because(err)
	}
	return fault.Wrap(err, op, "the register of incomes was not read")
}
