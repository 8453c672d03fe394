package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"ennakko/person"
)

// aTree is what omadata keeps of somebody, in the form of its copy.
var aTree = branch{Key: "data", Parts: []branch{
	{Key: "registers", Parts: []branch{
		{Key: "population.birth_date", Parts: []branch{{Key: "fact", Parts: []branch{{Key: "value", Value: "1981-01-01"}, {Key: "from", Value: "1981-01-01"}}}}},
		{Key: "population.sex", Parts: []branch{{Key: "fact", Parts: []branch{{Key: "value", Value: "f"}}}}},
		{Key: "population.mother_tongue", Parts: []branch{{Key: "fact", Parts: []branch{{Key: "value", Value: "ru"}}}}},
		{Key: "population.district", Parts: []branch{{Key: "fact", Parts: []branch{{Key: "value", Value: "0912203294"}, {Key: "from", Value: "2012-01-31"}}}}},
		{Key: "population.address", Parts: []branch{{Key: "fact", Parts: []branch{{Key: "value", Value: `{"street":"Koivuraitti 1 B 18","postal_code":"00290","post_office":"HELSINKI","north":6680100.75}`}}}}},
		{Key: "guardianship.guardian", Parts: []branch{{Key: "fact", Parts: []branch{{Key: "value", Value: "another person"}, {Key: "from", Value: "2015-02-01"}, {Key: "until", Value: "2020-03-01"}}}}},
	}},
	{Key: "permissions", Parts: []branch{{Key: "permission", Parts: []branch{{Key: "state", Value: "withdrawn"}, {Key: "purpose", Value: "early-education-fee-income"}, {Key: "until"},
		{Key: "event", Parts: []branch{{Key: "kind", Value: "give"}, {Key: "at", Value: "2026-11-25T04:15:33Z"}, {Key: "way", Value: "permit"}, {Key: "cause"}}}}}}},
	{Key: "fees", Parts: []branch{{Key: "fee", Parts: []branch{{Key: "stage", Value: "accepted"},
		{Key: "income", Parts: []branch{{Key: "2026-09", Parts: []branch{{Key: "wages", Value: "3200.00"}}}}},
		{Key: "line", Parts: []branch{{Key: "words", Value: "The fee a month."}, {Key: "words_fi", Value: "Maksu kuukaudessa."}, {Key: "words_sv", Value: "Avgiften i månaden."}}}}}}},
}}

func TestTheCopyIsReadableInEachLanguage(t *testing.T) {
	for l, must := range map[person.Language][]string{
		person.Finnish: {"<dt>Syntymäaika</dt><dd>1.1.1981</dd>", "<dd>nainen</dd>", "<dt>Äidinkieli</dt><dd>venäjä</dd>", "Läntinen (0912203294) (31.1.2012 alkaen)", "<dd>Koivuraitti 1 B 18, 00290 HELSINKI</dd>",
			"toinen henkilö (1.2.2015–1.3.2020)", "<dd>peruttu</dd>", "Tulojen haku varhaiskasvatusmaksua varten", "<dt>Lupa annettiin</dt><dd>25.11.2026 klo 6.15 · Annan luvan</dd>", "Olet hyväksynyt maksun",
			"<dt>Syyskuu 2026: Palkka</dt><dd>3200,00\u00a0€</dd>", "<dd>Maksu kuukaudessa.</dd>"},
		person.Swedish: {"<dt>Födelsetid</dt>", "<dd>kvinna</dd>", "<dd>ryska</dd>", "(från och med 31.1.2012)", "en annan person", "<dd>tillbakataget</dd>", "<dd>25.11.2026 kl. 6.15 · Jag ger tillstånd</dd>", "<dd>Avgiften i månaden.</dd>"},
		person.English: {"<dt>Date of birth</dt><dd>1 January 1981</dd>", "<dd>woman</dd>", "<dd>Russian</dd>", "(from 31 January 2012)", "<dd>taken back</dd>", "<dd>25 November 2026 at 06:15 · I give permission</dd>", "<dd>€3200.00</dd>", "<dd>The fee a month.</dd>"},
	} {
		c := newCity().withOma(feeAccepted)
		c.oma.tree = &aTree
		shows(t, handlerOf(t, c), "aino", in("/my/copy", l), must, []string{"{&#34;", "population.", "withdrawn", "words_", "2026-11-25T", "[tree."})
	}
}

// TestAFileHoldsWhatThePageLeavesOut: the page is for reading, the file for all.
func TestAFileHoldsWhatThePageLeavesOut(t *testing.T) {
	c := newCity().withOma(feeAccepted)
	c.oma.tree = &aTree
	w := getAs(t, handlerOf(t, c), "aino", "/my/copy/file")
	for _, s := range []string{`"population.birth_date"`, `"withdrawn"`, `"words_sv"`, "north"} {
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), s) {
			t.Errorf("status %d: the file lacks %s", w.Code, s)
		}
	}
}

func TestATimeOfDayIsWrittenAsEachLanguageDoes(t *testing.T) {
	for l, want := range map[person.Language]string{person.Finnish: "7.1.2021 klo 6.05", person.Swedish: "7.1.2021 kl. 6.05", person.English: "7 January 2021 at 06:05"} {
		w := wordsIn(t, l)
		w.zone = time.UTC
		if got := w.Clock(time.Date(2021, 1, 7, 6, 5, 0, 0, time.UTC)); got != want {
			t.Errorf("in %s: %q", l, got)
		}
	}
}
