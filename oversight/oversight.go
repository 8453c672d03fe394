// Package oversight looks at the record of uses for what is unusual: who reads
// much beside others of the role, outside working hours, of relatives, of people
// who have no case, of those on the city's list of famous people; and whom many
// read. It judges nobody: each finding says what was counted, and a person looks
// into it.
//
// Source: Act on Information Management in Public Administration 906/2019,
// section 17 (a log is kept to watch the use of data); GDPR articles 5(1)(f), 5(2)
// and 32 (Regulation (EU) 2016/679); Act on the Protection of Privacy in Working
// Life 759/2004, section 21 (staff are told that it is done).
package oversight

import (
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/person"
)

// Line is what is looked at of one entry of the record.
type Line struct {
	Seq     uint64
	At      time.Time
	Actor   string // "officer:liisa"
	Purpose string
	Case    bool            // it was about a case or a matter
	Reads   bool            // fields of people were read
	Count   int             // people
	People  *roaring.Bitmap // of staff only; nil: nobody, or not staff
	Erases  bool            // it tells that older entries were erased: a book that has them is out of date
}

// Rules are the bounds of what is usual. A city sets its own.
type Rules struct {
	Window  time.Duration  // what is older is not looked at
	Single  int            // an entry about at most so many people is a look at people one by one
	Times   int            // so many times the middle of the role is much
	Least   int            // fewer people than this are never much
	From    int            // the working day begins, in hours of the day
	To      int            // and ends
	Outside int            // so many readings outside it are told
	Readers int            // so many of the staff who read of one person are told
	Alone   int            // so many people without a case are told
	Zone    *time.Location // of the working day
}

// Usual are rules to begin with: 30 days; three times the middle of the role and 30
// people or more; Monday to Friday from 6 to 20; five readings outside; five readers;
// five people without a case.
func Usual(zone *time.Location) Rules {
	return Rules{Window: 30 * 24 * time.Hour, Single: 20, Times: 3, Least: 30, From: 6, To: 20, Outside: 5, Readers: 5, Alone: 5, Zone: zone}
}

// Check tells all that is wrong with rules, each under its name in the settings.
func (r Rules) Check() error {
	const op = "oversight.Check"
	var l fault.List
	within := func(name string, n, from, to, usual int) {
		if n < from || n > to {
			l.Add(fault.New(fault.Invalid, op, "oversight.%s is not from %d to %d", name, from, to).Do("%d is usual", usual))
		}
	}
	day := 24 * time.Hour
	if r.Window < day || r.Window > 366*day || r.Window%day != 0 {
		l.Add(fault.New(fault.Invalid, op, "oversight.window is not a number of whole days from 24h to 8784h").Do("720h is usual: 30 days"))
	}
	u := Usual(nil)
	within("single", r.Single, 1, 1000, u.Single)
	within("times", r.Times, 2, 1000, u.Times)
	within("least", r.Least, 1, 1_000_000, u.Least)
	within("from", r.From, 0, 23, u.From)
	within("to", r.To, 1, 24, u.To)
	if r.From >= r.To && r.From <= 23 && r.To >= 1 {
		l.Add(fault.New(fault.Invalid, op, "oversight.from is not before oversight.to").Do("6 and 20 are usual, in hours of the day"))
	}
	within("outside", r.Outside, 1, 1_000_000, u.Outside)
	within("readers", r.Readers, 2, 1_000_000, u.Readers)
	within("alone", r.Alone, 1, 1_000_000, u.Alone)
	return l.Err()
}

// look is one reading of people one by one, by one of the staff.
type look struct {
	seq   uint64
	at    time.Time
	actor string
	has   bool // about a case
	who   []person.ID
}

// tally is a purpose on one day.
type tally struct {
	purpose string
	day     time.Time
}

// Book is the record as far as it was taken in. It grows with Add, in the order of
// the record, and is not safe for use by several at once.
type Book struct {
	rules Rules
	last  uint64
	days  map[tally]Day
	looks []look // of the window, oldest first
	gone  int    // entries that tell of an erasure
}

// New makes an empty book.
func New(r Rules) *Book { return &Book{rules: r, days: map[tally]Day{}} }

// Last is the number of the newest entry that was taken in.
func (b *Book) Last() uint64 { return b.last }

// Erasures is how many entries told that older ones were erased.
func (b *Book) Erasures() int { return b.gone }

// Pass notes that the record was gone through up to an entry, which may have been
// erased.
func (b *Book) Pass(seq uint64) { b.last = max(b.last, seq) }

// Day is the use of data for one purpose on one day.
type Day struct {
	Day      time.Time
	Readings int // entries in which fields of people were read
	People   int // read in them, each as often as it was read
	Entries  int
}

// Add takes in the next entry. One that was taken in is not counted again.
func (b *Book) Add(l Line) {
	if l.Seq <= b.last {
		return
	}
	b.last = l.Seq
	if l.Erases {
		b.gone++
	}
	key := tally{l.Purpose, dayOf(l.At.In(b.rules.Zone))}
	t := b.days[key]
	t.Day = key.day
	t.Entries++
	if l.Reads {
		t.Readings++
		t.People += l.Count
	}
	b.days[key] = t
	if !l.Reads || l.People == nil || !staff(l.Actor) || l.Count == 0 || l.Count > b.rules.Single {
		return
	}
	x := look{seq: l.Seq, at: l.At, actor: l.Actor, has: l.Case}
	for _, p := range l.People.ToArray() {
		x.who = append(x.who, person.ID(p))
	}
	b.looks = append(b.looks, x)
}

func staff(actor string) bool { return strings.HasPrefix(actor, "officer:") }

// trim forgets looks that are older than the window.
func (b *Book) trim(now time.Time) {
	from := now.Add(-b.rules.Window)
	kept := b.looks[:0]
	for _, x := range b.looks {
		if !x.at.Before(from) {
			kept = append(kept, x)
		}
	}
	clear(b.looks[len(kept):])
	b.looks = kept
}

// People are those who were looked at one by one in the window, and by whom.
func (b *Book) People(now time.Time) map[person.ID]map[string]bool {
	b.trim(now)
	out := map[person.ID]map[string]bool{}
	for _, x := range b.looks {
		for _, p := range x.who {
			if out[p] == nil {
				out[p] = map[string]bool{}
			}
			out[p][x.actor] = true
		}
	}
	return out
}

// Pair is one of the staff and a person whom they looked at.
type Pair struct {
	Actor  string
	Person person.ID
}

// About is what is known of people and staff beside the record.
type About struct {
	Roles     map[string][]access.Role // of the staff, by their name in the record
	Relatives map[Pair]bool            // the person is of the actor's household, or one acts for the other, or it is the actor; false: it is not so
	Famous    *roaring.Bitmap          // on the city's list; nil: nobody
	Cases     *roaring.Bitmap          // people who have a case or a matter; nil: it is not known
}
