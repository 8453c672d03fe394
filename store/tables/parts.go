package tables

import (
	"time"

	"ennakko/channel"
	"ennakko/fault"
	"ennakko/store"
)

// addParts keeps what the gateway called the parts of a message.
func (t *tx) addParts(s store.Settlement) error {
	for i, id := range s.Parts {
		// A gateway that gives one id twice, as some do when they begin to count
		// anew, means the newer message.
		if err := t.put(`INSERT INTO gateway_part (gateway, id, ref, part) VALUES (?,?,?,?)
			ON CONFLICT (gateway, id) DO UPDATE SET ref = excluded.ref, part = excluded.part, state = ''`, s.Gateway, id, string(s.Ref), i); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Early(settled []store.Settlement) ([]channel.Report, error) {
	ids := map[string][]string{}
	for _, s := range settled {
		ids[s.Gateway] = append(ids[s.Gateway], s.Parts...)
	}
	early := map[partID][]channel.Report{}
	for gateway, of := range ids {
		err := t.among("SELECT id, state, at FROM early_report WHERE gateway = ? AND id IN (list) ORDER BY at", []any{gateway}, of, func(scan func(...any) error) error {
			var id, state string
			var at int64
			err := scan(&id, &state, &at)
			early[partID{gateway, id}] = append(early[partID{gateway, id}], partReport(gateway, id, channel.State(state), fromMicro(at)))
			return fault.Wrap(err, "store.Early", "the reports cannot be read")
		})
		if err != nil {
			return nil, err
		}
	}
	var out []channel.Report
	for _, s := range settled {
		for _, id := range s.Parts {
			came := early[partID{s.Gateway, id}]
			if len(came) == 0 {
				continue
			}
			delete(early, partID{s.Gateway, id})
			out = append(out, came...)
			if err := t.put("DELETE FROM early_report WHERE gateway = ? AND id = ?", s.Gateway, id); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func partReport(gateway, part string, s channel.State, at time.Time) channel.Report {
	return channel.Report{ID: gateway + "/" + part + "/" + string(s), State: s, At: at, Gateway: gateway, Part: part}
}

func (t *tx) TakeHalf(now time.Time, limit int) ([]channel.Ref, error) {
	var out []channel.Ref
	err := t.query("SELECT ref FROM outbox WHERE state = ? AND doubt <= ? ORDER BY id LIMIT ?", []any{string(channel.Handed), micro(now), limit}, func(scan func(...any) error) error {
		var ref string
		err := scan(&ref)
		out = append(out, channel.Ref(ref))
		return fault.Wrap(err, "store.TakeHalf", "the outbox cannot be read")
	})
	return out, err
}

// doubtPatience is how old a report must be before it is held to be of a send
// in doubt: until then the gateway's answer may still tell which it is of.
const doubtPatience = time.Minute

// OfDoubt looks for reports on a phone to which just one send is in doubt, and
// gives them as reports on that send: it was taken after all. That it was
// delivered takes as many reports as it has parts: a phone does not show half a
// message.
func (t *tx) OfDoubt(now time.Time, limit int) ([]channel.Report, error) {
	var out []channel.Report
	err := t.query(`SELECT o.ref, e.gateway, e.id, e.state, e.at FROM outbox o JOIN party p ON p.case_id = o.case_id AND p.party = o.party
		JOIN early_report e ON e.phone = p.phone_hash AND e.at >= o.submitting
		WHERE o.state = 'uncertain' AND p.phone_hash <> '' AND e.at <= ? AND (e.state <> 'delivered' OR o.segments <=
			(SELECT count(*) FROM early_report d WHERE d.phone = e.phone AND d.at >= o.submitting AND d.state = 'delivered'))
		AND NOT EXISTS (SELECT 1 FROM outbox x JOIN party y ON y.case_id = x.case_id AND y.party = x.party
			WHERE y.phone_hash = p.phone_hash AND x.state IN ('uncertain', 'submitting') AND x.id <> o.id) ORDER BY o.id, e.at LIMIT ?`,
		[]any{micro(now.Add(-doubtPatience)), limit}, func(scan func(...any) error) error {
			var ref, gateway, id, state string
			var at int64
			err := scan(&ref, &gateway, &id, &state, &at)
			r := partReport(gateway, id, channel.State(state), fromMicro(at))
			r.Ref = channel.Ref(ref)
			out = append(out, r)
			return fault.Wrap(err, "store.OfDoubt", "the reports cannot be read")
		})
	if err != nil {
		return nil, err
	}
	for _, r := range out {
		if err := t.put("DELETE FROM early_report WHERE gateway = ? AND id = ?", r.Gateway, r.Part); err != nil {
			return nil, err
		}
	}
	return out, nil
}
