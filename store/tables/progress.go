package tables

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"ennakko/fault"
	"ennakko/store"
)

// Rounds lists all rounds, newest first.
func (d *DB) Rounds(ctx context.Context) ([]store.Round, error) {
	hands := map[store.RoundID][]string{}
	err := d.rows(ctx, "SELECT round, officer FROM round_hand ORDER BY round, officer", nil, func(scan func(...any) error) error {
		var id int64
		var officer string
		err := scan(&id, &officer)
		hands[store.RoundID(id)] = append(hands[store.RoundID(id)], officer)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []store.Round
	err = d.rows(ctx, "SELECT id, service, version, pack_hash, as_of, state, officer, opened, schedule, summary FROM round ORDER BY id DESC", nil, func(scan func(...any) error) error {
		var r store.Round
		var id, opened int64
		var asOf, state, schedule, summary string
		if err := scan(&id, &r.Service, &r.Version, &r.PackHash, &asOf, &state, &r.Officer, &opened, &schedule, &summary); err != nil {
			return err
		}
		r.ID, r.State, r.Opened = store.RoundID(id), store.RoundState(state), fromMicro(opened)
		r.Prepared = hands[r.ID]
		var err error
		if r.AsOf, err = time.Parse(time.DateOnly, asOf); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(schedule), &r.Schedule); err != nil {
			return err
		}
		out = append(out, r)
		return json.Unmarshal([]byte(summary), &out[len(out)-1].Summary)
	})
	return out, err
}

// Round finds one round.
func (d *DB) Round(ctx context.Context, id store.RoundID) (store.Round, error) {
	all, err := d.Rounds(ctx)
	if err != nil {
		return store.Round{}, err
	}
	for _, r := range all {
		if r.ID == id {
			return r, nil
		}
	}
	return store.Round{}, fault.New(fault.Missing, "store.Round", "there is no round %d", id)
}

// ofTimer is the state of the round of a timer. As a question for each timer, not
// a join, it lets the first by time be found without looking at the others.
const ofTimer = "(SELECT r.state FROM kase k JOIN round r ON r.id = k.round WHERE k.id = t.case_id)"

// Next is the next moment at which something of a running round is due.
func (d *DB) Next(ctx context.Context) (at time.Time, ok bool, err error) {
	var next sql.NullInt64
	_, err = d.row(ctx, `SELECT min(at) FROM (
		SELECT * FROM (SELECT t.at FROM timer t WHERE `+ofTimer+` = 'running' ORDER BY t.at LIMIT 1) AS timers
		UNION ALL SELECT min(o.not_before) FROM outbox o LEFT JOIN round r ON r.id = o.round WHERE o.state = 'queued' AND (r.state IS NULL OR r.state = 'running' OR (r.state IN ('paused', 'closed') AND o.urgent = 1))
		UNION ALL SELECT min(doubt) FROM outbox WHERE state IN ('uncertain', 'handed over')
		UNION ALL SELECT 0 FROM incoming WHERE handled IS NULL) AS due`, nil, &next)
	return fromMicro(next.Int64), next.Valid, err
}

// Due tells what is due at a moment. It is a look without the writers' turn: what
// comes after it is seen at the next one.
func (d *DB) Due(ctx context.Context, now time.Time) (store.Due, error) {
	var answers, timers, halves, doubts, clear, sends, urgent int
	_, err := d.row(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM incoming WHERE handled IS NULL) THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM timer t WHERE t.at <= ?1 AND `+ofTimer+` = 'running') THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE state = 'handed over' AND doubt <= ?1) THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE state = 'uncertain' AND doubt <= ?1) THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE state = 'uncertain') AND EXISTS (SELECT 1 FROM early_report) THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM outbox o LEFT JOIN round r ON r.id = o.round WHERE o.state = 'queued' AND o.not_before <= ?1
			AND (r.state IS NULL OR r.state = 'running' OR (r.state IN ('paused', 'closed') AND o.urgent = 1))) THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE state = 'queued' AND urgent = 1 AND not_before <= ?1) THEN 1 ELSE 0 END`,
		[]any{micro(now)}, &answers, &timers, &halves, &doubts, &clear, &sends, &urgent)
	return store.Due{Answers: answers > 0, Timers: timers > 0, Halves: halves > 0, Doubts: doubts > 0, Clear: clear > 0, Sends: sends > 0, Urgent: urgent > 0}, err
}

// NextTimer is when the next timer of a running round is due.
func (d *DB) NextTimer(ctx context.Context) (at time.Time, ok bool, err error) {
	var next sql.NullInt64
	_, err = d.row(ctx, "SELECT t.at FROM timer t WHERE "+ofTimer+" = 'running' ORDER BY t.at LIMIT 1", nil, &next)
	return fromMicro(next.Int64), next.Valid, err
}

// Unread is when the oldest answer came that nobody has read yet; ok is false when
// there is none.
func (d *DB) Unread(ctx context.Context) (since time.Time, ok bool, err error) {
	var at sql.NullInt64
	_, err = d.row(ctx, "SELECT min(received) FROM incoming WHERE handled IS NULL", nil, &at)
	return fromMicro(at.Int64), at.Valid, err
}

// LastRoundEntry is the number and time of the newest entry of a round's own
// work, or of the pages' log-in; a made-up clock goes on from there. What officers do
// beside it, at the real time, does not count. Zero: there is no such entry yet.
func (d *DB) LastRoundEntry(ctx context.Context) (seq uint64, at time.Time, err error) {
	var s, t sql.NullInt64
	found, err := d.row(ctx, `SELECT seq, at FROM audit_entry WHERE actor LIKE 'system:%' OR actor LIKE 'resident:%' OR verb IN ('approve offers', 'log in', 'log out', 'name who may need much') ORDER BY seq DESC LIMIT 1`, nil, &s, &t)
	if !found {
		return 0, time.Time{}, err
	}
	return uint64(s.Int64), fromMicro(t.Int64), err
}

// LastEntry is the number and time of the newest entry in the record.
func (d *DB) LastEntry(ctx context.Context) (seq uint64, at time.Time, err error) {
	var s, t sql.NullInt64
	_, err = d.row(ctx, "SELECT max(seq), (SELECT at FROM audit_entry ORDER BY seq DESC LIMIT 1) FROM audit_entry", nil, &s, &t)
	return uint64(s.Int64), fromMicro(t.Int64), err
}

// Funnel is how far a round has come, in numbers of children unless a name
// says otherwise.
func (d *DB) Funnel(ctx context.Context, id store.RoundID) (store.Funnel, error) {
	f := store.Funnel{Stages: map[string]int{}, Messages: map[string]int{}, Items: map[string]int{}}
	r := int64(id)
	err := d.rows(ctx, "SELECT stage, count(*) FROM kase WHERE round = ? GROUP BY stage", []any{r}, countInto(f.Stages))
	if err != nil {
		return f, err
	}
	if err := d.rows(ctx, "SELECT state, count(*) FROM outbox WHERE round = ? GROUP BY state", []any{r}, countInto(f.Messages)); err != nil {
		return f, err
	}
	if err := d.rows(ctx, "SELECT i.kind, count(*) FROM item i JOIN kase k ON k.id = i.case_id WHERE k.round = ? AND i.settled IS NULL GROUP BY i.kind", []any{r}, countInto(f.Items)); err != nil {
		return f, err
	}
	for _, q := range []struct {
		to    *int
		query string
	}{
		{&f.Offered, "SELECT count(*) FROM kase WHERE round = ?"},
		{&f.Sent, "SELECT count(DISTINCT case_id) FROM outbox WHERE round = ? AND kind = 'inquiry' AND handed IS NOT NULL"},
		{&f.Delivered, "SELECT count(DISTINCT case_id) FROM outbox WHERE round = ? AND kind = 'inquiry' AND state = 'delivered'"},
		{&f.Answered, "SELECT count(*) FROM kase WHERE round = ? AND answered = 1"},
		{&f.Letters, "SELECT count(*) FROM letter l JOIN kase k ON k.id = l.case_id WHERE k.round = ?"},
		{&f.ByHand, "SELECT count(*) FROM kase WHERE round = ? AND stage = 'by hand'"},
		{&f.Unreached, `SELECT count(*) FROM kase k WHERE round = ? AND reached = 0 AND NOT EXISTS
			(SELECT 1 FROM outbox o WHERE o.case_id = k.id AND o.kind = 'inquiry' AND o.state = 'delivered')`},
		{&f.PlacesHeld, "SELECT count(*) FROM place WHERE round = ? AND case_id IS NOT NULL"},
		{&f.Overbooked, `SELECT count(*) FROM (SELECT 1 FROM place WHERE round = ?1 AND case_id IS NOT NULL GROUP BY case_id HAVING count(*) > 1
			UNION ALL SELECT 1 FROM kase k WHERE round = ?1 AND stage = 'accepted' AND NOT EXISTS (SELECT 1 FROM place p WHERE p.case_id = k.id)) AS wrong`},
		{&f.Places, "SELECT count(*) FROM place WHERE round = ?"},
		{&f.Failsafe, "SELECT count(*) FROM finding WHERE round = ? AND failsafe = 1"},
		{&f.Incoming, "SELECT count(*) FROM incoming WHERE CAST(? AS BIGINT) > 0"},
	} {
		if _, err := d.row(ctx, q.query, []any{r}, q.to); err != nil {
			return f, err
		}
	}
	return f, nil
}

func countInto(m map[string]int) func(scan func(...any) error) error {
	return func(scan func(...any) error) error {
		var k string
		var n int
		err := scan(&k, &n)
		m[k] = n
		return err
	}
}

// ConfirmTimes lists how long each confirmation of an answer took, in seconds
// from the moment that the answer left the phone: until it was handed to the
// gateway, and until it was on the phone again (only where a report tells).
func (d *DB) ConfirmTimes(ctx context.Context, id store.RoundID) (handed, onPhone []float64, err error) {
	err = d.rows(ctx, `SELECT o.handed - i.at, o.done - i.at, o.state FROM outbox o JOIN incoming i ON i.id = o.answer_to
		WHERE o.round = ? AND o.handed IS NOT NULL AND o.kind IN ('confirm_accept', 'confirm_decline', 'confirm_changed')`, []any{int64(id)}, func(scan func(...any) error) error {
		var h int64
		var done sql.NullInt64
		var state string
		if err := scan(&h, &done, &state); err != nil {
			return err
		}
		handed = append(handed, float64(h)/1e6)
		if done.Valid && state == "delivered" {
			onPhone = append(onPhone, float64(done.Int64)/1e6)
		}
		return nil
	})
	return handed, onPhone, err
}
