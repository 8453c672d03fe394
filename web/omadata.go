package web

import (
	"context"
	"time"

	"ennakko/access"
	"ennakko/fee"
	"ennakko/person"
)

// feeMatters are the early-education fees in which a resident has a say. Every
// look and every deed of theirs is on the record; to others than the child's
// grown-ups a matter is not there (a fault of kind Missing).
type feeMatters interface {
	// FeeMatters are all of a resident.
	FeeMatters(ctx context.Context, who person.ID) ([]feeMatter, error)
	// FeeMatter is one, by the number that stands in its address.
	FeeMatter(ctx context.Context, who person.ID, n int64) (feeMatter, error)
	// ChooseWay notes how the resident lets the city know the income: a permission, or its refusal with one of the other ways.
	// Text is the hash of the agreement that they read: of another nothing is noted (Conflict).
	ChooseWay(ctx context.Context, who person.ID, n int64, way, text string) error
	// AnswerFee accepts the proposed fee of that number, or asks for a person to look at it.
	// When another stands in its place: Conflict.
	AnswerFee(ctx context.Context, who person.ID, n, fee int64, accept bool, words string) error
}

// permits are a resident's permissions.
type permits interface {
	Permits(ctx context.Context, who person.ID) ([]permit, error)
	// TakeBack withdraws a permission. Doing it twice is doing it once.
	TakeBack(ctx context.Context, who person.ID, n int64) error
	// DecideAnew gives a permission anew before its end, or lets it end. Text is the hash of
	// the agreement that the reader saw: of another nothing is noted (Conflict).
	DecideAnew(ctx context.Context, who person.ID, n int64, yes bool, text string) error
	// Receipt is the signed receipt of one event of a permission, as JSON-LD.
	Receipt(ctx context.Context, who person.ID, n int64, event int) ([]byte, error)
}

// ownData is all that is kept of a resident.
type ownData interface {
	Copy(ctx context.Context, who person.ID) (branch, error)
	// CanErase says what erasing would take, and what has to stay and why.
	CanErase(ctx context.Context, who person.ID) (erasable, error)
	// EraseOwn erases what CanErase says can go.
	EraseOwn(ctx context.Context, who person.ID) (erasable, error)
}

// omaData is what the resident's pages of permissions and fees stand on.
type omaData interface {
	feeMatters
	permits
	ownData
	feeTasks
	paperwork
	assessments
}

// omaRoutes are the pages of permissions, fees and one's own data.
func (s *site) omaRoutes() []route {
	return []route{
		{pattern: "GET /desk/fees", action: access.SeeQueue, do: s.tasks, omaData: true},
		{pattern: "GET /desk/fees/{task}", action: access.SeeCase, do: s.task, omaData: true},
		{pattern: "POST /desk/fees/{task}", action: access.Settle, do: s.settleTask, omaData: true},
		{pattern: "POST /desk/fees/{task}/assess", action: access.AssessIncome, do: s.assess, omaData: true},
		{pattern: "GET /desk/fees/{task}/documents/{document}", action: access.SeeDocument, do: s.taskDocument, omaData: true},
		{pattern: "GET /my/fees/{matter}", action: access.SeeOwn, do: s.fee, omaData: true},
		{pattern: "POST /my/fees/{matter}/documents", action: access.SendDocument, do: s.sendDocuments, omaData: true},
		{pattern: "GET /my/fees/{matter}/documents/{document}", action: access.SeeOwn, do: s.ownDocument, omaData: true},
		{pattern: "POST /my/fees/{matter}/documents/{document}/delete", action: access.SendDocument, do: s.deleteDocument, omaData: true},
		{pattern: "POST /my/fees/{matter}/place", action: access.Answer, do: s.askPlace, omaData: true},
		{pattern: "POST /my/fees/{matter}/hours", action: access.Answer, do: s.setHours, omaData: true},
		{pattern: "POST /my/fees/{matter}/way", action: access.Permit, do: s.chooseWay, omaData: true},
		{pattern: "POST /my/fees/{matter}/answer", action: access.Answer, do: s.answerFee, omaData: true},
		{pattern: "GET /my/permissions/{permission}", action: access.SeeOwn, do: s.showPermit, omaData: true},
		{pattern: "POST /my/permissions/{permission}/take-back", action: access.Permit, do: s.takeBack, omaData: true},
		{pattern: "POST /my/permissions/{permission}/anew", action: access.Permit, do: s.decideAnew, omaData: true},
		{pattern: "GET /my/permissions/{permission}/receipts/{event}", action: access.SeeOwn, do: s.showReceipt, omaData: true},
		{pattern: "GET /my/permissions/{permission}/receipts/{event}/file", action: access.SeeOwn, do: s.receiptFile, omaData: true},
		{pattern: "GET /my/permissions/{permission}/receipts/{event}/signed", action: access.SeeOwn, do: s.receiptSigned, omaData: true},
		{pattern: "GET /my/copy", action: access.SeeOwn, do: s.showCopy, omaData: true},
		{pattern: "GET /my/copy/file", action: access.SeeOwn, do: s.copyFile, omaData: true},
		{pattern: "GET /my/erase", action: access.SeeOwn, do: s.eraseForm, omaData: true},
		{pattern: "POST /my/erase", action: access.EraseOwn, do: s.erase, omaData: true},
	}
}

// said is a text in Finnish, Swedish and English.
type said = map[person.Language]string

// The ways by which a grown-up lets the city know the income, and the one that
// puts it off.
const (
	wayPermit    = "permit"
	wayDocuments = "documents"
	wayHighest   = "highest-fee"
	wayNotNow    = "not-now"
)

// The stages of a matter, as the reader sees it. Each has its words: fee.stage.<stage>.
const (
	feeOffered   = "offered"   // the reader has not chosen
	feePartner   = "partner"   // the reader permitted, another grown-up has not chosen
	feeFetching  = "fetching"  // the income is on its way
	feeLate      = "late"      // the register does not answer; it is asked again
	feeProposed  = "proposed"  // the reader is asked about the fee
	feeAnew      = "anew"      // the income changed: another fee is proposed beside the one in force
	feePerson    = "person"    // a caseworker looks at it
	feeDocuments = "documents" // the reader sends documents
	feeHighest   = "highest"   // the highest fee was accepted
	feeNotNow    = "not-now"   // put off
	feeAccepted  = "accepted"  // the fee is in force
	feeTakenBack = "taken-back"
	feeEnded     = "ended" // by its cause: the child moved, or the care ended
)

// agreement is what a permission is about, in the words that were shown when
// it was given.
type agreement struct {
	Purpose string // its id in the record
	Version int
	Hash    string // of all of it
	From    time.Time
	Title   said
	Why     said
	Without said // what happens without the permission
	User    said // who gets the data
	Sources []dataSource
	Law     string
	Basis   string
	Terms   []said // what the law asks beside the provision: only with the person's permission
	Keep    said   // how long what was fetched is kept
	KeepLaw said   // why it outlives a withdrawal; nil: it does not
	Lasts   said   // how long a permission lasts
	Seen    []said // who else gets it
	Ways    []way
}

// Grounds are the provision and the law, as they stand in the record.
func (a agreement) Grounds() string { return a.Basis + "; " + a.Law }

// dataSource is a register from which data would be fetched.
type dataSource struct {
	Name   said
	Keeper said // who answers for it; nil: not told
	Fields []said
}

// way is one of the alternatives, with what happens then.
type way struct {
	ID         string
	Title, How said
}

// feeMatter is the fee of one child, as one grown-up sees it.
type feeMatter struct {
	N         int64 // stands in the address; no person's number
	Child     string
	Stage     string
	Agreement agreement
	Chosen    string // the way that the reader chose; "" if none
	ChosenAt  time.Time
	Permit    int64 // the reader's own permission; 0: there is none
	Partners  []partner
	Income    []income // the reader's own, and nobody else's
	FetchedAt time.Time
	Fee       *proposal // asked about, or in force
	Was       *proposal // in force while Fee is asked about
	Place     *carePlace
	Open      bool   // the reader can answer now
	Household bool   // the reader is a guardian's partner, and does not act for the child
	Answer    string // of a caseworker to the reader; "": none
	Answered  time.Time
	CanSend   bool           // documents are waited for
	Asked     time.Time      // for a place, for which a caseworker looks; zero: not
	Documents []sentDocument // the reader's own, also those that are gone
	Paper     paper
	Shares    hourShares
}

// partner is another grown-up of the household: that they have chosen, and
// nothing of what they have told.
type partner struct {
	Name   string
	Chosen bool
}

// income is what one kind of income came to in one month.
type income struct {
	Month time.Time // its first day
	Kind  string    // with words: income.<kind>
	Cents int64
}

// proposal is a fee with its working.
type proposal struct {
	N      int64
	Cents  int64     // a month
	At     time.Time // when it was worked out
	Lines  []line
	Own    int          // the reader's number in the lines; 0: they do not tell of the reader alone
	Drawn  *fee.Picture // fee by the family's income, with all else as it is; nil: none
	Person []said       // why a caseworker must look; none: nobody must
	Looked string       // what the caseworker wrote who assessed the income; "": nobody did
}

// line is one step of the working.
type line struct {
	Words said
	Comes said // the number that it comes to, in the language's form
	Law   said // nil: none, or that of the line before
	Sum   bool // the result
}

// carePlace is the place that the fee is for.
type carePlace struct {
	Unit  said
	Hours int  // a week, in hundredths; 0: not known
	Said  bool // the family said so
	Pre   bool // pre-primary education is among them
}

// permit is a permission of the reader.
type permit struct {
	N         int64  // 0: it was not asked for yet
	State     string // with words: permit.state.<state>
	About     string // the child's first name; "": the reader
	Why       said   // it was given and does not stand; nil: that is told by the state
	Agreement agreement
	Events    []permitEvent
	Until     time.Time     // when it expires; zero: it does not stand
	IfTaken   []consequence // what taking it back would do
	Effects   []consequence // what taking it back did
	Matter    int64         // the fee's matter; 0: none
	Soon      bool          // its time is nearly over: it can be given anew
	LetGo     bool          // the reader said that they let it end
	Under     agreement     // that it would be given anew under
}

// The states of a permission.
const (
	permitPossible = "possible" // asked for, or put off: it can be given
	permitPartly   = "partly"   // another has to give it too
	permitStands   = "stands"
	permitRefused  = "refused"
	permitTaken    = "taken-back"
	permitExpired  = "expired"
	permitEnded    = "ended"
)

// stands reports whether there is something to take back.
func (p permit) stands() bool { return p.State == permitStands || p.State == permitPartly }

// permitEvent is one event in the life of a permission. It has a receipt.
type permitEvent struct {
	Kind    string // with words: event.<kind>
	At      time.Time
	You     bool
	Version int
	Cause   string // of an end: with words: cause.<cause>
	Receipt bool   // there is one
	Later   bool   // there will be one
}

// consequence is what a withdrawal does to one kind of data.
type consequence struct {
	What said
	Gone bool   // deleted; otherwise kept
	Law  string // under which it is kept
	Why  said
}

// branch is a part of all that is kept of a person, with its words in the form
// "tree.<key>" where there are any.
type branch struct {
	Key   string   `json:"key"`
	Value string   `json:"value,omitempty"`
	Parts []branch `json:"children,omitempty"`
}

// erasable says what of a person's data can be erased.
type erasable struct {
	Goes  []said
	Stays []stays
}

// stays is what cannot be erased, and why.
type stays struct {
	What, Why said
	Law       string
	Until     time.Time // zero: for as long as the reason holds
}
