package sqlite

import (
	"context"
	"encoding/json"
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
	var last *int64
	if _, err := t.one("SELECT max(id) FROM round", nil, &last); err != nil {
		return 0, err
	}
	id := int64(1)
	if last != nil {
		id = *last + 1
	}
	_, err = t.exec(`INSERT INTO round (id, service, version, pack_hash, as_of, state, officer, opened, schedule, summary)
		VALUES (?,?,?,?,?,?,?,?,?,?)`, id, r.Service, r.Version, r.PackHash, r.AsOf.Format(time.DateOnly), string(r.State), r.Officer,
		micro(t.at), string(schedule), string(summary))
	return store.RoundID(id), err
}

func (t *tx) SetRound(id store.RoundID, state store.RoundState, officer string) error {
	n, err := t.exec("UPDATE round SET state = ?, officer = CASE WHEN ? = '' THEN officer ELSE ? END WHERE id = ?", string(state), officer, officer, int64(id))
	if err == nil && n == 0 {
		return fault.New(fault.Missing, "store.SetRound", "there is no round %d", id)
	}
	return err
}

func (t *tx) AddFindings(id store.RoundID, findings []store.Finding) error {
	for _, f := range findings {
		reasons, err := json.Marshal(f.Reasons)
		if err != nil {
			return fault.Wrap(err, "store.AddFindings", "the reasons cannot be written")
		}
		if _, err := t.exec("INSERT INTO finding (round, person, verdict, reasons, failsafe) VALUES (?,?,?,?,?)",
			int64(id), int64(f.Person), string(f.Verdict), string(reasons), flag(f.Failsafe)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) AddPlaces(id store.RoundID, places []store.PlaceCount) error {
	for _, p := range places {
		for no := 1; no <= p.Places; no++ {
			if _, err := t.exec("INSERT INTO place (round, unit, language, no) VALUES (?,?,?,?)", int64(id), p.Unit, p.Language, no); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) AddWaiting(id store.RoundID, waiting []store.Waiting) error {
	for _, w := range waiting {
		if _, err := t.exec("INSERT INTO waiting (round, child, reason) VALUES (?,?,?)", int64(id), int64(w.Child), w.Reason); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) AddDrafts(id store.RoundID, drafts []store.Draft) error {
	for _, d := range drafts {
		if _, err := t.exec("INSERT INTO draft (round, child, unit, language, reason, distance_m) VALUES (?,?,?,?,?,?)",
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
