package precedent

import (
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// nearEnough is the distance up to which a decision says anything about a new
// use.
const nearEnough = 50

// Proposal is what the earlier decisions say about a new use. It binds nobody.
type Proposal struct {
	Use     Use
	Outcome Outcome            // "": they leave it open
	Terms   []permission.Texts // that come along with OnTerms
	Why     permission.Texts
	Nearest []Nearness   // nearest first
	Weigh   []Difference // what the person who decides has to weigh
}

// Propose compares a use with the book. Only two things are proposed. A use
// that stays within one decided to be lawful is proposed as that one was, with
// its terms. A use that goes at least as far as one decided to be unlawful is
// proposed to be unlawful. Everything else is left open, and so is a use of
// which precedents say both.
func Propose(u Use, b Book) (Proposal, error) {
	const op = "precedent.Propose"
	var l fault.List
	need := func(ok bool, format string, args ...any) {
		if !ok {
			l.Add(fault.New(fault.Invalid, op, format, args...))
		}
	}
	if u.Task == "" || u.Area == "" { // else check looks at them
		u.checkKind(need, true)
	}
	u.check(need, func(t permission.Texts, what string) {
		for _, lang := range person.Languages() {
			if t[lang] == "" {
				l.Add(fault.New(fault.Invalid, op, "%s is not said in %s", what, lang))
			}
		}
	})
	if err := l.Err(); err != nil {
		return Proposal{}, err
	}
	near := b.Nearest(u, len(b.all))
	near = slices.DeleteFunc(near, func(n Nearness) bool { return n.Distance > nearEnough })
	out := Proposal{Use: u, Nearest: near[:min(3, len(near))], Why: whyFar()}
	within := slices.IndexFunc(near, func(n Nearness) bool { return n.Decision.Outcome != Unlawful && len(n.Beyond()) == 0 })
	beyond := slices.IndexFunc(near, func(n Nearness) bool { return n.Decision.Outcome == Unlawful && goesAsFar(n) })
	switch {
	case within >= 0 && beyond >= 0:
		out.Why = whyBoth(near[within], near[beyond])
		out.Nearest = []Nearness{near[within], near[beyond]}
		out.Weigh = near[beyond].Differences
	case within >= 0:
		out.Outcome, out.Terms, out.Why = near[within].Decision.Outcome, near[within].Decision.Terms, whyWithin(near[within])
		out.Nearest = front(out.Nearest, near[within])
		out.Weigh = slices.DeleteFunc(slices.Clone(near[within].Differences), func(d Difference) bool { return d.Side != Alike })
	case beyond >= 0:
		out.Outcome, out.Why = Unlawful, whyUnlawful(near[beyond])
		out.Nearest = front(out.Nearest, near[beyond])
	case len(near) > 0:
		out.Why, out.Weigh = whyOpen(near[0]), near[0].Beyond()
		if len(out.Weigh) == 0 {
			out.Weigh = near[0].Differences
		}
	}
	return out, nil
}

// front puts the precedent that the proposal rests on first.
func front(all []Nearness, n Nearness) []Nearness {
	rest := slices.DeleteFunc(slices.Clone(all), func(m Nearness) bool { return m.Decision.ID == n.Decision.ID })
	return append([]Nearness{n}, rest[:min(2, len(rest))]...)
}

// goesAsFar reports whether a use does all that one decided to be unlawful did.
func goesAsFar(n Nearness) bool {
	return !slices.ContainsFunc(n.Differences, func(d Difference) bool { return d.Side != Further && d.Side != Alike })
}

func named(n Nearness) permission.Texts {
	out := permission.Texts{}
	for _, l := range person.Languages() {
		out[l] = n.Decision.ID + " (" + n.Decision.Use.Name[l] + ")"
	}
	return out
}

func whyFar() permission.Texts {
	return three("Mikään aiempi ratkaisu ei ole tarpeeksi lähellä. Ihmisen on punnittava asia alusta.",
		"Inget tidigare avgörande ligger tillräckligt nära. En människa måste väga saken från början.",
		"No earlier decision is near enough. A person must weigh it from the beginning.")
}

func whyWithin(n Nearness) permission.Texts {
	d := named(n)
	return three("Käyttö pysyy ratkaisun "+d[person.Finnish]+" rajoissa: se ei mene missään kohdassa pidemmälle.",
		"Användningen håller sig inom avgörandet "+d[person.Swedish]+": den går inte längre i någon del.",
		"The use stays within the decision "+d[person.English]+": it goes further in no part.")
}

func whyUnlawful(n Nearness) permission.Texts {
	d := named(n)
	return three("Käyttö menee vähintään yhtä pitkälle kuin ratkaisussa "+d[person.Finnish]+", joka ei ollut lainmukaista.",
		"Användningen går minst lika långt som i avgörandet "+d[person.Swedish]+", som inte var laglig.",
		"The use goes at least as far as in the decision "+d[person.English]+", which was not lawful.")
}

func whyOpen(n Nearness) permission.Texts {
	d := named(n)
	return three("Lähin ratkaisu on "+d[person.Finnish]+", mutta käyttö eroaa siitä. Ihmisen on punnittava erot.",
		"Närmast är avgörandet "+d[person.Swedish]+", men användningen skiljer sig från det. En människa måste väga skillnaderna.",
		"The nearest decision is "+d[person.English]+", but the use differs from it. A person must weigh what differs.")
}

func whyBoth(a, b Nearness) permission.Texts {
	x, y := named(a), named(b)
	return three("Ratkaisut "+x[person.Finnish]+" ja "+y[person.Finnish]+" vievät eri suuntiin. Ihmisen on punnittava asia.",
		"Avgörandena "+x[person.Swedish]+" och "+y[person.Swedish]+" leder åt olika håll. En människa måste väga saken.",
		"The decisions "+x[person.English]+" and "+y[person.English]+" lead to different answers. A person must weigh it.")
}

// Ruling is what a person decides on a proposal.
type Ruling struct {
	ID        string
	Outcome   Outcome
	Terms     []permission.Texts
	Reasoning []Reason
	By        Decider // with a name
	At        time.Time
	Overrules []string
}

// Decide makes a decision of a proposal. A person decides: without a name there
// is no decision. It keeps what was proposed and on which precedents, also where
// the person decided otherwise. It is not in a book before Book.With.
func Decide(p Proposal, r Ruling) (Decision, error) {
	const op = "precedent.Decide"
	if r.By.Name == "" {
		return Decision{}, fault.New(fault.Refused, op, "a person decides, and nobody is named").Do("name who decided")
	}
	d := Decision{ID: r.ID, Use: p.Use, Outcome: r.Outcome, Terms: r.Terms, Reasoning: r.Reasoning, By: r.By, At: r.At.UTC(), Proposed: p.Outcome, Overrules: r.Overrules}
	for _, n := range p.Nearest {
		d.Near = append(d.Near, n.Decision.ID)
	}
	return d, d.check(op)
}

// Departs reports whether the person decided otherwise than was proposed.
func (d Decision) Departs() bool { return d.Proposed != "" && d.Proposed != d.Outcome }
