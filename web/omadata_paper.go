package web

import (
	"context"

	"ennakko/fault"
	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/person"
	"ennakko/store"
)

func (o liveOma) SendDocuments(ctx context.Context, who person.ID, n int64, files []sentFile) (int, error) {
	out := make([]omadata.File, len(files))
	for i, f := range files {
		out[i] = omadata.File{Name: f.Name, Content: f.Content}
	}
	return o.service.Send(ctx, who, store.MatterID(n), out)
}

func (o liveOma) OwnDocument(ctx context.Context, who person.ID, n, id int64) (sentFile, error) {
	if !who.Known() {
		return sentFile{}, missing("web.OwnDocument")
	}
	return fileOf(o.service.OwnDocument(ctx, who, store.MatterID(n), id))
}

func fileOf(d omadata.Document, content []byte, err error) (sentFile, error) {
	return sentFile{Kind: d.Kind, Content: content}, err
}

func (o liveOma) DeleteDocument(ctx context.Context, who person.ID, n, id int64) error {
	return o.service.DeleteDocument(ctx, who, store.MatterID(n), id)
}

func (o liveOma) ChildOf(ctx context.Context, who person.ID, n int64) (person.ID, error) {
	return o.service.ChildOf(ctx, who, store.MatterID(n))
}

func (o liveOma) AskPlace(ctx context.Context, who person.ID, n int64, words string) error {
	return o.service.AskPlace(ctx, who, store.MatterID(n), words)
}

func (o liveOma) SetHours(ctx context.Context, who person.ID, n int64, hours int) error {
	return o.service.SetHours(ctx, who, store.MatterID(n), fee.Hours(hours))
}

// paper fills in what the city says of documents and of hours.
func (o liveOma) paper(m omadata.Matter, out *feeMatter) {
	p := o.service.Paper()
	out.CanSend, out.Asked = m.CanSend, m.PlaceAsked
	out.Paper = paper{ByPost: p.ByPost, InPerson: p.InPerson, Keep: periodOf(p.Keep), KeepWhy: p.KeepWhy, KeepLaw: p.KeepLaw, Undecided: periodOf(p.Undecided)}
	out.Documents = documentsOf(m.Documents)
	shares, free := o.service.HourShares()
	out.Shares = hourShares{Part: int(shares.PartUpTo), Full: int(shares.FullFrom), Percent: shares.PartPercent, Free: int(free)}
	for _, s := range shares.Steps {
		out.Shares.Steps = append(out.Shares.Steps, hourStep{int(s.UpTo), s.Percent})
	}
}

func documentsOf(all []omadata.Document) (out []sentDocument) {
	for _, d := range all {
		out = append(out, sentDocument{N: d.ID, Adult: d.Adult, Name: d.Name, Kind: d.Kind, Size: d.Size, Came: d.Came, Until: d.Until, Gone: d.Gone, Why: d.Why})
	}
	return out
}

func (o liveOma) TaskDocument(ctx context.Context, officer string, task, id int64) (sentFile, error) {
	return fileOf(o.service.TaskDocument(ctx, officer, task, id))
}

func (o liveOma) TryAssessment(ctx context.Context, officer string, task int64, a assessment) (*proposal, error) {
	p, err := o.service.TryAssessment(ctx, officer, task, assessmentFrom(a))
	if err != nil {
		return nil, err
	}
	return proposalOf(&p), nil
}

func (o liveOma) Assess(ctx context.Context, officer string, task int64, a assessment, words string) error {
	return o.service.Assess(ctx, officer, task, assessmentFrom(a), words)
}

func assessmentFrom(a assessment) omadata.Assessment {
	out := omadata.Assessment{Highest: a.Highest}
	for _, x := range a.Adults {
		y := omadata.AssessedAdult{Fetched: x.Fetched}
		for _, i := range x.Income {
			y.Income = append(y.Income, fee.Assessed{Kind: fee.Kind(i.Kind), Cents: fee.Cents(i.Cents)})
		}
		out.Adults = append(out.Adults, y)
	}
	return out
}

// tellings are the grown-ups of a task with how they tell their income.
func tellings(t omadata.Task) (out []telling) {
	for i, x := range t.Told {
		out = append(out, telling{t.Adults[i], x.Way, x.Fetched})
	}
	return out
}

func (o liveOma) kinds() (out []incomeKind) {
	for _, k := range o.service.Kinds() {
		out = append(out, incomeKind{string(k.Kind), k.Title, k.Deducted})
	}
	return out
}

// sentIn counts documents by matter for the list of tasks.
func (o liveOma) sentIn(ctx context.Context, tasks []feeTask, matters []store.MatterID) error {
	sent, err := o.service.Sent(ctx)
	if err != nil {
		return fault.Wrap(err, "web.FeeTasks", "documents cannot be counted")
	}
	for i, n := range matters {
		tasks[i].Sent, tasks[i].Newest = sent[n].N, sent[n].Newest
	}
	return nil
}
