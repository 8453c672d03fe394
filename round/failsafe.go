package round

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/criteria"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// Group is why a child stands on the failsafe list.
type Group string

// The groups of the failsafe list.
const (
	LeftOut    Group = "left out by a criterion" // found, and not offered a place
	NotJudged  Group = "cannot be judged"        // a fact is missing
	NoPlace    Group = "waiting for a place"
	NotReached Group = "not reached by text message" // offered a place
)

// OnFailsafe is one child of the list. It holds nothing of the registers.
type OnFailsafe struct {
	Group  Group
	Child  person.ID
	Case   int64 // 0: there is none
	Reason string
}

// Failsafe is the failsafe list of a round: the children who were found and have
// no offer that reached their family. Somebody must see to each of them. The
// reasons are in the given language where the pack words them. It reads no
// register.
func Failsafe(ctx context.Context, r Rooms, id store.RoundID, l person.Language) ([]OnFailsafe, error) {
	if _, err := r.Store.Round(ctx, id); err != nil {
		return nil, err
	}
	left, err := r.Store.LeftOut(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []OnFailsafe
	for _, f := range left {
		x := OnFailsafe{Group: LeftOut, Child: f.Person}
		if f.Verdict == criteria.Unknown {
			x.Group = NotJudged
		}
		var why []string
		for _, reason := range f.Reasons {
			if text := r.Pack.Reason(reason, l); text != "" {
				why = append(why, text)
			}
		}
		x.Reason = strings.Join(why, " ")
		out = append(out, x)
	}
	waiting, err := r.Store.WaitingList(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, w := range waiting {
		out = append(out, OnFailsafe{Group: NoPlace, Child: w.Child, Reason: w.Reason})
	}
	unreached, err := r.Store.Unreached(ctx, id)
	for _, c := range unreached {
		if c.Reason == "" {
			c.Reason = "no message has come through yet"
		}
		out = append(out, OnFailsafe{Group: NotReached, Child: c.Child, Case: int64(c.Case), Reason: c.Reason})
	}
	return out, err
}

// FailsafeHeader names the columns of FailsafeTable.
func FailsafeHeader() []string {
	return []string{"group", "case", "child", "guardian", "telephone", "language", "reason", "protected"}
}

// FailsafeTable gives the list names and numbers, one row for each guardian who
// decides, read from the newest registers under a grant and on the record. No
// row has an address, a district or a unit. Guardians of children in foster care
// are left out: who is to be asked about those is an officer's to find out.
func FailsafeTable(ctx context.Context, r Rooms, id store.RoundID, list []OnFailsafe, officer string, known, now time.Time) ([][]string, error) {
	act, err := audit.Begin(officer, "list the failsafe", r.Pack.Purpose().ID(), r.Pack.Purpose().LegalBasis(), now)
	if err != nil {
		return nil, err
	}
	set := roaring.New()
	for _, x := range list {
		set.Add(uint32(x.Child))
	}
	f := &families{Rooms: r, act: act, asOf: known}
	if err := f.read(ctx, set, roundObject(id)+": failsafe", register.Mobile); err != nil {
		return nil, err
	}
	var out [][]string
	for _, x := range list {
		rows, err := f.listed(x)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

func (f *families) listed(x OnFailsafe) ([][]string, error) {
	row, there := f.children[x.Child]
	if !there {
		return nil, nil // objects to this use of data: nothing of theirs is read
	}
	child, err := f.whole(row)
	if err != nil {
		return nil, err
	}
	who, hand, err := f.deciding(row)
	if err != nil {
		return nil, err
	}
	number, protected := "", ""
	if x.Case > 0 {
		number = strconv.FormatInt(x.Case, 10)
	}
	if hand == handNonDisclosure {
		protected = "yes"
	}
	reason := x.Reason
	if hand == handFoster || hand == handNobody || hand == handDied {
		who = nil
		if !strings.Contains(reason, hand) {
			reason = strings.TrimSpace(fmt.Sprintf("%s (%s)", reason, hand))
		}
	}
	if len(who) == 0 {
		return [][]string{{string(x.Group), number, child, "", "", "", reason, protected}}, nil
	}
	var out [][]string
	for _, g := range who {
		name, err := f.whole(g)
		if err != nil {
			return nil, err
		}
		out = append(out, []string{string(x.Group), number, child, name, g.Text(f.grant, register.Mobile), string(f.language(g)), reason, protected})
	}
	return out, nil
}
