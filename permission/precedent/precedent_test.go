package precedent_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/permission/precedent"
	"ennakko/person"
)

func examples(t testing.TB) precedent.Book {
	t.Helper()
	b, err := precedent.Examples()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// use is the use of one of the examples, to be changed.
func use(t testing.TB, id string) precedent.Use {
	t.Helper()
	d, ok := examples(t).Find(id)
	if !ok {
		t.Fatalf("there is no %s", id)
	}
	d.Use.Sources = slices.Clone(d.Use.Sources)
	return d.Use
}

func three(s string) permission.Texts {
	return permission.Texts{person.Finnish: s, person.Swedish: s, person.English: s}
}

func propose(t testing.TB, u precedent.Use) precedent.Proposal {
	t.Helper()
	p, err := precedent.Propose(u, examples(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheExamplesAreMarkedAndWhole(t *testing.T) {
	b := examples(t)
	if n := len(b.All()); n < 6 || n > 10 {
		t.Errorf("there are %d examples", n)
	}
	for _, d := range b.All() {
		if !d.Example || d.By.Name != "" || !strings.HasPrefix(d.ID, "example-") {
			t.Errorf("%s is not marked as an example", d.ID)
		}
		for _, l := range person.Languages() {
			if want := map[person.Language]string{person.Finnish: "Esimerkki", person.Swedish: "Exempel", person.English: "Example"}[l]; !strings.HasPrefix(d.By.Office[l], want) {
				t.Errorf("%s does not say in %s that it is an example", d.ID, l)
			}
		}
	}
}

func TestTheSameUseIsAtDistanceNothing(t *testing.T) {
	for _, d := range examples(t).All() {
		if n := precedent.Compare(d.Use, d); n.Distance != 0 || len(n.Differences) != 0 {
			t.Errorf("%s is %d away from itself: %v", d.ID, n.Distance, n.Differences)
		}
		for _, other := range examples(t).All() {
			n := precedent.Compare(d.Use, other)
			if d.ID != other.ID && (n.Distance < 1 || n.Distance > 100 || len(n.Differences) == 0) {
				t.Errorf("%s to %s: %d", d.ID, other.ID, n.Distance)
			}
		}
	}
}

func TestWhatDiffersIsSaidAndWhichWayItWeighs(t *testing.T) {
	was, _ := examples(t).Find("example-2")
	for _, tt := range []struct {
		name   string
		change func(*precedent.Use)
		part   precedent.Part
		side   precedent.Side
		fi     string
	}{
		{"one field less", func(u *precedent.Use) { u.Sources[0].Fields = u.Sources[0].Fields[:2] }, precedent.Fields, precedent.Less, "Näitä tietoja ei käytetä: tulon määrä ennen veroja."},
		{"a field more", func(u *precedent.Use) {
			u.Sources[0].Fields = append(slices.Clone(u.Sources[0].Fields), permission.SourceField{Field: "x", What: three("X")})
		}, precedent.Fields, precedent.Further, "Käytetään lisäksi näitä tietoja: X."},
		{"a recipient", func(u *precedent.Use) { u.Recipients = []permission.Texts{three("Kela")} }, precedent.Recipients, precedent.Further, "Tietoja annetaan lisäksi: Kela."},
		{"kept longer", func(u *precedent.Use) { u.Keep = permission.Period{Years: 20} }, precedent.Keep, precedent.Further, "Tietoja säilytetään 20 vuotta (aiemmin 10 vuotta)."},
		{"kept shorter", func(u *precedent.Use) { u.Keep = permission.Period{Years: 1} }, precedent.Keep, precedent.Less, "Tietoja säilytetään 1 vuosi (aiemmin 10 vuotta)."},
		{"a machine decides", func(u *precedent.Use) { u.Automation = precedent.Decides }, precedent.Automated, precedent.Further, "Tässä ohjelma päättää yksin (aiemmin: ohjelma ehdottaa ja ihminen päättää)."},
		{"no permission", func(u *precedent.Use) { u.Conditions = u.Conditions[1:] }, precedent.Conditions, precedent.Further, "Siitä puuttuu ehto: Vain niin kauan kuin oma lupasi on voimassa."},
		{"a further condition", func(u *precedent.Use) {
			u.Conditions = append(slices.Clone(u.Conditions), permission.Condition{Kind: permission.Guardian, Source: "s"})
		}, precedent.Conditions, precedent.Less, "Siinä on lisäksi ehto: Vain lapsesta, jonka asioista luvan antaja saa huoltajana päättää."},
		{"another basis", func(u *precedent.Use) { u.Basis = "GDPR 6(1)(e) and 6(1)(a)" }, precedent.Basis, precedent.Sideways, "Perustuu lisäksi tähän tietosuoja-asetuksen kohtaan: GDPR 6(1)(a)."},
		{"another law", func(u *precedent.Use) { u.Law += "; Act 1/2000" }, precedent.Law, precedent.Sideways, "Perustuu lisäksi tähän lakiin: 1/2000."},
		{"special data", func(u *precedent.Use) { u.Special, u.Basis = []string{"health"}, "GDPR 6(1)(e) and 9(2)(h)" }, precedent.Special, precedent.Further, "Mukana on lisäksi erityisiin henkilötietoryhmiin kuuluvia tietoja: terveystiedot."},
	} {
		u := use(t, "example-2")
		tt.change(&u)
		n := precedent.Compare(u, was)
		i := slices.IndexFunc(n.Differences, func(d precedent.Difference) bool { return d.Part == tt.part })
		if i < 0 || n.Differences[i].Side != tt.side || n.Differences[i].Text[person.Finnish] != tt.fi || n.Distance < 1 {
			t.Errorf("%s: %d away, %+v", tt.name, n.Distance, n.Differences)
			continue
		}
		for _, l := range person.Languages() {
			if n.Differences[i].Text[l] == "" {
				t.Errorf("%s is not said in %s", tt.name, l)
			}
		}
	}
}

func TestThePurposeItselfIsCompared(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(u, was *precedent.Use)
		side   precedent.Side
		en     string
		want   precedent.Outcome
	}{
		{"another of the same kind", func(u, _ *precedent.Use) { u.Purpose, u.Name = "afternoon-fee", three("Afternoon fee") }, precedent.Alike, "The purpose is another of the same kind: Afternoon fee (there: Fetching income from the Incomes Register with permission).", precedent.OnTerms},
		{"another task", func(u, _ *precedent.Use) { u.Purpose, u.Task = "x", precedent.TaskCheck }, precedent.Sideways, "The task is another: watching whether rules are kept (there: setting a fee).", ""},
		{"another task under the same id", func(u, _ *precedent.Use) { u.Task = precedent.TaskCheck }, precedent.Sideways, "The task is another: watching whether rules are kept (there: setting a fee).", ""},
		{"another service", func(u, _ *precedent.Use) { u.Purpose, u.Area = "x", precedent.AreaHousing }, precedent.Sideways, "The service is another: housing (there: early education).", ""},
		{"of an older decision only the id is known", func(u, was *precedent.Use) { u.Purpose, u.Name, was.Task, was.Area = "x", three("X"), "", "" }, precedent.Sideways, "The purpose is another: X (there: Fetching income from the Incomes Register with permission).", ""},
		{"an older decision on the same purpose", func(_, was *precedent.Use) { was.Task, was.Area = "", "" }, "", "", precedent.OnTerms},
	} {
		u := use(t, "example-2")
		d, _ := examples(t).Find("example-2")
		tt.change(&u, &d.Use)
		n := precedent.Compare(u, d)
		i := slices.IndexFunc(n.Differences, func(d precedent.Difference) bool { return d.Part == precedent.Purpose })
		switch {
		case (i < 0) != (tt.side == "") || (n.Distance == 0) != (tt.side == ""):
			t.Errorf("%s: %d away, %+v", tt.name, n.Distance, n.Differences)
		case i >= 0 && (n.Differences[i].Side != tt.side || n.Differences[i].Text[person.English] != tt.en || n.Differences[i].Text[person.Swedish] == "" || n.Differences[i].Text[person.Finnish] == ""):
			t.Errorf("%s: %+v", tt.name, n.Differences[i])
		}
		b, err := precedent.NewBook(d)
		if err != nil {
			t.Fatal(err)
		}
		p, err := precedent.Propose(u, b)
		if err != nil || p.Outcome != tt.want || (tt.side != "") != (len(p.Weigh) > 0) {
			t.Errorf("%s: proposed %q, to weigh %+v, %v", tt.name, p.Outcome, p.Weigh, err)
		}
	}
	for _, x := range precedent.Tasks() {
		for _, y := range precedent.Areas() {
			for _, l := range person.Languages() {
				if x.Words()[l] == "" || y.Words()[l] == "" {
					t.Errorf("%s or %s has no words in %s", x, y, l)
				}
			}
		}
	}
}

func TestWhatIsProposed(t *testing.T) {
	for _, tt := range []struct {
		name, from string
		change     func(*precedent.Use)
		want       precedent.Outcome
		first      string
	}{
		{"the same as a lawful one", "example-2", func(*precedent.Use) {}, precedent.OnTerms, "example-2"},
		{"less than a lawful one", "example-2", func(u *precedent.Use) { u.Keep = permission.Period{Years: 2} }, precedent.OnTerms, "example-2"},
		{"the same as an unlawful one", "example-3", func(*precedent.Use) {}, precedent.Unlawful, "example-3"},
		{"further than an unlawful one", "example-3", func(u *precedent.Use) { u.Recipients = []permission.Texts{three("Kela")} }, precedent.Unlawful, "example-3"},
		{"less than an unlawful one", "example-7", func(u *precedent.Use) { u.Keep = permission.Period{Days: 30} }, "", "example-7"},
		{"further than a lawful one", "example-2", func(u *precedent.Use) { u.Automation = precedent.Decides }, "", "example-2"},
		{"another law than a lawful one", "example-1", func(u *precedent.Use) { u.Law = "Act 1/2000" }, "", "example-1"},
		{"another section of the same act", "example-1", func(u *precedent.Use) { u.Law += ", section 99" }, "", "example-1"},
		{"the same law in other letters", "example-1", func(u *precedent.Use) { u.Law = " " + strings.ToUpper(u.Law) }, precedent.Lawful, "example-1"},
		{"nothing like it", "example-6", func(u *precedent.Use) {
			*u = precedent.Use{Purpose: "x", Task: precedent.TaskCheck, Area: precedent.AreaHousing, Name: three("n"), What: three("w"), User: permission.Party{ID: "9", Name: three("u")}, Basis: "GDPR 6(1)(d)", Law: "Act 1/2000", Keep: permission.Period{Years: 50}, Automation: precedent.Decides,
				Sources: []permission.SourceSpec{{ID: "x", Name: three("x"), Fields: []permission.SourceField{{Field: "x", What: three("x")}}}}}
		}, "", ""},
	} {
		u := use(t, tt.from)
		tt.change(&u)
		p := propose(t, u)
		first := ""
		if len(p.Nearest) > 0 {
			first = p.Nearest[0].Decision.ID
		}
		if p.Outcome != tt.want || first != tt.first || (tt.want == "" && first != "") != (len(p.Weigh) > 0) || (p.Outcome == precedent.OnTerms) != (len(p.Terms) > 0) {
			t.Errorf("%s: proposed %q on %q, to weigh %d, terms %d", tt.name, p.Outcome, first, len(p.Weigh), len(p.Terms))
		}
		for _, l := range person.Languages() {
			if p.Why[l] == "" || precedent.OutcomeWords(p.Outcome)[l] == "" {
				t.Errorf("%s: it is not said why in %s", tt.name, l)
			}
		}
	}
	if _, err := precedent.Propose(precedent.Use{}, examples(t)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an empty use: %v", err)
	}
}

func TestWhereAPrecedentSaysYesAndAnotherNoNothingIsProposed(t *testing.T) {
	b := examples(t)
	d, _ := b.Find("example-3")
	d.ID, d.Outcome, d.At = "other-office", precedent.Lawful, d.At.AddDate(1, 0, 0)
	b, err := b.With(d)
	if err != nil {
		t.Fatal(err)
	}
	p, err := precedent.Propose(d.Use, b)
	if err != nil || p.Outcome != "" || len(p.Nearest) != 2 || !strings.Contains(p.Why[person.English], "different answers") {
		t.Errorf("%q on %d precedents: %s, %v", p.Outcome, len(p.Nearest), p.Why[person.English], err)
	}
	d.ID, d.Overrules = "court", []string{"example-3"}
	if b, err = b.With(d); err != nil {
		t.Fatal(err)
	}
	if p, err = precedent.Propose(d.Use, b); err != nil || p.Outcome != precedent.Lawful || len(b.All()) != len(b.Standing())+1 {
		t.Errorf("what was overruled still counts: %q, %v", p.Outcome, err)
	}
}

func TestAPersonDecidesAndTheDecisionBecomesAPrecedent(t *testing.T) {
	u := use(t, "example-2")
	u.Automation = precedent.Decides
	p := propose(t, u)
	r := precedent.Ruling{ID: "2026-1", Outcome: precedent.Unlawful, At: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		Reasoning: []precedent.Reason{{Text: three("why"), Source: "GDPR 22"}}, By: precedent.Decider{Office: three("office")}}
	if _, err := precedent.Decide(p, r); fault.KindOf(err) != fault.Refused {
		t.Errorf("nobody decided, and it is a decision: %v", err)
	}
	r.By.Name = "Aino Esimerkki"
	d, err := precedent.Decide(p, r)
	if err != nil || d.Departs() || !slices.Contains(d.Near, "example-2") {
		t.Fatalf("%+v %v", d.Near, err)
	}
	b, err := examples(t).With(d)
	if err != nil {
		t.Fatal(err)
	}
	u.Keep = permission.Period{Years: 30}
	next, err := precedent.Propose(u, b)
	if err != nil || next.Outcome != precedent.Unlawful || next.Nearest[0].Decision.ID != "2026-1" {
		t.Errorf("proposed %q", next.Outcome)
	}
	departs, err := precedent.Decide(next, precedent.Ruling{ID: "2026-2", Outcome: precedent.Lawful, At: r.At, Reasoning: r.Reasoning, By: r.By})
	if err != nil || !departs.Departs() {
		t.Errorf("it is not told that the person decided otherwise: %v", err)
	}
	r.ID, r.Reasoning = "2026-3", nil
	if _, err := precedent.Decide(p, r); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a decision without reasoning: %v", err)
	}
}

func TestABookReadsBackAndThePublicFormNamesNobody(t *testing.T) {
	d, err := precedent.Decide(propose(t, use(t, "example-1")), precedent.Ruling{ID: "2026-1", Outcome: precedent.Lawful, At: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		Reasoning: []precedent.Reason{{Text: three("why <&>"), Source: "s"}}, By: precedent.Decider{Name: "Aino Esimerkki", Office: three("office")}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := examples(t).With(d)
	if err != nil {
		t.Fatal(err)
	}
	var first, second, public bytes.Buffer
	if err := b.Write(&first); err != nil {
		t.Fatal(err)
	}
	back, err := precedent.Read(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Write(&second); err != nil || second.String() != first.String() {
		t.Errorf("the book does not read back: %v", err)
	}
	if err := b.Public().Write(&public); err != nil || strings.Contains(public.String(), "Aino") || !strings.Contains(first.String(), "Aino") {
		t.Errorf("the public form names a person: %v", err)
	}
	j, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	one, err := precedent.Parse(j)
	if again, _ := one.JSON(); err != nil || !bytes.Equal(again, j) {
		t.Errorf("a decision does not read back: %v", err)
	}
	for _, bad := range []string{"", "{}", `{"version":2,"decisions":[]}`, `{"version":1,"moon":1}`, first.String() + "x", strings.Replace(first.String(), `"outcome": "lawful"`, `"outcome": "perhaps"`, 1), strings.Replace(first.String(), `"id": "example-2"`, `"id": "example-1"`, 1)} {
		if _, err := precedent.Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%.30q is read", bad)
		}
	}
	if _, err := precedent.Parse([]byte("{}")); err == nil {
		t.Error("an empty decision is read")
	}
}

func TestADecisionTellsAllThatIsMissingAtOnce(t *testing.T) {
	_, err := precedent.NewBook(precedent.Decision{ID: "x", Outcome: precedent.OnTerms, Overrules: []string{"x"}, Use: precedent.Use{Task: "moon", Area: "moon", Special: []string{"health"}}})
	for _, want := range []string{"no purpose", "what kind of task", "which service", "name of the use is not said in sv", "business id", "no source", "6(1)", "9(2)", "no law", "how long", "how far a machine decides", "terms go with", "no reasoning", "office", "no time", "overrule itself"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in: %v", want, err)
		}
	}
}

func TestAnAgreementCanBeCompared(t *testing.T) {
	a, err := permission.NewAgreement(permission.AgreementSpec{Purpose: "early-education-fee-income", Version: 1, From: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), User: use(t, "example-2").User, Sources: use(t, "example-2").Sources,
		Basis: "GDPR 6(1)(e)", Law: use(t, "example-2").Law, Conditions: use(t, "example-2").Conditions, Keep: permission.Period{Years: 10}, Lasts: permission.Period{Years: 1}, Signers: permission.Self,
		Title: three("t"), Why: three("w"), Without: three("o"), Ways: []permission.Way{{ID: "permit", Title: three("a"), Then: three("b")}, {ID: "documents", Title: three("a"), Then: three("b")}}})
	if err != nil {
		t.Fatal(err)
	}
	u := precedent.Of(a, precedent.Proposes)
	if _, err := precedent.Propose(u, examples(t)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("the kind of task is not said: %v", err)
	}
	u.Task, u.Area = precedent.TaskFee, precedent.AreaEarly
	if p := propose(t, u); p.Outcome != precedent.OnTerms || p.Nearest[0].Distance != 0 {
		t.Errorf("proposed %q", p.Outcome)
	}
}

// Two laws without a number of the form that acts of one country have are two laws.
func TestALawWithoutAnActsNumberIsNotAnyOther(t *testing.T) {
	for _, laws := range [][2]string{{"Regulation (EU) 2016/679", "Regulation (EU) 2021/953"}, {"the Constitution", "the Archives Act"}} {
		d, _ := examples(t).Find("example-1")
		d.Use.Law = laws[0]
		u := d.Use
		u.Law = laws[1]
		n := precedent.Compare(u, d)
		if len(n.Differences) == 0 || n.Differences[0].Part != precedent.Law || n.Differences[0].Side != precedent.Sideways || n.Distance == 0 {
			t.Errorf("%q and %q are taken for one: %+v", laws[0], laws[1], n.Differences)
		}
		for _, l := range person.Languages() {
			if len(n.Differences) > 0 && !strings.Contains(n.Differences[0].Text[l], strings.TrimPrefix(laws[1], "Regulation (EU) ")) {
				t.Errorf("it is not said in %s: %s", l, n.Differences[0].Text[l])
			}
		}
	}
}
