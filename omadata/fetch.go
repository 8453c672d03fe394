package omadata

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register/incomes"
	"ennakko/store"
)

// Fetched is what is kept of an answer: of each income what the agreement lists,
// and no more.
type Fetched struct {
	First  incomes.Month `json:"first"`
	Last   incomes.Month `json:"last"`
	Income []Income      `json:"income"`
}

// Income is one income as it was fetched.
type Income struct {
	Month incomes.Month `json:"month"`
	Kind  incomes.Kind  `json:"kind"`
	Cents int64         `json:"cents"`
	Payer string        `json:"payer,omitempty"` // only if the agreement lists it
}

// Format hides the income from every verb of fmt.
func (Income) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[income]") }

// Format hides the incomes from every verb of fmt.
func (Fetched) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[incomes]") }

// call is one source that is about to be asked.
type call struct {
	row      store.Permit
	a        permission.Agreement
	matter   store.MatterID
	source   permission.SourceSpec
	handover int64
	request  incomes.Request
}

// fetch asks the source of a permission, if it stands and what is there is not
// fresh. It reports whether anything was done.
func (s *Service) fetch(ctx context.Context, row store.Permit) (did bool, err error) {
	a, err := s.text(ctx, row.Purpose, row.Version)
	if err != nil {
		return false, err
	}
	n, err := s.c.DB.MatterOf(ctx, Purpose, row.About)
	if err != nil {
		return false, err
	}
	for _, src := range a.Spec().Sources {
		c := call{row: row, a: a, matter: n, source: src}
		done, err := s.fetchFrom(ctx, &c)
		if did = did || done; err != nil {
			return did, err
		}
	}
	return did, nil
}

// fetchFrom asks one source: first the row and its entry, then the wire, then what
// came is kept if the permission still stands. A withdrawal ends the wire from the
// moment on at which the entry is kept.
func (s *Service) fetchFrom(ctx context.Context, c *call) (bool, error) {
	source, ok := s.c.Sources[c.source.ID]
	if !ok {
		return false, fault.New(fault.Missing, "omadata.fetch", "the source %q of the agreement is not set up", c.source.ID).Do("name it in the settings")
	}
	asking, done := s.calling(ctx, c.row.ID)
	defer done()
	did, err := s.begin(ctx, c)
	if err != nil || c.handover == 0 {
		return did, err
	}
	asking, patience := context.WithTimeout(asking, s.c.Patience)
	defer patience()
	var answer incomes.Answer
	if err = asking.Err(); err == nil {
		answer, err = source.Fetch(asking, c.request)
	}
	// What came, or that nothing came, is told although the caller may be gone.
	return true, s.receive(context.WithoutCancel(ctx), c, answer, err)
}

// calling lets a withdrawal of a permission end what is asked under it.
func (s *Service) calling(ctx context.Context, id int64) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	key := &id
	s.mu.Lock()
	s.calls[key] = cancel
	s.mu.Unlock()
	return ctx, func() {
		cancel()
		s.mu.Lock()
		delete(s.calls, key)
		s.mu.Unlock()
	}
}

// begin looks at the permission and puts what is about to be asked on the record.
// Afterwards c.handover is 0 if nothing is to be asked.
func (s *Service) begin(ctx context.Context, c *call) (did bool, err error) {
	request, err := s.newRequest()
	if err != nil {
		return false, err
	}
	r := reading{verb: "read the family before a source is asked", codes: true}
	err = s.steady(ctx, r, c.matter, func(f *family) error {
		act, err := s.act(0, "ask "+c.source.ID, c.a)
		if err != nil {
			return err
		}
		did, c.handover = false, 0
		return s.write(ctx, act, func(tx store.Tx) error {
			g, err := s.mayAsk(ctx, tx, c, f, act)
			if err != nil {
				return err
			}
			did = true
			if again, err := s.again(tx, c, g); again || err != nil {
				return err
			}
			now := s.now()
			last := incomes.MonthOf(now).Add(-1)
			c.request = incomes.Request{ID: request, Purpose: c.a.Purpose(), Permission: c.row.ID, Person: f.codes[c.row.Subject], SignedIn: f.codes[c.row.Subject], From: last.Add(1 - s.c.Months), To: last, Fields: fieldsFrom(c.source)}
			if c.handover, err = tx.BeginHandover(g, store.Handover{Permission: c.row.ID, Source: c.source.ID, Request: request, Fields: fieldsFrom(c.source), Asked: now}); err != nil {
				return err
			}
			tx.About(permissionName(c.row.ID), c.row.Subject, c.row.About)
			tx.Fields(fieldsFrom(c.source))
			tx.Detail("hand-over %d, request %s, %d months", c.handover, request, s.c.Months)
			return nil
		})
	})
	if permission.IsViolation(err) || errors.Is(err, store.ErrNothing) {
		return false, nil // the program ends the permission by its own step
	}
	return did, err
}

func fieldsFrom(src permission.SourceSpec) (out []permission.Field) {
	for _, f := range src.Fields {
		out = append(out, f.Field)
	}
	return out
}

// newRequest is a number that no other request has.
func (s *Service) newRequest() (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(s.c.Random, b); err != nil {
		return "", fault.Wrap(err, "omadata.fetch", "there is no randomness for a request")
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // RFC 9562, version 4
	x := hex.EncodeToString(b)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], nil
}

// mayAsk looks, inside the write, whether the source may be asked now and needs to
// be: the permission stands, that of all others of the household too, and nothing
// is under way.
func (s *Service) mayAsk(ctx context.Context, tx store.Tx, c *call, f *family, act audit.Act) (permission.Grant, error) {
	row, err := tx.PermitOf(c.row.ID)
	if err != nil {
		return permission.Grant{}, err
	}
	g, err := s.grant(ctx, atBegin, tx, act, c.a, f, row.Subject)
	if err != nil {
		return g, err
	}
	now := s.now()
	all, err := tx.Standing(row.Purpose, nil, row.About, now, 0, mostInMatter)
	if err != nil {
		return g, err
	}
	kept, err := tx.HandoversOf(row.ID)
	if err != nil {
		return g, err
	}
	busy := slices.ContainsFunc(kept, func(h store.Handover) bool {
		return h.Source == c.source.ID && (h.State == store.HandoverBegun || h.State == store.HandoverGot && h.Fresh.After(now))
	})
	ready, err := s.ready(ctx, tx, f, all)
	if err != nil {
		return g, err
	}
	if busy || row.Due.IsZero() || row.Due.After(now) || !ready {
		return g, store.ErrNothing
	}
	if f.codes[row.Subject].IsZero() {
		return g, fault.New(fault.Missing, "omadata.fetch", "the register has no identity code of the person")
	}
	c.row = row
	return g, nil
}

// again uses what was fetched under another permission of the same person, as in
// the matter of a brother or sister, while it is fresh: the source is not asked.
func (s *Service) again(tx store.Tx, c *call, g permission.Grant) (bool, error) {
	now := s.now()
	old, ok, err := tx.FreshHandover(c.a.Purpose(), c.source.ID, c.row.Subject, now)
	if err != nil || !ok {
		return false, err
	}
	from, err := tx.PermitOf(old.Permission)
	if err != nil || from.Version != c.row.Version {
		return false, err
	}
	p, err := tx.OpenHandover(g, old.ID)
	if err != nil {
		return false, err
	}
	id, err := tx.BeginHandover(g, store.Handover{Permission: c.row.ID, Source: c.source.ID, Request: fmt.Sprintf("%s again %d", old.Request, c.row.ID), Fields: old.Fields, Asked: now})
	if err != nil {
		return false, err
	}
	if err := tx.KeepHandover(g, id, p.Content, old.Fresh, now); err != nil {
		return false, err
	}
	tx.About(permissionName(c.row.ID), c.row.Subject, c.row.About)
	tx.Fields(old.Fields)
	tx.Detail("hand-over %d: what hand-over %d brought is fresh, the source was not asked", id, old.ID)
	return true, tx.SetDue(c.row.ID, old.Fresh)
}

// receive keeps what a source sent if the permission still stands, and says on the
// record what became of it.
func (s *Service) receive(ctx context.Context, c *call, answer incomes.Answer, failed error) error {
	r := reading{verb: "read the family before an answer is kept"}
	return s.steady(ctx, r, c.matter, func(f *family) error {
		act, err := s.act(0, "take in what "+c.source.ID+" sent", c.a)
		if err != nil {
			return err
		}
		return s.write(ctx, act, func(tx store.Tx) error {
			tx.About(permissionName(c.row.ID), c.row.Subject, c.row.About)
			if failed != nil {
				return s.failed(ctx, tx, c, failed)
			}
			g, err := s.grant(ctx, atKeep, tx, act, c.a, f, c.row.Subject)
			if permission.IsViolation(err) {
				tx.Detail("hand-over %d: thrown away unread, the permission does not stand", c.handover)
				return tx.EndHandover(c.handover, store.HandoverDropped, "the permission did not stand when the answer came", s.now())
			}
			if err != nil {
				return err
			}
			if late, err := s.tookBack(tx, c); late || err != nil {
				return err
			}
			return s.keep(tx, c, g, answer)
		})
	})
}

// leavesStanding are the kinds of event after which what stood still stands.
var leavesStanding = []string{permission.Ask.String(), permission.Give.String(), permission.Remind.String(), permission.Renew.String(), permission.Decline.String()}

// tookBack throws an answer away that was asked for before the permission was taken
// back, or ended: that it was given again since does not bring the answer back.
func (s *Service) tookBack(tx store.Tx, c *call) (bool, error) {
	events, err := tx.PermitEvents(c.row.ID)
	if err != nil || !slices.ContainsFunc(events, func(e store.PermitEvent) bool {
		return e.N > c.row.Events && !slices.Contains(leavesStanding, e.Kind)
	}) {
		return false, err
	}
	tx.Detail("hand-over %d: thrown away unread, the permission was taken back meanwhile", c.handover)
	return true, tx.EndHandover(c.handover, store.HandoverDropped, "the permission was taken back before the answer came", s.now())
}

// keep keeps the fields of the agreement and no others.
func (s *Service) keep(tx store.Tx, c *call, g permission.Grant, answer incomes.Answer) error {
	now := s.now()
	content, err := json.Marshal(least(c, answer))
	if err != nil {
		return fault.Wrap(err, "omadata.keep", "the answer cannot be written")
	}
	fresh := now.Add(s.c.Fresh)
	if err := tx.KeepHandover(g, c.handover, content, fresh, now); err != nil {
		return err
	}
	tx.Fields(fieldsFrom(c.source))
	tx.Detail("hand-over %d: kept, %d months; fresh until %s", c.handover, len(answer.Months), fresh.Format(time.DateOnly))
	return tx.SetDue(c.row.ID, fresh)
}

// least is what the agreement lists of an answer.
func least(c *call, answer incomes.Answer) Fetched {
	fields := fieldsFrom(c.source)
	out := Fetched{First: c.request.From, Last: c.request.To, Income: []Income{}}
	for _, x := range answer.Income {
		var i Income
		for _, f := range fields {
			switch f {
			case incomes.FieldMonth:
				i.Month = x.Month
			case incomes.FieldKind:
				i.Kind = x.Kind
			case incomes.FieldCents:
				i.Cents = x.Cents
			case incomes.FieldPayer:
				i.Payer = x.Payer
			}
		}
		out.Income = append(out.Income, i)
	}
	return out
}

// failed ends a hand-over that brought nothing, and says when it is tried again.
func (s *Service) failed(ctx context.Context, tx store.Tx, c *call, failed error) error {
	now := s.now()
	row, err := tx.PermitOf(c.row.ID)
	if err != nil {
		return err
	}
	kind, wait := fault.KindOf(failed), 24*time.Hour
	if ctx.Err() == nil && errors.Is(failed, context.Canceled) {
		kind = fault.Later
	}
	if kind == fault.Later {
		if wait, err = s.backOff(tx, c.row.ID); err != nil {
			return err
		}
	}
	if kind == fault.Invalid {
		if _, err := tx.AddRequest(store.Request{Kind: RequestSource, Person: c.row.Subject, Matter: c.matter, At: now, Due: now.AddDate(0, 0, answerDays), Basis: withoutDelay}); err != nil {
			return err
		}
	}
	tx.Detail("hand-over %d: nothing was handed over: %s", c.handover, kind)
	if err := tx.EndHandover(c.handover, store.HandoverFailed, "nothing was handed over: "+kind.String(), now); err != nil {
		return err
	}
	if row.Due.IsZero() {
		return nil
	}
	return tx.SetDue(c.row.ID, now.Add(wait))
}

// backOff is how long to wait after failures: a minute, doubled with each, at most
// a day.
func (s *Service) backOff(tx store.Tx, id int64) (time.Duration, error) {
	all, err := tx.HandoversOf(id)
	wait := time.Minute
	for i, h := range all {
		if h.State != store.HandoverFailed && i > 0 {
			break
		}
		if i > 0 {
			wait = min(2*wait, 24*time.Hour)
		}
	}
	return wait, err
}

// lostAfter is how long after it was begun a hand-over is held to be lost: the
// process that waited for its answer is gone.
func (s *Service) lostAfter() time.Duration { return 2 * s.c.Patience }
