// Package access says what somebody who has logged in may do. The rules are
// Cedar policies in files, which a city can read and change; every refusal
// comes with its reason in Finnish, Swedish and English.
//
// Source of the language: https://docs.cedarpolicy.com; of the roles: the
// city's own division of duties; of levels of assurance: Regulation (EU)
// 910/2014 (eIDAS), article 8.
package access

import (
	"embed"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strconv"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"ennakko/fault"
	"ennakko/person"
)

//go:embed policies/*.cedar
var embedded embed.FS

// Embedded is the folder of the policies that come with the program.
func Embedded() fs.FS {
	sub, err := fs.Sub(embedded, "policies")
	if err != nil {
		return embedded
	}
	return sub
}

// Role is what somebody is for the city.
type Role string

// The roles.
const (
	Preparer Role = "preparer" // finds people and holds places
	Approver Role = "approver" // the second pair of eyes
	Expert   Role = "expert"   // serves families one by one
	DPO      Role = "dpo"      // data-protection officer
	Leader   Role = "leader"   // sees figures
	Resident Role = "resident"
)

// The roles of other systems that call the city's programs. Only the settings of the
// city give them.
const (
	UsageReader    Role = "usage reader"    // asks at people's word who used their data
	ConsentConfig  Role = "consent config"  // reads agreements and policies
	ConsentService Role = "consent service" // keeps permissions at people's word
	ConsentAudit   Role = "consent audit"   // sees all permissions
)

// SystemRoles are the roles of other systems.
func SystemRoles() []Role { return []Role{UsageReader, ConsentConfig, ConsentService, ConsentAudit} }

// StaffRoles are the roles that the groups of an identity provider can give.
func StaffRoles() []Role { return []Role{Preparer, Approver, Expert, DPO, Leader} }

// Action is something that a policy permits or not.
type Action string

// The actions.
const (
	SeeDesk         Action = "see desk" // services, rounds, figures
	PreviewMessages Action = "preview messages"
	Prepare         Action = "prepare"
	ChangeCapacity  Action = "change capacity"
	TestSend        Action = "test send"
	TryCriteria     Action = "try criteria"
	SeePlaces       Action = "see places"
	Approve         Action = "approve"
	Pause           Action = "pause"
	Resume          Action = "resume"
	Stop            Action = "stop"
	SeeQueue        Action = "see queue"
	Settle          Action = "settle"
	SeeCase         Action = "see case"
	Search          Action = "search"
	SeeRecord       Action = "see record"
	SeePrivacy      Action = "see privacy"    // the data-protection officer's desk
	SettleRequest   Action = "settle request" // what people ask of the city
	LookInto        Action = "look into readings"
	DecideUse       Action = "decide on a use of data"
	SeeOwn          Action = "see own"
	Answer          Action = "answer"
	Object          Action = "object"
	Permit          Action = "permit"    // give a permission, refuse it, or take it back
	EraseOwn        Action = "erase own" // have one's own data erased
	SendDocument    Action = "send document"
	AskCity         Action = "ask the city" // file a request about one's own data
	SeeDocument     Action = "see document" // that a family sent
	AssessIncome    Action = "assess income"
	SeeCare         Action = "see care"    // criteria of care with counts
	RunCare         Action = "run care"    // run them over everyone
	TryCare         Action = "try care"    // what another threshold would change, in counts
	SeeFinding      Action = "see finding" // worklists, and one person's finding
	NoteVisit       Action = "note visit"  // what was measured at a visit

	AskUsage         Action = "ask usage"         // of other systems: who used a person's data
	SeeAgreements    Action = "see agreements"    // of other systems: agreements and policies
	NameIndividuals  Action = "name individuals"  // of other systems: have numbers of their own for people
	KeepPermissions  Action = "keep permissions"  // of other systems: at a person's word
	AuditPermissions Action = "audit permissions" // of other systems: all permissions
	KeepWebhooks     Action = "keep webhooks"     // of other systems: be told when a permission that they may see changes
)

// Actions are all of them.
func Actions() []Action {
	return []Action{SeeDesk, PreviewMessages, Prepare, ChangeCapacity, TestSend, TryCriteria, SeePlaces, Approve, Pause, Resume, Stop, SeeQueue, Settle,
		SeeCase, Search, SeeRecord, SeePrivacy, SettleRequest, LookInto, DecideUse, SeeOwn, Answer, Object, Permit, EraseOwn, SendDocument, AskCity, SeeDocument, AssessIncome, SeeCare, RunCare, TryCare, SeeFinding, NoteVisit,
		AskUsage, SeeAgreements, NameIndividuals, KeepPermissions, AuditPermissions, KeepWebhooks}
}

// Level is a level of assurance of an identification (eIDAS, article 8).
type Level int

// The levels.
const (
	NoLevel Level = iota
	Low
	Substantial
	High
)

// Who is somebody who has logged in. The zero Who is nobody.
type Who struct {
	ID     string // the name in the record: "liisa" of "officer:liisa"
	Name   string // shown to the person
	Roles  []Role
	Level  Level
	Person person.ID // in the registers, when the log-in told the identity code, else 0
}

// Nobody reports whether nobody has logged in.
func (w Who) Nobody() bool { return len(w.Roles) == 0 && w.ID == "" }

// Is reports whether the person has a role.
func (w Who) Is(r Role) bool { return slices.Contains(w.Roles, r) }

// Staff reports whether the person works for the city.
func (w Who) Staff() bool {
	return slices.ContainsFunc(w.Roles, func(r Role) bool { return r != Resident && !slices.Contains(SystemRoles(), r) })
}

// System reports whether this is another system and no person.
func (w Who) System() bool {
	return slices.ContainsFunc(w.Roles, func(r Role) bool { return slices.Contains(SystemRoles(), r) })
}

// Actor is the person's name in the record.
func (w Who) Actor() string {
	switch {
	case w.Nobody():
		return ""
	case w.System():
		return "system:" + w.ID
	case w.Staff():
		return "officer:" + w.ID
	}
	return "resident:" + strconv.FormatUint(uint64(w.Person), 10)
}

// On is what an act is about. The zero On is the service as a whole.
type On struct {
	Round  int64
	Hands  []string    // actors who prepared or changed the round
	People []person.ID // whom it concerns; nil: nobody in particular
}

// Policies are checked rules.
type Policies struct {
	set   *cedar.PolicySet
	texts map[cedar.PolicyID]map[person.Language]string
}

// Load reads every .cedar file of a folder. A policy without an id or without
// a reason in all three languages is a fault; all faults are told at once.
func Load(dir fs.FS) (*Policies, error) {
	const op = "access.Load"
	names, err := fs.Glob(dir, "*.cedar")
	if err != nil || len(names) == 0 {
		return nil, fault.New(fault.Missing, op, "there are no policies (*.cedar) in the folder").Because(err)
	}
	p := &Policies{cedar.NewPolicySet(), map[cedar.PolicyID]map[person.Language]string{}}
	var l fault.List
	for _, name := range names {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fault.Wrap(err, op, "%s cannot be read", name)
		}
		list, err := cedar.NewPolicyListFromBytes(name, b)
		if err != nil {
			l.Add(fault.New(fault.Invalid, op, "the policies are not in the Cedar language").Where("%s", name).Because(err))
			continue
		}
		for _, policy := range list {
			if f := p.add(policy); f != nil {
				l.Add(f.Where("%s:%d", name, policy.Position().Line))
			}
		}
	}
	return p, l.Err()
}

func (p *Policies) add(policy *cedar.Policy) *fault.Error {
	const op = "access.Load"
	notes := policy.Annotations()
	id := cedar.PolicyID(notes["id"])
	if id == "" || p.texts[id] != nil {
		return fault.New(fault.Invalid, op, "a policy needs an @id that no other has")
	}
	texts := map[person.Language]string{}
	for _, l := range person.Languages() {
		if texts[l] = string(notes[types.AnnotationKey(l)]); texts[l] == "" {
			return fault.New(fault.Invalid, op, "the policy %s has no reason in %s", id, l).Do(`write @%s("...") above it`, l)
		}
	}
	p.texts[id] = texts
	p.set.Add(id, policy)
	return nil
}

// Refusal is a no, with its reason.
type Refusal struct {
	Action Action
	Policy string // the policy's id; "" when none covers the action
	Why    map[person.Language]string
}

// Error gives the reason in English.
func (r *Refusal) Error() string { return r.Why[person.English] }

// Check says whether somebody may do something: nil, or a fault of kind Refused
// whose cause is a Refusal.
func (p *Policies) Check(w Who, a Action, on On) error {
	const op = "access.Check"
	allowed, d := cedar.Authorize(p.set, entities(w, on), request(w, a))
	if len(d.Errors) > 0 {
		// A policy that cannot be computed permits nothing.
		return fault.New(fault.Refused, op, "the rules cannot be applied").Because(errors.New(d.Errors[0].Message))
	}
	if allowed {
		return nil
	}
	why := p.forbidding(d)
	if why == "" {
		why = p.permitting(w, a, on)
	}
	r := &Refusal{Action: a, Policy: string(why), Why: maps.Clone(p.texts[why])}
	if why == "" {
		r.Why = map[person.Language]string{person.Finnish: "Tämä ei kuulu rooliisi.", person.Swedish: "Det här hör inte till din roll.", person.English: "This does not belong to your role."}
	}
	return fault.New(fault.Refused, op, "this is not allowed").Because(r)
}

// forbidding is the policy that forbade.
func (p *Policies) forbidding(d cedar.Diagnostic) cedar.PolicyID {
	if len(d.Reasons) == 0 {
		return ""
	}
	return d.Reasons[0].PolicyID
}

// permitting is the policy that would permit the act to somebody who has every
// role: its text says whom the act is for.
func (p *Policies) permitting(w Who, a Action, on On) cedar.PolicyID {
	w.Roles, w.Level, on.Hands = append(StaffRoles(), Resident), High, nil
	if _, d := cedar.Authorize(p.set, entities(w, on), request(w, a)); len(d.Reasons) > 0 {
		return d.Reasons[0].PolicyID
	}
	on.People = nil
	_, d := cedar.Authorize(p.set, entities(w, on), request(w, a))
	return p.forbidding(d)
}

var (
	userType  = cedar.EntityType("User")
	roleType  = cedar.EntityType("Role")
	thing     = cedar.NewEntityUID("Thing", "it")
	noContext = cedar.NewRecord(nil)
)

func request(w Who, a Action) cedar.Request {
	return cedar.Request{Principal: user(w), Action: cedar.NewEntityUID("Action", cedar.String(a)), Resource: thing, Context: noContext}
}

func user(w Who) cedar.EntityUID {
	name := w.Actor()
	if name == "" {
		name = "nobody"
	}
	return cedar.NewEntityUID(userType, cedar.String(name))
}

func entities(w Who, on On) cedar.EntityMap {
	var roles []cedar.EntityUID
	for _, r := range w.Roles {
		roles = append(roles, cedar.NewEntityUID(roleType, cedar.String(r)))
	}
	about := cedar.RecordMap{}
	if on.Hands != nil {
		var hands []cedar.Value
		for _, h := range on.Hands {
			hands = append(hands, cedar.NewEntityUID(userType, cedar.String(h)))
		}
		about["hands"] = cedar.NewSet(hands...)
	}
	if on.People != nil {
		var people []cedar.Value
		for _, id := range on.People {
			people = append(people, cedar.Long(id))
		}
		about["people"] = cedar.NewSet(people...)
	}
	u := user(w)
	return cedar.EntityMap{
		u:     {UID: u, Parents: cedar.NewEntityUIDSet(roles...), Attributes: cedar.NewRecord(cedar.RecordMap{"level": cedar.Long(w.Level), "person": cedar.Long(w.Person)})},
		thing: {UID: thing, Attributes: cedar.NewRecord(about)},
	}
}
