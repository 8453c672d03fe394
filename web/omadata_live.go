package web

import (
	"context"
	"maps"
	"slices"

	"ennakko/fault"
	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// liveOma puts what omadata.Service says into the form and the words of the pages.
type liveOma struct {
	service *omadata.Service
	texts   catalogue
}

func (o liveOma) FeeMatters(ctx context.Context, who person.ID) ([]feeMatter, error) {
	if !who.Known() {
		return nil, nil
	}
	all, err := o.service.Matters(ctx, who)
	out := make([]feeMatter, len(all))
	for i, m := range all {
		out[i] = o.matter(m)
	}
	return out, err
}

func (o liveOma) FeeMatter(ctx context.Context, who person.ID, n int64) (feeMatter, error) {
	if !who.Known() {
		return feeMatter{}, missing("web.FeeMatter")
	}
	m, err := o.service.Matter(ctx, who, store.MatterID(n))
	if err != nil {
		return feeMatter{}, err
	}
	return o.matter(m), nil
}

func (o liveOma) ChooseWay(ctx context.Context, who person.ID, n int64, way, text string) error {
	return o.service.ChooseSeen(ctx, who, store.MatterID(n), way, omadata.Seen{Text: text})
}

func (o liveOma) AnswerFee(ctx context.Context, who person.ID, n, fee int64, accept bool, words string) error {
	return o.service.AnswerSeen(ctx, who, store.MatterID(n), fee, accept, words)
}

func (o liveOma) matter(m omadata.Matter) feeMatter {
	out := feeMatter{N: int64(m.N), Child: m.Child, Stage: string(m.Stage), Agreement: agreementOf(m.Agreement), Chosen: m.Chosen, ChosenAt: m.ChosenAt, Permit: m.Permit,
		FetchedAt: m.FetchedAt, Fee: proposalOf(m.Fee), Was: proposalOf(m.Was), Open: m.Open, Household: m.Household, Answer: m.Answer, Answered: m.AnsweredAt}
	if !m.Standing {
		out.Permit = 0
	}
	for _, p := range m.Partners {
		out.Partners = append(out.Partners, partner{p.Name, p.Chosen})
	}
	for _, i := range m.Income {
		out.Income = append(out.Income, income{Month: i.Month.First(), Kind: string(i.Kind), Cents: i.Cents})
	}
	if m.Place != nil {
		out.Place = &carePlace{Unit: m.Place.Name, Hours: m.Place.Hours, Said: m.Place.Said, Pre: m.Place.PrePrimary}
	}
	o.paper(m, &out)
	return out
}

func proposalOf(p *omadata.FeeProposal) *proposal {
	if p == nil {
		return nil
	}
	w := p.Working
	out := proposal{N: p.ID, Cents: int64(w.Fee.Euros) * 100, At: p.Made, Own: p.Own, Drawn: w.Picture}
	for i, l := range w.Fee.Lines {
		x := lineOf(l, i == len(w.Fee.Lines)-1)
		if i > 0 && maps.Equal(l.Law, w.Fee.Lines[i-1].Law) {
			x.Law = nil // told at the line before
		}
		out.Lines = append(out.Lines, x)
	}
	if w.Assessed != nil {
		out.Looked = w.Assessed.Words
	}
	for _, r := range w.Fee.Person {
		out.Person = append(out.Person, r.Words)
	}
	return &out
}

func lineOf(l fee.Line, last bool) line {
	out := line{Words: l.Words, Law: l.Law, Sum: last, Comes: said{}}
	for _, lang := range languages {
		out.Comes[lang] = l.Comes.In(lang)
	}
	return out
}

func agreementOf(a permission.Agreement) agreement {
	x := a.Spec()
	out := agreement{Purpose: x.Purpose, Version: x.Version, Hash: a.Hash(), From: x.From, Title: x.Title, Why: x.Why, Without: x.Without, User: x.User.Name, Law: x.Law, Basis: x.Basis,
		Keep: periodOf(x.Keep), KeepLaw: x.KeepWhy, Lasts: periodOf(x.Lasts)}
	for _, src := range x.Sources {
		d := dataSource{Name: src.Name, Keeper: src.Controller.Name}
		for _, f := range src.Fields {
			d.Fields = append(d.Fields, f.What)
		}
		out.Sources = append(out.Sources, d)
	}
	for _, c := range x.Conditions {
		words := said{}
		for _, l := range languages {
			words[l] = c.Text(l)
		}
		out.Terms = append(out.Terms, words)
	}
	out.Seen = append(out.Seen, x.Recipients...)
	for _, w := range x.Ways {
		out.Ways = append(out.Ways, way{ID: w.ID, Title: w.Title, How: w.Then})
	}
	return out
}

func periodOf(p permission.Period) said {
	out := said{}
	for _, l := range languages {
		out[l] = p.Words(l)
	}
	return out
}

func (o liveOma) Permits(ctx context.Context, who person.ID) ([]permit, error) {
	if !who.Known() {
		return nil, nil
	}
	all, err := o.service.Permissions(ctx, who)
	out := make([]permit, len(all))
	for i, v := range all {
		out[i] = o.permit(v)
	}
	return out, err
}

func (o liveOma) permit(v omadata.View) permit {
	out := permit{N: v.ID, State: stateOfPermit(v), About: v.Child, Agreement: agreementOf(v.Agreement), Matter: int64(v.Matter)}
	if out.State == permitEnded && v.State == permission.Standing {
		out.Why = said{}
		for _, l := range languages {
			out.Why[l] = v.Why.Words(l)
		}
	}
	for _, e := range v.Events {
		out.Events = append(out.Events, permitEvent{Kind: e.Kind.String(), At: e.At, You: e.Mine, Version: e.Version, Cause: string(e.Cause), Receipt: e.Receipt, Later: e.Later})
	}
	if out.stands() {
		out.Until, out.Soon, out.LetGo, out.Under = v.Until, v.Renewal.Open, v.Renewal.Declined, agreementOf(v.Renewal.Under)
		out.IfTaken = o.effects(v.IfTaken.Deleted, v.IfTaken.Stopped, v.IfTaken.Proposals, v.IfTaken.Kept)
		return out
	}
	if len(v.Handovers) > 0 {
		gone := 0
		for _, h := range v.Handovers {
			if h.State == store.HandoverDeleted || h.State == store.HandoverDropped {
				gone++
			}
		}
		out.Effects = o.effects(gone, 0, 0, v.IfTaken.Kept)
	}
	return out
}

// stateOfPermit is a permission's state as the reader sees it.
func stateOfPermit(v omadata.View) string {
	switch v.State {
	case permission.Partly:
		return permitPartly
	case permission.Standing:
		if v.Stands {
			return permitStands
		}
		return permitEnded
	case permission.Refused:
		return permitRefused
	case permission.Withdrawn:
		return permitTaken
	case permission.Expired:
		return permitExpired
	case permission.Ended:
		return permitEnded
	case permission.Unasked, permission.Asked:
	}
	return permitPossible
}

// effects says what taking a permission back does, or did.
func (o liveOma) effects(deleted, stopped, proposals int, kept []omadata.Kept) (out []consequence) {
	add := func(n int, key string) {
		if n > 0 {
			out = append(out, consequence{What: o.texts[key], Gone: true})
		}
	}
	add(deleted, "effect.income")
	add(stopped, "effect.asked")
	add(proposals, "effect.proposal")
	for _, k := range kept {
		out = append(out, consequence{What: k.What, Law: k.Law, Why: k.Why})
	}
	return out
}

func (o liveOma) TakeBack(ctx context.Context, who person.ID, n int64) error {
	_, err := o.service.Withdraw(ctx, who, n)
	return err
}

func (o liveOma) Receipt(ctx context.Context, who person.ID, n int64, event int) ([]byte, error) {
	return o.service.Receipt(ctx, who, n, event)
}

func (o liveOma) DecideAnew(ctx context.Context, who person.ID, n int64, yes bool, text string) error {
	if yes {
		return o.service.Renew(ctx, who, n, omadata.Seen{Text: text})
	}
	return o.service.Decline(ctx, who, n, omadata.Seen{Text: text})
}

func (o liveOma) Copy(ctx context.Context, who person.ID) (branch, error) {
	if !who.Known() {
		return branch{Key: "data"}, nil
	}
	t, err := o.service.Copy(ctx, who)
	return branchOf(t), err
}

func branchOf(t omadata.Tree) branch {
	out := branch{Key: t.Key, Value: t.Value}
	for _, c := range t.Children {
		out.Parts = append(out.Parts, branchOf(c))
	}
	return out
}

// CanErase says that all goes, or what the law keeps. Then the reader can still end
// their permissions: what was fetched under them goes at once.
func (o liveOma) CanErase(ctx context.Context, who person.ID) (erasable, error) {
	if !who.Known() {
		return erasable{}, nil
	}
	why, err := o.service.CanErase(ctx, who)
	if err != nil {
		return erasable{}, err
	}
	return o.erasable(ctx, who, why)
}

func (o liveOma) erasable(ctx context.Context, who person.ID, why []omadata.Reason) (erasable, error) {
	var out erasable
	for _, r := range why {
		out.Stays = append(out.Stays, stays{What: r.What, Why: r.Why, Law: r.Law, Until: r.Until})
	}
	if len(why) == 0 {
		out.Goes = []said{o.texts["erase.all"]}
		return out, nil
	}
	mine, err := o.Permits(ctx, who)
	if slices.ContainsFunc(mine, permit.stands) {
		out.Goes = []said{o.texts["erase.permits"], o.texts["erase.fetched"]}
	}
	return out, err
}

func (o liveOma) EraseOwn(ctx context.Context, who person.ID) (erasable, error) {
	if !who.Known() {
		return erasable{}, fault.New(fault.Missing, "web.EraseOwn", "nothing is kept about you")
	}
	before, err := o.CanErase(ctx, who)
	if err != nil {
		return erasable{}, err
	}
	if len(before.Stays) > 0 {
		return before, o.service.Clear(ctx, who)
	}
	why, err := o.service.Erase(ctx, who, false)
	if err != nil || len(why) == 0 {
		return before, err
	}
	return o.erasable(ctx, who, why) // something came in between: nothing was erased
}

func (o liveOma) FeeTasks(ctx context.Context, officer string) ([]feeTask, error) {
	all, err := o.service.Tasks(ctx, officer)
	if err != nil {
		return nil, err
	}
	out, matters := make([]feeTask, len(all)), make([]store.MatterID, len(all))
	for i, r := range all {
		out[i], matters[i] = taskFrom(r), r.Matter
	}
	return out, o.sentIn(ctx, out, matters)
}

func taskFrom(r store.Request) feeTask {
	return feeTask{N: r.ID, Kind: r.Kind, At: r.At, Due: r.Due, Settled: r.Settled, Words: r.Words, Answer: r.Answer}
}

func (o liveOma) FeeTask(ctx context.Context, officer string, n int64) (feeTask, error) {
	x, err := o.service.Task(ctx, officer, n)
	if err != nil {
		return feeTask{}, err
	}
	out := taskFrom(x.Request)
	out.Child, out.Adults, out.Fee = x.Child, x.Adults, proposalOf(x.Fee)
	out.Told, out.Documents, out.Kinds, out.Hours = tellings(x), documentsOf(x.Documents), o.kinds(), int(x.Hours)
	return out, nil
}

func (o liveOma) SettleFeeTask(ctx context.Context, officer string, n int64, words string) error {
	return o.service.SettleTask(ctx, officer, n, words)
}
