package tables

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

func (t *tx) AddRound(r store.Round) (store.RoundID, error) {
	schedule, err := json.Marshal(r.Schedule)
	if err != nil {
		return 0, fault.Wrap(err, "store.AddRound", "the schedule cannot be written")
	}
	summary, err := json.Marshal(r.Summary)
	if err != nil {
		return 0, fault.Wrap(err, "store.AddRound", "the summary cannot be written")
	}
	id, err := t.next("round")
	if err != nil {
		return 0, err
	}
	err = t.put(`INSERT INTO round (id, service, version, pack_hash, as_of, state, officer, opened, schedule, summary)
		VALUES (?,?,?,?,?,?,?,?,?,?)`, id, r.Service, r.Version, r.PackHash, r.AsOf.Format(time.DateOnly), string(r.State), r.Officer,
		micro(t.at), string(schedule), string(summary))
	if err != nil {
		return 0, err
	}
	return store.RoundID(id), t.addHand(store.RoundID(id))
}

// addHand notes that whoever acts prepared or changed the round.
func (t *tx) addHand(id store.RoundID) error {
	err := t.put("INSERT INTO round_hand (round, officer) VALUES (?,?) ON CONFLICT DO NOTHING", int64(id), t.entry.Actor)
	return err
}

// fourEyes refuses those who prepared or changed a round, and those who are no
// officer, while it waits for approval.
func (t *tx) fourEyes(op string, id store.RoundID, officer string) error {
	var state string
	var hands int
	found, err := t.one("SELECT state, (SELECT count(*) FROM round_hand WHERE round = id AND officer IN (?,?)) FROM round WHERE id = ?",
		[]any{officer, t.entry.Actor, int64(id)}, &state, &hands)
	switch {
	case err != nil || !found || store.RoundState(state) != store.Prepared:
		return err
	case hands > 0:
		return fault.New(fault.Refused, op, "the one who prepared a round cannot approve it").Do("another officer must approve it")
	case officer != t.entry.Actor || !strings.HasPrefix(officer, "officer:"):
		return fault.New(fault.Refused, op, "only an officer can approve a round")
	}
	return nil
}

func (t *tx) SetRound(id store.RoundID, state store.RoundState, officer string) error {
	if state == store.Running {
		if err := t.fourEyes("store.SetRound", id, officer); err != nil {
			return err
		}
	}
	n, err := t.exec("UPDATE round SET state = ?, officer = CASE WHEN ? = '' THEN officer ELSE ? END WHERE id = ?", string(state), officer, officer, int64(id))
	if err == nil && n == 0 {
		return fault.New(fault.Missing, "store.SetRound", "there is no round %d", id)
	}
	return err
}

func (t *tx) RoundState(id store.RoundID) (store.RoundState, error) {
	var state string
	found, err := t.one("SELECT state FROM round WHERE id = ?", []any{int64(id)}, &state)
	if err == nil && !found {
		err = fault.New(fault.Missing, "store.RoundState", "there is no round %d", id)
	}
	return store.RoundState(state), err
}

func (t *tx) AddFindings(id store.RoundID, findings []store.Finding) error {
	rows := make([][]any, len(findings))
	for i, f := range findings {
		reasons, err := json.Marshal(f.Reasons)
		if err != nil {
			return fault.Wrap(err, "store.AddFindings", "the reasons cannot be written")
		}
		rows[i] = []any{int64(id), int64(f.Person), string(f.Verdict), string(reasons), flag(f.Failsafe)}
	}
	return t.insert("finding", "round, person, verdict, reasons, failsafe", rows)
}

func (t *tx) AddPlaces(id store.RoundID, places []store.PlaceCount) error {
	var rows [][]any
	for _, p := range places {
		for no := 1; no <= p.Places; no++ {
			rows = append(rows, []any{int64(id), p.Unit, p.Language, no})
		}
	}
	return t.insert("place", "round, unit, language, no", rows)
}

func (t *tx) AddWaiting(id store.RoundID, waiting []store.Waiting) error {
	for _, w := range waiting {
		if err := t.put("INSERT INTO waiting (round, child, reason) VALUES (?,?,?)", int64(id), int64(w.Child), w.Reason); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) AddBreakdown(id store.RoundID, counts []store.Breakdown) error {
	for _, b := range counts {
		if err := t.put("INSERT INTO breakdown (round, stage, by, key, n) VALUES (?,?,?,?,?)", int64(id), b.Stage, b.By, b.Key, b.N); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) TakeWaiting(id store.RoundID, children []person.ID) error {
	for _, c := range children {
		n, err := t.exec("DELETE FROM waiting WHERE round = ? AND child = ?", int64(id), int64(c))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "store.TakeWaiting", "a child is not on the waiting list any more")
		}
	}
	return nil
}

func (t *tx) AddDrafts(id store.RoundID, drafts []store.Draft) error {
	for _, d := range drafts {
		if err := t.put("INSERT INTO draft (round, child, unit, language, reason, distance_m) VALUES (?,?,?,?,?,?)",
			int64(id), int64(d.Child), d.Place.Unit, d.Place.Language, d.Reason, d.DistanceM); err != nil {
			return err
		}
	}
	return nil
}

// Drafts lists the offers of a prepared round, in order of the child's number.
func (d *DB) Drafts(ctx context.Context, id store.RoundID) ([]store.Draft, error) {
	var out []store.Draft
	err := d.rows(ctx, `SELECT d.child, d.unit, d.language, d.reason, d.distance_m, f.verdict, f.reasons, k.id IS NOT NULL
		FROM draft d JOIN finding f ON f.round = d.round AND f.person = d.child LEFT JOIN kase k ON k.round = d.round AND k.child = d.child
		WHERE d.round = ? ORDER BY d.child`, []any{int64(id)}, func(scan func(...any) error) error {
		var x store.Draft
		var child uint32
		var verdict, reasons string
		if err := scan(&child, &x.Place.Unit, &x.Place.Language, &x.Reason, &x.DistanceM, &verdict, &reasons, &x.HasCase); err != nil {
			return err
		}
		x.Child, x.Verdict = person.ID(child), criteria.Verdict(verdict)
		if err := json.Unmarshal([]byte(reasons), &x.Reasons); err != nil {
			return err
		}
		out = append(out, x)
		return nil
	})
	return out, err
}

// WaitingList lists the children who wait for a place in a round.
func (d *DB) WaitingList(ctx context.Context, id store.RoundID) ([]store.Waiting, error) {
	var out []store.Waiting
	err := d.rows(ctx, "SELECT child, reason FROM waiting WHERE round = ? ORDER BY child", []any{int64(id)}, func(scan func(...any) error) error {
		var w store.Waiting
		var child uint32
		err := scan(&child, &w.Reason)
		w.Child = person.ID(child)
		out = append(out, w)
		return err
	})
	return out, err
}

// FreePlaces counts the places of a round that no case holds.
func (d *DB) FreePlaces(ctx context.Context, id store.RoundID) ([]store.PlaceCount, error) {
	var out []store.PlaceCount
	err := d.rows(ctx, `SELECT unit, language, count(*) FROM place WHERE round = ? AND case_id IS NULL
		GROUP BY unit, language ORDER BY unit, language`, []any{int64(id)}, func(scan func(...any) error) error {
		var p store.PlaceCount
		err := scan(&p.Unit, &p.Language, &p.Places)
		out = append(out, p)
		return err
	})
	return out, err
}

// Findings are the findings of a round about some people.
func (d *DB) Findings(ctx context.Context, id store.RoundID, people []person.ID) (map[person.ID]store.Finding, error) {
	out := make(map[person.ID]store.Finding, len(people))
	for _, who := range people {
		f := store.Finding{Person: who}
		var verdict, reasons string
		found, err := d.row(ctx, "SELECT verdict, reasons, failsafe FROM finding WHERE round = ? AND person = ?", []any{int64(id), int64(who)}, &verdict, &reasons, &f.Failsafe)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		f.Verdict = criteria.Verdict(verdict)
		if err := json.Unmarshal([]byte(reasons), &f.Reasons); err != nil {
			return nil, fault.New(fault.Tampered, "store.Findings", "a finding of round %d is not readable", id)
		}
		out[who] = f
	}
	return out, nil
}
