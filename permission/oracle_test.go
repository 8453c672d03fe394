package permission_test

import (
	"slices"
	"time"

	"ennakko/permission"
	"ennakko/person"
)

// The oracle says what a life must come to. It is written as a table over one
// sheet of paper for each version, and knows nothing of how package permission
// does it.

// sheet is what is on file under one version of the agreement.
type sheet struct {
	state string
	yes   map[person.ID]time.Time
	until time.Time
	way   string
	cause permission.Cause

	// of the time before its end
	asked, no bool
	again     map[person.ID]time.Time
}

// oracle is one permission, seen from outside.
type oracle struct {
	subject, about person.ID
	sheets         []*sheet // by version, from 1; nil: nobody was asked
	newest         time.Time
	events         int // that changed something
}

// rule says what an event makes of a state: the next state, "=" for no change,
// "yes" for one more signature, "" for what cannot be. "+" stands for any other.
var rules = map[string]map[string]string{
	"":          {"ask": "asked"},
	"asked":     {"ask": "=", "give": "yes", "refuse": "refused", "end": "ended"},
	"partly":    {"ask": "=", "give": "yes", "refuse": "refused", "end": "ended"},
	"standing":  {"ask": "=", "give": "yes", "end": "ended", "renew": "given"},
	"late":      {"ask": "=", "give": "yes", "end": "ended", "remind": "reminded", "renew": "again", "decline": "no"}, // standing, and its time is nearly out
	"let go":    {"give": "anew", "refuse": "refused", "expire": "expired", "end": "ended"},                           // over, and they said that they will not give it anew
	"let gone":  {"give": "anew", "refuse": "refused", "expire": "="},                                                 // the same, expired
	"over":      {"ask": "asked", "give": "anew", "refuse": "refused", "expire": "expired", "end": "ended"},           // standing or partly, and its time is out
	"refused":   {"give": "anew", "refuse": "refused", "end": "="},
	"withdrawn": {"give": "anew", "refuse": "refused", "expire": "=", "end": "="},
	"expired":   {"ask": "asked", "give": "anew", "refuse": "refused", "expire": "=", "end": "="},
	"ended":     {"ask": "asked", "expire": "=", "end": "="},
	"for good":  {"expire": "=", "end": "="},
}

func (s *sheet) at(t time.Time) string {
	switch {
	case s == nil:
		return ""
	case s.state == "standing" && s.no && !t.Before(s.until):
		return "let go"
	case s.state == "expired" && s.no:
		return "let gone"
	case (s.state == "partly" || s.state == "standing") && !t.Before(s.until):
		return "over"
	case s.state == "standing" && !t.Before(s.until.AddDate(0, -6, 0)): // as the test's agreements have it
		return "late"
	case s.state == "ended" && (s.cause == permission.CauseDeath || s.cause == permission.CausePurpose):
		return "for good"
	}
	return s.state
}

func (o *oracle) last() int {
	for v := len(o.sheets); v > 0; v-- {
		if o.sheets[v-1] != nil {
			return v
		}
	}
	return 0
}

// takes reports whether the event may happen, and lets it.
func (o *oracle) takes(e permission.Event, a permission.Agreement, say []person.ID) bool {
	at := e.At
	if at.Before(o.newest) {
		if e.Kind != permission.Withdraw && at.Before(o.newest.Add(-permission.Skew)) {
			return false
		}
		at = o.newest
	}
	if e.Hash != a.Hash() || e.Version != a.Version() {
		return false
	}
	early := at.Add(permission.Skew).Before(a.From())
	if early && (e.Kind == permission.Ask || e.Kind == permission.Give) {
		return false
	}
	if !o.mayDo(e, say) {
		return false
	}
	ok, changed := o.turn(e, a, say, at)
	if changed {
		o.newest = at
		o.events++
	}
	return ok
}

func (o *oracle) mayDo(e permission.Event, say []person.ID) bool {
	program, mine := e.By == 0, slices.Contains(say, e.By)
	onFile := false
	for _, s := range o.sheets {
		if s != nil {
			_, yes := s.yes[e.By]
			onFile = onFile || yes
		}
	}
	return map[permission.EventKind]bool{
		permission.Ask: len(say) > 0 && (program || mine), permission.Give: mine, permission.Refuse: mine,
		permission.Withdraw: !program && (mine || onFile || e.By == o.subject), permission.Expire: program, permission.End: program,
		permission.Remind: program && len(say) > 0, permission.Renew: mine, permission.Decline: mine,
	}[e.Kind]
}

func (o *oracle) turn(e permission.Event, a permission.Agreement, say []person.ID, at time.Time) (ok, changed bool) {
	v := e.Version
	for len(o.sheets) < v {
		o.sheets = append(o.sheets, nil)
	}
	switch e.Kind {
	case permission.Withdraw:
		return o.takeBack()
	case permission.End:
		return o.stop(e, at)
	case permission.Ask:
		if v < o.last() {
			return false, false
		}
		if o.sheets[v-1] == nil {
			for _, s := range o.sheets {
				if s != nil && s.state == "ended" && s.cause == permission.CauseDeath {
					return false, false
				}
			}
			for _, s := range o.sheets {
				if s != nil && (s.state == "asked" || s.state == "partly") {
					s.state, s.cause = "ended", permission.CauseAgreement
				}
			}
		}
	case permission.Give, permission.Refuse, permission.Remind, permission.Renew, permission.Decline:
		if v != o.last() {
			return false, false
		}
	case permission.Expire:
	}
	s := o.sheets[v-1]
	next := rules[s.at(at)][e.Kind.String()]
	switch next {
	case "":
		return false, false
	case "=":
		return true, false
	case "yes", "anew":
		if next == "anew" {
			*s = sheet{state: s.state, yes: map[person.ID]time.Time{}}
		}
		return true, o.sign(s, v, e.By, a, say, at)
	case "given": // only who gave it may say so again, and it changes nothing
		_, gave := s.yes[e.By]
		return gave, false
	case "reminded":
		changed = !s.asked && !s.no
		s.asked = s.asked || changed
		return true, changed
	case "no":
		changed = !s.no
		s.no, s.again = true, nil
		return true, changed
	case "again":
		return true, s.giveAgain(e.By, a, say, at)
	case "refused":
		if s.state == "refused" && s.way == e.Way || s.state == "withdrawn" && e.Way == "" {
			return true, false
		}
		o.sheets[v-1] = &sheet{state: "refused", way: e.Way}
	case "asked":
		o.sheets[v-1] = &sheet{state: "asked"}
	default:
		s.state = next
	}
	return true, true
}

// covers reports whether the signatures are those that must be there.
func covers(mode permission.Signers, yes map[person.ID]time.Time, say []person.ID) bool {
	missing := 0
	for _, id := range say {
		if _, ok := yes[id]; !ok {
			missing++
		}
	}
	if mode == permission.AllGuardians {
		return len(say) > 0 && missing == 0
	}
	return missing < len(say)
}

func (o *oracle) sign(s *sheet, v int, by person.ID, a permission.Agreement, say []person.ID, at time.Time) bool {
	if _, signed := s.yes[by]; signed && (s.state == "standing" || !covers(a.Signers(), s.yes, say)) {
		return false
	}
	fresh := map[person.ID]time.Time{by: at}
	for id, t := range s.yes {
		if slices.Contains(say, id) && at.Before(t.AddDate(1, 0, 0)) {
			fresh[id] = t
		}
	}
	s.yes, s.state, s.until = fresh, "partly", time.Time{}
	for _, t := range fresh {
		if end := t.AddDate(1, 0, 0); s.until.IsZero() || end.Before(s.until) {
			s.until = end
		}
	}
	if covers(a.Signers(), s.yes, say) {
		s.state = "standing"
		for i, older := range o.sheets {
			if i < v-1 && older != nil && older.state == "standing" {
				older.state, older.cause = "ended", permission.CauseAgreement
			}
		}
	}
	return true
}

// giveAgain puts a name under it before its time is out.
func (s *sheet) giveAgain(by person.ID, a permission.Agreement, say []person.ID, at time.Time) bool {
	if _, there := s.again[by]; there && !covers(a.Signers(), s.again, say) {
		return false
	}
	names := map[person.ID]time.Time{by: at}
	for id, t := range s.again {
		if slices.Contains(say, id) {
			names[id] = t
		}
	}
	s.again, s.no = names, false
	if !covers(a.Signers(), names, say) {
		return true
	}
	first := at
	for _, t := range names {
		if t.Before(first) {
			first = t
		}
	}
	s.yes, s.again, s.asked, s.until = names, nil, false, first.AddDate(1, 0, 0)
	return true
}

func (o *oracle) takeBack() (ok, changed bool) {
	before := false
	for _, s := range o.sheets {
		if s != nil {
			changed = changed || s.state == "standing" || s.state == "partly"
			before = before || s.state == "withdrawn"
		}
	}
	if changed {
		for _, s := range o.sheets {
			if s != nil && slices.Contains([]string{"asked", "partly", "standing"}, s.state) {
				s.state = "withdrawn"
			}
		}
	}
	return changed || before, changed
}

func (o *oracle) stop(e permission.Event, at time.Time) (ok, changed bool) {
	if o.sheets[e.Version-1] == nil {
		return false, false
	}
	for i, s := range o.sheets {
		if s == nil || e.Cause == permission.CauseAgreement && i != e.Version-1 {
			continue
		}
		if rules[s.at(at)]["end"] == "ended" {
			s.state, s.cause, changed = "ended", e.Cause, true
		}
	}
	return true, changed
}

// reads reports whether data may be used at the moment.
func (o *oracle) reads(t time.Time, agreements []permission.Agreement, w town, fields []permission.Field) bool {
	for i, s := range o.sheets {
		if s == nil || s.at(t) != "standing" && s.at(t) != "late" {
			continue
		}
		a := agreements[i]
		for _, at := range s.yes {
			if t.Add(permission.Skew).Before(at) {
				return false
			}
		}
		for _, f := range fields {
			if !slices.Contains(a.Fields(), f) {
				return false
			}
		}
		matter := o.subject
		if o.about != 0 {
			matter = o.about
		}
		return !w.dead[o.subject] && !w.dead[matter] && !w.gone[matter] && covers(a.Signers(), s.yes, w.signersOf(a.Signers(), o.subject))
	}
	return false
}
