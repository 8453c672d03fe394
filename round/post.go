package round

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/channel/letter"
	"ennakko/channel/suomifi"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/register"
	"ennakko/store"
)

// PostOffice takes letters and tells what became of them: the national service.
type PostOffice interface {
	Send(ctx context.Context, l suomifi.Letter) (message string, err error)
	Events(ctx context.Context, after string) (events []suomifi.Event, mark string, err error)
}

// Posted is what came of handing letters over.
type Posted struct {
	Children  int            // on the letter list, before
	Sent      int            // letters that the service took now
	Refused   int            // letters that it does not take: matters for an officer
	Forwarded int            // children whose letters the population register's authority forwards: they stay on the list
	Without   map[string]int // children without a letter, by reason: matters for an officer
}

// Post hands the letters of a round over to the national service: one to each
// guardian who decides, with a name by which the service takes it once. So it
// may be given up at any moment and be called again. Families under
// non-disclosure stay on the letter list: see WriteLetters.
func Post(ctx context.Context, r Rooms, id store.RoundID, officer string, known, now time.Time, o PostOffice) (Posted, error) {
	rd, err := r.Store.Round(ctx, id)
	if err != nil {
		return Posted{}, err
	}
	list, err := r.Store.LetterList(ctx, id)
	if err != nil {
		return Posted{}, err
	}
	w := &posting{writing: writing{families: families{Rooms: r, asOf: known}, round: rd}, office: o, out: Posted{Without: map[string]int{}}}
	if w.act, err = audit.Begin(officer, "post letters", r.Pack.Purpose().ID(), r.Pack.Purpose().LegalBasis(), now); err != nil {
		return w.out, err
	}
	set := roaring.New()
	for _, l := range list {
		set.Add(uint32(l.Child))
	}
	w.out.Children = len(list)
	if err := w.read(ctx, set, roundObject(id)+": letters", register.Address, register.Code); err != nil {
		return w.out, err
	}
	if err := r.Store.Write(ctx, w.act, func(tx store.Tx) error {
		w.ready = nil
		for _, l := range list {
			if err := w.name(tx, l); err != nil {
				return err
			}
			tx.About("", l.Child)
		}
		tx.About(roundObject(id))
		tx.Detail("%d letters about %d children for the national service of letters", len(w.ready), len(list))
		return nil
	}); err != nil {
		return w.out, err
	}
	return w.out, w.handOver(ctx)
}

// posting is letters on their way to the service.
type posting struct {
	writing
	office PostOffice
	ready  []named
	out    Posted
}

// named is a letter that the store knows by name.
type named struct {
	post   store.Post
	letter suomifi.Letter
}

// name prepares the letters about one child, or puts the child before an officer.
func (w *posting) name(tx store.Tx, l store.Listed) error {
	letters, why, forwarded, err := w.about(l)
	switch {
	case err != nil:
		return err
	case forwarded:
		w.out.Forwarded++
		return nil
	case why != "":
		w.out.Without[why]++
		return tx.OpenItem(store.Item{Case: l.Case, Kind: conversation.ItemByHand, Reason: "no letter: " + why}, w.act.At())
	}
	for _, x := range letters {
		x.post, err = tx.AddPost(l.Case, x.post.Person, x.letter.ID, w.act.At())
		if err != nil {
			return err
		}
		if x.letter.ID = x.post.ID; x.post.State == store.PostHanding {
			w.ready = append(w.ready, x)
		}
	}
	return nil
}

// about makes the letters about one child; their ID is what makes each the
// letter that it is.
func (w *posting) about(l store.Listed) (out []named, why string, forwarded bool, err error) {
	row, there := w.children[l.Child]
	if !there {
		return nil, handNobody, false, nil
	}
	child, err := w.called(row)
	if err != nil {
		return nil, "", false, err
	}
	who, hand, err := w.deciding(row)
	if err != nil || hand != "" {
		return nil, hand, hand == handNonDisclosure, err
	}
	for _, g := range who {
		x, err := w.to(l, g, child)
		if fault.KindOf(err) == fault.Invalid {
			return nil, withoutName, false, nil
		}
		if err != nil {
			return nil, "", false, err
		}
		if x.letter.Code != "" {
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		why = withoutAddress
	}
	return out, why, false, nil
}

// to is the letter to one guardian, without a code when none can go there.
func (w *posting) to(l store.Listed, g register.Row, child string) (named, error) {
	name, err := w.whole(g)
	if err != nil {
		return named{}, err
	}
	at, err := register.DecodeIdentity[register.Home](g.Text(w.grant, register.Address))
	code := g.Text(w.grant, register.Code)
	if err != nil || at.Street == "" || at.PostalCode == "" || at.PostOffice == "" || code == "" {
		return named{}, err
	}
	h := home{names: []string{name}, language: w.language(g), address: []string{at.Street, at.PostalCode + " " + at.PostOffice}}
	row, err := w.letter(l, h, child)
	if err != nil {
		return named{}, err
	}
	var pdf bytes.Buffer
	if err := letter.PDF(&pdf, []letter.Row{row}, letter.Head{Sender: []string{w.Pack.Owner(), w.Pack.Phone()}, Day: w.act.At()}); err != nil {
		return named{}, err
	}
	return named{store.Post{Case: l.Case, Person: g.ID}, suomifi.Letter{
		ID:   fmt.Sprintf("%s %s %d %s", w.round.Service, w.round.AsOf.Format(time.DateOnly), l.Child, code),
		Code: code, To: suomifi.Address{Name: name, Street: at.Street, PostalCode: at.PostalCode, PostOffice: at.PostOffice},
		Title: w.Pack.Title(h.language), Body: row.Text(), PDF: pdf.Bytes()}}, nil
}

// handOver hands the letters over, one by one. What the service said is kept
// even when the caller gives up.
func (w *posting) handOver(ctx context.Context) error {
	for i, x := range w.ready {
		w.progress("handing letters over", i, len(w.ready))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		message, err := w.office.Send(ctx, x.letter)
		refused := fault.KindOf(err) == fault.Invalid
		if err != nil && !refused {
			return fault.New(fault.KindOf(err), "round.Post", "%d of %d letters were handed over", w.out.Sent, len(w.ready)).Because(err).Do("give the command again: no letter goes twice")
		}
		state := store.PostTaken
		if refused {
			state = store.PostRefused
		}
		act, err := audit.Begin(w.act.Entry().Actor, "post letters", w.Pack.Purpose().ID(), w.Pack.Purpose().LegalBasis(), w.act.At())
		if err != nil {
			return err
		}
		if err := w.Store.Write(context.WithoutCancel(ctx), act, func(tx store.Tx) error {
			tx.About(fmt.Sprintf("case %d", x.post.Case), x.post.Person)
			tx.Detail("%s", state)
			if refused {
				if err := tx.OpenItem(store.Item{Case: x.post.Case, Kind: conversation.ItemByHand, Reason: "the service of letters does not take the letter"}, act.At()); err != nil {
					return err
				}
			}
			return tx.SetPost(x.post.ID, state, message, act.At())
		}); err != nil {
			return err
		}
		if refused {
			w.out.Refused++
		} else {
			w.out.Sent++
		}
	}
	w.progress("handing letters over", len(w.ready), len(w.ready))
	return nil
}

// eventsMark is the mark of how far the service's events were read.
const eventsMark = "events of letters"

// Fates reads what became of letters, of all rounds. A letter that came back
// becomes a matter for an officer.
func Fates(ctx context.Context, r Rooms, officer string, now time.Time, o PostOffice) (map[suomifi.Fate]int, error) {
	mark, err := r.Store.Mark(ctx, eventsMark)
	if err != nil {
		return nil, err
	}
	told, page := map[suomifi.Fate]int{}, map[suomifi.Fate]int{}
	for {
		events, next, err := o.Events(ctx, mark)
		if err != nil || next == mark {
			return told, err
		}
		mark = next
		act, err := audit.Begin(officer, "read what became of letters", r.Pack.Purpose().ID(), r.Pack.Purpose().LegalBasis(), now)
		if err != nil {
			return told, err
		}
		if err := r.Store.Write(ctx, act, func(tx store.Tx) error {
			clear(page)
			return keepFates(tx, events, next, now, page)
		}); err != nil {
			return told, err
		}
		for fate, n := range page {
			told[fate] += n
		}
	}
}

func keepFates(tx store.Tx, events []suomifi.Event, next string, now time.Time, told map[suomifi.Fate]int) error {
	for _, e := range events {
		p, found, err := tx.PostFate(e.Message, store.PostState(e.Fate), e.At)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		told[e.Fate]++
		tx.About("", p.Person)
		if e.Fate == suomifi.Returned {
			if err := tx.OpenItem(store.Item{Case: p.Case, Kind: conversation.ItemByHand, Reason: "the letter came back"}, now); err != nil {
				return err
			}
		}
	}
	tx.Detail("%d events of letters", len(events))
	return tx.SetMark(eventsMark, next)
}
