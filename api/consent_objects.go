package api

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// byVersion are the versions of the agreement, oldest first.
func (s *server) byVersion() []permission.Agreement {
	out := slices.Clone(s.Consent.Agreements)
	slices.SortFunc(out, func(a, b permission.Agreement) int { return a.Version() - b.Version() })
	return out
}

// inForce is the version that is asked about now.
func (s *server) inForce() (permission.Agreement, error) { return s.Consent.Service.Agreement() }

// agreementID reads the id of an agreement, which may name a matter, too:
// "early-education-income" or "early-education-income~12". Matter 0 is none.
func (s *server) agreementID(id string) (matter store.MatterID, err error) {
	purpose, n, named := strings.Cut(id, "~")
	if len(s.Consent.Agreements) == 0 || purpose != s.Consent.Agreements[0].Purpose() {
		return 0, refuse("no-such-agreement", "there is no such agreement")
	}
	if !named {
		return 0, nil
	}
	x, err := strconv.ParseInt(n, 10, 64)
	if err != nil || x < 1 || strconv.FormatInt(x, 10) != n {
		return 0, refuse("no-such-agreement", "there is no such agreement")
	}
	return store.MatterID(x), nil
}

// lawful is a legal basis in the protocol's words. Source: GDPR, article 6(1).
func lawful(basis string) string {
	for letter, word := range map[string]string{"a": "consent", "b": "contract", "c": "legal_obligation", "d": "vital_interest", "e": "public_task", "f": "legitimate_interest"} {
		if strings.HasPrefix(basis, "GDPR 6(1)("+letter+")") {
			return word
		}
	}
	return basis
}

func versionWord(n int) string { return strconv.Itoa(n) }

// policy is the law and the rules under which an agreement stands.
func (s *server) policy(a permission.Agreement) *policyForm {
	x := a.Spec()
	return &policyForm{ID: new(a.Purpose() + "-policy"), Name: new(x.Law), Version: new(versionWord(a.Version())), URL: new(s.City.URL + "/open"), Jurisdiction: "FI", Sector: "public administration"}
}

// agreement is a version in the protocol's form, in a language.
func (s *server) agreement(a permission.Agreement, l person.Language) *agreementForm {
	x := a.Spec()
	active := false
	if now, err := s.inForce(); err == nil {
		active = now.Version() == a.Version()
	}
	return &agreementForm{ID: new(a.Purpose()), Version: new(versionWord(a.Version())), Controller: &controllerForm{ID: new(x.User.ID), Name: new(x.User.Name[l]), URL: new(s.City.URL)}, Policy: s.policy(a),
		Purpose: new(x.Title[l]), LawfulBasis: new(lawful(x.Basis)), DataUse: "data_using_service", DPIA: new(""), Active: &active, Forgettable: new(false),
		Lifecycle: &lifecycleForm{ID: new("complete"), Name: new("Complete")}}
}

// agreementRevisions are the revisions of the agreement, oldest first, each with
// the hash of the one before. The whole text is in each.
func (s *server) agreementRevisions() ([]*revisionForm, error) {
	var out []*revisionForm
	for _, a := range s.byVersion() {
		data := struct {
			Version int    `json:"version"`
			Hash    string `json:"agreementSha256"`
			Text    string `json:"agreement"`
		}{a.Version(), a.Hash(), string(a.JSON())}
		r, err := revise(fmt.Sprintf("%s-v%d", a.Purpose(), a.Version()), snapshot{Data: data, Schema: "DataAgreement", Object: a.Purpose(), At: stamp(a.From()), ByOther: "the service's pack"}, last(out))
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func (s *server) policyRevisionsOf() ([]*revisionForm, error) {
	var out []*revisionForm
	for _, a := range s.byVersion() {
		p := s.policy(a)
		r, err := revise(fmt.Sprintf("%s-v%d", *p.ID, a.Version()), snapshot{Data: p, Schema: "Policy", Object: *p.ID, At: stamp(a.From()), ByOther: "the service's pack"}, last(out))
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func last(all []*revisionForm) *revisionForm {
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// version finds a version by the id of its revision; "" is the one in force.
func (s *server) version(revisions []*revisionForm, id string) (permission.Agreement, *revisionForm, error) {
	all := s.byVersion()
	if id == "" {
		now, err := s.inForce()
		if err != nil {
			return now, nil, known(err, "agreement")
		}
		i := slices.IndexFunc(all, func(a permission.Agreement) bool { return a.Version() == now.Version() })
		if i < 0 {
			return now, nil, fault.New(fault.Internal, "api.consent", "the agreement in force is not among its versions")
		}
		return now, revisions[i], nil
	}
	i := slices.IndexFunc(revisions, func(r *revisionForm) bool { return *r.ID == id })
	if i < 0 {
		return permission.Agreement{}, nil, refuse("no-such-revision", "there is no such revision")
	}
	r := *revisions[i]
	if i+1 < len(revisions) {
		r.Successor = revisions[i+1]
	}
	return all[i], &r, nil
}

func (s *server) readAgreement(w http.ResponseWriter, r *http.Request, _ Caller) error {
	return s.showAgreement(w, r, true)
}

func (s *server) auditAgreement(w http.ResponseWriter, r *http.Request, _ Caller) error {
	return s.showAgreement(w, r, false)
}

func (s *server) showAgreement(w http.ResponseWriter, r *http.Request, revision bool) error {
	if _, err := query(r); err != nil {
		return err
	}
	if _, err := s.agreementID(r.PathValue("agreement")); err != nil {
		return err
	}
	revisions, err := s.agreementRevisions()
	if err != nil {
		return err
	}
	a, rev, err := s.version(revisions, "")
	if err != nil {
		return err
	}
	if !revision {
		rev = nil
	}
	answer(w, http.StatusOK, struct {
		Agreement *agreementForm `json:"dataAgreement"`
		Revision  *revisionForm  `json:"revision,omitempty"`
	}{s.agreement(a, languageOf(r)), rev})
	return nil
}

// listAgreements lists the agreement of the service: there is one, in its version in
// force.
func (s *server) listAgreements(w http.ResponseWriter, r *http.Request, _ Caller) error {
	p, _, err := pageOf(r)
	if err != nil {
		return err
	}
	all := []*agreementForm{}
	if a, err := s.inForce(); err == nil {
		all = append(all, s.agreement(a, languageOf(r)))
	} else if fault.KindOf(err) != fault.Missing {
		return err
	}
	answer(w, http.StatusOK, struct {
		Agreements []*agreementForm `json:"dataAgreements"`
	}{pick(cut(all, p))})
	return nil
}

func (s *server) isPolicy(id string) error {
	if len(s.Consent.Agreements) == 0 || id != s.Consent.Agreements[0].Purpose()+"-policy" {
		return refuse("no-such-policy", "there is no such policy")
	}
	return nil
}

func (s *server) readPolicy(w http.ResponseWriter, r *http.Request, _ Caller) error {
	q, err := query(r, "revisionId")
	if err != nil {
		return err
	}
	if err := s.isPolicy(r.PathValue("policy")); err != nil {
		return err
	}
	revisions, err := s.policyRevisionsOf()
	if err != nil {
		return err
	}
	a, rev, err := s.version(revisions, q["revisionId"])
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, struct {
		Policy   *policyForm   `json:"policy"`
		Revision *revisionForm `json:"revision"`
	}{s.policy(a), rev})
	return nil
}

func (s *server) policyRevisions(w http.ResponseWriter, r *http.Request, _ Caller) error {
	p, _, err := pageOf(r)
	if err != nil {
		return err
	}
	if err := s.isPolicy(r.PathValue("policy")); err != nil {
		return err
	}
	revisions, err := s.policyRevisionsOf()
	if err != nil {
		return err
	}
	a, _, err := s.version(revisions, "")
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, struct {
		Policy    *policyForm     `json:"policy"`
		Revisions []*revisionForm `json:"revisions"`
	}{s.policy(a), pick(cut(revisions, p))})
	return nil
}

func (s *server) listPolicies(w http.ResponseWriter, r *http.Request, _ Caller) error {
	p, q, err := pageOf(r, "revisionId")
	if err != nil {
		return err
	}
	all := []*policyForm{}
	if len(s.Consent.Agreements) > 0 {
		revisions, err := s.policyRevisionsOf()
		if err != nil {
			return err
		}
		a, _, err := s.version(revisions, q["revisionId"])
		if err != nil {
			return err
		}
		all = append(all, s.policy(a))
	}
	answer(w, http.StatusOK, struct {
		Policies []*policyForm `json:"policies"`
	}{pick(cut(all, p))})
	return nil
}

// codeType is the kind of external id by which an individual is named: the Finnish
// personal identity code, by its object identifier.
const codeType = "urn:oid:1.2.246.21"

// numberFor is the number that a caller has for a person. Two callers have two.
func (s *server) numberFor(caller string, who person.ID) (string, error) {
	b, err := s.DB.Hash("individual", fmt.Sprintf("%s %d", caller, who))
	if err != nil || len(b) < 16 {
		return "", fault.New(fault.Internal, "api.consent", "a number for the individual cannot be made")
	}
	x := hex.EncodeToString(b[:16])
	return x[:8] + "-" + x[8:12] + "-8" + x[13:16] + "-a" + x[17:20] + "-" + x[20:], nil // RFC 9562, version 8
}

// formOf is an individual in the protocol's form: without the identity code, which
// the caller has.
func formOf(i store.Individual) *individualForm {
	return &individualForm{ID: &i.ID, ExternalIDType: codeType, Provider: i.Provider}
}

// systemAct begins an act of a caller.
func (s *server) systemAct(c Caller, verb, basis string) (audit.Act, error) {
	return audit.Begin(c.actor(), verb, "permissions over the wire", basis, s.Now())
}

// noted puts an act of a caller on the record.
func (s *server) noted(r *http.Request, c Caller, verb, basis string, people *roaring.Bitmap) error {
	act, err := s.systemAct(c, verb, basis)
	if err != nil {
		return err
	}
	e := act.Entry()
	e.Object, e.People = "permissions", people
	return s.DB.Note(r.Context(), e)
}

func (s *server) keepIndividual(r *http.Request, c Caller, verb string, i store.Individual) error {
	act, err := s.systemAct(c, verb, "GDPR 7(1)")
	if err != nil {
		return err
	}
	return s.DB.Write(r.Context(), act, func(tx store.Tx) error {
		tx.About("individual of "+c.Name, i.Person)
		return tx.SaveIndividual(i)
	})
}

func sendIndividual(w http.ResponseWriter, i store.Individual) error {
	answer(w, http.StatusOK, struct {
		Individual *individualForm `json:"individual"`
	}{formOf(i)})
	return nil
}

// externalPerson finds the person of an individual by the identity code.
func (s *server) externalPerson(r *http.Request, f *individualForm) (person.ID, error) {
	if f.ExternalIDType != codeType {
		return 0, refuse("bad-external-id", "externalIdType is %s, and externalId an identity code", codeType)
	}
	code, err := person.ParseCode(f.ExternalID)
	if err != nil {
		return 0, refuse("bad-external-id", "externalId is not an identity code")
	}
	who, err := s.DB.PersonByCode(r.Context(), code)
	return who, known(err, "individual")
}

const mostProvider = 200

func (s *server) addIndividual(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	var in individualBody
	if err := readBody(r, &in); err != nil {
		return err
	}
	if *in.Individual.ID != "" {
		return refuse("id-given", "the city gives individuals their numbers: send an empty id")
	}
	if len(in.Individual.Provider) > mostProvider {
		return refuse("too-long", "identityProviderId is longer than %d bytes", mostProvider)
	}
	who, err := s.externalPerson(r, in.Individual)
	if err != nil {
		return err
	}
	i := store.Individual{Caller: c.Name, Person: who, Provider: in.Individual.Provider, Since: s.Now()}
	if i.ID, err = s.numberFor(c.Name, who); err != nil {
		return err
	}
	if err := s.keepIndividual(r, c, "name an individual", i); err != nil {
		return err
	}
	return sendIndividual(w, i)
}

func (s *server) readIndividual(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	i, err := s.DB.Individual(r.Context(), c.Name, r.PathValue("individual"))
	if err != nil {
		return known(err, "individual")
	}
	return sendIndividual(w, i)
}

// changeIndividual changes the log-in service that a caller names. Whose number it is
// never changes.
func (s *server) changeIndividual(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	var in individualBody
	if err := readBody(r, &in); err != nil {
		return err
	}
	i, err := s.DB.Individual(r.Context(), c.Name, r.PathValue("individual"))
	if err != nil {
		return known(err, "individual")
	}
	f := in.Individual
	if *f.ID != i.ID || len(f.Provider) > mostProvider {
		return refuse("other-individual", "the id is not that of the address, or identityProviderId is too long")
	}
	if f.ExternalID != "" {
		who, err := s.externalPerson(r, f)
		if err != nil {
			return err
		}
		if who != i.Person {
			return refuse("other-individual", "the number stays the same person's: name the other as an individual of their own")
		}
	}
	i.Provider = f.Provider
	if err := s.keepIndividual(r, c, "change an individual", i); err != nil {
		return err
	}
	return sendIndividual(w, i)
}

func (s *server) listIndividuals(w http.ResponseWriter, r *http.Request, c Caller) error {
	p, _, err := pageOf(r)
	if err != nil {
		return err
	}
	all, err := s.DB.Individuals(r.Context(), c.Name, p.offset, p.limit)
	if err != nil {
		return err
	}
	out := []*individualForm{}
	for _, i := range all {
		out = append(out, formOf(i))
	}
	answer(w, http.StatusOK, struct {
		Individuals []*individualForm `json:"individuals"`
	}{out})
	return nil
}
