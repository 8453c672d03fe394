package access_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/person"
)

func embedded(t *testing.T) *access.Policies {
	t.Helper()
	p, err := access.Load(access.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func officer(roles ...access.Role) access.Who {
	return access.Who{ID: "liisa", Name: "Liisa", Roles: roles, Level: access.Substantial}
}

func resident(l access.Level, id person.ID) access.Who {
	return access.Who{ID: "r", Name: "Aino", Roles: []access.Role{access.Resident}, Level: l, Person: id}
}

// may lists, for every role, all that it may do; what is not listed is refused.
var may = map[access.Role]string{
	access.Preparer: "see desk,preview messages,prepare,change capacity,test send,try criteria,see places,pause,resume,stop,see care,run care,try care",
	access.Approver: "see desk,preview messages,try criteria,see places,approve,pause,resume,stop,see care,try care",
	access.Expert:   "see desk,preview messages,see queue,settle,see case,search,see document,assess income,see care,try care,see finding,note visit",
	access.DPO:      "see desk,preview messages,see record,see privacy,settle request,look into readings,decide on a use of data",
	access.Leader:   "see desk,preview messages,see care",
	access.Resident: "see own,answer,object,permit,erase own,send document,ask the city",

	access.UsageReader:    "ask usage",
	access.ConsentConfig:  "see agreements,name individuals",
	access.ConsentService: "see agreements,name individuals,keep permissions,keep webhooks",
	access.ConsentAudit:   "see agreements,audit permissions,keep webhooks",
}

func TestEveryRoleMayDoWhatIsListedAndNothingElse(t *testing.T) {
	p := embedded(t)
	for role, list := range may {
		listed := map[string]bool{}
		for _, a := range strings.Split(list, ",") {
			listed[a] = true
		}
		who := officer(role)
		if role == access.Resident {
			who = resident(access.Substantial, 7)
		}
		for _, a := range access.Actions() {
			err := p.Check(who, a, access.On{})
			if (err == nil) != listed[string(a)] {
				t.Errorf("%s, %s: %v", role, a, err)
			}
			delete(listed, string(a))
		}
		for a := range listed {
			t.Errorf("%s: there is no action %q", role, a)
		}
	}
	for _, a := range access.Actions() {
		if p.Check(access.Who{}, a, access.On{}) == nil {
			t.Errorf("nobody may %s", a)
		}
	}
}

func TestEveryRefusalHasItsReasonInThreeLanguages(t *testing.T) {
	p := embedded(t)
	for _, tt := range []struct {
		who    access.Who
		do     access.Action
		on     access.On
		policy string
	}{
		{officer(access.Leader), access.SeeCase, access.On{}, "serve-families"},
		{officer(access.Expert), access.Approve, access.On{}, "approve"},
		{officer(access.Preparer), access.SeeRecord, access.On{}, "see-record"},
		{officer(access.Preparer, access.Approver), access.Approve, access.On{Hands: []string{"officer:liisa"}}, "four-eyes"},
		{officer(access.DPO), access.Prepare, access.On{}, "prepare"},
		{resident(access.Substantial, 7), access.SeeDesk, access.On{}, "see-desk"},
		{resident(access.Low, 7), access.SeeOwn, access.On{}, "strong-identification"},
		{resident(access.Low, 7), access.Permit, access.On{}, "strong-identification"},
		{resident(access.NoLevel, 7), access.EraseOwn, access.On{}, "strong-identification"},
		{officer(access.Expert), access.Permit, access.On{}, "own-matters"},
		{resident(access.High, 7), access.Answer, access.On{People: []person.ID{8, 9}}, "own-matters"},
		{access.Who{}, access.SeeDesk, access.On{}, "see-desk"},
		{officer(access.Leader), "a new action", access.On{}, ""},
	} {
		err := p.Check(tt.who, tt.do, tt.on)
		var r *access.Refusal
		if fault.KindOf(err) != fault.Refused || !errors.As(err, &r) {
			t.Errorf("%s: %v", tt.do, err)
			continue
		}
		if r.Policy != tt.policy || r.Action != tt.do {
			t.Errorf("%s was refused by %q, not by %q", tt.do, r.Policy, tt.policy)
		}
		for _, l := range person.Languages() {
			if len(r.Why[l]) < 10 {
				t.Errorf("%s: no reason in %s", tt.do, l)
			}
		}
	}
}

func TestNobodyApprovesWhatTheyHadAHandIn(t *testing.T) {
	p := embedded(t)
	both := officer(access.Preparer, access.Approver)
	if err := p.Check(both, access.Approve, access.On{Hands: []string{"officer:matti"}}); err != nil {
		t.Errorf("another's round: %v", err)
	}
	if err := p.Check(both, access.Approve, access.On{Hands: []string{"officer:matti", "officer:liisa"}}); err == nil {
		t.Error("one who changed the round may approve it")
	}
}

func TestAResidentSeesOwnMattersOnly(t *testing.T) {
	p := embedded(t)
	for _, tt := range []struct {
		who    access.Who
		people []person.ID
		ok     bool
	}{
		{resident(access.Substantial, 7), []person.ID{6, 7}, true}, {resident(access.High, 7), []person.ID{7}, true},
		{resident(access.Substantial, 7), []person.ID{}, false}, {resident(access.Substantial, 0), []person.ID{7}, false},
		{resident(access.NoLevel, 7), []person.ID{7}, false}, {officer(access.Expert), []person.ID{7}, false},
	} {
		if err := p.Check(tt.who, access.SeeOwn, access.On{People: tt.people}); (err == nil) != tt.ok {
			t.Errorf("%+v on %v: %v", tt.who, tt.people, err)
		}
	}
}

func TestPoliciesThatAreNotWholeDoNotLoad(t *testing.T) {
	const whole = `@id("a") @fi("x") @sv("x") @en("x") permit (principal, action, resource);`
	for name, tt := range map[string]struct{ text, says string }{
		"no id":          {strings.Replace(whole, `@id("a")`, "", 1), "@id"},
		"the same id":    {whole + "\n" + whole, "@id"},
		"no Swedish":     {strings.Replace(whole, `@sv("x")`, "", 1), "no reason in sv"},
		"not Cedar":      {"permit everything", "Cedar"},
		"an empty place": {"", "there are no policies"},
	} {
		dir := fstest.MapFS{"x.cedar": {Data: []byte(tt.text)}}
		if tt.text == "" {
			dir = fstest.MapFS{}
		}
		if _, err := access.Load(dir); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := access.Load(fstest.MapFS{"x.cedar": {Data: []byte(whole)}}); err != nil {
		t.Error(err)
	}
}

func TestAPolicyThatCannotBeComputedPermitsNothing(t *testing.T) {
	p, err := access.Load(fstest.MapFS{"x.cedar": {Data: []byte(`@id("all") @fi("x") @sv("x") @en("x") permit (principal, action, resource);
@id("broken") @fi("x") @sv("x") @en("x") forbid (principal, action, resource) when { principal.shoe > 40 };`)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(officer(access.DPO), access.SeeDesk, access.On{}); fault.KindOf(err) != fault.Refused {
		t.Errorf("a broken rule permits: %v", err)
	}
}

func TestTheActorIsTheRecordsName(t *testing.T) {
	for want, w := range map[string]access.Who{"officer:liisa": officer(access.Expert), "resident:7": resident(access.High, 7), "system:portal": {ID: "portal", Roles: []access.Role{access.UsageReader}}, "": {}} {
		if got := w.Actor(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
