package service_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"ennakko/channel/sms"
	"ennakko/packs"
	"ennakko/person"
	"ennakko/service"
)

func prePrimary(t *testing.T) *service.Pack {
	t.Helper()
	p, err := service.Load(packs.FS, "pre-primary", catalog)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestThePrePrimaryPackFindsItsMadeUpPeopleAndMayRun(t *testing.T) {
	p := prePrimary(t)
	if err := p.Test(); err != nil {
		t.Error(err)
	}
	if err := p.Approved(); err != nil {
		t.Error(err)
	}
	field, from, to, err := p.Cohort().Range(at("2021-01-07 00:00:00"))
	if err != nil || field != "population.birth_date" || from.Year() != 2015 || to.Year() != 2016 {
		t.Errorf("cohort of 2021: %s %s %s %v", field, from, to, err)
	}
	m, err := p.Schedule().Moments(at("2021-01-07 00:00:00"))
	if err != nil || !m.Deadline.Equal(at("2021-01-15 23:59:59")) {
		t.Errorf("the round of 7 January is answered by %s, %v", m.Deadline, err)
	}
}

// A usual family: names and a unit of ordinary length.
var usual = service.Values{Guardian: "Annukka Mäkeläinen", Child: "Elias Johannes", Unit: "Päiväkoti Arabianranta-Vallila", Answer: "B", Deadline: at("2021-01-15 23:59:59"), When: at("2021-01-28 11:30:00")}

func TestPrePrimaryTextMessagesAreShortAndInPlainLetters(t *testing.T) {
	p := prePrimary(t)
	for _, k := range p.Kinds() {
		if k == service.LetterText {
			continue
		}
		most := map[service.Kind]int{service.Inquiry: 3, service.Notice: 3, service.WrongNumber: 3}[k]
		if most == 0 {
			most = 2
		}
		for _, l := range person.Languages() {
			text, err := p.Text(k, l, usual)
			if err != nil {
				t.Errorf("%s %s: %v", k, l, err)
				continue
			}
			parts := sms.Segments(text)
			t.Logf("%-15s %s %d parts, %d characters", k, l, parts.Count, len([]rune(text)))
			if parts.Count > most || parts.Encoding != sms.GSM7 {
				t.Errorf("%s in %s is %d messages in %s, at most %d in GSM-7", k, l, parts.Count, parts.Encoding, most)
			}
		}
	}
}

func TestPrePrimaryInquiryOffersTheFourAnswersInEachLanguage(t *testing.T) {
	p := prePrimary(t)
	wants := map[person.Language][]string{
		person.Finnish: {"Elias Johannes", "15.1.2021", "\nA = otan", "\nB = en ota", "\nC = på svenska", "\nD = in English"},
		person.Swedish: {"Elias Johannes", "15.1.2021", "\nA = jag tar emot", "\nB = jag tar inte emot", "\nC = suomeksi", "\nD = in English"},
		person.English: {"Elias Johannes", "15 January 2021", "\nA = I accept", "\nB = I do not accept", "\nC = suomeksi", "\nD = på svenska", "Answer with the letter alone"},
	}
	for l, parts := range wants {
		for _, k := range []service.Kind{service.Inquiry, service.Reminder} {
			text, err := p.Text(k, l, usual)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range parts {
				if !strings.Contains(text, want) {
					t.Errorf("the %s in %s lacks %q", k, l, want)
				}
			}
		}
	}
}

func TestPrePrimaryConfirmationSaysThatItIsNotTheDecision(t *testing.T) {
	p := prePrimary(t)
	for l, wants := range map[person.Language][]string{
		person.Finnish: {"ei ole vielä päätös", "maaliskuussa"}, person.Swedish: {"ännu inget beslut", "i mars"}, person.English: {"not yet the decision", "in March"},
	} {
		for _, k := range []service.Kind{service.ConfirmAccept, service.LetterText} {
			text, err := p.Text(k, l, usual)
			for _, want := range wants {
				if err != nil || !strings.Contains(text, want) {
					t.Errorf("%s in %s does not say %q, %v", k, l, want, err)
				}
			}
		}
	}
}

func TestPrePrimaryFinnishNeverBendsAName(t *testing.T) {
	b, err := os.ReadFile("../packs/pre-primary/messages.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// A placeholder that is followed by a letter, colon and ending or hyphen
	// would need an inflected name.
	if bent := regexp.MustCompile(`\{(child|guardian|unit)\}[\p{L}:-]`).FindAllString(string(b), -1); bent != nil {
		t.Errorf("names with endings: %v", bent)
	}
}

func TestPrePrimaryTextsOfAFamilySayNothingOfItsHome(t *testing.T) {
	for _, f := range prePrimary(t).Fields() {
		switch f {
		case "population.district", "population.dwelling", "population.address", "population.non_disclosure":
			t.Errorf("a criterion reads %s", f)
		}
	}
}
