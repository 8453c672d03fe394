package register

import (
	"context"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
)

// blockOf is how many people are read between two looks at a grant that hangs
// on their own permission.
const blockOf = 1024

// blocks cuts a set of people into what is read at once: everybody, where the
// grant hangs on nobody's own permission.
func blocks(g permission.Grant, people *roaring.Bitmap) []*roaring.Bitmap {
	if !g.Standing() {
		return []*roaring.Bitmap{people}
	}
	var out []*roaring.Bitmap
	ids := make([]uint32, blockOf)
	for it := people.ManyIterator(); ; {
		n := it.NextMany(ids)
		if n == 0 {
			return out
		}
		out = append(out, roaring.BitmapOf(ids[:n]...))
	}
}

// entry is the reading of the grant's fields of people as it stands on the
// record.
func entry(g permission.Grant, object string, people *roaring.Bitmap) audit.Entry {
	e := g.Act().Entry()
	e.Object, e.People = object, people
	for _, f := range g.Fields() {
		e.Fields = append(e.Fields, string(f))
	}
	return e
}

// VerbLeftOut is what stands on the record of people who were to be read and
// whose permission fell away before that, or in between.
const VerbLeftOut = "leave out: the permission does not stand"

// noteLeft puts those on the record who were left out after the entry of the
// reading named them. Nobody at all is no entry.
func noteLeft(ctx context.Context, j Journal, g permission.Grant, object string, left *roaring.Bitmap) error {
	if left.IsEmpty() {
		return nil
	}
	e := entry(g, object, left)
	e.Verb = VerbLeftOut
	return fault.Wrap(j.Note(ctx, e), "register.Read", "it could not be put on the record who was left out, so nothing is handed over")
}

// again looks at the grant of a reading before each part that is handed over.
type again struct {
	grant   permission.Grant
	journal Journal
	object  string

	mu    sync.Mutex
	left  *roaring.Bitmap // who fell away since the reading began; they never come back in it
	noted *roaring.Bitmap // those of them who are on the record
}

// look cuts the people of a chunk to those who may be read at this moment.
func (a *again) look(ctx context.Context, c *Chunk, people *roaring.Bitmap) (*roaring.Bitmap, error) {
	who := roaring.New()
	who.AddMany(c.Person)
	who.And(people)
	a.mu.Lock()
	who.AndNot(a.left)
	a.mu.Unlock()
	still, err := a.grant.Still(ctx, who)
	if err != nil {
		return nil, err
	}
	who.AndNot(still)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left.Or(who)
	still.AndNot(a.left) // another part may have found out meanwhile
	return still, nil
}

// note puts those on the record who fell away since the last note.
func (a *again) note(ctx context.Context) error {
	a.mu.Lock()
	anew := roaring.AndNot(a.left, a.noted)
	a.noted.Or(anew)
	a.mu.Unlock()
	return noteLeft(ctx, a.journal, a.grant, a.object, anew)
}

// gone is a copy of who fell away so far.
func (a *again) gone() *roaring.Bitmap {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.left.Clone()
}

// keep takes the rows of all other people away.
func (c *Chunk) keep(people *roaring.Bitmap) {
	n := 0
	var last uint32 // rows of one person stand together
	mine := false
	for i, id := range c.Person {
		if i == 0 || id != last {
			last, mine = id, people.Contains(id)
		}
		if !mine {
			continue
		}
		if n != i {
			c.move(n, i)
		}
		n++
	}
	if n < len(c.Person) {
		c.shorten(n)
	}
}
