package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"ennakko/channel/sms"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/round"
	"ennakko/service"
)

// tryView is a trial of the criteria.
type tryView struct {
	Pack     *service.Pack
	Path     string
	AsOf     string
	Params   []paramView
	Criteria []criterionView
	Fault    string // text key
	At       string // the field that is wrong
	Result   *triedView
}

// paramView is one parameter with its value in force and that of the trial.
type paramView struct {
	Name, Now, Value, Source string
	Unit                     string // UCUM; "": a plain number
	Title                    map[person.Language]string
}

// criterionView is one criterion, which the trial may leave out.
type criterionView struct {
	service.Criterion
	Out bool
}

// triedView is what a trial would change.
type triedView struct {
	round.Tried
	Enter, Leave cell
	Trial        int // justified by the trial, rounded: the exact one would give small changes away
	Chart        chart
	Districts    []comparedRow
	LeftOut      []row
}

// comparedRow is a district now and by the trial.
type comparedRow struct {
	Label    string
	Now, New cell
}

func (s *site) tryForm(w http.ResponseWriter, r *http.Request) error {
	v, err := s.tryView(r)
	if err != nil {
		return err
	}
	return s.renderTry(w, r, http.StatusOK, v)
}

func (s *site) renderTry(w http.ResponseWriter, r *http.Request, status int, v tryView) error {
	t := s.words(r)
	return s.render(w, r, status, "try.html", view{words: t, Title: t.T("try.title"), Path: v.Path, Data: v})
}

// tryView fills the form with what was written in it, or with what is in force.
func (s *site) tryView(r *http.Request) (tryView, error) {
	pack, err := s.packOf(r)
	if err != nil {
		return tryView{}, err
	}
	t := s.words(r)
	now := s.clock.Now().In(t.zone)
	v := tryView{Pack: pack, Path: servicePath(pack.Name()) + "/try", AsOf: now.Format(time.DateOnly)}
	if r.Method == http.MethodPost {
		v.AsOf = r.PostFormValue("as_of")
	}
	for _, p := range pack.Params().All() {
		x := paramView{Name: p.Name, Title: pack.ParamTitle(p.Name)}
		if at, err := p.At(now); err == nil {
			x.Now = strconv.FormatFloat(at, 'f', -1, 64)
		}
		x.Source, x.Value = source(p, now), x.Now
		if r.Method == http.MethodPost {
			x.Value = r.PostFormValue("param." + p.Name)
		}
		v.Params = append(v.Params, x)
	}
	for _, c := range pack.Criteria() {
		v.Criteria = append(v.Criteria, criterionView{c, r.Method == http.MethodPost && r.PostFormValue("out."+c.Name) != ""})
	}
	return v, nil
}

// source is where the value in force comes from.
func source(p criteria.Param, now time.Time) (out string) {
	for _, v := range p.Values {
		if !v.From.After(now) {
			out = v.Source
		}
	}
	return out
}

// try compares the trial with what is. The reading is on the record; nothing
// that it finds is kept.
func (s *site) try(w http.ResponseWriter, r *http.Request) error {
	v, err := s.tryView(r)
	if err != nil {
		return err
	}
	asOf, err := time.Parse(time.DateOnly, v.AsOf)
	if err != nil || asOf.Year() < 2000 || asOf.Year() > 2100 {
		v.Fault, v.At = "find.badday", "as_of"
		return s.renderTry(w, r, http.StatusUnprocessableEntity, v)
	}
	values := map[string]float64{}
	for _, p := range v.Params {
		n, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(p.Value), ",", ".", 1), 64)
		if err != nil || n < -1e9 || n > 1e9 {
			v.Fault, v.At = "try.badnumber", "param."+p.Name
			return s.renderTry(w, r, http.StatusUnprocessableEntity, v)
		}
		if p.Value != p.Now {
			values[p.Name] = n
		}
	}
	var without []string
	for _, c := range v.Criteria {
		if c.Out {
			without = append(without, c.Name)
		}
	}
	trial, err := v.Pack.Try(values, without)
	if err != nil {
		return err
	}
	tried, err := s.matters.Try(r.Context(), asOf, trial, whoOf(r).Actor())
	if fault.KindOf(err) == fault.Invalid || fault.KindOf(err) == fault.Missing {
		v.Fault, v.At = "try.nocohort", "as_of"
		return s.renderTry(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	v.Result = s.triedView(s.words(r), v.Pack, tried)
	return s.renderTry(w, r, http.StatusOK, v)
}

func (s *site) triedView(t words, pack *service.Pack, x round.Tried) *triedView {
	v := &triedView{Tried: x, Trial: rounded(x.Justified)}
	small := func(n int) cell {
		if n == 0 {
			return cell{}
		}
		shown, few := about(n)
		return cell{shown, few}
	}
	v.Enter, v.Leave = small(x.Enter), small(x.Leave)
	now, trial := map[string]int{}, map[string]int{}
	for d, n := range x.District {
		now[d], trial[d] = n[0], n[1]
	}
	before, after := hide(majors(t, now)), hide(majors(t, trial))
	for i := range before {
		v.Districts = append(v.Districts, comparedRow{before[i].Label, cell{rounded(before[i].N), before[i].Withheld}, cell{rounded(after[i].N), after[i].Withheld}})
		after[i].N = rounded(after[i].N)
	}
	v.Chart = newChart(t, "trial", "try.chart", t.T("try.chart.desc"), after)
	for _, c := range pack.Criteria() {
		if n := x.LeftOut[c.Name]; n > 0 {
			shown, few := about(n)
			v.LeftOut = append(v.LeftOut, row{Label: t.Of(c.NotMet), N: shown, Withheld: few})
		}
	}
	return v
}

func rounded(n int) int {
	shown, _ := about(n)
	return shown
}

// testSend sends one text, written for a made-up family, to the officer's own
// number.
func (s *site) testSend(w http.ResponseWriter, r *http.Request) error {
	v, err := s.messagesView(r)
	if err != nil {
		return err
	}
	v.Number = strings.TrimSpace(r.PostFormValue("number"))
	text := ""
	for _, m := range v.Messages {
		for _, x := range m.Texts {
			if m.Key == r.PostFormValue("message") && string(x.Lang) == r.PostFormValue("language") && !m.Paper {
				text = x.Text
			}
		}
	}
	n, err := sms.ParseNumber(v.Number, "FI")
	if err != nil || text == "" {
		v.Fault = "test.fault"
		return s.renderMessages(w, r, http.StatusUnprocessableEntity, v)
	}
	state, err := s.matters.TestSend(r.Context(), whoOf(r).Actor(), n.Reveal(), text)
	if err != nil {
		return err
	}
	v.Sent = "message." + string(state)
	return s.renderMessages(w, r, http.StatusOK, v)
}
