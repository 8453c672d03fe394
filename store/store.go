// Package store is the contract of the city's own records. Every write is made
// under an act, in one transaction with the act's entry in the audit record,
// or not at all. store/sqlite keeps it; store/storetest says what any keeper
// must do.
package store

import (
	"errors"
	"time"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/criteria"
	"ennakko/offer"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register/parquet"
)

// ErrNothing is returned from the function given to Write when it found
// nothing to do: the transaction is rolled back, no entry is made, and Write
// returns nil.
var ErrNothing = errors.New("nothing to do")

// RoundID numbers a round.
type RoundID int64

// Tx is a write in progress. It is good only inside the function given to
// Write. Its parts are grouped by who calls them.
type Tx interface {
	Marker
	Imports
	Rounds
	Cases
	Timers
	Outbox
	Intake
	Desk
	Show
	Sessions
	Posts
	Erasing
	Jobs
	Preparations
	Sealing
	Delta
	Permissions // store/permission.go
	Oversight   // store/oversight.go
	Appointments
	Links     // store/link.go
	Webhooks  // store/webhook.go
	Documents // store/document.go
	NeedNotes // store/need.go
}

// Marker adds to the act's entry in the record.
type Marker interface {
	// About adds people and an object to the entry.
	About(object string, people ...person.ID)
	// Detail sets the entry's detail: counts and settings, no personal data.
	Detail(format string, args ...any)
	// Fields says in the entry which fields were read or written.
	Fields(fields []permission.Field)
	// Note adds a further entry in the same transaction.
	Note(e audit.Entry) error
}

// Identity is the sealed part of what the population register says.
type Identity struct {
	Person              person.ID
	Code, Name, Address string
}

// Contact is a person's mobile number, E.164.
type Contact struct {
	Person person.ID
	Mobile string
	Since  time.Time
}

// Unit is a unit and one language of instruction.
type Unit struct {
	ID          string
	Name        map[person.Language]string
	Provider    string
	North, East float64 // EPSG:3879, metres
	District    string
	Language    string
	Places      int
	Kind        string // of unit: EarlyEducation or another; "": EarlyEducation
}

// EarlyEducation is the kind of unit that a unit register without kinds lists.
const EarlyEducation = "early_education"

// Snapshot is one register as it was handed over on one day.
type Snapshot struct {
	ID       int64
	Register string
	Day      time.Time
	Source   string
	FileHash string
	Rows     int
	SetAside int
	Imported time.Time
	Dropped  bool // its content was erased
}

// SetAsideRow is a row that did not come in, and why.
type SetAsideRow struct {
	File   string
	Row    int
	Column string
	Reason string
	Hint   string
}

// Imports is what the intake of registers writes.
type Imports interface {
	// AddSnapshot numbers a snapshot; the same register and day twice is a
	// conflict.
	AddSnapshot(s Snapshot) (int64, error)
	AddPeople(first person.ID, codeHashes [][]byte) error
	AddIdentities(snapshot int64, ids []Identity) error
	AddContacts(snapshot int64, contacts []Contact) error
	AddUnits(snapshot int64, units []Unit) error
	AddFiles(snapshot int64, files []parquet.File) error
	AddSetAside(snapshot int64, rows []SetAsideRow) error
}

// Round is one round of one service.
type Round struct {
	ID       RoundID
	Service  string
	Version  string
	PackHash string
	AsOf     time.Time
	State    RoundState
	Officer  string   // who approved
	Prepared []string // who prepared it, or changed it before it was approved
	Opened   time.Time
	Schedule Schedule
	Summary  map[string]int // counts fixed when the round was prepared
}

// RoundState is how far a round has come.
type RoundState string

// The states of a round.
const (
	Prepared RoundState = "prepared" // found and assigned; nothing is sent
	Running  RoundState = "running"
	Paused   RoundState = "paused"
	Closed   RoundState = "closed"
)

// Schedule is when things happen in a round.
type Schedule struct {
	NoticeAt   time.Time `json:"notice_at"`
	InquiryAt  time.Time `json:"inquiry_at"`
	ReminderAt time.Time `json:"reminder_at"`
	Deadline   time.Time `json:"deadline"`
	CloseAt    time.Time `json:"close_at"`
}

// Finding is a finding as it is kept.
type Finding struct {
	Person   person.ID
	Verdict  criteria.Verdict
	Reasons  []criteria.Reason
	Failsafe bool // stands on the failsafe list
}

// PlaceCount is how many places a unit has in a language.
type PlaceCount struct {
	offer.Place
	Places int
}

// NewCase is a case to be opened. Numbers are E.164 by party, "" for none.
type NewCase struct {
	Offer    offer.Approved
	Names    conversation.Names
	Parties  []conversation.Party
	Numbers  []string
	Deadline time.Time
	Hidden   bool // under non-disclosure: no list shows where the family is
}

// Listed is a case on a list that an officer works through.
type Listed struct {
	Case     conversation.CaseID
	Child    person.ID
	Place    offer.Place
	Stage    conversation.Stage
	Reason   string // why the case is on the list
	Deadline time.Time
	When     time.Time // of the appointment; zero: the place has none
	Posted   bool      // letters about it were handed over to the service of letters
}

// Waiting is a child without a place.
type Waiting struct {
	Child  person.ID
	Reason string
}

// Breakdown counts people of a prepared round by one thing about them.
type Breakdown struct {
	Stage string // Found or Justified
	By    string // ByAge, ByDistrict or ByLanguage
	Key   string // the age in full years, the district, the language; "": not known
	N     int
}

// How far people have come, and by what they are counted.
const (
	Found      = "found"     // in the age group
	Justified  = "justified" // meets all criteria
	ByAge      = "age"       // in full years on the day of the round
	ByDistrict = "district"  // of residence
	ByLanguage = "language"  // in which the person is written to
)

// Rounds is what preparing a round writes.
type Rounds interface {
	// AddRound keeps a new round; whoever acts has a hand in it.
	AddRound(r Round) (RoundID, error)
	// SetRound sets how far the round has come. A prepared round starts to run
	// only under an act of the officer named, who had no hand in it (four eyes);
	// so are its cases opened.
	SetRound(id RoundID, state RoundState, officer string) error
	// RoundState is how far a round has come.
	RoundState(id RoundID) (RoundState, error)
	AddFindings(id RoundID, f []Finding) error
	AddPlaces(id RoundID, p []PlaceCount) error
	AddWaiting(id RoundID, w []Waiting) error
	AddBreakdown(id RoundID, b []Breakdown) error
	AddDrafts(id RoundID, d []Draft) error
	// Reassign puts an assignment in the place of the one of a prepared round, with
	// the change of capacity that led to it. Whoever acts has a hand in the round.
	Reassign(id RoundID, change Capacity, a Assignment) error
	// TakeWaiting takes children off the waiting list.
	TakeWaiting(id RoundID, children []person.ID) error
}

// Held is a case with its round and its offer.
type Held struct {
	Round RoundID
	Case  conversation.Case
	Offer offer.Approved
}

// Cases is what the conversation writes.
type Cases interface {
	// OpenCase holds one free place of the offer and opens the case; no free
	// place is a conflict.
	OpenCase(id RoundID, c NewCase) (conversation.Case, error)
	Case(id conversation.CaseID) (Held, error)
	// SaveCase keeps the next version of a case; a version that is not the
	// next one is a conflict.
	SaveCase(c conversation.Case) error
	// OnPhone finds the cases of running rounds in which the phone is a party's.
	OnPhone(p conversation.Phone) ([]conversation.Candidate, error)
	// Waiting finds the oldest case whose party waits for the phone.
	Waiting(p conversation.Phone) (conversation.Candidate, bool, error)
	// ReleasePlace gives the case's place back; HoldPlace takes one of the
	// same unit and language again and reports whether there was one.
	ReleasePlace(id conversation.CaseID) error
	HoldPlace(id conversation.CaseID) (bool, error)
	// PlaceFree reports whether the case holds a place or could.
	PlaceFree(id conversation.CaseID) (bool, error)
}

// DueTimer is a timer whose moment has come.
type DueTimer struct {
	Case  conversation.CaseID
	Timer conversation.Timer
}

// Timers is what the clock drives.
type Timers interface {
	// MoveRound puts the schedule of a round and the timers of its cases off.
	MoveRound(id RoundID, by time.Duration) error
	SetTimer(id conversation.CaseID, t conversation.Timer, at time.Time) error
	ClearTimers(id conversation.CaseID) error
	// TakeTimers removes and returns timers that are due, oldest first.
	TakeTimers(now time.Time, limit int) ([]DueTimer, error)
}

// Due tells what there is to do.
type Due struct {
	Answers bool // that nobody has read
	Timers  bool // whose moment has come
	Halves  bool // messages of which a part was delivered long ago
	Doubts  bool // sends that have been uncertain for too long
	Clear   bool // reports that may tell of a send in doubt
	Sends   bool // messages to be handed over
	Urgent  bool // of them such as answer a person
}

// Outgoing is a message for the outbox.
type Outgoing struct {
	Case      conversation.CaseID // 0: an answer to a number without a case
	Party     int
	Kind      conversation.Kind
	Language  person.Language
	Key       string // the same key is never queued twice
	Text      string
	Segments  int
	NotBefore time.Time
	Valid     time.Duration
	Reply     bool
	AnswerTo  int64 // the incoming message that this answers, 0 if none
	// Doubt is set when nobody knows whether it was sent already: it is uncertain
	// from the beginning, and put before a person then.
	Doubt time.Time
}

// Attempt is a message that was claimed for hand-over.
type Attempt struct {
	ID      int64
	Message channel.Message
}

// Settlement is what became of a message.
type Settlement struct {
	Ref   channel.Ref
	State channel.State
	Code  string
	Due   time.Time // uncertain: when it is put before a person; queued again: not before

	Gateway string   // who took it
	Parts   []string // what the gateway called its parts, in order
}

// Doubtful is a send that has been uncertain for too long. Case 0 means that it
// belongs to no case.
type Doubtful struct {
	Ref  channel.Ref
	Case conversation.CaseID
	Lost bool // no gateway can tell
}

// Outbox is what sending writes.
type Outbox interface {
	Enqueue(o Outgoing) (queued bool, err error)
	// Claim marks up to limit messages as submitting and returns them, from the
	// sender given: answers first, then by age.
	Claim(now time.Time, from, worker string, limit int) ([]Attempt, error)
	// Allowed is how many messages may be handed over now: rate a second, and no
	// more than that at once. Spend takes some of them. Workers share it.
	Allowed(now time.Time, rate int) (int, error)
	Spend(now time.Time, rate, n int) error
	// Postpone moves what is due, and is no answer, to a later moment.
	Postpone(now, until time.Time) (int, error)
	// Settle keeps what is known of messages at the time now.
	Settle(now time.Time, s []Settlement) error
	// DropQueued takes back what is queued for a case, answers excepted.
	DropQueued(id conversation.CaseID) error
	// Relieve notes that a worker is there, forgets those that were not seen for
	// a time by the database's clock, and marks as uncertain what those who are
	// not there any more were handing over. Doubt is when each is put before a
	// person.
	Relieve(worker string, lease time.Duration, doubt time.Time) (int, error)
	// Lost marks as uncertain, and due before a person, what was to be sent up to
	// a moment, when the records of the time before it are lost. It forgets who
	// was logged in and which workers there were.
	Lost(until, now time.Time) (int, error)
	// Leave forgets a worker that has handed everything over.
	Leave(worker string) error
	// Early gives the reports on messages just settled that came before the
	// gateway's answer, with our references.
	Early(s []Settlement) ([]channel.Report, error)
	// OfDoubt takes reports that nobody else can be told of, on phones to which
	// just one send is in doubt, as reports on that send.
	OfDoubt(now time.Time, limit int) ([]channel.Report, error)
	// TakeHalf returns messages of which some parts were reported as delivered
	// and none as failed, when others have not been reported on for a time.
	TakeHalf(now time.Time, limit int) ([]channel.Ref, error)
	// Uncertain lists uncertain messages of which a gateway may know.
	Uncertain(limit int) ([]channel.Ref, error)
	// TakeDoubtful returns uncertain messages whose moment of doubt has come,
	// each once.
	TakeDoubtful(now time.Time, limit int) ([]Doubtful, error)
}

// Received is an incoming message that waits to be handled.
type Received struct {
	ID    int64
	Phone conversation.Phone
	In    channel.Incoming
}

// Outcome is a report that waits to be handled. Case 0 means that it belongs
// to no case.
type Outcome struct {
	Case      conversation.CaseID
	Party     int
	Kind      conversation.Kind
	Delivered bool
	Doubted   bool // the message was uncertain until now
}

// Intake is what answers and reports write.
type Intake interface {
	// Receive keeps incoming messages; one that is kept already is passed over.
	Receive(in []channel.Incoming) (fresh int, err error)
	// TakeReceived returns messages that were not handled yet, oldest first.
	TakeReceived(limit int) ([]Received, error)
	// Handled notes what an incoming message was taken for.
	Handled(id int64, c conversation.CaseID, meaning string, now time.Time) error
	// Report keeps reports and settles their messages; one that is kept
	// already, or that comes after a final state, changes nothing.
	Report(r []channel.Report) ([]Outcome, error)
	// Wrote reports how many messages of a kind were queued for the phone since
	// a moment.
	Wrote(p conversation.Phone, k conversation.Kind, since time.Time) (int, error)
}

// Item is an item on the officers' queue.
type Item struct {
	Case   conversation.CaseID
	Kind   string
	Reason string
}

// Desk is what stands before a person.
type Desk interface {
	OpenItem(i Item, now time.Time) error
	SettleItems(id conversation.CaseID, kind, by, reason string, now time.Time) error
	// SettleItem settles one item of a round with an officer's own words, which
	// are sealed. An item that is settled already is a conflict.
	SettleItem(round RoundID, id ItemID, by, words string, now time.Time) (Item, error)
	// AddStep notes that an officer paused, resumed or stopped a round, with the
	// officer's own words, which are sealed.
	AddStep(s RoundStep) error
	// OpenCases are the cases of a round without a final answer.
	OpenCases(id RoundID) ([]conversation.CaseID, error)
	// CasesAbout are the cases about a person in the rounds of a service that have not
	// ended.
	CasesAbout(service string, who person.ID) ([]conversation.CaseID, error)
	// SetObjection notes that a person objects to a purpose, or no longer does,
	// and returns the person's open cases of running and paused rounds of all services.
	SetObjection(purpose string, id person.ID, at time.Time, on bool) ([]conversation.CaseID, error)
	AddLetter(id conversation.CaseID, reason string, now time.Time) error
	// TakeNotice counts the matters that wait for an officer by kind, when one came
	// since officers were told last and that was long enough ago; then it is theirs
	// to tell who asked. NoticeFailed takes that back.
	TakeNotice(now time.Time, every time.Duration) (map[string]int, error)
	NoticeFailed() error
}

// ItemID numbers an item of the officers' queue.
type ItemID int64

// RoundStep is what an officer did to a whole round.
type RoundStep struct {
	Round   RoundID
	At      time.Time
	Officer string
	Step    string // "pause", "resume" or "stop"
	Words   string // why
}

// Funnel is how far a round has come. Counts are children unless their name
// says otherwise.
type Funnel struct {
	Offered, Sent, Delivered, Answered int
	Letters, ByHand, Unreached         int
	Places, PlacesHeld, Overbooked     int // places
	Failsafe                           int // not offered though near: see the finding's reasons
	Incoming                           int // messages from phones
	Stages                             map[string]int
	Messages                           map[string]int // by state
	Items                              map[string]int // open items of the desk, by kind
}

// Draft is an offer that waits for an officer's approval.
type Draft struct {
	Child     person.ID
	Place     offer.Place
	Reason    string  // why this unit: stays, sibling, nearest
	DistanceM float64 // straight line from the home, metres
	Verdict   criteria.Verdict
	Reasons   []criteria.Reason
	HasCase   bool // a case was opened for it already
}
