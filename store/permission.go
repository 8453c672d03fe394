package store

import (
	"time"

	"ennakko/permission"
	"ennakko/person"
)

// Agreement is a version of an agreement as it is kept, for good.
type Agreement struct {
	Purpose string
	Version int
	Hash    string    // SHA-256 of the content, hex
	Since   time.Time // it may be agreed to from then on
	Fields  []permission.Field
	Content string // JSON
}

// MatterID numbers a matter. It is what stands in addresses, in the place of a
// person.
type MatterID int64

// Matter is what the city does about one child for one purpose.
type Matter struct {
	ID      MatterID
	Purpose string
	Child   person.ID
	Opened  time.Time
	Looked  time.Time // when its proposal was worked out last; zero: never
	People  []MatterPerson
}

// MatterPerson is somebody who has a part in a matter.
type MatterPerson struct {
	Person person.ID
	Part   string // Guardian or InHome
}

// The parts that people have in a matter, beside the child.
const (
	Guardian = "guardian" // a grown-up who acts for the child or lives with it
	InHome   = "home"     // another child of the home
)

// Permit is a permission as it stands in the records: what its events made of it.
type Permit struct {
	ID      int64
	Purpose string
	Subject person.ID // whose data it is
	About   person.ID // in whose matter; 0: nobody's
	State   string
	Version int       // of the agreement
	Until   time.Time // it stands until then; zero: it does not stand
	Due     time.Time // when the source is to be asked next; zero: not at all
	Events  int       // how many made it what it is
	Changed time.Time
}

// PermitEvent is one event in the life of a permission.
type PermitEvent struct {
	Permission int64
	N          int // from 1
	Kind       string
	At         time.Time
	By         person.ID // 0: the program
	Version    int
	Hash       string // of the agreement
	Way        string
	Cause      string
	Signers    []person.ID // who had a say
	Receipt    []byte      // as it was signed; sealed in the store. Not read back: see Signed
	Signed     bool        // a receipt is kept
}

// OwedReceipt is a receipt that could not be made when its event was kept.
type OwedReceipt struct {
	Permission int64
	N          int // of the event, from 1
	Since      time.Time
	Gone       Deleted // what the event took away, and what the law kept
}

// The states of a hand-over.
const (
	HandoverBegun   = "begun"   // the source is being asked
	HandoverGot     = "got"     // what came is kept
	HandoverDropped = "dropped" // it came when the permission stood no more
	HandoverDeleted = "deleted" // it was kept, and is gone
	HandoverFailed  = "failed"  // nothing came
)

// Handover is one time that a source was asked under a permission.
type Handover struct {
	ID         int64
	Permission int64
	Source     string
	Request    string // the number of the request, which both sides keep
	Fields     []permission.Field
	Asked      time.Time
	State      string
	Ended      time.Time
	Fresh      time.Time // until then the source is not asked again
	Why        string    // of dropped, deleted and failed; no personal data
}

// The states of a proposal.
const (
	ProposalOpen      = "open"      // it waits for an answer
	ProposalAccepted  = "accepted"  // and decided: kept by law
	ProposalAsked     = "asked"     // a person is to look
	ProposalReplaced  = "replaced"  // a newer one stands in its place
	ProposalWithdrawn = "withdrawn" // what it rests on was withdrawn; its content is gone
	ProposalPast      = "past"      // decided so long ago that the law wants it no longer; its content is gone
)

// Proposal is a fee as it was proposed.
type Proposal struct {
	ID       int64
	Matter   MatterID
	Made     time.Time
	State    string
	Content  []byte  // the fee with its working, JSON; sealed in the store
	Grounds  []Basis // what it rests on
	Answered time.Time
	By       person.ID
	Words    string // what the answer said; sealed in the store
}

// Basis is one hand-over that a proposal rests on.
type Basis struct{ Permission, Handover int64 }

// Request is something that a person asks of the city.
type Request struct {
	ID        int64
	Kind      string
	Person    person.ID
	About     person.ID // a child for whom they ask; 0: themself
	Matter    MatterID  // 0: none
	At        time.Time
	Due       time.Time // by law
	Basis     string    // which
	Words     string    // sealed in the store
	Settled   time.Time // zero: open
	SettledBy string
	Answer    string // sealed in the store
}

// RequestObjection is the kind of request that an objection to a use of data is.
const RequestObjection = "objection"

// Precedent is a decision on whether a use of data is lawful.
type Precedent struct {
	ID      int64
	Purpose string
	At      time.Time
	By      string
	Lawful  bool
	Content string // JSON, as the package permission/precedent writes it
}

// Refusal is a no to a service, by message or letter.
type Refusal struct {
	Person person.ID
	At     time.Time
}

// SourceMark is what a source says of one hand-over.
type SourceMark struct {
	ID         string // the request's number at the source
	Permission int64
	Source     string
	At         time.Time
	Outcome    string // "handed over" or why not
}

// Payload is what a source handed over, sealed as one of its fields.
type Payload struct {
	Handover Handover
	Subject  person.ID
	Content  []byte
}

// Permissions is what the use of data under a person's permission writes. What
// it reads is true until the write is kept: nobody else writes now.
type Permissions interface {
	Matters
	Handovers
	Receipts
	// AddAgreement keeps a version of an agreement. The same again changes nothing;
	// other words under the same version are a conflict.
	AddAgreement(a Agreement) error
	// Permit finds the permission of a person in a matter; ok is false when there is
	// none yet. PermitOf finds it by its number; there being none is Missing.
	Permit(purpose string, subject, about person.ID) (p Permit, ok bool, err error)
	PermitOf(id int64) (Permit, error)
	// PermitEvents are the events in the life of a permission, in order, without their
	// receipts.
	PermitEvents(id int64) ([]PermitEvent, error)
	// Standing are the permissions for a purpose that stand at a moment for all of
	// the fields, in the matter of a person (0: of anybody), in order of number after
	// one, at most limit.
	Standing(purpose string, fields []permission.Field, about person.ID, at time.Time, after int64, limit int) ([]Permit, error)
	// SavePermit keeps what an event made of a permission, and the event. P.Events is
	// how many there were before; any other number is a conflict. It gives the
	// permission's number, which is new when p.ID is 0.
	SavePermit(p Permit, e PermitEvent) (int64, error)
	// NextReceipt is the number that SavePermit will give the permission and its
	// event, for the receipt.
	NextReceipt(p Permit) (id int64, n int, err error)
	// SetDue says when the source of a permission is to be asked next.
	SetDue(id int64, due time.Time) error
	// ClaimSweep lets one of several processes hold all permissions against a register,
	// by its number, until a moment: ok is false when another does or has done it, done
	// when it is done. EndSweep says that it is.
	ClaimSweep(number int64, until time.Time) (ok, done bool, err error)
	EndSweep(number int64) error
	// Refused reports whether a no of a person to a service, by message or letter, is not
	// settled yet.
	Refused(service string, who person.ID) (bool, error)
	// Registers is the number of the newest register that came in: what was read of
	// the registers before is still so while it is the same.
	Registers() (int64, error)
	// AddRequest keeps what a person asks; SettleRequest its answer. A request that
	// is settled already is a conflict.
	AddRequest(r Request) (int64, error)
	SettleRequest(id int64, by, answer string, now time.Time) (Request, error)
	// OpenRequests are the requests in a matter that are not settled, oldest first,
	// without their words.
	OpenRequests(id MatterID) ([]Request, error)
	// OpenRequestsBy are the unsettled requests of a person, oldest first, without their
	// words.
	OpenRequestsBy(who person.ID) ([]Request, error)
	// OpenRequestsAbout are the unsettled requests of a kind about a person, by whoever
	// asked, oldest first, without their words.
	OpenRequestsAbout(kind string, about person.ID) ([]Request, error)
	// RequestWords are the words of a request: a reading, of which the act of the write
	// tells.
	RequestWords(id int64) (string, error)
	AddPrecedent(p Precedent) (int64, error)
	// AddSourceMark keeps what a source says, once: fresh is false when it is there
	// already.
	AddSourceMark(m SourceMark) (fresh bool, err error)
}

// Receipts is what is written of receipts that could not be made at once.
type Receipts interface {
	// OweReceipt notes that the receipt of an event that is kept is still to be made.
	OweReceipt(o OwedReceipt) error
	// KeepReceipt keeps a receipt that was owed; ok is false when it is owed no more.
	KeepReceipt(permission int64, n int, receipt []byte) (ok bool, err error)
}

// Matters is what is written of matters and their proposals.
type Matters interface {
	// OpenMatter opens the matter of a child, or brings the people of the one that is
	// there up to date.
	OpenMatter(m Matter) (id MatterID, opened bool, err error)
	// Matter finds a matter; there being none is Missing.
	Matter(id MatterID) (Matter, error)
	// MatterLooked notes when a matter's proposal was worked out.
	MatterLooked(id MatterID, at time.Time) error
	// MatterFamily notes what a matter's family is, as a digest. When it was another, or was
	// not known, changed is true and the matter is due to be worked out.
	MatterFamily(id MatterID, digest string) (changed bool, err error)
	// AddProposal keeps a proposal in the place of the open ones of its matter, whose
	// content goes.
	AddProposal(p Proposal) (int64, error)
	// Newest is the newest proposal of a matter; ok is false when there is none.
	NewestProposal(id MatterID) (p Proposal, ok bool, err error)
	// AnswerProposal keeps the answer to an open proposal; another is a conflict.
	AnswerProposal(id int64, state string, by person.ID, words string, now time.Time) error
	// DropProposals takes away the content of a matter's proposals that are not
	// decided: what they rest on was taken back.
	DropProposals(id MatterID) (int, error)
	// DeleteDecided takes away the content of decisions from before a moment: the law
	// wants them no longer.
	DeleteDecided(before time.Time, limit int) (int, error)
}

// Handovers is what is written of hand-overs.
type Handovers interface {
	// BeginHandover notes that a source is about to be asked, for the fields and the
	// person that the grant allows.
	BeginHandover(g permission.Grant, h Handover) (int64, error)
	// KeepHandover keeps what came of a begun one, if the grant allows it.
	KeepHandover(g permission.Grant, id int64, content []byte, fresh, now time.Time) error
	// EndHandover ends a begun one with nothing kept.
	EndHandover(id int64, state, why string, now time.Time) error
	// OpenHandover gives back what was kept, if the grant allows it: a reading.
	OpenHandover(g permission.Grant, id int64) (Payload, error)
	// FreshHandover is a kept answer of a source under any standing permission of a
	// person for a purpose, while it is fresh; ok is false when there is none.
	FreshHandover(purpose, source string, subject person.ID, now time.Time) (h Handover, ok bool, err error)
	// HandoversOf are the hand-overs of a permission, newest first.
	HandoversOf(permission int64) ([]Handover, error)
	// DeleteHandovers takes away what is kept under a permission, and the content of
	// proposals that rest on it and are not decided. Begun ones are dropped when
	// their answer comes.
	DeleteHandovers(permission int64, why string, now time.Time) (Deleted, error)
	// DeleteStale takes away what is kept and no longer fresh.
	DeleteStale(now time.Time, limit int) (int, error)
	// FailLost ends those that were begun before a moment and whose answer nobody
	// waits for any more.
	FailLost(before, now time.Time) (int, error)
}

// Deleted counts what a withdrawal took away, and what the law keeps.
type Deleted struct {
	Handovers int // kept answers of sources
	Begun     int // sources that were being asked
	Proposals int // not decided, now without their content
	Kept      int // decided proposals that rest on it
}
