package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/store"
)

func (s *server) recordRoutes(on func(access.Action, string, operation)) {
	const keep, at = access.KeepPermissions, "/service/individual/record/"
	on(keep, "POST   "+at+"data-agreement/{agreement}/", s.askFor)
	on(keep, "GET    "+at+"data-agreement/{agreement}/", s.readFor)
	on(keep, "GET    "+at+"data-agreement/{agreement}/all/", s.listFor)
	on(keep, "POST   "+at+"consent-record/draft/", s.draft)
	on(keep, "POST   "+at+"consent-record/", s.signPair)
	on(keep, "GET    "+at+"consent-record/", s.listOwn)
	on(keep, "PUT    "+at+"consent-record/{record}/", s.changeRecord)
	on(keep, "POST   "+at+"consent-record/{record}/signature/", s.toSign)
	on(keep, "PUT    "+at+"consent-record/{record}/signature/", s.signRecord)
	on(keep, "DELETE "+at, s.clearRecords)
}

// The states of a record in the protocol's words.
const (
	stateUnsigned = "unsigned"
	statePartly   = "pending more signatures"
	stateSigned   = "signed"
)

func recordState(state string) string {
	switch state {
	case permission.Unasked.String(), permission.Asked.String():
		return stateUnsigned
	case permission.Partly.String():
		return statePartly
	}
	return stateSigned // an answer was given: yes, or no
}

// acting is a caller that acts for one of its individuals.
type acting struct {
	Caller
	store.Individual
}

// individual finds for whom a caller acts, by the header or by a name of the query,
// and puts it on the record.
func (s *server) individual(r *http.Request, c Caller, asked, verb string) (acting, error) {
	all := r.Header.Values(IndividualHeader)
	if len(all) > 1 || len(all) == 0 && asked == "" || len(all) == 1 && asked != "" && all[0] != asked {
		return acting{}, refuse("no-individual", "the individual must be named once: in the header %s, or as individualId where the operation has it", IndividualHeader)
	}
	if len(all) == 1 {
		asked = all[0]
	}
	i, err := s.DB.Individual(r.Context(), c.Name, asked)
	if err != nil {
		return acting{}, known(err, "individual")
	}
	return acting{c, i}, s.noted(r, c, verb, "GDPR 7(1)", roaring.BitmapOf(uint32(i.Person)))
}

// views are the individual's permissions, given, possible and ended.
func (s *server) views(r *http.Request, a acting, matter store.MatterID) ([]omadata.View, error) {
	all, err := s.Consent.Service.Permissions(r.Context(), a.Person)
	if matter != 0 {
		all = slices.DeleteFunc(all, func(v omadata.View) bool { return v.Matter != matter })
	}
	return all, err
}

// only is the one permission under an agreement's id.
func (s *server) only(r *http.Request, a acting, agreement string) (omadata.View, error) {
	matter, err := s.agreementID(agreement)
	if err != nil {
		return omadata.View{}, err
	}
	all, err := s.views(r, a, matter)
	if err != nil {
		return omadata.View{}, err
	}
	switch len(all) {
	case 0:
		return omadata.View{}, refuse("no-matter", "the individual has no matter for which this could be agreed")
	case 1:
		return all[0], nil
	}
	var names []string
	for _, v := range all {
		names = append(names, fmt.Sprintf("%s~%d", v.Agreement.Purpose(), v.Matter))
	}
	return omadata.View{}, refuse("several-matters", "the individual has several matters: name the agreement with one of them, as %s", strings.Join(names, " or "))
}

// numbered is the permission with a record's id.
func (s *server) numbered(r *http.Request, a acting) (omadata.View, error) {
	id, ok := recordID(r.PathValue("record"))
	if !ok {
		return omadata.View{}, refuse("no-such-record", "there is no such record")
	}
	all, err := s.views(r, a, 0)
	if err != nil {
		return omadata.View{}, err
	}
	i := slices.IndexFunc(all, func(v omadata.View) bool { return v.ID == id })
	if i < 0 {
		return omadata.View{}, refuse("no-such-record", "there is no such record")
	}
	return all[i], nil
}

func recordID(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == s
}

// record is a permission in the protocol's form.
func (s *server) record(r *http.Request, individual string, id int64, a permission.Agreement, state string, in *bool) (*recordForm, error) {
	revisions, err := s.agreementRevisions()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.byVersion(), func(x permission.Agreement) bool { return x.Version() == a.Version() })
	if i < 0 {
		return nil, fault.New(fault.Internal, "api.consent", "a permission is under a version that the pack has no more")
	}
	out := &recordForm{ID: new(""), Agreement: s.agreement(a, languageOf(r)), Revision: revisions[i], RevisionHash: revisions[i].Hash, Individual: &individualForm{ID: &individual}, OptIn: in, State: new(recordState(state))}
	if id != 0 {
		out.ID = new(strconv.FormatInt(id, 10))
	}
	return out, nil
}

func (s *server) recordOf(r *http.Request, a acting, v omadata.View) (*recordForm, error) {
	var in *bool
	if recordState(v.State.String()) != stateUnsigned {
		in = &v.Stands
	}
	return s.record(r, a.Individual.ID, v.ID, v.Agreement, v.State.String(), in)
}

// recordRevision is the newest revision of a record: each event is one, with the hash
// of the one before. It holds nobody's number.
func (s *server) recordRevision(r *http.Request, id int64) (*revisionForm, error) {
	events, err := s.DB.PermitEvents(r.Context(), id)
	if err != nil {
		return nil, err
	}
	var before *revisionForm
	for _, e := range events {
		data := struct {
			Kind    string `json:"event"`
			Version int    `json:"agreementVersion"`
			Hash    string `json:"agreementSha256"`
			Way     string `json:"way"`
			Cause   string `json:"cause"`
		}{e.Kind, e.Version, e.Hash, e.Way, e.Cause}
		by := "the individual"
		if !e.By.Known() {
			by = "the program"
		}
		x := snapshot{Data: data, Schema: "ConsentRecord", Object: strconv.FormatInt(id, 10), At: stamp(e.At), ByOther: by}
		if before, err = revise(fmt.Sprintf("%d-%d", id, e.N), x, before); err != nil {
			return nil, err
		}
	}
	return before, nil
}

type recordAnswer struct {
	Record    *recordForm    `json:"consentRecord"`
	Revision  *revisionForm  `json:"revision,omitempty"`
	Signature *signatureForm `json:"signature,omitempty"`
}

type recordsAnswer struct {
	Records []*recordForm `json:"consentRecords"`
}

// sendRecord answers with a record and, if it is kept, its newest revision.
func (s *server) sendRecord(w http.ResponseWriter, r *http.Request, a acting, v omadata.View, revision bool, sig *signatureForm) error {
	out := recordAnswer{Signature: sig}
	var err error
	if out.Record, err = s.recordOf(r, a, v); err != nil {
		return err
	}
	if revision && v.ID != 0 {
		if out.Revision, err = s.recordRevision(r, v.ID); err != nil {
			return err
		}
	}
	answer(w, http.StatusOK, out)
	return nil
}

// again is a permission after something was done to it.
func (s *server) again(r *http.Request, a acting, matter store.MatterID) (omadata.View, error) {
	all, err := s.views(r, a, matter)
	if err == nil && len(all) != 1 {
		err = refuse("no-matter", "the individual has no such matter any more")
	}
	if err != nil {
		return omadata.View{}, err
	}
	return all[0], nil
}

// current checks that a revision that a caller names is the one in force.
func (s *server) current(id string) (*revisionForm, error) {
	revisions, err := s.agreementRevisions()
	if err != nil {
		return nil, err
	}
	_, now, err := s.version(revisions, "")
	if err == nil && id != "" && id != *now.ID {
		err = refuse("other-revision", "only the revision in force can be agreed to")
	}
	return now, err
}

// askFor notes that the individual was shown the agreement: an unsigned record.
func (s *server) askFor(w http.ResponseWriter, r *http.Request, c Caller) error {
	q, err := query(r, "individualId", "revisionId")
	if err != nil {
		return err
	}
	if q["individualId"] == "" {
		return refuse("no-individual", "individualId is needed")
	}
	if _, err := s.current(q["revisionId"]); err != nil {
		return err
	}
	a, err := s.individual(r, c, q["individualId"], "ask for a permission for a person")
	if err != nil {
		return err
	}
	v, err := s.only(r, a, r.PathValue("agreement"))
	if err != nil {
		return err
	}
	if _, err := s.Consent.Service.Ask(r.Context(), a.Person, v.Matter); err != nil {
		return err
	}
	if v, err = s.again(r, a, v.Matter); err != nil {
		return err
	}
	return s.sendRecord(w, r, a, v, true, nil)
}

func (s *server) readFor(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	a, err := s.individual(r, c, "", "look at permissions for a person")
	if err != nil {
		return err
	}
	v, err := s.only(r, a, r.PathValue("agreement"))
	if err != nil {
		return err
	}
	if v.ID == 0 {
		return refuse("no-such-record", "nothing was agreed or asked yet")
	}
	return s.sendRecord(w, r, a, v, false, nil)
}

func (s *server) listFor(w http.ResponseWriter, r *http.Request, c Caller) error {
	matter, err := s.agreementID(r.PathValue("agreement"))
	if err != nil {
		return err
	}
	return s.list(w, r, c, matter)
}

func (s *server) listOwn(w http.ResponseWriter, r *http.Request, c Caller) error {
	return s.list(w, r, c, 0)
}

func (s *server) list(w http.ResponseWriter, r *http.Request, c Caller, matter store.MatterID) error {
	p, _, err := pageOf(r)
	if err != nil {
		return err
	}
	a, err := s.individual(r, c, "", "look at permissions for a person")
	if err != nil {
		return err
	}
	all, err := s.views(r, a, matter)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(v omadata.View) bool { return v.ID == 0 })
	out := recordsAnswer{[]*recordForm{}}
	for _, v := range cut(all, p) {
		f, err := s.recordOf(r, a, v)
		if err != nil {
			return err
		}
		out.Records = append(out.Records, f)
	}
	answer(w, http.StatusOK, out)
	return nil
}
