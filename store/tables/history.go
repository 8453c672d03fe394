package tables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// CasesOf are the cases in which a person decides, or which are about the
// person, newest first.
func (d *DB) CasesOf(ctx context.Context, id person.ID) ([]conversation.CaseID, error) {
	return d.caseIDs(ctx, "SELECT case_id AS c FROM party WHERE person = ?1 UNION SELECT id FROM kase WHERE child = ?1 ORDER BY c DESC", int64(id))
}

// CasesOnPhone are the cases in which a telephone number is a party's, newest
// first.
func (d *DB) CasesOnPhone(ctx context.Context, e164 string) ([]conversation.CaseID, error) {
	h, err := d.PhoneHash(e164)
	if err != nil {
		return nil, err
	}
	return d.caseIDs(ctx, "SELECT DISTINCT case_id FROM party WHERE phone_hash = ? AND phone_hash <> '' ORDER BY case_id DESC", string(h))
}

func (d *DB) caseIDs(ctx context.Context, query string, args ...any) ([]conversation.CaseID, error) {
	var out []conversation.CaseID
	err := d.rows(ctx, query, args, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		out = append(out, conversation.CaseID(n))
		return err
	})
	return out, err
}

// PeopleOf are the child and the guardians of a case, without a look at their
// names; Missing when there is no such case.
func (d *DB) PeopleOf(ctx context.Context, id conversation.CaseID) (child person.ID, guardians []person.ID, err error) {
	var n uint32
	found, err := d.row(ctx, "SELECT child FROM kase WHERE id = ?", []any{int64(id)}, &n)
	if err == nil && !found {
		err = fault.New(fault.Missing, "store.PeopleOf", "there is no case %d", id)
	}
	if err != nil {
		return 0, nil, err
	}
	err = d.rows(ctx, "SELECT person FROM party WHERE case_id = ? ORDER BY party", []any{int64(id)}, func(scan func(...any) error) error {
		var g uint32
		err := scan(&g)
		guardians = append(guardians, person.ID(g))
		return err
	})
	return person.ID(n), guardians, err
}

// RoundOf is the round of a case; Missing when there is no such case.
func (d *DB) RoundOf(ctx context.Context, id conversation.CaseID) (store.RoundID, error) {
	var n int64
	found, err := d.row(ctx, "SELECT round FROM kase WHERE id = ?", []any{int64(id)}, &n)
	if err == nil && !found {
		err = fault.New(fault.Missing, "store.RoundOf", "there is no case %d", id)
	}
	return store.RoundID(n), err
}

// Noted are the fields of a case that a look at it reads.
var Noted = []string{"case.names", "case.messages", "case.answers"}

// look puts a look at a case on the record before anything of it is read.
func (d *DB) look(ctx context.Context, act audit.Act, id conversation.CaseID) error {
	child, guardians, err := d.PeopleOf(ctx, id)
	if err != nil {
		return err
	}
	e := act.Entry()
	e.Object, e.Fields, e.People = fmt.Sprintf("case %d", id), Noted, roaring.New()
	for _, who := range append(guardians, child) {
		if who.Known() {
			e.People.Add(uint32(who))
		}
	}
	return d.Note(ctx, e)
}

// History is all that is known of a case. The look is an entry in the record;
// when that cannot be kept, nothing is read.
func (d *DB) History(ctx context.Context, act audit.Act, id conversation.CaseID) (store.History, error) {
	var h store.History
	if err := d.look(ctx, act, id); err != nil {
		return h, err
	}
	var sealed []byte
	var round int64
	if _, err := d.row(ctx, `SELECT k.round, k.sealed, coalesce(d.reason, ''), coalesce(d.distance_m, 0) FROM kase k LEFT JOIN draft d ON d.round = k.round AND d.child = k.child
		WHERE k.id = ?`, []any{int64(id)}, &round, &sealed, &h.Reason, &h.Distance); err != nil {
		return h, err
	}
	h.Round = store.RoundID(round)
	var err error
	if h.When, err = d.appointmentOf(ctx, id); err != nil {
		return h, err
	}
	if h.Case, err = d.openCase(int64(id), sealed); err != nil {
		return h, err
	}
	for _, read := range []func(context.Context, conversation.CaseID, *store.History) error{d.numbersOf, d.sentOf, d.cameOf, d.itemsOf, d.letterOf, d.entriesOf} {
		if err := read(ctx, id, &h); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (d *DB) numbersOf(ctx context.Context, id conversation.CaseID, h *store.History) error {
	return d.rows(ctx, "SELECT party, number FROM party WHERE case_id = ? ORDER BY party", []any{int64(id)}, func(scan func(...any) error) error {
		var n int64
		var sealed []byte
		if err := scan(&n, &sealed); err != nil {
			return err
		}
		plain, err := d.vault.Open("party.number", uint64(id)<<8|uint64(n), sealed)
		h.Numbers = append(h.Numbers, string(plain))
		return err
	})
}

// CasesNamed are the cases of a round in which the child or a guardian is called
// so: every word of the name given begins one of theirs. Names are sealed, so
// each case is opened; the caller puts those that were found on the record
// before anybody sees them.
func (d *DB) CasesNamed(ctx context.Context, id store.RoundID, name string, limit int) ([]conversation.CaseID, error) {
	want := strings.Fields(strings.ToLower(name))
	var out []conversation.CaseID
	if len(want) == 0 {
		return nil, nil
	}
	err := d.rows(ctx, "SELECT id, sealed FROM kase WHERE round = ? ORDER BY id", []any{int64(id)}, func(scan func(...any) error) error {
		var n int64
		var sealed []byte
		if err := scan(&n, &sealed); err != nil {
			return err
		}
		c, err := d.openCase(n, sealed)
		if err != nil || !called(c, want) {
			return err
		}
		if out = append(out, c.ID); len(out) == limit {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

// called reports whether every word begins a name of the case.
func called(c conversation.Case, want []string) bool {
	has := strings.Fields(strings.ToLower(c.Names().Child))
	for _, p := range c.Parties {
		has = append(has, strings.Fields(strings.ToLower(p.Name))...)
	}
	for _, w := range want {
		if !slices.ContainsFunc(has, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return true
}

func (d *DB) sentOf(ctx context.Context, id conversation.CaseID, h *store.History) error {
	return d.rows(ctx, `SELECT id, party, kind, language, state, text, segments, queued, coalesce(handed, 0), coalesce(done, 0) FROM outbox WHERE case_id = ? ORDER BY id`,
		[]any{int64(id)}, func(scan func(...any) error) error {
			var s store.Sent
			var n, queued, handed, done int64
			var kind, lang, state string
			var text []byte
			if err := scan(&n, &s.Party, &kind, &lang, &state, &text, &s.Segments, &queued, &handed, &done); err != nil {
				return err
			}
			s.Kind, s.Language, s.State = conversation.Kind(kind), person.Language(lang), channel.State(state)
			s.Queued, s.Handed, s.Ended = fromMicro(queued), orZero(handed), orZero(done)
			plain, err := d.vault.Open("outbox.text", uint64(n), text)
			s.Text = string(plain)
			h.Sent = append(h.Sent, s)
			return err
		})
}

func orZero(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return fromMicro(micro)
}

func (d *DB) cameOf(ctx context.Context, id conversation.CaseID, h *store.History) error {
	return d.rows(ctx, "SELECT id, gateway_id, sealed, at, meaning FROM incoming WHERE case_id = ? ORDER BY id", []any{int64(id)}, func(scan func(...any) error) error {
		var c store.Came
		var n, at int64
		var gateway string
		var sealed []byte
		if err := scan(&n, &gateway, &sealed, &at, &c.Meaning); err != nil {
			return err
		}
		in, err := d.openIncoming(n, gateway, sealed, at)
		c.Text, c.At = in.Text, in.At
		h.Came = append(h.Came, c)
		return err
	})
}

func (d *DB) letterOf(ctx context.Context, id conversation.CaseID, h *store.History) error {
	var at int64
	found, err := d.row(ctx, "SELECT reason, at FROM letter WHERE case_id = ?", []any{int64(id)}, &h.Letter, &at)
	if found {
		h.LetterAt = fromMicro(at)
	}
	return err
}

func (d *DB) entriesOf(ctx context.Context, id conversation.CaseID, h *store.History) error {
	return d.rows(ctx, "SELECT "+entryColumns+" FROM audit_entry WHERE object = ? ORDER BY seq DESC LIMIT 200", []any{fmt.Sprintf("case %d", id)},
		func(scan func(...any) error) error {
			e, err := scanEntry(scan)
			h.Entries = append(h.Entries, e)
			return err
		})
}

const itemColumns = `i.id, k.round, i.case_id, i.kind, i.reason, i.opened, k.stage, coalesce(i.settled, 0), i.settled_by, i.settled_reason, k.language`

func scanItem(scan func(...any) error, more ...any) (store.OpenItem, error) {
	var i store.OpenItem
	var id, round, caseID, opened, settled int64
	var stage, lang string
	err := scan(append([]any{&id, &round, &caseID, &i.Kind, &i.Reason, &opened, &stage, &settled, &i.By, &i.Why, &lang}, more...)...)
	i.ID, i.Round, i.Case, i.Opened, i.Stage = store.ItemID(id), store.RoundID(round), conversation.CaseID(caseID), fromMicro(opened), conversation.Stage(stage)
	i.Settled, i.Language = orZero(settled), person.Language(lang)
	return i, err
}

func (d *DB) itemsOf(ctx context.Context, id conversation.CaseID, h *store.History) error {
	return d.rows(ctx, "SELECT "+itemColumns+", i.words FROM item i JOIN kase k ON k.id = i.case_id WHERE i.case_id = ? ORDER BY i.id", []any{int64(id)}, func(scan func(...any) error) error {
		var words []byte
		i, err := scanItem(scan, &words)
		if err == nil && words != nil {
			var plain []byte
			plain, err = d.vault.Open("item.words", uint64(i.ID), words)
			i.Words = string(plain)
		}
		h.Items = append(h.Items, i)
		return err
	})
}

// Items are the open items of a round on the officers' queue, of one kind or,
// with "", of all, from the one after the number given, oldest first. They name
// nobody.
func (d *DB) Items(ctx context.Context, id store.RoundID, kind string, after store.ItemID, limit int) ([]store.OpenItem, error) {
	var out []store.OpenItem
	err := d.rows(ctx, "SELECT "+itemColumns+" FROM item i JOIN kase k ON k.id = i.case_id WHERE k.round = ?1 AND i.settled IS NULL AND (CAST(?2 AS TEXT) = '' OR i.kind = ?2) AND i.id > ?3 ORDER BY i.id LIMIT ?4",
		[]any{int64(id), kind, int64(after), limit}, func(scan func(...any) error) error {
			i, err := scanItem(scan)
			out = append(out, i)
			return err
		})
	return out, err
}

// Steps are what officers did to a whole round, oldest first.
func (d *DB) Steps(ctx context.Context, id store.RoundID) ([]store.RoundStep, error) {
	var out []store.RoundStep
	err := d.rows(ctx, "SELECT id, at, officer, step, words FROM round_step WHERE round = ? ORDER BY id", []any{int64(id)}, func(scan func(...any) error) error {
		s := store.RoundStep{Round: id}
		var n, at int64
		var words []byte
		if err := scan(&n, &at, &s.Officer, &s.Step, &words); err != nil {
			return err
		}
		plain, err := d.vault.Open("step.words", uint64(n), words)
		s.At, s.Words = fromMicro(at), string(plain)
		out = append(out, s)
		return err
	})
	return out, err
}

// Objections are the purposes to which a person objects, with since when.
func (d *DB) Objections(ctx context.Context, id person.ID) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	err := d.rows(ctx, "SELECT purpose, at FROM objection WHERE person = ?", []any{int64(id)}, func(scan func(...any) error) error {
		var purpose string
		var at int64
		err := scan(&purpose, &at)
		out[purpose] = fromMicro(at)
		return err
	})
	return out, err
}
