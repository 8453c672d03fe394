package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/person"
	"ennakko/population"
	"ennakko/register"
)

// careLibrary is the library that the desk runs.
const careLibrary = "health"

// CareOverview is what the newest run of the care library in this process found,
// in counts.
type CareOverview struct {
	Library *library.Library
	Run     bool // there was a run
	Before  bool // an earlier run as of the same day is kept, and services go by that one
	AsOf    time.Time
	People  int // whose facts were looked at
	Gaps    int // people with at least one gap
	Counts  map[string]map[criteria.CareVerdict]int
}

// Care tells what the newest run found.
func (l *Live) Care() (CareOverview, error) {
	l.mu.Lock()
	lib, b := l.library, l.care
	l.mu.Unlock()
	if lib == nil {
		var err error
		if lib, err = l.App.CareLibrary(careLibrary); err != nil {
			return CareOverview{}, err
		}
		l.mu.Lock()
		l.library = lib
		l.mu.Unlock()
	}
	out := CareOverview{Library: lib}
	if b == nil {
		return out, nil
	}
	out.Run, out.Before, out.AsOf, out.People, out.Gaps, out.Counts = true, b.Before, b.AsOf, b.People, b.Gaps, map[string]map[criteria.CareVerdict]int{}
	for _, name := range b.Found.Criteria() {
		out.Counts[name] = map[criteria.CareVerdict]int{}
		for v, n := range b.Found.Count(name) {
			out.Counts[name][v] = int(n) //nolint:gosec // people fit
		}
	}
	return out, nil
}

// RunCare begins to run the care library as of a day. Ctx must outlive the request
// that asked for it.
func (l *Live) RunCare(ctx context.Context, asOf time.Time, officer string) error {
	o, err := l.Care()
	if err != nil {
		return err
	}
	return l.start(ctx, func(ctx context.Context) error {
		if l.paced != nil { // a made-up city: what came to be since then comes in first
			if _, err := l.App.Happen(ctx, asOf, "system:demo"); err != nil && fault.KindOf(err) != fault.Refused {
				return err
			}
		}
		b, err := l.App.RunCare(ctx, o.Library, asOf, officer, l.progress)
		if err != nil {
			return err
		}
		l.mu.Lock()
		l.care = b
		l.mu.Unlock()
		return nil
	})
}

// KeptCare is the day of the newest run of the care library that is kept; zero: none is.
func (l *Live) KeptCare(ctx context.Context) (time.Time, error) {
	var newest time.Time
	all, err := l.App.DB.Snapshots(ctx)
	for _, s := range all {
		if s.Register == careRegister && !s.Dropped && s.Day.After(newest) {
			newest = s.Day
		}
	}
	return newest, err
}

// Recall begins to make again what the newest runs of the care library and of the signs
// of a high need found, which no process keeps when it ends: as of the same days, and
// nothing new is kept. Ctx must outlive the caller. Where there was no run it does nothing.
func (l *Live) Recall(ctx context.Context) error {
	if !slices.Contains(l.Pack.Purpose().Fields(), register.CareGap) {
		return nil
	}
	asOf, err := l.KeptCare(ctx)
	if err != nil {
		return err
	}
	needs, err := l.App.DB.Mark(ctx, newestNeeds)
	if err != nil || asOf.IsZero() && needs == "" {
		return err
	}
	o, err := l.Care()
	if err != nil {
		return err
	}
	return l.start(ctx, func(ctx context.Context) error {
		if !asOf.IsZero() {
			b, err := l.App.careBook(ctx, o.Library, asOf, recalls, l.progress)
			if err != nil {
				return err
			}
			l.mu.Lock()
			l.care = b
			l.mu.Unlock()
		}
		return l.recallNeeds(ctx, needs)
	})
}

// recalls is who makes runs again after a restart, in the record.
const recalls = "system:care"

func (l *Live) recallNeeds(ctx context.Context, newest string) error {
	if newest == "" {
		return nil
	}
	var year int
	var day string
	if _, err := fmt.Sscan(newest, &year, &day); err != nil {
		return fault.New(fault.Internal, "app.Recall", "which needs were judged last cannot be read").Because(err)
	}
	asOf, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return fault.New(fault.Internal, "app.Recall", "which needs were judged last cannot be read").Because(err)
	}
	lib, err := l.App.CareLibrary(needsLibrary)
	if err != nil {
		return err
	}
	_, err = l.runNeeds(ctx, lib, year, asOf, recalls)
	return err
}

func (l *Live) book(op string) (*CareBook, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.care == nil {
		return nil, fault.New(fault.Missing, op, "the care library has not been run").Do("run it on the page of the care library")
	}
	return l.care, nil
}

// Listed is one line of a worklist.
type Listed struct {
	Place   int // on the whole list, from 1
	Name    string
	Benefit float64
	Overdue Overdue
	Gaps    int
}

// Worklist reads some lines of a criterion's worklist, from a place on. The names
// are read on the record.
func (l *Live) Worklist(ctx context.Context, criterion, officer string, from, most int) (lines []Listed, total int, err error) {
	b, err := l.book("app.Worklist")
	if err != nil {
		return nil, 0, err
	}
	list, ok := b.Worklist(criterion)
	if !ok {
		return nil, 0, fault.New(fault.Missing, "app.Worklist", "there is no such criterion")
	}
	first := min(max(from, 1)-1, len(list))
	part := list[first:min(first+most, len(list))]
	if len(part) == 0 {
		return nil, len(list), nil
	}
	ids := make([]person.ID, len(part))
	for i, r := range part {
		ids[i] = r.Person
	}
	names, err := l.App.CareNames(ctx, officer, "worklist of "+criterion, ids)
	if err != nil {
		return nil, 0, err
	}
	for i, r := range part {
		lines = append(lines, Listed{first + i + 1, names[r.Person], r.Benefit, r.Overdue, r.Gaps})
	}
	return lines, len(list), nil
}

// Explained is one criterion for one person with why.
type Explained struct {
	Name      string
	Criterion *library.Criterion
	Trace     criteria.CareTrace
	Fault     bool   // a fact could not be used
	Who       string // names the person to the page; see NoteVisit
	Pressure  bool   // the criterion reads blood pressures
}

// Explain explains the finding of whoever stands at a place of a criterion's
// worklist. The look is on the record before anybody sees it.
func (l *Live) Explain(ctx context.Context, criterion string, place int, officer string) (Explained, error) {
	const op = "app.Explain"
	b, err := l.book(op)
	if err != nil {
		return Explained{}, err
	}
	list, ok := b.Worklist(criterion)
	if !ok || place < 1 || place > len(list) {
		return Explained{}, fault.New(fault.Missing, op, "nobody stands at this place of the worklist")
	}
	id := list[place-1].Person
	c, _ := b.Library.Criterion(criterion)
	return l.explained(ctx, b, c, id, officer)
}

// explained explains a finding of a person. The look is on the record before
// anybody sees it.
func (l *Live) explained(ctx context.Context, b *CareBook, c *library.Criterion, id person.ID, officer string) (Explained, error) {
	if err := l.App.lookAt(ctx, officer, "look at a finding of care", "criterion "+c.Name, c.Care.Fields(), id); err != nil {
		return Explained{}, err
	}
	names, err := l.App.CareNames(ctx, officer, "finding of "+c.Name, []person.ID{id})
	if err != nil {
		return Explained{}, err
	}
	x := Explained{Name: names[id], Criterion: c, Who: b.who(c.Name, id), Pressure: takesPressure(c)}
	if x.Trace, err = l.App.traced(ctx, b, c, id, officer); err != nil {
		return Explained{}, err
	}
	x.Fault = x.Trace.Finding.Verdict == criteria.Failed // the trace says where
	return x, nil
}

// traced explains a finding out of the person's own record, which says of each
// fact where it is from. If the record says something else than the columns do, as
// it may when a snapshot came in since, the columns have the word: their finding is
// the one that is being explained.
func (a *App) traced(ctx context.Context, b *CareBook, c *library.Criterion, id person.ID, officer string) (criteria.CareTrace, error) {
	l, run := b.Library.Language(), criteria.Run{AsOf: b.AsOf}
	own, _ := parted(c.Care.Fields())
	purpose, err := carePurpose()
	if err != nil {
		return criteria.CareTrace{}, err
	}
	facts, err := a.ownFacts(ctx, purpose, population.Fields(l, own), id, officer, "criterion "+c.Name)
	if err != nil {
		return criteria.CareTrace{}, err
	}
	facts.home = b.live.Person(id)
	t, _ := c.Care.Trace(facts.facts(l), b.Library.Params(), run) // a fact that cannot be used is in the trace
	found, _, _ := b.Finding(c.Name, id)
	if t.Finding.Verdict != found.Finding.Verdict {
		return found, nil
	}
	return t, nil
}

// CareWhatIf tells what other values of parameters would change among those with a
// gap. The trial is on the record with everyone whose facts it goes through;
// nothing is kept.
func (l *Live) CareWhatIf(ctx context.Context, criterion string, values map[string]float64, officer string) (population.Difference, error) {
	b, err := l.book("app.WhatIf")
	if err != nil {
		return population.Difference{}, err
	}
	purpose, err := carePurpose()
	if err != nil {
		return population.Difference{}, err
	}
	act, err := audit.Begin(officer, "try care criteria", purpose.ID(), purpose.LegalBasis(), l.Clock.Now())
	if err != nil {
		return population.Difference{}, err
	}
	c, ok := b.Library.Criterion(criterion)
	if !ok {
		return population.Difference{}, fault.New(fault.Missing, "app.WhatIf", "there is no such criterion")
	}
	e := act.Entry()
	e.Object, e.Fields, e.People = "criterion "+criterion, c.Care.Fields(), b.columns.People()
	e.Detail = fmt.Sprintf("%d parameters changed", len(values))
	if err := l.App.DB.Note(ctx, e); err != nil {
		return population.Difference{}, err
	}
	return b.WhatIf(ctx, criterion, values)
}
