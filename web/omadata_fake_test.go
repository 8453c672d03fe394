package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/packs"
	"ennakko/person"
)

// oma is a made-up family's fee behind the pages: Aino's, with Erik as the
// other grown-up. It changes as she chooses, and not by itself.
type oma struct {
	c       *city
	matter  feeMatter
	permit  permit
	settled time.Time // the task
	answer  string
	erased  bool
	ended   bool    // the permission ends while something is pressed
	empty   bool    // nothing can be erased, and nothing stays
	tree    *branch // the copy; nil: a short one
}

// erikIncome is the other grown-up's, in cents a month. It must not stand on Aino's pages.
const erikIncome = int64(3_274_35)

func all3(fi, sv, en string) said {
	return said{person.Finnish: fi, person.Swedish: sv, person.English: en}
}

// feePack is the pack of fees that comes with the program: its texts are on the
// pages as they would be.
func feePack() *fee.Pack {
	p, err := fee.Load(packs.FS, "early-education-fee")
	if err != nil {
		panic(err)
	}
	return p
}

// feeOn is the day of the made-up fees: the limit of three people is 5,635 euros.
var feeOn = time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)

// feeAt is the fee of Onni, the only child of two, at an income of the family; with
// the lines that Aino may see.
func feeAt(euros int) *proposal {
	pay := func(cents int64) fee.Adult {
		a := fee.Adult{HolidayTold: true, Earnings: fee.Earnings{First: fee.MonthOf(feeOn.AddDate(-1, 0, 0)), Last: fee.MonthOf(feeOn.AddDate(0, -1, 0))}}
		for m := a.First; m <= a.Last; m++ {
			a.Income = append(a.Income, fee.Income{Month: m, Kind: "wages", Cents: fee.Cents(cents)})
		}
		return a
	}
	p := feePack()
	f := fee.Family{On: feeOn, Adults: []fee.Adult{pay(int64(euros)*100 - erikIncome), pay(erikIncome)}, Children: []fee.Child{{Born: feeOn.AddDate(-4, 0, 0), Hours: 3750}}}
	x, err := p.Compute(f, 0)
	if err != nil {
		panic(err)
	}
	drawn, err := p.Picture(f, 0)
	if err != nil {
		panic(err)
	}
	x.Lines = slices.DeleteFunc(x.Lines, func(l fee.Line) bool { return l.Adult == 2 })
	return proposalOf(&omadata.FeeProposal{ID: int64(euros), Made: begin.Add(6 * time.Hour), Own: 1, Working: omadata.Working{Fee: x, Picture: &drawn}})
}

// ainosIncome is a year of wages, with a benefit in some months.
func ainosIncome() (out []income) {
	for i := range 12 {
		m := time.Date(2025, time.Month(10+i), 1, 0, 0, 0, 0, time.UTC)
		out = append(out, income{m, "wages", 3200_00})
		if i > 8 {
			out = append(out, income{m, "benefit", 104_35})
		}
	}
	return out
}

// withOma gives the city permissions and fees, at a stage.
func (c *city) withOma(stage string) *city {
	o := &oma{c: c, matter: feeMatter{N: 5, Child: aChild, Stage: feeOffered, Agreement: agreementOf(feePack().Agreement()), Partners: []partner{{Name: "Erik", Chosen: true}},
		Place: &carePlace{Unit: all3("Päiväkoti Kielo", "Daghemmet Kielo", "Kielo daycare centre"), Hours: 3750}}}
	o.permit = permit{N: 9, State: permitPossible, Agreement: o.matter.Agreement, Matter: 5, About: aChild}
	o.at(stage)
	o.matter.Shares = hourShares{Part: 2000, Full: 3500, Percent: 60, Free: 2000}
	d := feePack().Documents()
	o.matter.Paper = paper{ByPost: d.ByPost, InPerson: d.InPerson, Keep: periodOf(d.Keep), KeepWhy: d.KeepWhy, KeepLaw: d.KeepLaw, Undecided: periodOf(d.Undecided)}
	c.oma = o
	return c
}

// at brings the matter to a stage, as the days between would.
func (o *oma) at(stage string) {
	m := &o.matter
	m.Stage, m.Open = stage, stage == feeProposed || stage == feeAnew
	m.CanSend = stage == feeDocuments || stage == feePerson
	switch stage {
	case feeOffered, feeNotNow:
		return
	case feeDocuments:
		m.Chosen = wayDocuments
		o.permit.State, o.permit.Events = permitRefused, []permitEvent{{Kind: "refuse", At: begin, You: true, Version: 1, Receipt: true}}
		return
	case feeHighest:
		m.Chosen = wayHighest
		m.Fee = &proposal{Cents: 335_00, At: begin, Lines: []line{{Words: all3("Perhe on hyväksynyt korkeimman maksun.", "Familjen har godkänt den högsta avgiften.", "The family has accepted the highest fee."), Comes: all3("335\u00a0€", "335\u00a0€", "€335"), Sum: true}}}
		return
	}
	m.Chosen, m.Permit = wayPermit, o.permit.N
	o.permit.State, o.permit.Until = permitStands, begin.AddDate(1, 0, 0)
	o.permit.Events = []permitEvent{{Kind: "ask", At: begin, Version: 1}, {Kind: "give", At: begin.Add(time.Hour), You: true, Version: 1, Receipt: true}}
	o.permit.IfTaken = []consequence{{What: all3("Rekisteristä haetut tulot", "Inkomsterna som hämtats ur registret", "The income fetched from the register"), Gone: true},
		{What: all3("Maksupäätös", "Avgiftsbeslutet", "The decision on the fee"), Law: "Archives Act 831/1994", Why: all3("Laki käskee säilyttää päätökset.", "Lagen säger att beslut ska sparas.", "The law says that decisions are kept.")}}
	if stage == feePartner {
		m.Partners[0].Chosen = false
	}
	switch stage {
	case feePartner, feeFetching, feeLate:
		return
	}
	m.Income, m.FetchedAt, m.Fee = ainosIncome(), begin.Add(2*time.Hour), feeAt(6500)
	switch stage {
	case feeAnew:
		was := *m.Fee
		m.Was = &was
		m.Fee = feeAt(7000)
	case feePerson:
		m.Fee.Person = []said{all3("Yritystulot tarkistaa aina työntekijä.", "Företagsinkomster kontrolleras alltid av en anställd.", "Business income is always checked by a member of staff.")}
	case feeTakenBack:
		m.Income, m.Fee, m.Permit = nil, nil, 0
		o.permit.State, o.permit.Until, o.permit.Effects, o.permit.IfTaken = permitTaken, time.Time{}, o.permit.IfTaken, nil
		o.permit.Events = append(o.permit.Events, permitEvent{Kind: "withdraw", At: begin.Add(5 * time.Hour), You: true, Version: 1, Receipt: true})
	}
}

// ask notes what was asked of the city, and what stands on the record.
func (o *oma) ask(who person.ID, verb, what string) error {
	if who != ainos {
		return fault.New(fault.Missing, "test", "there is no such matter")
	}
	if what != "" {
		o.c.asked = append(o.c.asked, strings.TrimSpace(fmt.Sprintf("%s %d %s", verb, who, what)))
	}
	o.c.noted = append(o.c.noted, fmt.Sprintf("resident:%d %s", who, verb))
	return nil
}

func (o *oma) FeeMatters(_ context.Context, who person.ID) ([]feeMatter, error) {
	defer o.held()()
	if o.ask(who, "look at own fees", "") != nil {
		return nil, nil
	}
	return []feeMatter{o.matter}, nil
}

// held holds the city while something is done, and tells those who wait for it.
func (o *oma) held() func() {
	o.c.mu.Lock()
	return func() { o.c.mu.Unlock(); o.c.tell() }
}

func (o *oma) FeeMatter(_ context.Context, who person.ID, n int64) (feeMatter, error) {
	defer o.held()()
	if n != o.matter.N {
		who = 0
	}
	return o.matter, o.ask(who, "look at own fee", "")
}

func (o *oma) ChooseWay(_ context.Context, who person.ID, n int64, way, _ string) error {
	defer o.held()()
	err := o.ask(who, "choose", fmt.Sprintf("%d %s", n, way))
	o.at(map[string]string{wayPermit: feeFetching, wayDocuments: feeDocuments, wayHighest: feeHighest, wayNotNow: feeNotNow}[way])
	return err
}

func (o *oma) AnswerFee(_ context.Context, who person.ID, n, _ int64, accept bool, words string) error {
	defer o.held()()
	err := o.ask(who, "answer fee", strings.TrimSpace(fmt.Sprintf("%d %t %s", n, accept, words)))
	o.at(map[bool]string{true: feeAccepted, false: feePerson}[accept])
	return err
}

func (o *oma) Permits(_ context.Context, who person.ID) ([]permit, error) {
	defer o.held()()
	if o.ask(who, "look at own permissions", "") != nil {
		return nil, nil
	}
	return []permit{o.permit}, nil
}

func (o *oma) TakeBack(_ context.Context, who person.ID, n int64) error {
	defer o.held()()
	err := o.ask(who, "take back", fmt.Sprint(n))
	o.at(feeTakenBack)
	return err
}

// ending brings the permission near its end.
func (c *city) ending() *city {
	c.withOma(feeAccepted)
	p := &c.oma.permit
	p.Soon, p.Under = true, p.Agreement
	p.Events = append(p.Events, permitEvent{Kind: "remind", At: begin.Add(2 * time.Hour), Version: 1})
	return c
}

func (o *oma) DecideAnew(_ context.Context, who person.ID, n int64, yes bool, text string) error {
	defer o.held()()
	if o.ended {
		o.permit.State, o.permit.Soon = permitExpired, false
		return fault.New(fault.Conflict, "test", "it ended")
	}
	err := o.ask(who, "decide anew", fmt.Sprintf("%d %t %s", n, yes, text))
	o.permit.Soon, o.permit.LetGo = !yes, !yes
	return err
}

func (o *oma) Receipt(_ context.Context, who person.ID, n int64, event int) ([]byte, error) {
	defer o.held()()
	return []byte(fmt.Sprintf(`{"@context":"https://w3id.org/dpv","event":%d,"proof":"abc"}`, event)), o.ask(who, "fetch a receipt", "")
}

func (o *oma) Copy(_ context.Context, who person.ID) (branch, error) {
	defer o.held()()
	if err := o.ask(who, "copy own data", ""); err != nil {
		return branch{Key: "data"}, nil
	}
	if o.tree != nil {
		return *o.tree, nil
	}
	return branch{Key: "data", Parts: []branch{
		{Key: "person", Parts: []branch{{Key: "name", Value: aGuardian}, {Key: "language", Value: "fi"}}},
		{Key: "income", Parts: []branch{{Key: "2020-12", Parts: []branch{{Key: "wages", Value: "3200.00"}}}}},
		{Key: "permissions", Parts: []branch{{Key: "permission", Parts: []branch{{Key: "state", Value: "stands"}}}}}}}, nil
}

func (o *oma) CanErase(_ context.Context, who person.ID) (erasable, error) {
	defer o.held()()
	if err := o.ask(who, "ask what can be erased", ""); err != nil || o.empty {
		return erasable{}, nil
	}
	return erasable{Goes: []said{all3("Rekisteristä haetut tulosi", "Dina inkomster som hämtats ur registret", "Your income fetched from the register")},
		Stays: []stays{{What: all3("Maksupäätös", "Avgiftsbeslutet", "The decision on the fee"), Why: all3("Laki käskee säilyttää päätökset 10 vuotta.", "Enligt lag sparas beslut i 10 år.", "The law says that decisions are kept for 10 years."), Law: "GDPR 17(3)(b); Archives Act 831/1994", Until: begin.AddDate(10, 0, 0)}}}, nil
}

func (o *oma) EraseOwn(ctx context.Context, who person.ID) (erasable, error) {
	e, err := o.CanErase(ctx, who)
	defer o.held()()
	o.erased = true
	return e, o.askOr(who, err)
}

func (o *oma) askOr(who person.ID, err error) error {
	if err != nil {
		return err
	}
	return o.ask(who, "erase own data", "now")
}

func (o *oma) FeeTasks(_ context.Context, officer string) ([]feeTask, error) {
	defer o.held()()
	o.c.noted = append(o.c.noted, officer+" look at tasks of fees")
	x := o.task()
	x.Words, x.Child, x.Adults, x.Fee = "", "", nil, nil
	return []feeTask{x, {N: 3, Kind: "documents", At: begin.AddDate(0, 0, -40), Due: begin.AddDate(0, 0, -10)}}, nil
}

func (o *oma) task() feeTask {
	return feeTask{N: 4, Kind: "ask a person", At: begin, Due: begin.AddDate(0, 1, 0), Settled: o.settled, Words: "May was special", Answer: o.answer, Child: aChild, Adults: []string{"Aino", "Erik"}, Fee: feeAt(6500),
		Told: []telling{{"Aino", wayDocuments, false}, {"Erik", wayPermit, true}}, Documents: someDocuments(), Kinds: kindsOfIncome(), Hours: 3750, Sent: 2, Newest: begin}
}

func (o *oma) FeeTask(_ context.Context, officer string, n int64) (feeTask, error) {
	defer o.held()()
	if n == 8 {
		return feeTask{}, fault.New(fault.Refused, "test", "own family").Because(access.OwnFamily(access.SeeCase))
	}
	if n != 4 {
		return feeTask{}, fault.New(fault.Missing, "test", "there is no such task")
	}
	o.c.noted = append(o.c.noted, officer+" look at a task of a fee")
	return o.task(), nil
}

func (o *oma) SettleFeeTask(_ context.Context, officer string, n int64, words string) error {
	defer o.held()()
	o.settled, o.answer = begin.Add(time.Hour), words
	o.matter.Answer, o.matter.Answered = words, o.settled
	o.c.asked = append(o.c.asked, fmt.Sprintf("settle fee %d %s %s", n, officer, words))
	return nil
}
