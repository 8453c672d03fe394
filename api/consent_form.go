package api

import (
	"crypto/sha1" //nolint:gosec // the protocol's own hash of revisions, beside our SHA-256
	"encoding/hex"
	"time"
)

// The forms of GovStack's Consent Building Block. What a caller must send is behind a
// pointer, so that its lack is seen.

type individualForm struct {
	ID             *string `json:"id"`
	ExternalID     string  `json:"externalId,omitempty"`
	ExternalIDType string  `json:"externalIdType,omitempty"`
	Provider       string  `json:"identityProviderId,omitempty"`
}

type controllerForm struct {
	ID   *string `json:"id"`
	Name *string `json:"name"`
	URL  *string `json:"url"`
}

type lifecycleForm struct {
	ID   *string `json:"id"`
	Name *string `json:"name"`
}

type policyForm struct {
	ID            *string `json:"id"`
	Name          *string `json:"name"`
	Version       *string `json:"version"`
	URL           *string `json:"url"`
	Jurisdiction  string  `json:"jurisdiction,omitempty"`
	Sector        string  `json:"industrySector,omitempty"`
	RetentionDays *int    `json:"dataRetentionPeriodDays,omitempty"`
	Geographic    string  `json:"geographicRestriction,omitempty"`
	Storage       string  `json:"storageLocation,omitempty"`
}

type agreementForm struct {
	ID          *string         `json:"id"`
	Version     *string         `json:"version"`
	Controller  *controllerForm `json:"controller,omitempty"`
	Policy      *policyForm     `json:"policy,omitempty"`
	Purpose     *string         `json:"purpose"`
	LawfulBasis *string         `json:"lawfulBasis"`
	DataUse     string          `json:"dataUse,omitempty"`
	DPIA        *string         `json:"dpia"`
	Active      *bool           `json:"active,omitempty"`
	Forgettable *bool           `json:"forgettable,omitempty"`
	Compatible  *agreementForm  `json:"compatibleWithVersion,omitempty"`
	Lifecycle   *lifecycleForm  `json:"lifecycle,omitempty"`
	Signature   *signatureForm  `json:"signature,omitempty"`
}

type revisionForm struct {
	ID                 *string         `json:"id"`
	Schema             *string         `json:"schemaName"`
	Object             *string         `json:"objectId"`
	WithoutObject      *bool           `json:"signedWithoutObjectId,omitempty"`
	Snapshot           *string         `json:"serializedSnapshot"`
	Hash               *string         `json:"serializedHash"`
	At                 *string         `json:"timestamp"`
	ByIndividual       *individualForm `json:"authorizedByIndividual,omitempty"`
	ByOther            string          `json:"authorizedByOther,omitempty"`
	Successor          *revisionForm   `json:"successor,omitempty"`
	PredecessorHash    string          `json:"predecessorHash,omitempty"`
	PredecessorSigning string          `json:"predecessorSignature,omitempty"`
}

type signatureForm struct {
	ID              *string `json:"id"`
	Payload         *string `json:"payload"`
	Signature       *string `json:"signature"`
	Method          *string `json:"verificationMethod"`
	VPayload        *string `json:"verificationPayload"`
	VPayloadHash    *string `json:"verificationPayloadHash"`
	Artifact        string  `json:"verificationArtifact,omitempty"`
	SignedBy        *string `json:"verificationSignedBy"`
	SignedAs        string  `json:"verificationSignedAs,omitempty"`
	JWSHeader       string  `json:"verificationJwsHeader,omitempty"`
	At              *string `json:"timestamp"`
	WithoutObject   *bool   `json:"signedWithoutObjectReference,omitempty"`
	ObjectType      string  `json:"objectType,omitempty"`
	ObjectReference string  `json:"objectReference,omitempty"`
}

type recordForm struct {
	ID           *string         `json:"id"`
	Agreement    *agreementForm  `json:"dataAgreement,omitempty"`
	Revision     *revisionForm   `json:"dataAgreementRevision,omitempty"`
	RevisionHash *string         `json:"dataAgreementRevisionHash"`
	Individual   *individualForm `json:"individual,omitempty"`
	OptIn        *bool           `json:"optIn,omitempty"`
	State        *string         `json:"state"`
	Signature    *signatureForm  `json:"signature,omitempty"`
}

type individualBody struct {
	Individual *individualForm `json:"individual"`
}

type policyBody struct {
	Policy *policyForm `json:"policy"`
}

type agreementBody struct {
	Agreement *agreementForm `json:"dataAgreement"`
}

type signatureBody struct {
	Signature *signatureForm `json:"signature"`
}

type recordBody struct {
	Record *recordForm `json:"consentRecord"`
}

type pairBody struct {
	Record    *recordForm    `json:"consentRecord"`
	Signature *signatureForm `json:"signature"`
}

// need is one thing that must be there.
type need struct {
	name  string
	there bool
}

func first(all ...need) string {
	for _, n := range all {
		if !n.there {
			return n.name
		}
	}
	return ""
}

func (f *individualForm) lacks() string {
	if f == nil {
		return ""
	}
	return first(need{"individual.id", f.ID != nil})
}

func (f *policyForm) lacks() string {
	if f == nil {
		return ""
	}
	return first(need{"policy.id", f.ID != nil}, need{"policy.name", f.Name != nil}, need{"policy.version", f.Version != nil}, need{"policy.url", f.URL != nil})
}

func (f *controllerForm) lacks() string {
	if f == nil {
		return ""
	}
	return first(need{"controller.id", f.ID != nil}, need{"controller.name", f.Name != nil}, need{"controller.url", f.URL != nil})
}

func (f *lifecycleForm) lacks() string {
	if f == nil {
		return ""
	}
	return first(need{"lifecycle.id", f.ID != nil}, need{"lifecycle.name", f.Name != nil})
}

func (f *signatureForm) lacks() string {
	if f == nil {
		return ""
	}
	return first(need{"signature.id", f.ID != nil}, need{"signature.payload", f.Payload != nil}, need{"signature.signature", f.Signature != nil},
		need{"signature.verificationMethod", f.Method != nil}, need{"signature.verificationPayload", f.VPayload != nil},
		need{"signature.verificationPayloadHash", f.VPayloadHash != nil}, need{"signature.verificationSignedBy", f.SignedBy != nil}, need{"signature.timestamp", f.At != nil})
}

func (f *revisionForm) lacks() string {
	if f == nil {
		return ""
	}
	if n := first(need{"revision.id", f.ID != nil}, need{"revision.schemaName", f.Schema != nil}, need{"revision.objectId", f.Object != nil},
		need{"revision.serializedSnapshot", f.Snapshot != nil}, need{"revision.serializedHash", f.Hash != nil}, need{"revision.timestamp", f.At != nil}); n != "" {
		return n
	}
	return lacking(f.ByIndividual.lacks, f.Successor.lacks)
}

func (f *agreementForm) lacks() string {
	if f == nil {
		return ""
	}
	if n := first(need{"dataAgreement.id", f.ID != nil}, need{"dataAgreement.version", f.Version != nil}, need{"dataAgreement.purpose", f.Purpose != nil},
		need{"dataAgreement.lawfulBasis", f.LawfulBasis != nil}, need{"dataAgreement.dpia", f.DPIA != nil}); n != "" {
		return n
	}
	return lacking(f.Controller.lacks, f.Policy.lacks, f.Compatible.lacks, f.Lifecycle.lacks, f.Signature.lacks)
}

func (f *recordForm) lacks() string {
	if f == nil {
		return ""
	}
	if n := first(need{"consentRecord.id", f.ID != nil}, need{"consentRecord.dataAgreementRevisionHash", f.RevisionHash != nil}, need{"consentRecord.state", f.State != nil}); n != "" {
		return n
	}
	return lacking(f.Agreement.lacks, f.Revision.lacks, f.Individual.lacks, f.Signature.lacks)
}

func lacking(all ...func() string) string {
	for _, f := range all {
		if n := f(); n != "" {
			return n
		}
	}
	return ""
}

func (b *individualBody) lacks() string {
	if b.Individual == nil {
		return "individual"
	}
	return b.Individual.lacks()
}

func (b *policyBody) lacks() string {
	if b.Policy == nil {
		return "policy"
	}
	return b.Policy.lacks()
}

func (b *agreementBody) lacks() string {
	if b.Agreement == nil {
		return "dataAgreement"
	}
	return b.Agreement.lacks()
}

func (b *signatureBody) lacks() string {
	if b.Signature == nil {
		return "signature"
	}
	return b.Signature.lacks()
}

func (b *recordBody) lacks() string {
	if b.Record == nil {
		return "consentRecord"
	}
	return b.Record.lacks()
}

func (b *pairBody) lacks() string {
	switch {
	case b.Record == nil:
		return "consentRecord"
	case b.Signature == nil:
		return "signature"
	}
	return lacking(b.Record.lacks, b.Signature.lacks)
}

// snapshot is what a revision is a hash of.
type snapshot struct {
	Data          any             `json:"objectData"`
	Schema        string          `json:"schemaName"`
	Object        string          `json:"objectId"`
	WithoutObject bool            `json:"signedWithoutObjectId"`
	At            string          `json:"timestamp"`
	ByIndividual  *individualForm `json:"authorizedByIndividual"`
	ByOther       string          `json:"authorizedByOther"`
}

// revise makes the revision of a snapshot, after another (nil: it is the first).
func revise(id string, x snapshot, before *revisionForm) (*revisionForm, error) {
	body, err := compact(x)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum([]byte(body)) //nolint:gosec // as the protocol has it
	no := false
	out := &revisionForm{ID: &id, Schema: &x.Schema, Object: &x.Object, WithoutObject: &no, Snapshot: &body, Hash: new(hex.EncodeToString(sum[:])), At: &x.At,
		ByIndividual: x.ByIndividual, ByOther: x.ByOther}
	if before != nil {
		out.PredecessorHash = *before.Hash
	}
	return out, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
