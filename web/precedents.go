package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/permission/precedent"
	"ennakko/person"
	"ennakko/register"
)

const (
	precedentsPath = "/open/precedents"
	decidePath     = privacyPath + "/decide"
)

// nearOf is an earlier decision with what differs.
type nearOf struct {
	decisionView
	Distance int
	Differs  []differs
}

type differs struct{ Side, Says string }

// decisionView is a decision in one language.
type decisionView struct {
	ID, Name, What, User, Basis, Law, Keep, Automation, Outcome, Office string
	Task, Area                                                          string // "": not said
	Purpose                                                             string
	Sources                                                             []sourceView
	Conditions, Recipients, Special, Terms                              []string
	Reasons                                                             []reasonView
	At                                                                  time.Time
	Near, Overrules                                                     []string
	Departs, Example, Overruled                                         bool
}

type sourceView struct {
	Name   string
	Fields []string
}

type reasonView struct{ Text, Source string }

// inWords is a decision in the reader's language.
func inWords(t words, d precedent.Decision) decisionView {
	d = d.Public()
	u := d.Use
	v := decisionView{ID: d.ID, Purpose: u.Purpose, Name: u.Name[t.Lang], What: u.What[t.Lang], User: u.User.Name[t.Lang], Basis: u.Basis, Law: u.Law, Keep: u.Keep.Words(t.Lang),
		Automation: t.T("decide.automation." + string(u.Automation)), Outcome: precedent.OutcomeWords(d.Outcome)[t.Lang], Office: d.By.Office[t.Lang], At: d.At, Near: d.Near, Overrules: d.Overrules,
		Departs: d.Departs(), Example: d.Example, Task: u.Task.Words()[t.Lang], Area: u.Area.Words()[t.Lang]}
	for _, s := range u.Sources {
		x := sourceView{Name: s.Name[t.Lang]}
		for _, f := range s.Fields {
			x.Fields = append(x.Fields, f.What[t.Lang])
		}
		v.Sources = append(v.Sources, x)
	}
	for _, c := range u.Conditions {
		v.Conditions = append(v.Conditions, c.Text(t.Lang))
	}
	for _, x := range u.Recipients {
		v.Recipients = append(v.Recipients, x[t.Lang])
	}
	for _, x := range u.Special {
		v.Special = append(v.Special, t.T("decide.special."+x))
	}
	for _, x := range d.Terms {
		v.Terms = append(v.Terms, x[t.Lang])
	}
	for _, x := range d.Reasoning {
		v.Reasons = append(v.Reasons, reasonView{x.Text[t.Lang], x.Source})
	}
	return v
}

// DecisionNumber names a decision by its number.
func (w words) DecisionNumber(id string) string {
	if n, ok := strings.CutPrefix(id, "example-"); ok {
		return w.T("precedents.number.example", n)
	}
	return w.T("precedents.number", id)
}

// showPrecedents lists the decisions on uses of data, for everybody.
func (s *site) showPrecedents(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	b, err := s.privacy.Precedents(r.Context())
	if err != nil {
		return err
	}
	standing := map[string]bool{}
	for _, d := range b.Standing() {
		standing[d.ID] = true
	}
	var out []decisionView
	for _, d := range slices.Backward(b.All()) {
		v := inWords(t, d)
		v.Overruled = !standing[d.ID]
		out = append(out, v)
	}
	return s.render(w, r, http.StatusOK, "precedents.html", view{words: t, Title: t.T("precedents.title"), Path: precedentsPath, Data: out})
}

// decideView is a new use of data, the proposal, and the decision.
type decideView struct {
	Tabs       []link
	Agreements []choice
	Registers  []registerOf
	Bases      []choice
	Special    []choice
	Conditions []choice
	Automation []choice
	Tasks      []choice
	Areas      []choice
	Units      []choice
	Typed      url.Values
	Fault      string // key
	Says       []sayFault
	Hidden     []pair // what was typed, for the decision
	Use        *decisionView
	Proposal   string
	Why        string
	Terms      []string
	Near       []nearOf
	Weigh      []differs
	Outcomes   []choice
	Standing   []string // ids that can be overruled
}

type pair struct{ Name, Value string }

type choice struct {
	Value, Label string
	On           bool
}

type registerOf struct {
	Name   string
	Fields []choice
}

// Get is what was typed into a field.
func (v decideView) Get(name string) string { return v.Typed.Get(name) }

// Wrong reports whether something is wrong with a field.
func (v decideView) Wrong(name string) bool {
	return slices.ContainsFunc(v.Says, func(f sayFault) bool { return f.At == name })
}

// the parts of a form that describe a use.
var useParts = []string{"agreement", "purpose", "name.fi", "name.sv", "name.en", "what.fi", "what.sv", "what.en", "user", "user.fi", "user.sv", "user.en", "field", "basis", "special", "law", "condition", "recipient.fi", "recipient.sv", "recipient.en", "keep", "unit", "automation", "task", "area"}

// bases are the provisions that a use can rest on: GDPR 6(1) and 9(2).
var bases = []string{"6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(f)", "9(2)(a)", "9(2)(b)", "9(2)(c)", "9(2)(g)", "9(2)(h)", "9(2)(i)", "9(2)(j)"}

// kinds of data of GDPR 9(1).
var specials = []string{"health", "ethnic-origin", "religion", "political-opinion", "trade-union", "sex-life", "biometric", "genetic"}

func (s *site) decideView(r *http.Request, typed url.Values) (decideView, error) {
	t := s.words(r)
	v := decideView{Tabs: privacyTabs(t, decidePath), Typed: typed}
	agreed, err := s.privacy.Agreed(r.Context())
	if err != nil {
		return v, err
	}
	for _, a := range agreed {
		v.Agreements = append(v.Agreements, choice{a.Purpose(), a.Spec().Title[t.Lang], typed.Get("agreement") == a.Purpose()})
	}
	pick := func(name, key string, all ...string) (out []choice) {
		for _, x := range all {
			label := x
			if key != "" {
				label = t.T(key + x)
			}
			out = append(out, choice{x, label, slices.Contains(typed[name], x)})
		}
		return out
	}
	for _, f := range register.Fields() {
		if !t.Has("field." + string(f.Field)) {
			continue
		}
		name := t.T("decide.register." + f.Register)
		if n := len(v.Registers); n == 0 || v.Registers[n-1].Name != name {
			i := slices.IndexFunc(v.Registers, func(x registerOf) bool { return x.Name == name })
			if i >= 0 {
				v.Registers[i].Fields = append(v.Registers[i].Fields, choice{string(f.Field), t.T("field." + string(f.Field)), slices.Contains(typed["field"], string(f.Field))})
				continue
			}
			v.Registers = append(v.Registers, registerOf{Name: name})
		}
		x := &v.Registers[len(v.Registers)-1]
		x.Fields = append(x.Fields, choice{string(f.Field), t.T("field." + string(f.Field)), slices.Contains(typed["field"], string(f.Field))})
	}
	v.Bases, v.Special = pick("basis", "", bases...), pick("special", "decide.special.", specials...)
	v.Conditions = pick("condition", "decide.condition.", string(permission.OwnPermission), string(permission.Guardian), string(permission.Residence), string(permission.Alive))
	v.Automation = pick("automation", "decide.automation.", string(precedent.ByPeople), string(precedent.Proposes), string(precedent.Decides))
	for _, x := range precedent.Tasks() {
		v.Tasks = append(v.Tasks, choice{string(x), x.Words()[t.Lang], typed.Get("task") == string(x)})
	}
	for _, x := range precedent.Areas() {
		v.Areas = append(v.Areas, choice{string(x), x.Words()[t.Lang], typed.Get("area") == string(x)})
	}
	v.Units = pick("unit", "decide.unit.", "Y", "M", "D")
	return v, nil
}

func (s *site) renderDecide(w http.ResponseWriter, r *http.Request, status int, v decideView) error {
	t := s.words(r)
	return s.render(w, r, status, "decide.html", view{words: t, Title: t.T("privacy.tab.decide"), Path: decidePath, Data: v})
}

// decideForm describes a new use of data.
func (s *site) decideForm(w http.ResponseWriter, r *http.Request) error {
	v, err := s.decideView(r, url.Values{"unit": {"Y"}})
	if err != nil {
		return err
	}
	return s.renderDecide(w, r, http.StatusOK, v)
}

// purposeForm is what an id of a purpose looks like.
var purposeForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,60}$`)

// useOf is the use that a form describes: an agreement of a pack, or what was typed.
func (s *site) useOf(r *http.Request, typed url.Values) (precedent.Use, error) {
	how, task, area := precedent.Automation(typed.Get("automation")), precedent.Task(typed.Get("task")), precedent.Area(typed.Get("area"))
	if id := typed.Get("agreement"); id != "" {
		agreed, err := s.privacy.Agreed(r.Context())
		if err != nil {
			return precedent.Use{}, err
		}
		for _, a := range agreed {
			if a.Purpose() == id {
				u := precedent.Of(a, how, typed["special"]...)
				u.Task, u.Area = task, area
				return u, nil
			}
		}
		return precedent.Use{}, missing("web.useOf")
	}
	three := func(name string) permission.Texts {
		out := permission.Texts{}
		for _, l := range languages {
			out[l] = strings.TrimSpace(typed.Get(name + "." + string(l)))
		}
		return out
	}
	u := precedent.Use{Purpose: typed.Get("purpose"), Task: task, Area: area, Name: three("name"), What: three("what"), User: permission.Party{ID: strings.TrimSpace(typed.Get("user")), Name: three("user")},
		Special: typed["special"], Law: strings.TrimSpace(typed.Get("law")), Automation: how}
	if !purposeForm.MatchString(u.Purpose) {
		u.Purpose = ""
	}
	var named []string
	for _, b := range typed["basis"] {
		if slices.Contains(bases, b) {
			named = append(named, b)
		}
	}
	if len(named) > 0 {
		u.Basis = "GDPR " + strings.Join(named, ", ")
	}
	if to := three("recipient"); to[person.Finnish]+to[person.Swedish]+to[person.English] != "" {
		u.Recipients = []permission.Texts{to}
	}
	for _, c := range typed["condition"] {
		if s.texts["decide.condition."+c] != nil {
			u.Conditions = append(u.Conditions, permission.Condition{Kind: permission.ConditionKind(c), Source: u.Law, Words: s.texts["decide.condition."+c]})
		}
	}
	u.Keep, _ = permission.ParsePeriod("P" + strings.TrimSpace(typed.Get("keep")) + typed.Get("unit")) // an empty one is told of
	u.Sources = s.sourcesOf(typed["field"])
	return u, nil
}

// sourcesOf are the registers of some fields.
func (s *site) sourcesOf(fields []string) (out []permission.SourceSpec) {
	for _, f := range register.Fields() {
		if !slices.Contains(fields, string(f.Field)) || s.texts["field."+string(f.Field)] == nil {
			continue
		}
		i := slices.IndexFunc(out, func(x permission.SourceSpec) bool { return x.ID == f.Register })
		if i < 0 {
			i = len(out)
			out = append(out, permission.SourceSpec{ID: f.Register, Name: s.texts["decide.register."+f.Register]})
		}
		out[i].Fields = append(out[i].Fields, permission.SourceField{Field: f.Field, What: s.texts["field."+string(f.Field)]})
	}
	return out
}

// typedUse is what a form says of a use.
func typedUse(r *http.Request) url.Values {
	typed := url.Values{}
	_ = r.PostFormValue("") // reads the form
	for _, name := range useParts {
		if x := r.PostForm[name]; len(x) > 0 {
			typed[name] = x
		}
	}
	return typed
}

// propose compares a use with the earlier decisions.
func (s *site) propose(w http.ResponseWriter, r *http.Request) error {
	v, _, err := s.proposed(r)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if v.Fault != "" {
		status = http.StatusUnprocessableEntity
	}
	return s.renderDecide(w, r, status, v)
}

// proposed is the page with a proposal; with v.Fault the use is not whole.
func (s *site) proposed(r *http.Request) (v decideView, p precedent.Proposal, err error) {
	t := s.words(r)
	typed := typedUse(r)
	if v, err = s.decideView(r, typed); err != nil {
		return v, p, err
	}
	u, err := s.useOf(r, typed)
	if err != nil {
		return v, p, err
	}
	book, err := s.privacy.Precedents(r.Context())
	if err != nil {
		return v, p, err
	}
	if p, err = precedent.Propose(u, book); err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return v, p, err
		}
		v.Fault, v.Says = "decide.fault", faultsIn(t, err)
		return v, p, nil
	}
	use := inWords(t, precedent.Decision{Use: u})
	v.Use, v.Proposal, v.Why = &use, precedent.OutcomeWords(p.Outcome)[t.Lang], p.Why[t.Lang]
	for name, values := range typed {
		for _, x := range values {
			v.Hidden = append(v.Hidden, pair{name, x})
		}
	}
	slices.SortFunc(v.Hidden, func(a, b pair) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) })
	for _, x := range p.Terms {
		v.Terms = append(v.Terms, x[t.Lang])
	}
	for _, n := range p.Nearest {
		x := nearOf{decisionView: inWords(t, n.Decision), Distance: n.Distance, Differs: sides(t, n.Differences)}
		v.Near = append(v.Near, x)
	}
	v.Weigh = sides(t, p.Weigh)
	for _, o := range []precedent.Outcome{precedent.Lawful, precedent.OnTerms, precedent.Unlawful} {
		v.Outcomes = append(v.Outcomes, choice{string(o), precedent.OutcomeWords(o)[t.Lang], r.PostFormValue("outcome") == string(o)})
	}
	for _, d := range book.Standing() {
		if !d.Example {
			v.Standing = append(v.Standing, d.ID)
		}
	}
	return v, p, nil
}

func sides(t words, all []precedent.Difference) (out []differs) {
	for _, d := range all {
		out = append(out, differs{t.T("decide.side." + string(d.Side)), d.Text[t.Lang]})
	}
	return out
}

// decide keeps the officer's decision, which is a precedent from then on.
func (s *site) decide(w http.ResponseWriter, r *http.Request) error {
	v, p, err := s.proposed(r)
	if err != nil {
		return err
	}
	if v.Fault != "" {
		return s.renderDecide(w, r, http.StatusUnprocessableEntity, v)
	}
	three := func(name string) permission.Texts {
		out := permission.Texts{}
		for _, l := range languages {
			out[l] = strings.TrimSpace(r.PostFormValue(name + "." + string(l)))
		}
		return out
	}
	who := whoOf(r)
	ruling := precedent.Ruling{Outcome: precedent.Outcome(r.PostFormValue("outcome")), Reasoning: []precedent.Reason{{Text: three("reason"), Source: strings.TrimSpace(r.PostFormValue("source"))}},
		By: precedent.Decider{Name: who.Name, Office: s.texts["role.dpo"]}}
	if ruling.Outcome == precedent.OnTerms {
		ruling.Terms = []permission.Texts{three("term")}
	}
	if o := r.PostFormValue("overrules"); slices.Contains(v.Standing, o) {
		ruling.Overrules = []string{o}
	}
	id, err := s.privacy.Decide(r.Context(), p, ruling, who.Actor())
	if fault.KindOf(err) == fault.Invalid && err != nil {
		v.Fault, v.Says = "decide.ruling.fault", faultsIn(s.words(r), err)
		for _, name := range []string{"reason.fi", "reason.sv", "reason.en", "source", "term.fi", "term.sv", "term.en"} {
			v.Typed.Set(name, r.PostFormValue(name))
		}
		return s.renderDecide(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, precedentsPath+"#"+id, http.StatusSeeOther)
	return nil
}
