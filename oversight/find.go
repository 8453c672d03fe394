package oversight

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"ennakko/access"
	"ennakko/person"
)

// Kind says what is unusual.
type Kind string

// The kinds, the gravest first.
const (
	Relative Kind = "relative" // one of the staff read of a relative, or of themself
	Famous   Kind = "famous"   // of somebody on the list of famous people
	Much     Kind = "much"     // of many more people than others of the role
	NoCase   Kind = "no-case"  // of people who have no case
	Readers  Kind = "readers"  // many of the staff read of one person
	Hours    Kind = "hours"    // outside working hours
)

// Kinds are all of them, the gravest first.
func Kinds() []Kind { return []Kind{Relative, Famous, Much, NoCase, Readers, Hours} }

// Finding is something unusual, with its numbers. It names no person; Person is for
// the records only, and never shown.
type Finding struct {
	Kind    Kind
	Actor   string    // whose readings; "": of several
	Person  person.ID // of Readers; 0: of several
	Role    access.Role
	N       int      // what was counted
	Of      int      // out of how many readings, or people
	Middle  int      // of Much: the middle of the others of the role
	Others  int      // of Much: how many others there are
	First   uint64   // the first entry of the record that counts
	Last    uint64   // and the last
	Entries []uint64 // some of them, the newest first
	From    time.Time
	To      time.Time
}

// Key tells a finding from others. It stays the same while the finding grows.
func (f Finding) Key() string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d", f.Kind, f.Actor, f.Person))
	return hex.EncodeToString(h[:12])
}

// mostEntries is how many entries a finding names.
const mostEntries = 10

// gather collects looks into a finding.
type gather struct {
	f    Finding
	ids  map[person.ID]bool
	seqs []uint64
}

func (g *gather) add(x look, who ...person.ID) {
	if len(g.seqs) == 0 || g.seqs[len(g.seqs)-1] != x.seq {
		g.seqs = append(g.seqs, x.seq)
		if g.f.From.IsZero() {
			g.f.From = x.at
		}
		g.f.To = x.at
	}
	for _, p := range who {
		g.ids[p] = true
	}
}

func (g *gather) finding() Finding {
	f := g.f
	f.First, f.Last = g.seqs[0], g.seqs[len(g.seqs)-1]
	f.Entries = slices.Clone(g.seqs[max(0, len(g.seqs)-mostEntries):])
	slices.Reverse(f.Entries)
	return f
}

// byActor collects, for each of the staff, the looks and people that pick takes.
func (b *Book) byActor(k Kind, pick func(look) []person.ID) map[string]*gather {
	out := map[string]*gather{}
	for _, x := range b.looks {
		who := pick(x)
		if len(who) == 0 {
			continue
		}
		if out[x.actor] == nil {
			out[x.actor] = &gather{f: Finding{Kind: k, Actor: x.actor}, ids: map[person.ID]bool{}}
		}
		out[x.actor].add(x, who...)
	}
	return out
}

// Findings are what is unusual in the window that ends now: the gravest kind
// first, and of one kind the greatest.
func (b *Book) Findings(now time.Time, a About) []Finding {
	b.trim(now)
	all := b.byActor(Much, func(x look) []person.ID { return x.who })
	var out []Finding
	out = append(out, b.much(all, a)...)
	out = append(out, b.relatives(a)...)
	if a.Famous != nil {
		out = append(out, b.people(Famous, all, 1, func(_ look, p person.ID) bool { return a.Famous.Contains(uint32(p)) })...)
	}
	if a.Cases != nil {
		out = append(out, b.people(NoCase, all, b.rules.Alone, func(x look, p person.ID) bool { return !x.has && !a.Cases.Contains(uint32(p)) })...)
	}
	out = append(out, b.readers()...)
	out = append(out, b.hours(all)...)
	rank := func(f Finding) int { return slices.Index(Kinds(), f.Kind) }
	slices.SortFunc(out, func(x, y Finding) int {
		return cmp.Or(rank(x)-rank(y), y.N-x.N, cmp.Compare(x.Actor, y.Actor), cmp.Compare(x.Person, y.Person))
	})
	return out
}

// much finds those who read of many more people than the others of a role that they
// have. With fewer than two others there is nothing to compare with.
func (b *Book) much(all map[string]*gather, a About) (out []Finding) {
	for actor, g := range all {
		n := len(g.ids)
		for _, role := range a.Roles[actor] {
			var others []int
			for o, roles := range a.Roles {
				if o == actor || !slices.Contains(roles, role) {
					continue
				}
				seen := 0
				if all[o] != nil {
					seen = len(all[o].ids)
				}
				others = append(others, seen)
			}
			if len(others) < 2 || n < b.rules.Least {
				continue
			}
			slices.Sort(others)
			middle := others[len(others)/2]
			if n < b.rules.Times*middle {
				continue
			}
			f := g.finding()
			f.Role, f.N, f.Of, f.Middle, f.Others = role, n, len(g.seqs), middle, len(others)
			out = append(out, f)
			break
		}
	}
	return out
}

// relatives finds those who read of their own household, of those for whom they act,
// or of themselves. One reading is enough.
func (b *Book) relatives(a About) (out []Finding) {
	for _, g := range b.byActor(Relative, func(x look) (who []person.ID) {
		for _, p := range x.who {
			if a.Relatives[Pair{x.actor, p}] {
				who = append(who, p)
			}
		}
		return who
	}) {
		f := g.finding()
		f.N, f.Of = len(g.seqs), len(g.ids)
		out = append(out, f)
	}
	return out
}

// people finds those who read of least or more people that a test takes.
func (b *Book) people(k Kind, all map[string]*gather, least int, is func(look, person.ID) bool) (out []Finding) {
	for actor, g := range b.byActor(k, func(x look) (who []person.ID) {
		for _, p := range x.who {
			if is(x, p) {
				who = append(who, p)
			}
		}
		return who
	}) {
		if len(g.ids) < least {
			continue
		}
		f := g.finding()
		f.N, f.Of = len(g.ids), len(all[actor].ids)
		out = append(out, f)
	}
	return out
}

// readers finds people of whom many of the staff read.
func (b *Book) readers() (out []Finding) {
	by, who := map[person.ID]*gather{}, map[person.ID]map[string]bool{}
	for _, x := range b.looks {
		for _, p := range x.who {
			if by[p] == nil {
				by[p], who[p] = &gather{f: Finding{Kind: Readers, Person: p}, ids: map[person.ID]bool{}}, map[string]bool{}
			}
			by[p].add(x, p)
			who[p][x.actor] = true
		}
	}
	for p, g := range by {
		if len(who[p]) < b.rules.Readers {
			continue
		}
		f := g.finding()
		f.N, f.Of = len(who[p]), len(g.seqs)
		out = append(out, f)
	}
	return out
}

// hours finds those who read outside working hours.
func (b *Book) hours(all map[string]*gather) (out []Finding) {
	for actor, g := range b.byActor(Hours, func(x look) []person.ID {
		if !b.outside(x.at) {
			return nil
		}
		return x.who
	}) {
		if len(g.seqs) < b.rules.Outside {
			continue
		}
		f := g.finding()
		f.N, f.Of = len(g.seqs), len(all[actor].seqs)
		out = append(out, f)
	}
	return out
}

func (b *Book) outside(at time.Time) bool {
	t := at.In(b.rules.Zone)
	return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday || t.Hour() < b.rules.From || t.Hour() >= b.rules.To
}
