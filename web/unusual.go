package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/oversight"
	"ennakko/person"
)

// query writes the query of an address, without what is empty.
func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q.Encode()
}

// numberIn is a number in an address.
func numberIn(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || n < 1 {
		return 0, missing("web.numberIn")
	}
	return n, nil
}

// findingOf is an unusual reading in words.
type unusualOf struct {
	Key, Kind, Says string
	From, To        time.Time
	Entries         []entryLink
	Looked          bool // into all of it
	Again           bool // something came after it was looked into
	Words, By       string
	At              time.Time
	Own             bool // of the reader: somebody else looks into it
}

// entryLink leads to an entry of the record.
type entryLink struct {
	Seq  uint64
	Href string
}

// unusualView is what is unusual in the record.
type unusualView struct {
	Tabs    []link
	Open    []unusualOf
	Looked  []unusualOf
	Chart   chart
	Entries uint64
	Days    int
	Unasked int
	Famous  string
	Unknown int
	Rules   oversight.Rules
	Fault   string
	At      string
	Done    string // key of what was done
}

// says puts a finding into words, with its numbers.
func says(t words, f oversight.Finding, rules oversight.Rules) string {
	who := actor(t, f.Actor)
	n, of := t.N(f.N), t.N(f.Of)
	switch f.Kind {
	case oversight.Relative:
		return t.T("unusual.relative", who, n, of)
	case oversight.Famous:
		return t.T("unusual.famous", who, n, of)
	case oversight.Much:
		return t.T("unusual.much", who, n, t.N(f.Others), t.T("role."+string(f.Role)), t.N(f.Middle))
	case oversight.NoCase:
		return t.T("unusual.no-case", who, n, of)
	case oversight.Readers:
		return t.T("unusual.readers", n, of)
	case oversight.Hours:
		return t.T("unusual.hours", who, n, of, t.N(rules.From), t.N(rules.To))
	}
	return ""
}

func (s *site) unusualView(r *http.Request) (unusualView, error) {
	t := s.words(r)
	u, err := s.privacy.Unusual(r.Context(), whoOf(r).Actor())
	if err != nil {
		return unusualView{}, err
	}
	v := unusualView{Tabs: privacyTabs(t, privacyPath+"/unusual"), Entries: u.Entries, Days: int(u.Rules.Window.Hours() / 24), Unasked: u.Unasked, Unknown: u.Unknown, Rules: u.Rules, Famous: t.N(u.Famous)}
	counts := map[oversight.Kind]int{}
	for _, f := range u.Findings {
		x := unusualOf{Key: f.Key(), Kind: t.T("unusual.kind." + string(f.Kind)), Says: says(t, f, u.Rules), From: f.From, To: f.To, Own: f.Actor == whoOf(r).Actor()}
		for _, seq := range f.Entries {
			x.Entries = append(x.Entries, entryLink{seq, "/desk/record?show=readings&before=" + strconv.FormatUint(seq+1, 10)})
		}
		if l, ok := u.Looked[x.Key]; ok {
			x.Looked, x.Again, x.Words, x.By, x.At = l.Through >= f.Last, l.Through < f.Last, l.Words, actor(t, l.By), l.At
		}
		if x.Looked {
			v.Looked = append(v.Looked, x)
			continue
		}
		counts[f.Kind]++
		v.Open = append(v.Open, x)
	}
	var rows []row
	for _, k := range oversight.Kinds() {
		rows = append(rows, row{Label: t.T("unusual.kind." + string(k)), N: counts[k]})
	}
	v.Chart = newChart(t, "unusual-chart", "unusual.chart", t.T("unusual.desc"), rows)
	return v, nil
}

func (s *site) renderUnusual(w http.ResponseWriter, r *http.Request, status int, v unusualView) error {
	t := s.words(r)
	return s.render(w, r, status, "unusual.html", view{words: t, Title: t.T("privacy.tab.unusual"), Path: privacyPath + "/unusual", Data: v})
}

// showUnusual shows what is unusual in the record.
func (s *site) showUnusual(w http.ResponseWriter, r *http.Request) error {
	v, err := s.unusualView(r)
	if err != nil {
		return err
	}
	switch d := r.URL.Query().Get("done"); d {
	case "looked", "relatives", "famous":
		v.Done = "unusual.done." + d
	}
	return s.renderUnusual(w, r, http.StatusOK, v)
}

// lookInto notes that the officer looked into a finding.
func (s *site) lookInto(w http.ResponseWriter, r *http.Request) error {
	words := r.PostFormValue("words")
	if strings.TrimSpace(words) == "" {
		v, err := s.unusualView(r)
		if err != nil {
			return err
		}
		v.Fault = "privacy.words.fault"
		for _, x := range v.Open {
			if x.Key == r.PostFormValue("finding") {
				v.At = "words-" + x.Key
			}
		}
		return s.renderUnusual(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.privacy.LookInto(r.Context(), r.PostFormValue("finding"), whoOf(r).Actor(), words); err != nil {
		return err
	}
	http.Redirect(w, r, privacyPath+"/unusual?done=looked", http.StatusSeeOther)
	return nil
}

// askRelatives asks the registers whether staff read of relatives.
func (s *site) askRelatives(w http.ResponseWriter, r *http.Request) error {
	if err := s.privacy.AskRelatives(r.Context(), whoOf(r).Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, privacyPath+"/unusual?done=relatives", http.StatusSeeOther)
	return nil
}

// setFamous changes the list of famous people.
func (s *site) setFamous(w http.ResponseWriter, r *http.Request) error {
	code, err := person.ParseCode(strings.TrimSpace(r.PostFormValue("code")))
	key := "privacy.note.code.fault"
	if err == nil {
		if err = s.privacy.SetFamous(r.Context(), code, r.PostFormValue("on") != "no", whoOf(r).Actor()); err == nil {
			http.Redirect(w, r, privacyPath+"/unusual?done=famous", http.StatusSeeOther)
			return nil
		}
		if fault.KindOf(err) != fault.Missing {
			return err
		}
		key = "privacy.note.nobody"
	}
	v, verr := s.unusualView(r)
	if verr != nil {
		return verr
	}
	v.Fault, v.At = key, "famous-code"
	return s.renderUnusual(w, r, http.StatusUnprocessableEntity, v)
}

// The public pages of what the desk keeps.
const (
	algorithmsPath  = "/open/algorithms"
	checkpointsPath = "/open/checkpoints"
)

// algorithmView is one algorithm in use, in words.
type algorithmView struct {
	app.Algorithm
	Title, What string
	Data        []dataName
	Since       string
}

// dataName is a field in words, or in the record's own name.
type dataName struct {
	Name    string
	Foreign bool
}

// showAlgorithms is the register of algorithms in use, for everybody.
func (s *site) showAlgorithms(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	all, err := s.privacy.Algorithms()
	if err != nil {
		return err
	}
	var out []algorithmView
	for _, a := range all {
		x := algorithmView{Algorithm: a, Title: a.Title[t.Lang], What: a.What[t.Lang]}
		for _, f := range a.Data {
			d := dataName{f, true}
			if t.Has("field." + f) {
				d = dataName{t.T("field." + f), false}
			}
			x.Data = append(x.Data, d)
		}
		if !a.Since.IsZero() {
			x.Since = t.Day(a.Since)
		}
		out = append(out, x)
	}
	return s.render(w, r, http.StatusOK, "algorithms.html", view{words: t, Title: t.T("privacy.tab.algorithms"), Path: algorithmsPath, Data: out})
}

// checkpointsView is what was published of the record.
type checkpointsView struct {
	Newest   string // the newest checkpoint as it stands now
	Verifier string
	Days     []publishedDay
}

type publishedDay struct {
	Label, Href, Size string
}

// showCheckpoints lists the checkpoints that were published, for everybody to keep.
func (s *site) showCheckpoints(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	all, err := s.privacy.Checkpoints()
	if err != nil {
		return err
	}
	v := checkpointsView{Verifier: s.proof.Verifier()}
	if v.Newest, err = s.proof.Checkpoint(r.Context()); err != nil {
		return err
	}
	for _, c := range all {
		day, err := time.Parse(time.DateOnly, c.Day)
		if err != nil {
			continue
		}
		d := publishedDay{Label: t.Day(day), Href: checkpointsPath + "/" + c.Day, Size: "–"}
		if lines := strings.Split(c.Text, "\n"); len(lines) > 1 {
			if n, err := strconv.Atoi(lines[1]); err == nil {
				d.Size = t.N(n)
			}
		}
		v.Days = append(v.Days, d)
	}
	return s.render(w, r, http.StatusOK, "checkpoints.html", view{words: t, Title: t.T("privacy.tab.checkpoints"), Path: checkpointsPath, Data: v})
}

// publishedCheckpoint is a checkpoint of a day as a file.
func (s *site) publishedCheckpoint(w http.ResponseWriter, r *http.Request) error {
	all, err := s.privacy.Checkpoints()
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Day == r.PathValue("day") {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Content-Disposition", `attachment; filename="ennakko-checkpoint-`+c.Day+`.txt"`)
			_, _ = w.Write([]byte(c.Text)) // a reader who went away is no fault
			return nil
		}
	}
	return missing("web.publishedCheckpoint")
}
