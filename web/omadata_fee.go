package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ennakko/person"
)

// hasOmaData reports whether the city has permissions and fees.
func (p parts) hasOmaData() bool { return p.omaData != nil }

// numberOf is the number that the address names, or a fault: there is no such page.
func numberOf(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || n < 1 {
		return 0, missing("web.numberOf")
	}
	return n, nil
}

func feePath(n int64) string { return "/my/fees/" + strconv.FormatInt(n, 10) }

// Path is the matter's address.
func (m feeMatter) Path() string { return feePath(m.N) }

// Waits reports whether the matter waits for the reader.
func (m feeMatter) Waits() bool {
	return m.Stage == feeOffered || m.Stage == feeNotNow || m.Stage == feeTakenBack || m.Open
}

// choosing reports whether a way can be chosen now.
func (m feeMatter) choosing() bool {
	switch m.Stage {
	case feeOffered, feeNotNow, feeDocuments, feeHighest, feeTakenBack:
		return true
	}
	return m.Chosen == wayHighest && m.Stage != feeEnded
}

// feeView is a page of one fee.
type feeView struct {
	feeMatter
	Choosing bool
	Ways     []wayView
	Moves    bool // it goes on by itself: the reader can look again
	Months   incomeTable
	Done     string // what was just done: a key's end
	Fault    string // text key of what is wrong with the form
	Typed    string
	Phone    string

	Sent       int       // documents that were kept just now
	Refused    []refusal // files that were not
	HoursFault string
	TypedHours string
	PlaceFault string
	TypedPlace string
}

// HoursNow is what stands in the field of the hours.
func (v feeView) HoursNow(w words) string {
	if v.HoursFault != "" || v.Place == nil {
		return v.TypedHours
	}
	return w.Week(v.Place.Hours)
}

// stepView is a step of the way to a fee.
type stepView struct {
	Key       string
	Done, Now bool
}

// Steps are those of the reader's way, with the one that is under way.
func (v feeView) Steps() []stepView {
	at := map[string]int{feePartner: 1, feeFetching: 1, feeLate: 1}[v.Stage]
	out := make([]stepView, 0, 4)
	for i, k := range []string{"permit", "income", "fee", "answer"} {
		out = append(out, stepView{k, i < at, i == at})
	}
	return out
}

// wayView is a way with the words of its button.
type wayView struct {
	way
	Button string
	Chosen bool
}

// fee shows one fee: where it stands, and what the reader can do.
func (s *site) fee(w http.ResponseWriter, r *http.Request) error {
	v, err := s.feeView(r)
	if err != nil {
		return err
	}
	v.Done = doneOf(r, "chosen", "asked", "accepted", "sent", "deleted", "hours", "place")
	return s.showFee(w, r, http.StatusOK, v)
}

// doneOf is what the address says was just done, if it is one of the known.
func doneOf(r *http.Request, known ...string) string {
	if d := r.URL.Query().Get("done"); slices.Contains(known, d) {
		return d
	}
	return ""
}

func (s *site) showFee(w http.ResponseWriter, r *http.Request, status int, v feeView) error {
	t := s.words(r)
	return s.render(w, r, status, "fee.html", view{words: t, Title: t.T("fee.title", v.Child), Path: v.Path(), Data: v})
}

// showMovedOn shows where the matter stands to somebody whose page was older: what they
// pressed there was not done.
func (s *site) showMovedOn(w http.ResponseWriter, r *http.Request, v feeView) error {
	v.Done = "moved-on"
	return s.showFee(w, r, http.StatusConflict, v)
}

func (s *site) feeView(r *http.Request) (feeView, error) {
	n, err := numberOf(r, "matter")
	if err != nil {
		return feeView{}, err
	}
	m, err := s.omaData.FeeMatter(r.Context(), whoOf(r).Person, n)
	if err != nil {
		return feeView{}, err
	}
	t := s.words(r)
	v := feeView{feeMatter: m, Choosing: m.choosing(), Phone: s.pack.Phone()}
	v.Moves = m.Stage == feeFetching || m.Stage == feeLate || m.Stage == feePartner
	for _, x := range m.Agreement.Ways {
		v.Ways = append(v.Ways, wayView{x, t.T("way." + x.ID), x.ID == m.Chosen && m.Stage != feeTakenBack})
	}
	v.Months = incomeOf(t, m.Income)
	return v, nil
}

// chooseWay notes the way that the reader chose.
func (s *site) chooseWay(w http.ResponseWriter, r *http.Request) error {
	v, err := s.feeView(r)
	if err != nil {
		return err
	}
	want := r.PostFormValue("way")
	offered := slices.ContainsFunc(v.Agreement.Ways, func(x way) bool { return x.ID == want })
	switch {
	case !v.Choosing && v.Chosen == want: // the button was pressed twice
		http.Redirect(w, r, v.Path()+"?done=chosen", http.StatusSeeOther)
		return nil
	case !v.Choosing:
		return s.showMovedOn(w, r, v)
	case !offered && want != wayNotNow:
		v.Fault = "fee.way.fault"
		return s.showFee(w, r, http.StatusUnprocessableEntity, v)
	case r.PostFormValue("text") != v.Agreement.Hash: // the agreement has changed since it was shown
		return s.showMovedOn(w, r, v)
	}
	if err := s.omaData.ChooseWay(r.Context(), whoOf(r).Person, v.N, want, v.Agreement.Hash); err != nil {
		return err
	}
	http.Redirect(w, r, v.Path()+"?done=chosen", http.StatusSeeOther)
	return nil
}

// Bounds of the words with which somebody asks for a person, in letters.
const (
	leastAsk = 3
	mostAsk  = 500 // at most 2,000 bytes
)

// answerFee accepts the fee, or asks for a person.
func (s *site) answerFee(w http.ResponseWriter, r *http.Request) error {
	v, err := s.feeView(r)
	if err != nil {
		return err
	}
	said, accept := "asked", r.PostFormValue("answer") == "accept"
	switch {
	case !v.Open && accept && v.Stage == feeAccepted: // the button was pressed twice
		http.Redirect(w, r, v.Path()+"?done=accepted", http.StatusSeeOther)
		return nil
	case !v.Open && r.PostFormValue("answer") == "person" && v.Stage == feePerson:
		http.Redirect(w, r, v.Path()+"?done=asked", http.StatusSeeOther)
		return nil
	case !v.Open:
		return s.showMovedOn(w, r, v)
	}
	v.Typed = strings.TrimSpace(strings.ToValidUTF8(r.PostFormValue("words"), ""))
	n := utf8.RuneCountInString(v.Typed)
	switch {
	case accept:
		said, v.Typed = "accepted", ""
	case r.PostFormValue("answer") != "person":
		v.Fault = "fee.answer.fault"
	case n < leastAsk || n > mostAsk:
		v.Fault = "fee.words.fault"
	}
	if v.Fault != "" {
		return s.showFee(w, r, http.StatusUnprocessableEntity, v)
	}
	if r.PostFormValue("fee") != strconv.FormatInt(v.Fee.N, 10) { // another fee is proposed since this one was shown
		v.Typed = ""
		return s.showMovedOn(w, r, v)
	}
	if err := s.omaData.AnswerFee(r.Context(), whoOf(r).Person, v.N, v.Fee.N, accept, v.Typed); err != nil {
		return err
	}
	http.Redirect(w, r, v.Path()+"?done="+said, http.StatusSeeOther)
	return nil
}

// incomeTable is income by month and kind.
type incomeTable struct {
	Kinds   []string // their words
	Rows    []incomeRow
	Average int64 // cents a month
}

type incomeRow struct {
	Month string
	Cells []int64
	Sum   int64
}

// incomeOf puts income into rows of months, the newest first, and columns of kinds.
func incomeOf(t words, all []income) incomeTable {
	var out incomeTable
	var kinds []string
	for _, x := range all {
		if !slices.Contains(kinds, x.Kind) {
			kinds = append(kinds, x.Kind)
		}
	}
	slices.Sort(kinds)
	for _, k := range kinds {
		out.Kinds = append(out.Kinds, t.kindOfIncome(k))
	}
	byMonth := map[time.Time]*incomeRow{}
	var months []time.Time
	for _, x := range all {
		row := byMonth[x.Month]
		if row == nil {
			row = &incomeRow{Month: t.Month(x.Month), Cells: make([]int64, len(kinds))}
			byMonth[x.Month] = row
			months = append(months, x.Month)
		}
		row.Cells[slices.Index(kinds, x.Kind)] += x.Cents
		row.Sum += x.Cents
		out.Average += x.Cents
	}
	slices.SortFunc(months, func(a, b time.Time) int { return cmp.Or(b.Compare(a)) })
	for _, m := range months {
		out.Rows = append(out.Rows, *byMonth[m])
	}
	if len(months) > 0 {
		out.Average = (out.Average + int64(len(months))/2) / int64(len(months))
	}
	return out
}

// kindOfIncome is a kind of income in words; one that is new has none yet.
func (w words) kindOfIncome(kind string) string {
	if w.Has("income." + kind) {
		return w.T("income." + kind)
	}
	return kind
}

// Month writes a month with its year.
func (w words) Month(t time.Time) string {
	return w.T("month."+strconv.Itoa(int(t.Month()))) + " " + strconv.Itoa(t.Year())
}

// Euro writes an amount of cents: whole euros without decimals.
func (w words) Euro(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "−", -cents
	}
	s := w.N(int(cents / 100))
	if rest := cents % 100; rest != 0 {
		point := ","
		if w.Lang == person.English {
			point = "."
		}
		s += point + strconv.Itoa(int(rest/10)) + strconv.Itoa(int(rest%10))
	}
	if w.Lang == person.English {
		return sign + "€" + s
	}
	return sign + s + "\u00a0€"
}

// HoursIn writes the hours a week; "" when they are not known.
func (p carePlace) HoursIn(w words) string {
	if p.Hours == 0 {
		return ""
	}
	if p.Hours%100 == 0 {
		return w.T("fee.hours", w.N(p.Hours/100))
	}
	return w.T("fee.hours", w.F(float64(p.Hours)/100, 1))
}
