package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"ennakko/app"
	"ennakko/packs"
	"ennakko/person"
	"ennakko/service"
)

// wordsIn are the words of the pages in a language.
func wordsIn(t *testing.T, l person.Language) words {
	t.Helper()
	texts, err := readTexts()
	if err != nil {
		t.Fatal(err)
	}
	return words{catalogue: texts, Lang: l}
}

func saidLaw(w words, basis string) string {
	var out []string
	for _, p := range w.Law(basis) {
		if p.Foreign {
			p.Text = "[" + p.Text + "]"
		}
		out = append(out, p.Text)
	}
	return strings.ReplaceAll(strings.Join(out, "; "), "\u00a0", " ")
}

func TestALawIsNamedInTheReadersLanguage(t *testing.T) {
	fi, sv, en := wordsIn(t, person.Finnish), wordsIn(t, person.Swedish), wordsIn(t, person.English)
	for _, x := range []struct{ basis, fi, sv string }{
		{"GDPR 6(1)(c)", "EU:n tietosuoja-asetuksen 6 artiklan 1 kohdan c alakohta", "EU:s dataskyddsförordning, artikel 6.1 c"},
		{"GDPR 6(1)(e), 9(2)(h) and 22", "EU:n tietosuoja-asetuksen 6 artiklan 1 kohdan e alakohta, 9 artiklan 2 kohdan h alakohta ja 22 artikla", "EU:s dataskyddsförordning, artikel 6.1 e, artikel 9.2 h och artikel 22"},
		{"GDPR 5(1)(c) and (e)", "EU:n tietosuoja-asetuksen 5 artiklan 1 kohdan c alakohta ja 5 artiklan 1 kohdan e alakohta", "EU:s dataskyddsförordning, artikel 5.1 c och artikel 5.1 e"},
		{"GDPR 12(3); Act 434/2003, section 23", "EU:n tietosuoja-asetuksen 12 artiklan 3 kohta; hallintolaki (434/2003), 23 §", "EU:s dataskyddsförordning, artikel 12.3; förvaltningslagen (434/2003), 23 §"},
		{"Basic Education Act 628/1998, sections 4 and 26 a", "Perusopetuslaki (628/1998), 4 ja 26 a §", "Lagen om grundläggande utbildning (628/1998), 4 och 26 a §"},
		{"Health Insurance Act (1224/2004), chapter 5", "Sairausvakuutuslaki (1224/2004), 5 luku", "Sjukförsäkringslagen (1224/2004), 5 kap."},
		{"Archives Act 831/1994", "Arkistolaki (831/1994)", "Arkivlagen (831/1994)"},
		{"GDPR 6(1)(e); each register's own act", "EU:n tietosuoja-asetuksen 6 artiklan 1 kohdan e alakohta; kunkin rekisterin oma laki", "EU:s dataskyddsförordning, artikel 6.1 e; den lag som gäller varje register"},
		{"Act 1/2020, section 3", "[Act 1/2020, section 3]", "[Act 1/2020, section 3]"},
		{"Archives Act 831/1994, on something", "[Archives Act 831/1994, on something]", "[Archives Act 831/1994, on something]"},
		{"GDPR 6(1)(c), as the city reads it", "[GDPR 6(1)(c), as the city reads it]", "[GDPR 6(1)(c), as the city reads it]"},
		{"GDPR (e)", "[GDPR (e)]", "[GDPR (e)]"},
	} {
		if got := saidLaw(fi, x.basis); got != x.fi {
			t.Errorf("%s in Finnish: %q", x.basis, got)
		}
		if got := saidLaw(sv, x.basis); got != x.sv {
			t.Errorf("%s in Swedish: %q", x.basis, got)
		}
		if got := saidLaw(en, x.basis); got != x.basis {
			t.Errorf("%s in English: %q", x.basis, got)
		}
	}
}

// TestEveryLawOfTheServicesHasItsNames: no resident reads a law in a foreign language.
func TestEveryLawOfTheServicesHasItsNames(t *testing.T) {
	all := []string{"GDPR 17(3)(b)", "GDPR 15(1)", "GDPR 6(1)(c); GDPR 32"}
	for _, name := range []string{"pre-primary", "blood-pressure", "exercise-group"} {
		p, err := service.Load(packs.FS, name, app.Catalog())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Purpose().Basis()+"; "+p.Purpose().Law())
		for _, l := range p.Law() {
			all = append(all, l.Act+", "+l.Section)
		}
	}
	for _, a := range feePack().Agreements() {
		all = append(all, a.Spec().Basis+"; "+a.Spec().Law, a.Spec().KeepLaw)
	}
	for _, l := range []person.Language{person.Finnish, person.Swedish} {
		for _, basis := range all {
			if got := saidLaw(wordsIn(t, l), basis); strings.Contains(got, "[") {
				t.Errorf("in %s: %s", l, got)
			}
		}
	}
}

func TestAFormWhoseSessionHasEndedLeadsBackToItsPage(t *testing.T) {
	h := handlerOf(t, newCity().withOma(feeProposed))
	for path, back := range map[string]string{
		"/my/fees/5/answer": "/my/fees/5", "/my/permissions/9/take-back": "/my/permissions/9", "/my/erase": "/my/erase", "/my/objections": "/",
		"/desk/privacy/requests/11/settle": "/desk/privacy/requests", "/desk/cases/12/settle": "/desk/cases/12", "/desk/care/run": "/desk/care",
	} {
		w := post(t, h, "", path+"?lang=en", url.Values{"words": {"something"}})
		if want := `href="/login?back=` + url.QueryEscape(back) + `"`; w.Code != http.StatusUnauthorized || !strings.Contains(strings.ReplaceAll(w.Body.String(), "%2f", "%2F"), want) {
			t.Errorf("%s: status %d, without %s", path, w.Code, want)
		}
	}
}

func TestAStepOfAFindingIsToldBeforeItsRule(t *testing.T) {
	for line, want := range map[string][2]string{
		"personen lever: population.death_date.none() — population.death_date, ingen anteckning: ja": {"personen lever: uppgift om död, ingen anteckning: ja", "population.death_date.none()"},
		"age >= 18 — ålder i år: 37": {"ålder i år: 37", "age >= 18"},
		"alla dessa":                 {"alla dessa", ""},
	} {
		if said, code := inTurn(wordsIn(t, person.Swedish), line); said != want[0] || code != want[1] {
			t.Errorf("%q: %q and %q", line, said, code)
		}
	}
}
