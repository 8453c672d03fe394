package permission_test

import (
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// given is a life in which the mother gave it at the beginning, under an agreement
// that is like the test's but for some words.
func given(t *testing.T, change func(*permission.AgreementSpec)) *story {
	t.Helper()
	s := begin(t, permission.Self, mother)
	x := agreementSpec(1, permission.Self)
	change(&x)
	a, err := permission.NewAgreement(x)
	if err != nil {
		t.Fatal(err)
	}
	s.a = a
	return s.do(permission.Ask, 0).do(permission.Give, mother)
}

func TestWhoIsAskedAnewGivesItForItsWholeTimeAgain(t *testing.T) {
	s := given(t, func(x *permission.AgreementSpec) { x.Renew = permission.Period{Days: 20} })
	s.at = now.AddDate(1, 0, -20).Add(-time.Second)
	s.refused(fault.Conflict, permission.Remind, 0)
	events := len(s.p.Events())
	if s.do(permission.Renew, mother); len(s.p.Events()) != events {
		t.Error("it was given anew before its time was nearly over")
	}
	s.later(time.Second).do(permission.Remind, 0).stands("")
	if _, again := s.p.Reminding(s.at, s.a, town{signers: s.signers}); again {
		t.Error("somebody is asked anew twice")
	}
	s.refused(fault.Refused, permission.Renew, father).do(permission.Renew, mother).stands("")
	if w := s.p.Current(); !w.Until.Equal(s.at.AddDate(1, 0, 0)) || !w.Reminded.IsZero() || len(w.Gave) != 1 || !w.Gave[0].At.Equal(s.at) {
		t.Errorf("it was given anew: %+v", w)
	}
	s.at = now.AddDate(1, 1, 0)
	s.stands("")
}

func TestWhoWillNotGiveItAnewIsNotAskedAgain(t *testing.T) {
	s := given(t, func(*permission.AgreementSpec) {})
	s.at = now.AddDate(1, 0, -10)
	s.do(permission.Remind, 0).do(permission.Decline, mother).stands("")
	s.at = now.AddDate(1, 0, 0)
	s.stands(permission.WhyExpired).refused(fault.Conflict, permission.Renew, mother).refused(fault.Conflict, permission.Ask, 0)
	s.do(permission.Expire, 0).refused(fault.Conflict, permission.Ask, 0)
	s.do(permission.Give, mother).stands("")
	if w := s.p.Current(); !w.Declined.IsZero() {
		t.Error("the no outlives a yes of their own will")
	}
}

func TestWhoSaidNoMayChangeTheirMindWhileItStands(t *testing.T) {
	s := given(t, func(*permission.AgreementSpec) {})
	s.at = now.AddDate(1, 0, -10)
	s.do(permission.Decline, mother).later(time.Hour).do(permission.Renew, mother)
	if w := s.p.Current(); !w.Declined.IsZero() || !w.Until.Equal(s.at.AddDate(1, 0, 0)) {
		t.Errorf("it was given anew: %+v", w)
	}
}

func TestWhatIsLetRunOutMayBeAskedAboutLater(t *testing.T) {
	s := given(t, func(*permission.AgreementSpec) {})
	s.at = now.AddDate(1, 0, -10)
	s.do(permission.Remind, 0)
	s.at = now.AddDate(1, 0, 0)
	s.stands(permission.WhyExpired).do(permission.Expire, 0).do(permission.Ask, mother)
}

func TestAllGiveItAnewOrNobody(t *testing.T) {
	s := begin(t, permission.AllGuardians, mother, father).do(permission.Ask, 0).do(permission.Give, mother).do(permission.Give, father)
	s.at = now.AddDate(1, 0, -10)
	s.do(permission.Renew, mother)
	if w := s.p.Current(); !w.Until.Equal(now.AddDate(1, 0, 0)) {
		t.Errorf("one of two gave it anew until %s", w.Until)
	}
	s.later(time.Hour).do(permission.Renew, father)
	if w := s.p.Current(); !w.Until.Equal(s.at.Add(-time.Hour).AddDate(1, 0, 0)) {
		t.Errorf("both gave it anew until %s, want a year from the first", w.Until)
	}
	s.at = now.AddDate(1, 0, 0)
	s.stands("")
}

func TestTheWindowWithoutAWordOfTheAgreement(t *testing.T) {
	year := given(t, func(x *permission.AgreementSpec) { x.Renew = permission.Period{} })
	if from := year.p.RenewsFrom(year.a); !from.Equal(now.AddDate(1, 0, -permission.RenewDays)) {
		t.Errorf("a year may be given anew from %s", from)
	}
	month := given(t, func(x *permission.AgreementSpec) { x.Renew, x.Lasts = permission.Period{}, permission.Period{Days: 30} })
	if from := month.p.RenewsFrom(month.a); !from.Equal(now.AddDate(0, 0, 15)) {
		t.Errorf("thirty days may be given anew from %s", from)
	}
	x := agreementSpec(1, permission.Self)
	x.Renew = x.Lasts
	if _, err := permission.NewAgreement(x); err == nil || !strings.Contains(err.Error(), "renew") {
		t.Errorf("an agreement that asks anew at once: %v", err)
	}
}

func TestUnderANewTextNobodyIsAskedAnewForTheOldOne(t *testing.T) {
	s := given(t, func(*permission.AgreementSpec) {})
	s.at = now.AddDate(1, 0, -10)
	old := s.a
	s.a = agreement(t, 2, permission.Self)
	s.do(permission.Ask, 0)
	if _, ok := s.p.Reminding(s.at, old, town{signers: []person.ID{mother}}); ok {
		t.Error("the old text is asked about anew")
	}
	s.a = old
	s.refused(fault.Conflict, permission.Renew, mother).stands("")
}
