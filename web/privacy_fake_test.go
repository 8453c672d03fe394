package web

import (
	"context"
	"fmt"
	"time"

	"ennakko/access"
	"ennakko/app"
	"ennakko/fault"
	"ennakko/oversight"
	"ennakko/permission"
	"ennakko/permission/precedent"
	"ennakko/person"
	"ennakko/store"
	"ennakko/work"
)

// desk is a made-up data-protection officer's desk behind the pages.
type desk struct{ c *city }

func (d *desk) did(format string, args ...any) error {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	d.c.asked = append(d.c.asked, fmt.Sprintf(format, args...))
	return nil
}

func (d *desk) Uses(context.Context) ([]oversight.Use, error) {
	b := oversight.New(oversight.Usual(time.UTC))
	for i := range uint64(60) {
		b.Add(oversight.Line{Seq: i + 1, At: begin.AddDate(0, 0, -int(i%50)), Actor: "officer:sari", Purpose: []string{"pre-primary", "early-education-fee-income", "something of tomorrow"}[i%3], Reads: i%7 != 0, Count: int(i)})
	}
	return b.Uses(), nil
}

func (d *desk) Permits(context.Context) ([]store.PermitCount, []store.WithdrawalCount, error) {
	week := time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)
	return []store.PermitCount{{Purpose: "early-education-fee-income", Kind: "give", Week: week, N: 40}, {Purpose: "early-education-fee-income", Kind: "refuse", Week: week, N: 7},
			{Purpose: "early-education-fee-income", Kind: "withdraw", Week: week, N: 3}, {Purpose: "early-education-fee-income", Kind: "give", Week: week.AddDate(0, 0, -7), N: 21}},
		[]store.WithdrawalCount{{Purpose: "early-education-fee-income", Ended: 3, Deleted: 2, Dropped: 1, Emptied: 1, Kept: 1, Standing: 58}}, nil
}

func (d *desk) Agreed(context.Context) ([]permission.Agreement, error) {
	return feePack().Agreements(), nil
}

func (d *desk) Requests(context.Context, string) ([]store.Request, error) {
	now := d.c.Now()
	return []store.Request{
		{ID: 11, Kind: "erase", Person: ainos, At: now.AddDate(0, -1, -5), Due: now.AddDate(0, 0, -5), Basis: "GDPR 17 and 12(3)", Words: "Please <b>erase</b> what you have"},
		{ID: 12, Kind: "documents", Person: ainos, Matter: 5, At: now.AddDate(0, 0, -26), Due: now.AddDate(0, 0, 4), Basis: "Act 434/2003, section 23"},
		{ID: 13, Kind: "look at a fee", Person: ainos, At: now, Due: now.AddDate(0, 1, 0), Basis: "Act 434/2003, section 23", Words: "entrepreneur"},
		{ID: 14, Kind: "objection", Person: ainos, About: aChildID, At: now, Due: now.AddDate(0, 1, 0), Basis: "GDPR 21 and 12(3)", Words: work.Objects + "pre-primary"},
		{ID: 15, Kind: "objection", Person: ainos, At: now.AddDate(0, 0, -9), Due: now.AddDate(0, 0, 21), Settled: now, SettledBy: "resident:17", Basis: "GDPR 21 and 12(3)", Words: work.Objects + "pre-primary", Answer: work.TakenBack},
		{ID: 9, Kind: "access", Person: ainos, At: now.AddDate(0, 0, -9), Due: now.AddDate(0, 0, 21), Settled: now.AddDate(0, 0, -2), SettledBy: "officer:pekka", Basis: "GDPR 15", Answer: "A copy was sent"},
	}, nil
}

func (d *desk) Asker(_ context.Context, id int64, _ string) (asker, about string, err error) {
	if id == 14 {
		about = aChild
	}
	return aGuardian, about, nil
}

func (d *desk) Ask(_ context.Context, who, about person.ID, kind, words string) error {
	if words == "once more" {
		return fault.New(fault.Conflict, "test", "there are many")
	}
	return d.did("ask %d %d %s %s", who, about, kind, words)
}

func (d *desk) AskedBy(_ context.Context, who person.ID) ([]store.Request, error) {
	if who != ainos {
		return nil, nil
	}
	now := d.c.Now()
	return []store.Request{
		{ID: 16, Kind: "rectify", Person: who, At: now.AddDate(0, 0, -2), Due: now.AddDate(0, 1, -2), Basis: "GDPR 16 and 12(3)", Words: "Our address is <b>wrong</b>"},
		{ID: 14, Kind: "objection", Person: who, About: aChildID, At: now, Due: now.AddDate(0, 1, 0), Basis: "GDPR 21 and 12(3)", Words: work.Objects + "pre-primary"},
		{ID: 15, Kind: "objection", Person: who, At: now.AddDate(0, 0, -9), Due: now.AddDate(0, 1, -9), Basis: "GDPR 21 and 12(3)", Words: work.Objects + "pre-primary", Settled: now, SettledBy: "resident:17", Answer: work.TakenBack},
		{ID: 11, Kind: "erase", Person: who, At: now.AddDate(0, -1, -5), Due: now.AddDate(0, 0, -5), Basis: "GDPR 17 and 12(3)", Words: "Please erase"},
		{ID: 9, Kind: "access", Person: who, At: now.AddDate(0, 0, -9), Due: now.AddDate(0, 0, 21), Settled: now.AddDate(0, 0, -2), SettledBy: "officer:pekka", Basis: "GDPR 15", Words: "all", Answer: "A copy was sent"},
	}, nil
}

func (d *desk) NoteRequest(_ context.Context, a app.Asked, officer string) error {
	if a.Code.Reveal() != madeUpCode {
		return fault.New(fault.Missing, "test", "not there")
	}
	return d.did("note %s of %s %s %s", a.Kind, a.Came.Format(time.DateOnly), a.Words, officer)
}

func (d *desk) Settle(_ context.Context, id int64, officer, words string) error {
	return d.did("settle %d %s %s", id, words, officer)
}

// findings of the made-up desk, one of each kind.
func (d *desk) findings() (out []oversight.Finding) {
	for i, k := range oversight.Kinds() {
		f := oversight.Finding{Kind: k, Actor: "officer:sari", N: 12 + i, Of: 40 + i, Middle: 3, Others: 6, First: 3, Last: 40, Entries: []uint64{40, 12, 3}, From: begin, To: begin.Add(time.Hour)}
		switch k {
		case oversight.Much:
			f.Role = access.Expert
		case oversight.Readers:
			f.Actor, f.Person = "", ainos
		case oversight.Hours:
			f.Actor = "officer:pekka"
		}
		out = append(out, f)
	}
	return out
}

func (d *desk) Unusual(context.Context, string) (app.Unusual, error) {
	all := d.findings()
	looked := map[string]store.Looked{all[1].Key(): {Through: 40, At: begin, By: "officer:pekka", Words: "It was an ordinary visit"}, all[2].Key(): {Through: 12, At: begin, By: "officer:pekka", Words: "A busy week"}}
	return app.Unusual{Findings: all, Looked: looked, Entries: 1_204_331, Unasked: 7, Famous: 3, Unknown: 2, Rules: oversight.Usual(time.UTC)}, nil
}

func (d *desk) LookInto(_ context.Context, key, officer, words string) error {
	return d.did("look into %s %s %s", key, words, officer)
}

func (d *desk) AskRelatives(_ context.Context, officer string) error {
	return d.did("ask about relatives %s", officer)
}

func (d *desk) SetFamous(_ context.Context, code person.Code, on bool, officer string) error {
	if code.Reveal() != madeUpCode {
		return fault.New(fault.Missing, "test", "not there")
	}
	return d.did("famous %t %s", on, officer)
}

func (d *desk) Algorithms() ([]app.Algorithm, error) {
	three := func(s string) permission.Texts {
		return permission.Texts{person.Finnish: s, person.Swedish: s, person.English: s}
	}
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf("concept.of.health.number.%d", i))
	}
	hash := "5f0c0e4c3b8f1a5d2e6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b"
	return []app.Algorithm{
		{ID: "pre-primary", Kind: app.FindsPeople, Title: three("Pre-primary"), What: three("What it does"), Data: []string{"population.birth_date", "of.tomorrow"}, Basis: "GDPR 6(1)(c)", Owner: "City", Since: begin, Version: "1.2.0", Hash: hash, Rules: 6, Ready: 6, Fits: true},
		{ID: "health", Kind: app.FindsCare, Title: three("Care"), What: three("What it does"), Data: many, Basis: "GDPR 9(2)(h)", Owner: "City", Version: "1.0.0", Hash: hash, Rules: 300, Ready: 280, Tried: 900, Seen: 97},
		{ID: "fee", Kind: app.WorksOutFee, Title: three("Fee"), What: three("What it does"), Data: []string{"incomes.amount"}, Basis: "GDPR 6(1)(a)", Owner: "City", Since: begin, Version: "1.0.0", Hash: hash, Rules: 6, Ready: 6, Tried: 240, Fits: true},
		{ID: "high-need", Kind: app.TellsNeed, Title: three("Signs"), What: three("What it does"), Data: []string{"of.health"}, Basis: "GDPR 9(2)(h)", Owner: "City", Version: "1.0.0", Hash: hash, Rules: 9, Ready: 9, Fits: true, Judged: 2020, Right: 41, Reached: 38},
	}, nil
}

const checkpointText = "ennakko/record\n45\nq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n\n— ennakko/record AbCdEfGh\n"

func (d *desk) Checkpoints() ([]app.Published, error) {
	return []app.Published{{Day: "2021-01-06", Text: checkpointText}, {Day: "2021-01-05", Text: "ennakko/record\n12\nAAAA\n\n— x y\n"}}, nil
}

func (d *desk) Precedents(context.Context) (precedent.Book, error) { return precedent.Examples() }

func (d *desk) Decide(_ context.Context, p precedent.Proposal, r precedent.Ruling, officer string) (string, error) {
	r.ID, r.At = "2021-7", begin
	if _, err := precedent.Decide(p, r); err != nil {
		return "", err
	}
	return "2021-7", d.did("decide %s %s %s", p.Use.Purpose, r.Outcome, officer)
}
