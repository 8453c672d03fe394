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
	var out []channel.Report
	for _, s := range settled {
		for _, id := range s.Parts {
			err := t.query("SELECT state, at FROM early_report WHERE gateway = ? AND id = ? ORDER BY at", []any{s.Gateway, id}, func(scan func(...any) error) error {
				var state string
				var at int64
				err := scan(&state, &at)
				out = append(out, partReport(s.Gateway, id, channel.State(state), fromMicro(at)))
				return fault.Wrap(err, "store.Early", "the reports cannot be read")
			})
			if err != nil {
				return nil, err
			}
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

// halfPatience is how long the parts of a message that were not reported on are
// waited for after one was delivered. Some gateways report on one part only.
const halfPatience = 10 * time.Minute

// ofPart turns a report on a part into one on its message: delivered when all
// parts are, failed when one is. Ok is false when nothing follows from it yet.
func (t *tx) ofPart(r channel.Report) (whole channel.Report, ok bool, err error) {
	var ref, before string
	found, err := t.one("SELECT ref, state FROM gateway_part WHERE gateway = ? AND id = ?", []any{r.Gateway, r.Part}, &ref, &before)
	switch {
	case err != nil:
		return r, false, err
	case !found: // it came before the gateway's answer, or that answer never came
		phone, err := t.db.PhoneHash(r.To)
		if err != nil {
			return r, false, err
		}
		err = t.put("INSERT INTO early_report (gateway, id, state, at, phone) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", r.Gateway, r.Part, string(r.State), micro(r.At), string(phone))
		return r, false, err
	case final(channel.State(before)):
		return r, false, nil
	}
	if err := t.put("UPDATE gateway_part SET state = ? WHERE gateway = ? AND id = ?", string(r.State), r.Gateway, r.Part); err != nil {
		return r, false, err
	}
	r.Ref = channel.Ref(ref)
	if r.State != channel.Delivered {
		return r, true, nil
	}
	var parts, delivered int
	if _, err := t.one("SELECT count(*), count(CASE state WHEN 'delivered' THEN 1 END) FROM gateway_part WHERE ref = ?", []any{ref}, &parts, &delivered); err != nil {
		return r, false, err
	}
	if delivered < parts {
		err = t.put("UPDATE outbox SET doubt = ? WHERE ref = ? AND state = ?", micro(r.At.Add(halfPatience)), ref, string(channel.Handed))
	}
	return r, delivered >= parts, err
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
