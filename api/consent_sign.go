package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
)

// signMethod is how a person signs: with an identity token that the log-in service
// gave them for this very payload.
const signMethod = "oidc-id-token"

// freshFor is how old such a token may be.
const freshFor = 10 * time.Minute

// payload is what a person signs. After is how often the permission has changed: a
// signature is good for one giving.
type payload struct {
	Individual string `json:"individual"`
	Agreement  string `json:"dataAgreement"`
	Matter     int64  `json:"matter"`
	Revision   string `json:"dataAgreementRevisionHash"`
	SHA256     string `json:"agreementSha256"`
	OptIn      bool   `json:"optIn"`
	After      int    `json:"after"`
}

// signatureFor is the signature that is still to be made of a permission.
func (s *server) signatureFor(a acting, v omadata.View) (*signatureForm, error) {
	now, err := s.current("")
	if err != nil {
		return nil, err
	}
	g, err := s.inForce()
	if err != nil {
		return nil, err
	}
	body, err := compact(payload{a.Individual.ID, g.Purpose(), int64(v.Matter), *now.Hash, g.Hash(), true, len(v.Events)})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(body))
	out := &signatureForm{ID: new(""), Signature: new(""), Method: new(signMethod), VPayload: &body, VPayloadHash: new(hex.EncodeToString(sum[:])), SignedBy: new(a.Individual.ID), SignedAs: "individual", At: new(stamp(s.Now())),
		ObjectType: "revision", WithoutObject: new(true)}
	whole, err := compact(struct {
		VPayload string `json:"verificationPayload"`
		Hash     string `json:"verificationPayloadHash"`
		Method   string `json:"verificationMethod"`
		By       string `json:"verificationSignedBy"`
		At       string `json:"timestamp"`
	}{body, *out.VPayloadHash, signMethod, a.Individual.ID, *out.At})
	out.Payload = &whole
	return out, err
}

// draft shows what a permission would be, and what the person would sign. Nothing is
// kept of it but that it was asked for.
func (s *server) draft(w http.ResponseWriter, r *http.Request, c Caller) error {
	q, err := query(r, "individualId", "dataAgreementId", "revisionId")
	if err != nil {
		return err
	}
	if q["individualId"] == "" || q["dataAgreementId"] == "" {
		return refuse("lacking", "individualId and dataAgreementId are needed")
	}
	if _, err := s.current(q["revisionId"]); err != nil {
		return err
	}
	a, err := s.individual(r, c, q["individualId"], "look at permissions for a person")
	if err != nil {
		return err
	}
	v, err := s.only(r, a, q["dataAgreementId"])
	if err != nil {
		return err
	}
	sig, err := s.signatureFor(a, v)
	if err != nil {
		return err
	}
	now, err := s.inForce()
	if err != nil {
		return err
	}
	out := recordAnswer{Signature: sig}
	if out.Record, err = s.record(r, a.Individual.ID, 0, now, permission.Unasked.String(), nil); err != nil {
		return err
	}
	if v.Stands { // it stands already
		return s.sendRecord(w, r, a, v, false, sig)
	}
	answer(w, http.StatusOK, out)
	return nil
}

// signed checks that the person whose permission it is has signed the payload.
func (s *server) signed(r *http.Request, a acting, v omadata.View, f *signatureForm) (*signatureForm, error) {
	want, err := s.signatureFor(a, v)
	if err != nil {
		return nil, err
	}
	if *f.Method != signMethod || *f.VPayload != *want.VPayload || *f.VPayloadHash != *want.VPayloadHash {
		return nil, refuse("other-payload", "what was signed is not what is to be agreed to now: ask for the payload again, and sign with %s", signMethod)
	}
	if a.Client == "" || s.Consent.Signed == nil {
		return nil, refuse("cannot-sign", "nobody signs through this caller: the settings name no client of it at the log-in service")
	}
	tokens, err := s.Consent.Signed(a.Client)
	if err != nil {
		return nil, err
	}
	bad := refuse("bad-signature", "the signature is not an identity token of this person, fresh, strong and made for this payload")
	t, err := tokens.Check(r.Context(), *f.Signature)
	switch {
	case err != nil && fault.KindOf(err) == fault.Refused:
		return nil, bad
	case err != nil:
		return nil, err
	}
	age := s.Consent.Real().Sub(t.Issued)
	if t.Nonce != *want.VPayloadHash || age > freshFor || age < -time.Minute {
		return nil, bad
	}
	var who person.ID
	if !t.Code.IsZero() {
		who, err = s.DB.PersonByCode(r.Context(), t.Code)
	} else {
		who, err = s.DB.PersonByProfile(r.Context(), strings.ToLower(t.Subject))
	}
	if err != nil && fault.KindOf(err) != fault.Missing {
		return nil, err
	}
	resident := access.Who{ID: "signer", Roles: []access.Role{access.Resident}, Level: t.Level, Person: who}
	if who != a.Person || s.Policies.Check(resident, access.Permit, access.On{People: []person.ID{who}}) != nil {
		return nil, bad
	}
	want.ID, want.Signature = new(*want.VPayloadHash), new("checked, and not kept")
	return want, nil
}

// give gives a permission that the person has signed.
func (s *server) give(r *http.Request, a acting, v omadata.View, f *signatureForm) (omadata.View, *signatureForm, error) {
	sig, err := s.signed(r, a, v, f)
	if err != nil {
		return v, nil, err
	}
	if err := s.noted(r, a.Caller, "bring a person's signature", "GDPR 7(1)", roaring.BitmapOf(uint32(a.Person))); err != nil {
		return v, nil, err
	}
	var said payload
	if err := json.Unmarshal([]byte(*sig.VPayload), &said); err != nil {
		return v, nil, fault.New(fault.Internal, "api.give", "what was signed cannot be read")
	}
	seen := omadata.Seen{Text: said.SHA256, Events: &said.After} // nothing else was signed
	if err := s.Consent.Service.ChooseSeen(r.Context(), a.Person, v.Matter, permission.WayPermit, seen); err != nil {
		return v, nil, err
	}
	v, err = s.again(r, a, v.Matter)
	sig.ObjectReference = fmt.Sprintf("%d-%d", v.ID, len(v.Events))
	return v, sig, err
}

// signPair keeps a record with its signature: a yes that the person signed, or a no,
// for which nobody needs to sign.
func (s *server) signPair(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	var in pairBody
	if err := readBody(r, &in); err != nil {
		return err
	}
	f := in.Record
	if f.Agreement == nil || f.OptIn == nil {
		return refuse("lacking", "consentRecord.dataAgreement and consentRecord.optIn are needed")
	}
	if *f.ID != "" || *in.Signature.ID != "" {
		return refuse("id-given", "a new record and a new signature have an empty id")
	}
	now, err := s.current("")
	if err != nil {
		return err
	}
	if *f.RevisionHash != *now.Hash {
		return refuse("other-revision", "only the revision in force can be agreed to")
	}
	a, err := s.individual(r, c, "", "keep a permission for a person")
	if err != nil {
		return err
	}
	if f.Individual != nil && *f.Individual.ID != a.Individual.ID {
		return refuse("other-individual", "the record is another individual's")
	}
	v, err := s.only(r, a, *f.Agreement.ID)
	if err != nil {
		return err
	}
	if *f.OptIn {
		v, sig, err := s.give(r, a, v, in.Signature)
		if err != nil {
			return err
		}
		return s.sendRecord(w, r, a, v, true, sig)
	}
	if v, err = s.no(r, a, v); err != nil {
		return err
	}
	return s.sendRecord(w, r, a, v, true, nil)
}

// no keeps a no: a permission that stands is taken back, else it is refused.
func (s *server) no(r *http.Request, a acting, v omadata.View) (omadata.View, error) {
	var err error
	switch v.State {
	case permission.Standing, permission.Partly:
		_, err = s.Consent.Service.Withdraw(r.Context(), a.Person, v.ID)
	case permission.Unasked, permission.Asked:
		err = s.Consent.Service.Choose(r.Context(), a.Person, v.Matter, omadata.NotNow)
	case permission.Refused, permission.Withdrawn, permission.Expired, permission.Ended:
		return v, nil
	}
	if err != nil {
		return v, err
	}
	return s.again(r, a, v.Matter)
}

// changeRecord changes one thing: that the person says no. All else of a record is
// its history.
func (s *server) changeRecord(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	var in recordBody
	if err := readBody(r, &in); err != nil {
		return err
	}
	a, err := s.individual(r, c, "", "change a permission for a person")
	if err != nil {
		return err
	}
	v, err := s.numbered(r, a)
	if err != nil {
		return err
	}
	is, err := s.recordOf(r, a, v)
	if err != nil {
		return err
	}
	f := in.Record
	switch {
	case *f.ID != *is.ID, *f.RevisionHash != *is.RevisionHash, *f.State != *is.State, f.Signature != nil, f.Individual != nil && *f.Individual.ID != *is.Individual.ID,
		f.Agreement != nil && *f.Agreement.ID != *is.Agreement.ID, f.Revision != nil && *f.Revision.Hash != *is.Revision.Hash:
		return refuse("history-stays", "of a record only optIn can be changed, and only to false: its history stays as it was")
	case f.OptIn == nil:
		return refuse("lacking", "consentRecord.optIn is needed")
	case *f.OptIn && !v.Stands:
		return refuse("needs-signature", "a permission is given with the person's signature")
	case !*f.OptIn:
		if v, err = s.no(r, a, v); err != nil {
			return err
		}
	}
	return s.sendRecord(w, r, a, v, true, nil)
}

// toSign gives the payload that the person signs for a record.
func (s *server) toSign(w http.ResponseWriter, r *http.Request, c Caller) error {
	return s.signature(w, r, c, func(a acting, v omadata.View, _ *signatureForm) (*signatureForm, error) { return s.signatureFor(a, v) })
}

// signRecord takes the signature: the permission is given.
func (s *server) signRecord(w http.ResponseWriter, r *http.Request, c Caller) error {
	return s.signature(w, r, c, func(a acting, v omadata.View, f *signatureForm) (*signatureForm, error) {
		_, sig, err := s.give(r, a, v, f)
		return sig, err
	})
}

func (s *server) signature(w http.ResponseWriter, r *http.Request, c Caller, do func(acting, omadata.View, *signatureForm) (*signatureForm, error)) error {
	if _, err := query(r); err != nil {
		return err
	}
	var in signatureBody
	if err := readBody(r, &in); err != nil {
		return err
	}
	a, err := s.individual(r, c, "", "sign a permission for a person")
	if err != nil {
		return err
	}
	v, err := s.numbered(r, a)
	if err != nil {
		return err
	}
	sig, err := do(a, v, in.Signature)
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, struct {
		Signature *signatureForm `json:"signature"`
	}{sig})
	return nil
}

// clearRecords takes back all that stands, so that what was fetched is deleted. The
// records stay: no agreement here is forgettable, and the law wants them kept.
func (s *server) clearRecords(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	if err := bare(r); err != nil {
		return err
	}
	a, err := s.individual(r, c, "", "take back all permissions for a person")
	if err != nil {
		return err
	}
	if err := s.Consent.Service.Clear(r.Context(), a.Person); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
