package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/person"
)

// oma is a made-up family's fee behind the pages: Aino's, with Erik as the
// other grown-up. It changes as she chooses, and not by itself.
type oma struct {
	c      *city
	matter feeMatter
	permit permit
	erased bool
	empty  bool // nothing can be erased, and nothing stays
}

// What belongs to the other grown-up and must not stand on Aino's pages.
const (
	erikPayer  = "Lindqvist Oy"
	erikIncome = int64(1_987_65)
)

func all3(fi, sv, en string) said {
	return said{person.Finnish: fi, person.Swedish: sv, person.English: en}
}

// feeAgreement is what a fee's permission is about, version 2.
func feeAgreement() agreement {
	return agreement{Purpose: "early-education-fee", Version: 2, From: begin.AddDate(0, -3, 0),
		Title:   all3("Lupa hakea tulosi tulorekisteristä", "Tillstånd att hämta dina inkomster ur inkomstregistret", "Permission to fetch your income from the Incomes Register"),
		Why:     all3("Maksu lasketaan perheen tuloista. Jos annat luvan, haemme ne puolestasi. Sinun ei tarvitse etsiä palkkalaskelmia.", "Avgiften räknas ut från familjens inkomster. Om du ger tillstånd hämtar vi dem åt dig. Du behöver inte leta fram lönespecifikationer.", "The fee is worked out from the family's income. If you give permission, we fetch it for you. You need not look for pay slips."),
		Without: all3("Lähetät itse tositteet tai maksat korkeimman maksun. Lapsesi paikka ei muutu.", "Du skickar själv intyg eller betalar den högsta avgiften. Ditt barns plats ändras inte.", "You send documents yourself or pay the highest fee. Your child's place does not change."),
		User:    all3("Kaupungin varhaiskasvatuksen maksut", "Stadens avgifter för småbarnspedagogik", "The city's early-education fees"),
		Sources: []dataSource{{all3("Tulorekisteri (Verohallinnon Tulorekisteriyksikkö)", "Inkomstregistret (Inkomstregisterenheten vid Skatteförvaltningen)", "The Incomes Register (the Incomes Register Unit of the Tax Administration)"),
			[]said{all3("Palkat ja palkkiot 12 kuukaudelta", "Löner och arvoden för 12 månader", "Wages and fees of 12 months"), all3("Etuudet ja eläkkeet 12 kuukaudelta", "Förmåner och pensioner för 12 månader", "Benefits and pensions of 12 months")}}},
		Law: "1503/2016, 17 §; 53/2018, 13 §", Basis: "GDPR 6(1)(c)",
		Terms: []said{all3("Vain, jos annat luvan.", "Endast om du ger tillstånd.", "Only if you give permission.")},
		Keep:  all3("Kunnes maksu on päätetty.", "Tills avgiften har beslutats.", "Until the fee is decided."), KeepLaw: all3("Päätös ja sen perusteet säilytetään 10 vuotta (arkistolaki).", "Beslutet och dess grunder sparas i 10 år (arkivlagen).", "The decision and its grounds are kept for 10 years (Archives Act)."),
		Lasts: all3("12 kuukautta tai kunnes perut sen.", "12 månader eller tills du tar tillbaka det.", "12 months, or until you take it back."),
		Seen:  []said{all3("Hallinto-oikeus, jos haet muutosta", "Förvaltningsdomstolen, om du söker ändring", "The administrative court, if you appeal")},
		Ways: []way{{wayPermit, all3("Haemme tulot puolestasi", "Vi hämtar inkomsterna åt dig", "We fetch the income for you"), all3("Saat ehdotuksen maksusta yleensä minuutissa. Voit perua luvan milloin tahansa.", "Du får ett förslag till avgift oftast på en minut. Du kan ta tillbaka tillståndet när som helst.", "You get a proposed fee, usually within a minute. You can take the permission back at any time.")},
			{wayDocuments, all3("Lähetät tositteet itse", "Du skickar intyg själv", "You send documents yourself"), all3("Lähetä palkkalaskelmat tai muut tositteet 12 kuukaudelta: Varhaiskasvatuksen maksut, PL 1000, 00099 Kaupunki. Maksun laskee työntekijä.", "Skicka lönespecifikationer eller andra intyg för 12 månader: Avgifter för småbarnspedagogik, PB 1000, 00099 Staden. En anställd räknar ut avgiften.", "Send pay slips or other documents of 12 months to: Early-education fees, P.O. Box 1000, 00099 City. A member of staff works out the fee.")},
			{wayHighest, all3("Maksat korkeimman maksun", "Du betalar den högsta avgiften", "You pay the highest fee"), all3("Maksu on 288 € kuukaudessa. Tuloja ei selvitetä.", "Avgiften är 288 € i månaden. Inkomsterna utreds inte.", "The fee is €288 a month. The income is not looked into.")}}}
}

// feeLines are the working of 54 euros: three people, 5,500 euros a month.
func feeLines() []line {
	euros := func(cents int64) said {
		out := said{}
		for _, l := range languages {
			out[l] = words{Lang: l}.Euro(cents)
		}
		return out
	}
	act := func(n string) said {
		return all3("Asiakasmaksulaki 1503/2016, "+n+" §", "Klientavgiftslagen 1503/2016, "+n+" §", "Act on Client Fees 1503/2016, section "+n)
	}
	return []line{
		{Words: all3("Perheen tulot kuukaudessa", "Familjens inkomster i månaden", "The family's income a month"), Comes: euros(5500_00)},
		{Words: all3("Perheen koko", "Familjens storlek", "Size of the family"), Comes: all3("3", "3", "3")},
		{Words: all3("Tuloraja kolmelle", "Inkomstgräns för tre", "Income limit for three"), Comes: euros(4998_00), Law: act("8")},
		{Words: all3("Tuloja yli rajan", "Inkomster över gränsen", "Income over the limit"), Comes: euros(502_00)},
		{Words: all3("Siitä 10,7 %", "Därav 10,7 %", "10.7 % of it"), Comes: euros(53_71), Law: act("7")},
		{Words: all3("Maksu, pyöristetty euroon", "Avgiften, avrundad till euro", "The fee, rounded to the euro"), Comes: euros(54_00), Sum: true},
	}
}

func feeProposal() *proposal {
	return &proposal{Cents: 54_00, From: begin.AddDate(0, 1, 0), At: begin.Add(6 * time.Hour), Lines: feeLines(), Income: 5500_00,
		Curve: []curvePoint{{0, 0}, {5250_00, 0}, {5260_00, 28_00}, {6000_00, 107_00}, {7690_00, 288_00}, {9000_00, 288_00}}}
}

// ainosIncome is a year of wages, with a benefit in some months.
func ainosIncome() (out []income) {
	for i := range 12 {
		m := time.Date(2020, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC)
		out = append(out, income{m, "wages", 3200_00})
		if i > 8 {
			out = append(out, income{m, "benefit", 104_35})
		}
	}
	return out
}

// withOma gives the city permissions and fees, at a stage.
func (c *city) withOma(stage string) *city {
	o := &oma{c: c, matter: feeMatter{N: 5, Child: aChild, Stage: feeOffered, Agreement: feeAgreement(), Partners: []partner{{Name: "Erik", Chosen: true}},
		Place: &carePlace{all3("Päiväkoti Kielo", "Daghemmet Kielo", "Kielo daycare centre"), 150}}}
	o.permit = permit{N: 9, State: permitPossible, Agreement: o.matter.Agreement, Matter: 5, About: aChild}
	o.at(stage)
	c.oma = o
	return c
}

// at brings the matter to a stage, as the days between would.
func (o *oma) at(stage string) {
	m := &o.matter
	m.Stage, m.Open = stage, stage == feeProposed || stage == feeAnew
	switch stage {
	case feeOffered, feeNotNow:
		return
	case feeDocuments:
		m.Chosen = wayDocuments
		o.permit.State, o.permit.Events = permitRefused, []permitEvent{{Kind: "refuse", At: begin, You: true, Version: 2, Receipt: true}}
		return
	case feeHighest:
		m.Chosen = wayHighest
		m.Fee = &proposal{Cents: 288_00, From: begin, Lines: []line{{Words: all3("Korkein maksu", "Högsta avgiften", "The highest fee"), Comes: all3("288\u00a0€", "288\u00a0€", "€288"), Sum: true}}}
		return
	}
	m.Chosen, m.Permit = wayPermit, o.permit.N
	o.permit.State, o.permit.Until = permitStands, begin.AddDate(1, 0, 0)
	o.permit.Events = []permitEvent{{Kind: "ask", At: begin, Version: 2}, {Kind: "give", At: begin.Add(time.Hour), You: true, Version: 2, Receipt: true}}
	o.permit.IfTaken = []effect{{What: all3("Rekisteristä haetut tulot", "Inkomsterna som hämtats ur registret", "The income fetched from the register"), Gone: true},
		{What: all3("Maksupäätös", "Avgiftsbeslutet", "The decision on the fee"), Law: "Archives Act 831/1994", Why: all3("Laki käskee säilyttää päätökset.", "Lagen säger att beslut ska sparas.", "The law says that decisions are kept.")}}
	if stage == feePartner {
		m.Partners[0].Chosen = false
	}
	switch stage {
	case feePartner, feeFetching, feeLate:
		return
	}
	m.Income, m.FetchedAt, m.Fee = ainosIncome(), begin.Add(2*time.Hour), feeProposal()
	switch stage {
	case feeAnew:
		was := *m.Fee
		m.Was = &was
		m.Fee.Cents, m.Fee.Income = 107_00, 6000_00
	case feePerson:
		m.Fee.Person = all3("Yritystulot tarkistaa aina työntekijä.", "Företagsinkomster kontrolleras alltid av en anställd.", "Business income is always checked by a member of staff.")
	case feeTakenBack:
		m.Income, m.Fee, m.Permit = nil, nil, 0
		o.permit.State, o.permit.Until, o.permit.Effects, o.permit.IfTaken = permitTaken, time.Time{}, o.permit.IfTaken, nil
		o.permit.Events = append(o.permit.Events, permitEvent{Kind: "withdraw", At: begin.Add(5 * time.Hour), You: true, Version: 2, Receipt: true})
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

func (o *oma) ChooseWay(_ context.Context, who person.ID, n int64, way string) error {
	defer o.held()()
	err := o.ask(who, "choose", fmt.Sprintf("%d %s", n, way))
	o.at(map[string]string{wayPermit: feeFetching, wayDocuments: feeDocuments, wayHighest: feeHighest, wayNotNow: feeNotNow}[way])
	return err
}

func (o *oma) AnswerFee(_ context.Context, who person.ID, n int64, accept bool, words string) error {
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

func (o *oma) Receipt(_ context.Context, who person.ID, n int64, event int) ([]byte, error) {
	defer o.held()()
	return []byte(fmt.Sprintf(`{"@context":"https://w3id.org/dpv","event":%d,"proof":"abc"}`, event)), o.ask(who, "fetch a receipt", "")
}

func (o *oma) Copy(_ context.Context, who person.ID) (branch, error) {
	defer o.held()()
	if err := o.ask(who, "copy own data", ""); err != nil {
		return branch{Key: "data"}, nil
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
