package round

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/channel/letter"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
	"ennakko/work"
)

// Letters are the letters of a round to families whom no text message reaches.
type Letters struct {
	Rows      []letter.Row // in order of case
	Children  int          // children on the letter list
	Forwarded int          // letters that the population register's authority forwards
	Posted    int          // children whose letters the national service took: no letters here
	// Without says why children on the list get no letter, and how many. Each of
	// them is a matter for an officer at the desk.
	Without map[string]int
}

// Why a child on the letter list gets no letter.
const (
	withoutAddress = "no address is known"
	withoutName    = "a name or an address does not fit on a letter"
)

// WriteLetters makes the letters of a round. Names and addresses are those that
// the newest registers give, as of the day known, read under a grant and on the
// record. Guardians who share home and language share a letter. Of a family
// under non-disclosure the letter has no address and no unit: see package
// letter. Nobody is left out in silence: a child without a letter becomes a
// matter for an officer.
func WriteLetters(ctx context.Context, r Rooms, id store.RoundID, officer string, known, now time.Time) (Letters, error) {
	rd, err := r.Store.Round(ctx, id)
	if err != nil {
		return Letters{}, err
	}
	all, err := r.Store.LetterList(ctx, id)
	if err != nil {
		return Letters{}, err
	}
	list := slices.DeleteFunc(slices.Clone(all), func(l store.Listed) bool { return l.Posted })
	w := &writing{families: families{Rooms: r, asOf: known}, round: rd, out: Letters{Children: len(list), Posted: len(all) - len(list), Without: map[string]int{}}}
	if w.act, err = audit.Begin(officer, "write letters", r.Pack.Purpose().ID(), r.Pack.Purpose().LegalBasis(), now); err != nil {
		return Letters{}, err
	}
	set := roaring.New()
	for _, l := range list {
		set.Add(uint32(l.Child))
	}
	if err := w.read(ctx, set, roundObject(id)+": letters", register.Address, register.Dwelling); err != nil {
		return Letters{}, err
	}
	units, err := r.units(ctx, rd.AsOf) // as they were offered
	if err != nil {
		return Letters{}, err
	}
	for _, u := range units {
		w.units[u.ID] = u
	}
	err = r.Store.Write(ctx, w.act, func(tx store.Tx) error {
		for _, l := range list {
			if err := w.one(tx, l); err != nil {
				return err
			}
			tx.About("", l.Child)
		}
		tx.About(roundObject(id))
		tx.Detail("%d letters for %d children, %d of them forwarded", len(w.out.Rows), len(list), w.out.Forwarded)
		return nil
	})
	return w.out, err
}

// writing is a letter list in the making.
type writing struct {
	families
	round store.Round
	out   Letters
}

// one writes the letters about one child, or puts the child before an officer.
func (w *writing) one(tx store.Tx, l store.Listed) error {
	rows, why, err := w.letters(l)
	if err != nil {
		return err
	}
	if why != "" {
		w.out.Without[why]++
		return tx.OpenItem(store.Item{Case: l.Case, Kind: conversation.ItemByHand, Reason: "no letter: " + why}, w.act.At())
	}
	for _, r := range rows {
		if r.Protected() {
			w.out.Forwarded++
		}
	}
	w.out.Rows = append(w.out.Rows, rows...)
	return nil
}

// home is the guardians who get one letter.
type home struct {
	names    []string
	language person.Language
	dwelling string
	address  []string
}

func (w *writing) letters(l store.Listed) (rows []letter.Row, why string, err error) {
	row, there := w.children[l.Child]
	if !there {
		return nil, handNobody, nil
	}
	child, err := w.called(row)
	if err != nil {
		return nil, "", err
	}
	who, hand, err := w.deciding(row)
	if err != nil {
		return nil, "", err
	}
	if hand == handFoster || hand == handNobody || hand == handDied {
		return nil, hand, nil
	}
	homes, err := w.homes(who, hand == handNonDisclosure)
	if err != nil {
		return nil, "", err
	}
	if len(homes) == 0 {
		return nil, withoutAddress, nil
	}
	for _, h := range homes {
		var r letter.Row
		if hand == handNonDisclosure {
			r, err = letter.NewProtectedRow(letter.ProtectedLetter{Ref: int64(l.Case), Recipient: h.recipient(), Language: h.language, Child: child, Phone: w.Pack.Phone(), By: l.Deadline})
		} else {
			r, err = w.letter(l, h, child)
		}
		if fault.KindOf(err) == fault.Invalid {
			return nil, withoutName, nil
		}
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, r)
	}
	return rows, "", nil
}

// homes groups guardians by home and language. One without an address gets no
// letter; a forwarded one needs none.
func (w *writing) homes(who []register.Row, forwarded bool) ([]home, error) {
	var out []home
	for _, g := range who {
		name, err := w.whole(g)
		if err != nil {
			return nil, err
		}
		address, err := w.address(g)
		if err != nil {
			return nil, err
		}
		h := home{[]string{name}, w.language(g), g.Text(w.grant, register.Dwelling), address}
		same := slices.IndexFunc(out, func(x home) bool { return x.dwelling == h.dwelling && h.dwelling != "" && x.language == h.language })
		switch {
		case same >= 0:
			out[same].names = append(out[same].names, name)
			slices.Sort(out[same].names)
		case forwarded || len(address) > 0:
			out = append(out, h)
		}
	}
	return out, nil
}

func (w *writing) address(g register.Row) ([]string, error) {
	text := g.Text(w.grant, register.Address)
	if text == "" {
		return nil, nil
	}
	at, err := register.DecodeIdentity[register.Home](text)
	if err != nil || at.Street == "" {
		return nil, err
	}
	return []string{at.Street, strings.TrimSpace(at.PostalCode + " " + at.PostOffice)}, nil
}

func (w *writing) letter(l store.Listed, h home, child string) (letter.Row, error) {
	unit, ok := w.units[l.Place.Unit]
	if !ok {
		return letter.Row{}, fault.New(fault.Internal, "round.WriteLetters", "a unit that was offered is not in the unit register").Where("case %d", l.Case)
	}
	text, err := NewTalk(w.Pack, w.Store).At(w.Rooms.Address).Text(conversation.LetterText, h.language,
		work.Values{Guardian: h.recipient(), Child: child, Unit: unit.Name[h.language], Deadline: l.Deadline, When: l.When, Round: w.round.ID})
	if err != nil {
		return letter.Row{}, err
	}
	return letter.NewRow(letter.Letter{Ref: int64(l.Case), Recipient: h.recipient(), Address: h.address, Language: h.language, Text: text, Child: child, Reason: l.Reason})
}

// longest is the longest line of recipients, in characters; it is that of a
// letter's line.
const longest = 60

func (h home) recipient() string {
	and := map[person.Language]string{person.Finnish: " ja ", person.Swedish: " och ", person.English: " and "}[h.language]
	all := strings.Join(h.names, and)
	if len(h.names) == 1 || len([]rune(all)) > longest {
		return h.names[0]
	}
	return all
}
