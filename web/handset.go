package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ennakko/channel/phone"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/store"
)

// maxAnswer is the longest text that can be written on the handset, in
// characters: ten parts of a text message.
const maxAnswer = 670

// handsetsView lists the made-up families by what is special about them.
type handsetsView struct {
	Ready bool
	Kinds []kindView
	Fault string // text key of what is wrong with the form
	Case  string // what was written in it
}

type kindView struct {
	Title    string
	Handsets []handsetView
}

// handsetView is one phone.
type handsetView struct {
	store.Handset
	Href   string
	Login  string // by which the guardian logs in
	Sender string
	Lines  []phone.Line
	Fault  string // text key of what is wrong with the form
	Text   string // what was written in it
	Taken  bool
	ByHand bool
}

// handsetsOf picks the phones of the newest round once it runs.
func (s *site) handsetsOf(ctx context.Context) ([]store.Handset, error) {
	rd, found, err := s.rounds.Round(ctx)
	if err != nil || !found || rd.State == store.Prepared {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if hs, ok := s.handsets[rd.ID]; ok {
		return hs, nil
	}
	hs, err := s.families.Handsets(ctx, rd.ID)
	if err == nil {
		s.handsets[rd.ID] = hs
	}
	return hs, err
}

func (s *site) listHandsets(w http.ResponseWriter, r *http.Request) error {
	return s.showHandsets(w, r, http.StatusOK, handsetsView{})
}

func (s *site) showHandsets(w http.ResponseWriter, r *http.Request, status int, v handsetsView) error {
	t := s.words(r)
	hs, err := s.handsetsOf(r.Context())
	if err != nil {
		return err
	}
	v.Ready = len(hs) > 0
	at := map[string]int{}
	for _, h := range hs {
		i, ok := at[h.Why]
		if !ok {
			i = len(v.Kinds)
			at[h.Why] = i
			title := h.Why
			if t.Has("family." + h.Why) {
				title = t.T("family." + h.Why)
			}
			v.Kinds = append(v.Kinds, kindView{Title: title})
		}
		v.Kinds[i].Handsets = append(v.Kinds[i].Handsets, s.handsetView(h))
	}
	return s.render(w, r, status, "handsets.html", view{words: t, Title: t.T("handsets.title"), Path: "/demo/handset", Data: v})
}

func (s *site) handsetView(h store.Handset) handsetView {
	return handsetView{Handset: h, Sender: s.pack.Schedule().Sender(), ByHand: h.Stage == conversation.ByHand,
		Login: fmt.Sprintf("case-%d-%d", h.Case, h.Party), Href: "/demo/handset/" + strconv.FormatInt(int64(h.Case), 10) + "/" + strconv.Itoa(h.Party)}
}

// anyHandset leads to the family of a case that the visitor names by its
// number, or of the next one.
func (s *site) anyHandset(w http.ResponseWriter, r *http.Request) error {
	v := handsetsView{Case: r.URL.Query().Get("case")}
	n, err := strconv.ParseInt(strings.TrimSpace(v.Case), 10, 64)
	if err != nil || n < 1 {
		v.Fault = "handsets.any.number"
		return s.showHandsets(w, r, http.StatusUnprocessableEntity, v)
	}
	hs, err := s.family(r.Context(), conversation.CaseID(n))
	switch {
	case fault.KindOf(err) == fault.Missing:
		v.Fault = "handsets.any.missing"
		return s.showHandsets(w, r, http.StatusUnprocessableEntity, v)
	case err != nil:
		return err
	}
	http.Redirect(w, r, s.handsetView(hs[0]).Href, http.StatusSeeOther)
	return nil
}

// family is a family that is not on the list.
func (s *site) family(ctx context.Context, from conversation.CaseID) ([]store.Handset, error) {
	rd, found, err := s.rounds.Round(ctx)
	if err != nil {
		return nil, err
	}
	if !found || rd.State == store.Prepared {
		return nil, missing("web.handset")
	}
	hs, err := s.families.Family(ctx, rd.ID, from)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range hs {
		s.visited[s.handsetView(h).Href] = h
	}
	return hs, nil
}

// known finds the phone that an address names.
func (s *site) known(ctx context.Context, c, party string) (store.Handset, error) {
	n, err := strconv.ParseInt(c, 10, 64)
	if err != nil || n < 1 {
		return store.Handset{}, missing("web.handset")
	}
	picked, err := s.handsetsOf(ctx)
	if err != nil {
		return store.Handset{}, err
	}
	is := func(h store.Handset) bool { return int64(h.Case) == n && strconv.Itoa(h.Party) == party }
	if i := slices.IndexFunc(picked, is); i >= 0 {
		return picked[i], nil
	}
	s.mu.Lock()
	h, seen := s.visited["/demo/handset/"+c+"/"+party]
	s.mu.Unlock()
	if seen {
		return h, nil
	}
	others, err := s.family(ctx, conversation.CaseID(n))
	if i := slices.IndexFunc(others, is); i >= 0 {
		return others[i], nil
	}
	if err == nil || fault.KindOf(err) == fault.Missing {
		err = missing("web.handset")
	}
	return store.Handset{}, err
}

// pick finds the phone that the address names, with what stands on it.
func (s *site) pick(r *http.Request) (handsetView, error) {
	h, err := s.known(r.Context(), r.PathValue("case"), r.PathValue("party"))
	if err != nil {
		return handsetView{}, err
	}
	v := s.handsetView(h)
	v.Taken = r.URL.Query().Has("taken")
	if h.Number != "" {
		v.Lines, err = s.screens.Screen(r.Context(), h.Number)
	}
	return v, err
}

func (s *site) handset(w http.ResponseWriter, r *http.Request) error {
	v, err := s.pick(r)
	if err != nil {
		return err
	}
	return s.showHandset(w, r, http.StatusOK, v)
}

func (s *site) showHandset(w http.ResponseWriter, r *http.Request, status int, v handsetView) error {
	t := s.words(r)
	p := view{words: t, Title: t.T("handset.title", v.Guardian), Path: v.Href, Data: v}
	if v.Number != "" {
		p.Events = v.Href + "/events"
	}
	return s.render(w, r, status, "handset.html", p)
}

// answer sends what was written, or the letter of the button.
func (s *site) answer(w http.ResponseWriter, r *http.Request) error {
	v, err := s.pick(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "web.answer", "the form cannot be read")
	}
	text := strings.TrimSpace(r.PostForm.Get("letter"))
	if text == "" {
		text = strings.TrimSpace(r.PostForm.Get("text"))
	}
	switch {
	case v.Number == "":
		return fault.New(fault.Conflict, "web.answer", "this family has no phone")
	case text == "":
		v.Fault = "handset.empty"
	case utf8.RuneCountInString(text) > maxAnswer || !utf8.ValidString(text):
		v.Fault, v.Text = "handset.long", strings.ToValidUTF8(text, "")
	}
	if v.Fault != "" {
		return s.showHandset(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.families.Answer(r.Context(), v.Handset, text); err != nil {
		return err
	}
	http.Redirect(w, r, v.Href+"#write", http.StatusSeeOther)
	return nil
}

// take lets the visitor hold the phone: its family no longer answers by itself.
func (s *site) take(w http.ResponseWriter, r *http.Request) error {
	v, err := s.pick(r)
	if err != nil {
		return err
	}
	if v.Number == "" {
		return fault.New(fault.Conflict, "web.take", "this family has no phone")
	}
	if err := s.screens.TakeOver(r.Context(), v.Number); err != nil {
		return err
	}
	http.Redirect(w, r, v.Href+"?"+url.Values{"taken": {"1"}}.Encode()+"#write", http.StatusSeeOther)
	return nil
}

// handsetEvents tells the phone's page what comes.
func (s *site) handsetEvents(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	if _, err := s.pick(r); err != nil {
		return err
	}
	return s.stream(w, r, func(context.Context) (news, error) {
		v, err := s.pick(r)
		if err != nil {
			return news{}, err
		}
		html, err := s.part("handset.html", "screen", view{words: t, Path: v.Href, Data: v})
		return news{Parts: map[string]string{"screen": html}}, err
	})
}
