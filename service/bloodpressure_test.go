package service_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"ennakko/channel/sms"
	"ennakko/person"
	"ennakko/service"
)

func bloodPressure(t *testing.T) *service.Pack {
	t.Helper()
	p, err := service.Load(os.DirFS("../packs"), "blood-pressure", catalog)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnInvitationSaysNothingOfThePersonsHealth(t *testing.T) {
	p := bloodPressure(t)
	health := regexp.MustCompile(`(?i)paine|sairau|lääk|tryck|sjuk|medicin|pressure|illness|treat|blood|diagnos`)
	for _, k := range p.Kinds() {
		for _, l := range person.Languages() {
			text, err := p.Text(k, l, usual)
			if err != nil {
				t.Errorf("%s %s: %v", k, l, err)
			}
			if said := health.FindString(text); said != "" {
				t.Errorf("the message %s in %s says %q", k, l, said)
			}
			most := map[service.Kind]int{service.Inquiry: 3, service.Notice: 3, service.WrongNumber: 3}[k]
			if parts := sms.Segments(text); k != service.LetterText && (parts.Count > max(most, 2) || parts.Encoding != sms.GSM7) {
				t.Errorf("%s in %s is %d messages in %s", k, l, parts.Count, parts.Encoding)
			}
		}
	}
}

func TestWhoeverAnswersAloneIsNoChildAndHasNoGuardian(t *testing.T) {
	p := bloodPressure(t)
	if !p.ForSelf() || p.UnitKind() != "health_station" || p.Order().Field != "care.gap" || len(p.Order().With) != 4 {
		t.Errorf("the pack is for itself %t, in %s, by %v", p.ForSelf(), p.UnitKind(), p.Order())
	}
	for _, k := range p.Kinds() {
		if k == service.ConflictNote || k == service.ToldOther {
			t.Errorf("there is a message %s", k)
		}
	}
	family := regexp.MustCompile(`(?i)\b(lapsi|lapse|huoltaj|barn|vårdnad|child|guardian)`)
	for _, k := range p.Kinds() {
		for _, l := range person.Languages() {
			if text, _ := p.Text(k, l, usual); family.MatchString(text) {
				t.Errorf("the message %s in %s speaks of a family: %s", k, l, family.FindString(text))
			}
		}
	}
	which, err := p.Text(service.WhichChild, person.English, service.Values{Child: "Matti"})
	if err != nil || !strings.HasSuffix(which, "A Matti") {
		t.Errorf("two people on one phone are told %q, %v", which, err)
	}
}
