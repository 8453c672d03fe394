// Package phone is an embedded telephone network for the demo and the tests:
// it takes messages, delivers them late or never, reports outcomes, and lets
// made-up families answer. It keeps its own file, as an operator would, so it
// remembers what it took when the program that handed it over is killed.
//
// The families read only the text on their phones.
package phone

import (
	"context"
	"database/sql"
	_ "embed" // the schema
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"ennakko/channel"
	"ennakko/fault"
)

//go:embed network.sql
var schema string

// Network is the made-up network.
type Network struct {
	db     *sql.DB
	seed   uint64
	now    func() time.Time
	family Behaviour
	kept   sync.Map // prepared statements, by query
}

// Options of a network.
type Options struct {
	Seed   uint64
	Now    func() time.Time
	Family Behaviour // how families behave; the zero value never answers
}

// Open opens or makes the network's file.
func Open(ctx context.Context, path string, opt Options) (*Network, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(NORMAL)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fault.Wrap(err, "phone.Open", "the network's file does not open")
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		_ = db.Close()
		return nil, fault.Wrap(err, "phone.Open", "the network's file cannot be made")
	}
	return &Network{db: db, seed: opt.Seed, now: opt.Now, family: opt.Family}, nil
}

// Close closes the network's file.
func (n *Network) Close() error { return n.db.Close() }

func (n *Network) rng(what, phone, text string) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, b := range []byte(what + "\x00" + phone + "\x00" + text) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(n.seed, h))
}

// transaction is a transaction whose statements are prepared once for all.
type transaction struct {
	tx *sql.Tx
	n  *Network
}

// prepared finds or prepares a statement.
func (n *Network) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := n.kept.Load(query); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := n.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, twice := n.kept.LoadOrStore(query, s); twice {
		return first.(*sql.Stmt), s.Close()
	}
	return s, nil
}

func (t transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := t.n.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return t.tx.StmtContext(ctx, s).ExecContext(ctx, args...)
}

func (t transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := t.n.prepared(ctx, query)
	if err != nil {
		return t.tx.QueryRowContext(ctx, query, args...) // it says what is wrong
	}
	return t.tx.StmtContext(ctx, s).QueryRowContext(ctx, args...)
}

func (n *Network) in(ctx context.Context, do func(tx transaction) error) error {
	tx, err := n.db.BeginTx(ctx, nil)
	if err != nil {
		return fault.Wrap(err, "phone.Network", "the network is not to be had")
	}
	defer func() { _ = tx.Rollback() }()
	if err := do(transaction{tx, n}); err != nil {
		return fault.Wrap(err, "phone.Network", "the network failed")
	}
	return fault.Wrap(tx.Commit(), "phone.Network", "the network failed")
}

// inUse is how long a phone is surely on after its owner wrote.
const inUse = 10 * time.Minute

// Submit takes messages. A reference that comes twice is counted twice: the
// network has no way to know that it was not meant.
func (n *Network) Submit(ctx context.Context, batch []channel.Message) ([]channel.Receipt, error) {
	receipts := make([]channel.Receipt, 0, len(batch))
	now := n.now()
	err := n.in(ctx, func(tx transaction) error {
		for _, m := range batch {
			if m.IsZero() {
				return fault.New(fault.Refused, "phone.Submit", "the message is not about an approved offer")
			}
			e := m.Envelope()
			if _, err := tx.ExecContext(ctx, `INSERT INTO message (ref, phone, sender, text, at, taken) VALUES (?,?,?,?,?,1)
				ON CONFLICT (ref) DO UPDATE SET taken = taken + 1`, string(e.Ref), e.To, e.From, m.Text(), now.UnixMicro()); err != nil {
				return err
			}
			var wrote int
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM shown WHERE phone = ? AND outgoing = 1 AND at >= ?", e.To, now.Add(-inUse).UnixMicro()).Scan(&wrote); err != nil {
				return err
			}
			d := n.family.delivery(n.rng("delivery", e.To, m.Text()), e.To, wrote > 0)
			if err := n.deliver(ctx, tx, now, e, m.Text(), d); err != nil {
				return err
			}
			receipts = append(receipts, channel.Receipt{Ref: e.Ref, State: channel.Handed, Code: "taken"})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return receipts, nil
}

func (n *Network) deliver(ctx context.Context, tx transaction, now time.Time, e channel.Envelope, text string, d delivery) error {
	switch {
	case d.fails:
		return n.schedule(ctx, tx, event{due: now.Add(d.delay), kind: "failed", ref: string(e.Ref), phone: e.To})
	case now.Add(d.delay).After(e.ValidUntil):
		return n.schedule(ctx, tx, event{due: e.ValidUntil, kind: "expired", ref: string(e.Ref), phone: e.To})
	}
	return n.schedule(ctx, tx, event{due: now.Add(d.delay), kind: "deliver", ref: string(e.Ref), phone: e.To, text: text})
}

// Query says whether the network took the message. It keeps all of them, so
// it is sure.
func (n *Network) Query(ctx context.Context, ref channel.Ref) (channel.Known, error) {
	var there int
	if err := n.db.QueryRowContext(ctx, "SELECT count(*) FROM message WHERE ref = ?", string(ref)).Scan(&there); err != nil {
		return channel.CannotTell, fault.Wrap(err, "phone.Query", "the network does not answer")
	}
	if there == 0 {
		return channel.NeverSeen, nil
	}
	return channel.Seen, nil
}

type event struct {
	id                     int64
	due                    time.Time
	kind, ref, phone, text string
	firm                   bool
}

func (n *Network) schedule(ctx context.Context, tx transaction, e event) error {
	firm := 0
	if e.firm {
		firm = 1
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO event (due, kind, ref, phone, text, firm) VALUES (?,?,?,?,?,?)", e.due.UnixMicro(), e.kind, e.ref, e.phone, e.text, firm)
	return err
}

// Next is the moment of the network's next event; ok is false when there is none.
func (n *Network) Next(ctx context.Context) (at time.Time, ok bool, err error) {
	var due sql.NullInt64
	if err := n.db.QueryRowContext(ctx, "SELECT min(due) FROM event WHERE done = 0").Scan(&due); err != nil {
		return at, false, fault.Wrap(err, "phone.Next", "the network does not answer")
	}
	return time.UnixMicro(due.Int64).UTC(), due.Valid, nil
}

// Advance lets everything happen that is due now, and reports whether
// anything was. What the inbox does not acknowledge is brought again.
func (n *Network) Advance(ctx context.Context, now time.Time, inbox channel.Inbox) (bool, error) {
	events, err := n.due(ctx, now, 500)
	if err != nil || len(events) == 0 {
		return false, err
	}
	var in []channel.Incoming
	var reports []channel.Report
	if events, err = n.showAll(ctx, events); err != nil {
		return false, err
	}
	for _, e := range events {
		switch e.kind {
		case "answer":
			in = append(in, channel.Incoming{ID: fmt.Sprintf("phone/%d", e.id), From: e.phone, Text: e.text, At: e.due})
		case "failed", "expired":
			reports = append(reports, report(e, channel.State(e.kind)))
		case "delivered":
			reports = append(reports, report(e, channel.Delivered))
		}
	}
	if len(reports) > 0 {
		err = inbox.Report(ctx, reports)
	}
	if len(in) > 0 && err == nil {
		err = inbox.Receive(ctx, in)
	}
	if err != nil {
		return false, err
	}
	return true, n.finish(ctx, events)
}

// showAll puts delivered messages on the phones' screens. An answer of the same
// moments that a family gave up when it read one of them is left out.
func (n *Network) showAll(ctx context.Context, events []event) (rest []event, err error) {
	err = n.in(ctx, func(tx transaction) error {
		for _, e := range events {
			there := 1
			switch e.kind {
			case "deliver":
				if err := n.show(ctx, tx, e); err != nil {
					return err
				}
			case "answer":
				if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM event WHERE id = ?", e.id).Scan(&there); err != nil {
					return err
				}
			}
			if there > 0 {
				rest = append(rest, e)
			}
		}
		return nil
	})
	return rest, err
}

func report(e event, s channel.State) channel.Report {
	return channel.Report{ID: e.ref + "/" + string(s), Ref: channel.Ref(e.ref), State: s, At: e.due}
}

func (n *Network) due(ctx context.Context, now time.Time, limit int) ([]event, error) {
	rows, err := n.db.QueryContext(ctx, "SELECT id, due, kind, ref, phone, text, firm FROM event WHERE done = 0 AND due <= ? ORDER BY due, id LIMIT ?", now.UnixMicro(), limit)
	if err != nil {
		return nil, fault.Wrap(err, "phone.Advance", "the network does not answer")
	}
	defer func() { _ = rows.Close() }()
	var out []event
	for rows.Next() {
		var e event
		var due int64
		if err := rows.Scan(&e.id, &due, &e.kind, &e.ref, &e.phone, &e.text, &e.firm); err != nil {
			return nil, fault.Wrap(err, "phone.Advance", "the network does not answer")
		}
		e.due = time.UnixMicro(due).UTC()
		out = append(out, e)
	}
	return out, fault.Wrap(rows.Err(), "phone.Advance", "the network does not answer")
}

// show puts a delivered message on the phone's screen, schedules its report
// and lets the family react.
func (n *Network) show(ctx context.Context, tx transaction, e event) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO shown (phone, at, outgoing, text, ref) VALUES (?,?,0,?,?)", e.phone, e.due.UnixMicro(), e.text, e.ref); err != nil {
		return err
	}
	if err := n.schedule(ctx, tx, event{due: e.due, kind: "delivered", ref: e.ref, phone: e.phone}); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE event SET done = 1 WHERE id = ?", e.id); err != nil {
		return err
	}
	var held int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM taken_over WHERE phone = ?", e.phone).Scan(&held); err != nil || held > 0 {
		return err
	}
	return n.react(ctx, tx, e)
}

func (n *Network) finish(ctx context.Context, events []event) error {
	return n.in(ctx, func(tx transaction) error {
		for _, e := range events {
			res, err := tx.ExecContext(ctx, "UPDATE event SET done = 1 WHERE id = ? AND done = 0", e.id)
			if err != nil {
				return err
			}
			fresh, err := res.RowsAffected()
			if err != nil {
				return err
			}
			if e.kind != "answer" || fresh == 0 {
				continue
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO shown (phone, at, outgoing, text) VALUES (?,?,1,?)", e.phone, e.due.UnixMicro(), e.text); err != nil {
				return err
			}
		}
		return nil
	})
}

// Line is one message on a phone's screen.
type Line struct {
	At       time.Time
	Outgoing bool // sent from the phone
	Text     string
}

// Screen is what stands on a phone, oldest first.
func (n *Network) Screen(ctx context.Context, phone string) ([]Line, error) {
	rows, err := n.db.QueryContext(ctx, "SELECT at, outgoing, text FROM shown WHERE phone = ? ORDER BY id", phone)
	if err != nil {
		return nil, fault.Wrap(err, "phone.Screen", "the network does not answer")
	}
	defer func() { _ = rows.Close() }()
	var out []Line
	for rows.Next() {
		var l Line
		var at int64
		if err := rows.Scan(&at, &l.Outgoing, &l.Text); err != nil {
			return nil, fault.Wrap(err, "phone.Screen", "the network does not answer")
		}
		l.At = time.UnixMicro(at).UTC()
		out = append(out, l)
	}
	return out, fault.Wrap(rows.Err(), "phone.Screen", "the network does not answer")
}

// TakeOver gives a phone to a human: its made-up family is silent from now on
// and answers that it had in mind are dropped.
func (n *Network) TakeOver(ctx context.Context, phone string) error {
	return n.in(ctx, func(tx transaction) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO taken_over (phone) VALUES (?) ON CONFLICT DO NOTHING", phone)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM event WHERE phone = ? AND kind = 'answer' AND done = 0", phone)
		return err
	})
}

// Write sends a text from a phone now.
func (n *Network) Write(ctx context.Context, phone, text string) error {
	if text == "" || phone == "" {
		return fault.New(fault.Invalid, "phone.Write", "there is nothing to send")
	}
	return n.in(ctx, func(tx transaction) error {
		return n.schedule(ctx, tx, event{due: n.now(), kind: "answer", phone: phone, text: text, firm: true})
	})
}

// Ledger is what the network saw, counted without our store's help.
type Ledger struct {
	Messages int // different references
	Doubled  int // references that came more than once, and equal texts to one phone within ten seconds
	Answers  int // texts that were sent from phones
}

// Count goes through everything that the network was ever handed.
func (n *Network) Count(ctx context.Context) (Ledger, error) {
	var l Ledger
	var same int
	err := errors.Join(
		n.db.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(taken - 1), 0) FROM message").Scan(&l.Messages, &l.Doubled),
		n.db.QueryRowContext(ctx, `SELECT count(*) FROM message a JOIN message b ON b.phone = a.phone AND b.ref > a.ref AND b.text = a.text
			AND abs(b.at - a.at) <= 10000000`).Scan(&same))
	l.Doubled += same
	err = errors.Join(err, n.db.QueryRowContext(ctx, "SELECT count(*) FROM shown WHERE outgoing = 1").Scan(&l.Answers))
	return l, fault.Wrap(err, "phone.Count", "the network does not answer")
}

// Twice is how often the network was handed a reference that it had already.
func (n *Network) Twice(ctx context.Context) (twice int, err error) {
	err = n.db.QueryRowContext(ctx, "SELECT coalesce(sum(taken - 1), 0) FROM message WHERE taken > 1").Scan(&twice)
	return twice, fault.Wrap(err, "phone.Twice", "the network does not answer")
}
