package api

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/strictjson"
)

// GovStack's Consent Building Block. Source: GovStackWorkingGroup/bb-consent,
// Consent BB API 1.1.0-rc1, an OpenAPI file of 42 operations; docs/protocols.md says
// of each what it is here.

// IndividualHeader is the header that names the individual. Their file says that
// there is one and not its name; this is the one that their implementations use.
const IndividualHeader = "X-ConsentBB-IndividualId"

// mostListed is how many things stand in one page of a list, and usualListed how
// many when nothing else is asked for.
const (
	usualListed = 20
	mostListed  = 100
)

// operation answers one operation.
type operation func(w http.ResponseWriter, r *http.Request, c Caller) error

func (s *server) consentRoutes() {
	on := func(do access.Action, pattern string, op operation) {
		method, path, _ := strings.Cut(pattern, " ")
		s.mux.HandleFunc(method+" "+ConsentPrefix+strings.TrimSpace(path)+"{$}", s.as(do, op))
	}
	s.configRoutes(on)
	s.recordRoutes(on)
	on(access.SeeAgreements, "GET    /service/data-agreement/{agreement}/", s.readAgreement)
	on(access.SeeAgreements, "GET    /service/policy/{policy}/", s.readPolicy)
	on(access.KeepPermissions, "GET    /service/verification/data-agreements/", s.listAgreements)
	on(access.KeepPermissions, "GET    /service/verification/consent-records/", s.verifyAll)
	on(access.KeepPermissions, "GET    /service/verification/consent-record/{record}/", s.verifyOne)
	on(access.AuditPermissions, "GET    /audit/consent-records/", s.auditAll)
	on(access.AuditPermissions, "GET    /audit/consent-record/{record}/", s.auditOne)
	on(access.AuditPermissions, "GET    /audit/data-agreements/", s.listAgreements)
	on(access.AuditPermissions, "GET    /audit/data-agreement/{agreement}/", s.auditAgreement)
}

// configRoutes are what a city's own systems read, and what nobody changes over the
// wire.
func (s *server) configRoutes(on func(access.Action, string, operation)) {
	const see = access.SeeAgreements
	on(see, "POST   /config/policy/", s.fixed("policy", func() any { return new(policyBody) }))
	on(see, "GET    /config/policy/{policy}/", s.readPolicy)
	on(see, "PUT    /config/policy/{policy}/", s.fixed("policy", func() any { return new(policyBody) }))
	on(see, "DELETE /config/policy/{policy}/", s.fixed("policy", nil))
	on(see, "GET    /config/policy/{policy}/revisions/", s.policyRevisions)
	on(see, "GET    /config/policies/", s.listPolicies)
	on(see, "GET    /config/data-agreement/{agreement}/", s.readAgreement)
	on(see, "PUT    /config/data-agreement/{agreement}/", s.fixed("agreement", func() any { return new(agreementBody) }))
	on(see, "DELETE /config/data-agreement/{agreement}/", s.fixed("agreement", nil))
	on(see, "POST   /config/data-agreement/", s.fixed("agreement", func() any { return new(agreementBody) }))
	on(see, "GET    /config/data-agreements/", s.listAgreements)
	for _, path := range []string{"/config/", "/service/"} {
		on(access.NameIndividuals, "POST   "+path+"individual/", s.addIndividual)
		on(access.NameIndividuals, "GET    "+path+"individual/{individual}/", s.readIndividual)
		on(access.NameIndividuals, "GET    "+path+"individuals/", s.listIndividuals)
	}
	on(access.NameIndividuals, "PUT    /service/individual/{individual}/", s.changeIndividual)
	s.hookRoutes(on)
}

// fixed refuses what would change a policy or an agreement: they come with a service's
// pack, which people have looked at, and what somebody agreed to is never changed.
func (s *server) fixed(what string, body func() any) operation {
	return func(_ http.ResponseWriter, r *http.Request, _ Caller) error {
		if _, err := query(r); err != nil {
			return err
		}
		if body != nil {
			if err := readBody(r, body()); err != nil {
				return err
			}
		}
		return refuse("comes-with-the-service", "a %s comes with a service and is changed by a new version of it, never over the wire", what)
	}
}

// readBody reads a JSON body, strictly.
func readBody(r *http.Request, into any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return refuse("not-json", "the request is not JSON")
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return refuse("too-long", "the request is longer than %d bytes, or was broken off", mostBody)
	}
	if err := strictjson.Read(b, into); err != nil {
		return err
	}
	if n, ok := into.(interface{ lacks() string }); ok {
		if name := n.lacks(); name != "" {
			return refuse("lacking", "%s is needed", name)
		}
	}
	return nil
}

// page is which part of a list is asked for.
type page struct{ offset, limit int }

func pageOf(r *http.Request, more ...string) (page, map[string]string, error) {
	q, err := query(r, append([]string{"offset", "limit"}, more...)...)
	if err != nil {
		return page{}, nil, err
	}
	var p page
	if p.offset, err = whole(q, "offset", 0, 1<<31-1); err != nil {
		return p, nil, err
	}
	p.limit, err = whole(q, "limit", usualListed, mostListed)
	return p, q, err
}

// cut is a page of a list that is all there.
func cut[T any](all []T, p page) []T {
	from := min(p.offset, len(all))
	return slices.Clone(all[from:min(from+p.limit, len(all))])
}

// pick keeps a list from being null in an answer.
func pick[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// known turns a thing that is not there into wrong input.
func known(err error, what string) error {
	if err != nil && fault.KindOf(err) == fault.Missing {
		return refuse("no-such-"+what, "there is no such %s", what)
	}
	return err
}

func compact(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), fault.Wrap(err, "api.consent", "a revision cannot be written")
}
