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

func packOf(t *testing.T, name string) *service.Pack {
	t.Helper()
	p, err := service.Load(os.DirFS("../packs"), name, catalog)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Test(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWordOfALowerFeeHoldsNoPersonalDataAndSaysWhereToLogIn(t *testing.T) {
	for _, name := range []string{"lower-fee", "permission-ending"} {
		t.Run(name, func(t *testing.T) { namesNobodyAndSaysWhere(t, packOf(t, name)) })
	}
}

func namesNobodyAndSaysWhere(t *testing.T, p *service.Pack) {
	t.Helper()
	named := usual
	named.Child, named.Guardian = "Tuulikki", "Tuulikki Virtanen"
	money := regexp.MustCompile(`(?i)€|eur|\d+ e\b`)
	for _, k := range p.Kinds() {
		for _, l := range person.Languages() {
			text, err := p.Text(k, l, named)
			if err != nil {
				t.Errorf("%s %s: %v", k, l, err)
				continue
			}
			if k != service.LetterText && k != service.WhichChild && strings.Contains(text, "Tuulikki") {
				t.Errorf("%s in %s names somebody", k, l)
			}
			if money.MatchString(text) {
				t.Errorf("%s in %s names an amount", k, l)
			}
			if k == service.Inquiry || k == service.Reminder || k == service.ConfirmDecline || k == service.LetterText {
				if !strings.Contains(text, "palvelu.hel.example") {
					t.Errorf("%s in %s does not say where to log in", k, l)
				}
			}
			if parts := sms.Segments(text); k != service.LetterText && (parts.Count > 3 || parts.Encoding != sms.GSM7) {
				t.Errorf("%s in %s is %d messages in %s", k, l, parts.Count, parts.Encoding)
			}
		}
	}
	named.Address = "127.0.0.1:8082"
	if text, err := p.Text(service.Inquiry, person.English, named); err != nil || !strings.Contains(text, named.Address) || strings.Contains(text, "palvelu.hel.example") {
		t.Errorf("the city's own address: %q, %v", text, err)
	}
}

func TestOnlyWhoAnswersForThemselvesIsOfferedSomethingWithoutAPlace(t *testing.T) {
	fsys := os.DirFS("../packs")
	for what, c := range map[string]changed{
		"grown-ups who answer for themselves": {fsys, "lower-fee/service.yaml", "guardians: self ", "guardians: any "},
		"the pack has none":                   {fsys, "lower-fee/service.yaml", "address: palvelu.hel.example", "# "},
		"must name {address}":                 {fsys, "lower-fee/messages.yaml", "Kirjoittakaa selaimeen {address} ja", "Selaimella voitte"},
		"cannot name {unit}":                  {fsys, "lower-fee/messages.yaml", "Kirjoittakaa selaimeen {address}", "{unit}: {address}"},
	} {
		if _, err := service.Load(c, "lower-fee", catalog); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
