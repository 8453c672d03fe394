package population

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// kind is the type of a part of a random condition.
type kind string

// The kinds that conditions are made of.
const (
	kBool    kind = "bool"
	kNum     kind = "num"
	kDay     kind = "day"
	kText    kind = "text"
	kPeriod  kind = "period"
	kNumbers kind = "numbers" // series
	kCodes   kind = "codes"
	kEvents  kind = "events"
	kTexts   kind = "texts"
	kDates   kind = "dates"
	kAnswers kind = "answers"
	kPeople  kind = "people"
)

// part is a piece of a condition: a form with a place for each kid.
type piece struct {
	kind kind
	form string // "%s && %s"
	kids []piece
}

func (p piece) String() string {
	args := make([]any, len(p.kids))
	for i, k := range p.kids {
		args[i] = k.String()
	}
	return fmt.Sprintf(p.form, args...)
}

// rule is a form with the kinds of its kids.
type rule struct {
	form string
	kids []kind
}

func r(form string, kids ...kind) rule { return rule{form, kids} }

// leaves are the pieces of each kind without kids.
func leaves() map[kind][]string {
	return map[kind][]string{
		kBool:    {"true", "false", "population.non_disclosure.latest()"},
		kNum:     {"0", "1", "2", "3.5", "-1.0", "50", "140.0", "1e308", "param.some", "param.later", "as_of.year()", "age"},
		kDay:     {"as_of", "date('2020-02-29')", "date('2019-12-31')", "date(2021, 2, 30)", "date(2020, 6, 1)", "period.first()", "period.last()", "ever.first()", "population.birth_date.latest()"},
		kText:    {"'a'", "'ab'", "''", "'IMP'", "'AMB'", "sex", "population.municipality.latest()"},
		kPeriod:  {"period", "ever", "within('2y')", "within('1mo')", "within('90d')"},
		kNumbers: {"systolic", "systolic", "glucose", "score", "rare", "twins", "household.score", "population.income"},
		kCodes:   {"smoking", "finding", "household.smoking"},
		kEvents:  {"illness", "answered", "stay", "seldom", "medicine"},
		kTexts:   {"population.municipality", "population.sex"},
		kDates:   {"population.birth_date", "population.death_date"},
		kAnswers: {"population.non_disclosure"},
		kPeople:  {"guardianship.guardian"},
	}
}

// rules are the forms of each kind. Every function of the language is in one.
func rules() map[kind][]rule {
	m := map[kind][]rule{
		kBool: {
			r("(%s && %s)", kBool, kBool), r("(%s || %s)", kBool, kBool), r("(%s && %s && %s)", kBool, kBool, kBool), r("!(%s)", kBool),
			r("(%s ? %s : %s)", kBool, kBool, kBool), r("(%s == %s)", kBool, kBool), r("(%s != %s)", kBool, kBool),
			r("(%s in ['a', 'b', 'AMB'])", kText), r("(%s in ['ab', %s])", kText, kText), r("(%s in [1, 2.0, %s])", kNum, kNum),
			r("(%s.plus('18y') <= as_of)", kDay), r("(%s.plus('18y') > as_of)", kDay), r("(as_of < %s.plus('1mo'))", kDay), r("(%s.minus('90d') >= date('2019-12-31'))", kDay),
			r("(systolic.latest(%s) >= q(140, 'mm[Hg]'))", kPeriod), r("(glucose.min() < q(126, 'mg/dL'))"), r("(q(18.7, 'kPa') >= %s)", kNum), r("systolic.above(q(139.9, 'mm[Hg]')).exists(%s)", kPeriod),
			r("%s.startsWith(%s)", kText, kText), r("(%s == %s)", kText, kText), r("(%s != %s)", kText, kText),
		},
		kNum: {
			r("(%s + %s)", kNum, kNum), r("(%s - %s)", kNum, kNum), r("(%s * %s)", kNum, kNum), r("(%s / %s)", kNum, kNum), r("(-(%s))", kNum), r("(-(1 / %s))", kNum), r("(-(%s / 0))", kNum),
			r("(%s ? %s : %s)", kBool, kNum, kNum), r("yearsBetween(%s, %s)", kDay, kDay), r("daysBetween(%s, %s)", kDay, kDay), r("%s.year()", kDay),
			r("date(%s, 2, 1).year()", kNum),
		},
		kDay: {
			r("%s.plus('1mo')", kDay), r("%s.minus('18mo')", kDay), r("%s.plus('65y')", kDay), r("%s.minus('9999y')", kDay), r("%s.plus('6w')", kDay), r("%s.minus('90d')", kDay),
			r("(%s ? %s : %s)", kBool, kDay, kDay), r("date(%s, 1, 31)", kNum), r("%s.first()", kPeriod), r("%s.last()", kPeriod),
		},
		kText:   {r("(%s ? %s : %s)", kBool, kText, kText)},
		kPeriod: {r("between(%s, %s)", kDay, kDay), r("between(%s, as_of)", kDay), r("(%s ? %s : %s)", kBool, kPeriod, kPeriod)},
	}
	for _, op := range []string{"+", "-", "*", "/"} { // more often than other questions: their errors are rare
		m[kNum] = append(m[kNum], r("(1e308 "+op+" %s)", kNum), r("(%s "+op+" (1e308 * %s))", kNum, kNum), r("(%s "+op+" %s)", kNum, kNum))
	}
	for _, k := range []kind{kNum, kDay} {
		for _, op := range []string{"<", "<=", ">", ">=", "==", "!="} {
			m[kBool] = append(m[kBool], r("(%s "+op+" %s)", k, k))
		}
	}
	for _, s := range []kind{kNumbers, kCodes, kEvents, kTexts, kDates, kAnswers, kPeople} {
		seriesRules(m, s)
	}
	return m
}

func seriesRules(m map[kind][]rule, s kind) {
	for _, f := range []string{"exists", "none", "active"} {
		m[kBool] = append(m[kBool], r("%s."+f+"()", s), r("%s."+f+"(%s)", s, kPeriod))
	}
	for _, f := range []string{"count", "days", "daysSince"} {
		m[kNum] = append(m[kNum], r("%s."+f+"()", s), r("%s."+f+"(%s)", s, kPeriod))
	}
	for _, f := range []string{"latestDay", "earliestDay"} {
		m[kDay] = append(m[kDay], r("%s."+f+"()", s), r("%s."+f+"(%s)", s, kPeriod))
	}
	for _, f := range []string{"latest", "earliest", "current"} {
		if of := map[kind]kind{kNumbers: kNum, kTexts: kText, kDates: kDay, kAnswers: kBool}[s]; of != "" {
			m[of] = append(m[of], r("%s."+f+"()", s), r("%s."+f+"(%s)", s, kPeriod))
		}
	}
	m[s] = append(m[s], r("%s.startsIn(%s)", s, kPeriod), r("%s.endsIn(%s)", s, kPeriod), r("%s.during(%s)", s, kPeriod), r("%s.before(%s)", s, kDay), r("%s.after(%s)", s, kDay),
		r("%s.firstDay()", s), r("%s.lastDay()", s))
	switch s {
	case kNumbers:
		m[s] = append(m[s], r("%s.with(%s)", s, kText), r("%s.with('joint')", s), r("population.income.with('a')"))
		for _, f := range []string{"min", "max", "mean", "sum"} {
			m[kNum] = append(m[kNum], r("%s."+f+"()", s), r("%s."+f+"(%s)", s, kPeriod))
		}
		for _, f := range []string{"atLeast", "atMost", "above", "below"} {
			m[s] = append(m[s], r("%s."+f+"(%s)", s, kNum), r("%s."+f+"(1 / %s)", s, kNum))
		}
	case kCodes:
		m[s] = append(m[s], r("%s.valued('smoker')", s), r("%s.valued('snomed|1')", s), r("%s.valued('icd10|I*')", s))
	case kPeople:
		m[s] = append(m[s], r("%s.with(%s)", s, kText), r("%s.with('joint')", s))
	}
	if s != kNumbers && s != kCodes && s != kEvents {
		return
	}
	m[s] = append(m[s], r("%s.inClass('IMP', 'EMER')", s), r("%s.inClass(%s)", s, kText), r("%s.notInClass('IMP')", s), r("%s.notInClass(%s, %s)", s, kText, kText))
	for _, o := range []kind{kNumbers, kCodes, kEvents} {
		for _, f := range []string{"during", "notDuring", "beforeFirst", "afterLast"} {
			m[s] = append(m[s], r("%s."+f+"(%s)", s, o))
		}
		m[s] = append(m[s], r("%s.near(%s, '30d')", s, o), r("%s.near(%s, '1w')", s, o))
	}
}

// grammar makes random conditions.
type grammar struct {
	rng    *rand.Rand
	leaves map[kind][]string
	rules  map[kind][]rule
}

func newGrammar(rng *rand.Rand) *grammar { return &grammar{rng, leaves(), rules()} }

// make is a random piece of a kind, at most so deep.
func (g *grammar) make(k kind, depth int) piece {
	series := k != kBool && k != kNum && k != kDay && k != kText && k != kPeriod
	if depth <= 0 || (series || k != kBool) && g.rng.IntN(3) == 0 {
		list := g.leaves[k]
		return piece{kind: k, form: strings.ReplaceAll(list[g.rng.IntN(len(list))], "%", "%%")}
	}
	list := g.rules[k]
	x := list[g.rng.IntN(len(list))]
	p := piece{kind: k, form: x.form}
	for _, kid := range x.kids {
		p.kids = append(p.kids, g.make(kid, depth-1))
	}
	return p
}

// simpler lists pieces a little smaller than p, of the same kind.
func simpler(p piece) []piece {
	var out []piece
	for _, kid := range p.kids {
		if kid.kind == p.kind {
			out = append(out, kid)
		}
	}
	if len(p.kids) > 0 {
		for _, leaf := range leaves()[p.kind] {
			out = append(out, piece{kind: p.kind, form: leaf})
		}
	}
	for i, kid := range p.kids {
		for _, s := range simpler(kid) {
			c := p
			c.kids = append([]piece{}, p.kids...)
			c.kids[i] = s
			out = append(out, c)
		}
	}
	return out
}
