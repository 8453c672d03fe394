package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ennakko/document"
	"ennakko/fault"
	"ennakko/person"
)

// aSlip is the content of a document that looks like a PDF.
const aSlip = "%PDF-1.7\nSECRET PAY\n%%EOF\n"

// someDocuments are one document on which nothing rests, one that is kept for a
// decision, and one that is gone.
func someDocuments() []sentDocument {
	return []sentDocument{{N: 21, Adult: 1, Name: "palkka <elokuu>.pdf", Kind: document.PDF, Size: 84_000, Came: begin},
		{N: 22, Adult: 1, Name: "a-long-name-without-any-place-at-which-a-line-could-be-broken-20201231.heic", Kind: document.HEIC, Size: 3_400_000, Came: begin, Until: begin.AddDate(1, 0, 0)},
		{N: 23, Adult: 1, Kind: document.PNG, Size: 12, Came: begin, Gone: begin.Add(time.Hour), Why: "sender"}}
}

func kindsOfIncome() (out []incomeKind) {
	for _, k := range feePack().Kinds() {
		out = append(out, incomeKind{string(k.Kind), k.Title, k.Deducted})
	}
	return out
}

// withDocuments is a family that sends documents and has sent some.
func (c *city) withDocuments() *city {
	c.withOma(feeDocuments)
	c.oma.matter.Documents = someDocuments()
	return c
}

func (o *oma) SendDocuments(_ context.Context, who person.ID, n int64, files []sentFile) (int, error) {
	defer o.held()()
	if len(files) > 3 {
		return 0, fault.New(fault.Invalid, "test", "there are too many")
	}
	var what []string
	for i, f := range files {
		what = append(what, fmt.Sprintf("%s %s %d", f.Name, f.Kind, len(f.Content)))
		o.matter.Documents = append(o.matter.Documents, sentDocument{N: int64(31 + i), Name: f.Name, Kind: f.Kind, Size: len(f.Content), Came: begin})
	}
	return len(files), o.ask(who, "send", fmt.Sprintf("%d %s", n, strings.Join(what, ", ")))
}

func (o *oma) OwnDocument(_ context.Context, who person.ID, n, id int64) (sentFile, error) {
	defer o.held()()
	if n != 5 || id != 21 {
		who = 0
	}
	return sentFile{Kind: document.PDF, Content: []byte(aSlip)}, o.ask(who, "look at own document", "")
}

func (o *oma) DeleteDocument(_ context.Context, who person.ID, n, id int64) error {
	defer o.held()()
	if n != 5 || id != 21 {
		who = 0
	}
	return o.ask(who, "delete document", fmt.Sprintf("%d %d", n, id))
}

func (o *oma) ChildOf(_ context.Context, who person.ID, n int64) (person.ID, error) {
	defer o.held()()
	if n != 5 {
		who = 0
	}
	return aChildID, o.ask(who, "look whose matter it is", "")
}

func (o *oma) AskPlace(_ context.Context, who person.ID, n int64, words string) error {
	defer o.held()()
	o.matter.Asked = begin
	return o.ask(who, "ask for a place", fmt.Sprintf("%d %s", n, words))
}

// withoutPlace is a family whose child has no place.
func (c *city) withoutPlace() *city {
	c.withOma(feeOffered)
	c.oma.matter.Place = nil
	return c
}

func (o *oma) SetHours(_ context.Context, who person.ID, n int64, hours int) error {
	defer o.held()()
	o.matter.Place.Hours, o.matter.Place.Said = hours, true
	return o.ask(who, "set hours", fmt.Sprintf("%d %d", n, hours))
}

func (o *oma) TaskDocument(_ context.Context, officer string, task, id int64) (sentFile, error) {
	defer o.held()()
	if task != 4 || id != 21 {
		return sentFile{}, fault.New(fault.Missing, "test", "there is no such document")
	}
	o.c.noted = append(o.c.noted, officer+" look at a document")
	return sentFile{Kind: document.PDF, Content: []byte(aSlip)}, nil
}

func (o *oma) TryAssessment(_ context.Context, officer string, _ int64, a assessment) (*proposal, error) {
	defer o.held()()
	o.c.noted = append(o.c.noted, officer+" try "+told(a))
	return feeAt(7000), nil
}

func (o *oma) Assess(_ context.Context, officer string, task int64, a assessment, words string) error {
	defer o.held()()
	o.settled, o.answer = begin.Add(time.Hour), words
	o.c.asked = append(o.c.asked, fmt.Sprintf("assess %d %s %s %s", task, officer, told(a), words))
	return nil
}

// told writes an assessment in one line.
func told(a assessment) string {
	var out []string
	if a.Highest {
		out = append(out, "highest")
	}
	for i, x := range a.Adults {
		switch {
		case x.Fetched:
			out = append(out, fmt.Sprintf("%d fetched", i+1))
		case len(x.Income) == 0:
			out = append(out, fmt.Sprintf("%d none", i+1))
		}
		for _, k := range x.Income {
			out = append(out, fmt.Sprintf("%d %s %d", i+1, k.Kind, k.Cents))
		}
	}
	return strings.Join(out, ", ")
}
