package tables

import (
	"time"

	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/store"
)

// told is what the tables hold on the messages and parts of some reports, read at
// once and kept in step with what is written.
type told struct {
	there map[string]bool    // reports that came before, by id
	parts map[partID]*part   // of the messages that a report on a part is about
	of    map[string][]*part // the same, by message
	sent  map[string]*sent   // messages, by ref
}

type partID struct{ gateway, id string }

type part struct {
	ref   string
	state channel.State
}

type sent struct {
	caseID *int64
	party  int
	kind   string
	state  channel.State
}

// lookUp reads what reports are about.
func (t *tx) lookUp(reports []channel.Report) (*told, error) {
	k := &told{there: map[string]bool{}, parts: map[partID]*part{}, of: map[string][]*part{}, sent: map[string]*sent{}}
	var ids, refs []string
	byGateway := map[string][]string{}
	for _, r := range reports {
		ids = append(ids, r.ID)
		if r.Ref != "" {
			refs = append(refs, string(r.Ref))
		} else {
			byGateway[r.Gateway] = append(byGateway[r.Gateway], r.Part)
		}
	}
	err := t.among("SELECT id FROM report WHERE id IN (list)", nil, ids, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		k.there[id] = true
		return fault.Wrap(err, "store.Report", "the reports cannot be read")
	})
	if err != nil {
		return nil, err
	}
	for gateway, ids := range byGateway {
		if err := t.lookUpParts(k, gateway, ids); err != nil {
			return nil, err
		}
	}
	for ref := range k.of {
		refs = append(refs, ref)
	}
	err = t.among("SELECT ref, case_id, party, kind, state FROM outbox WHERE ref IN (list)", nil, refs, func(scan func(...any) error) error {
		var ref string
		var s sent
		err := scan(&ref, &s.caseID, &s.party, &s.kind, (*string)(&s.state))
		k.sent[ref] = &s
		return fault.Wrap(err, "store.Report", "the outbox cannot be read")
	})
	return k, err
}

// lookUpParts reads all parts of the messages of which a part is in the list.
func (t *tx) lookUpParts(k *told, gateway string, ids []string) error {
	return t.among("SELECT gateway, id, ref, state FROM gateway_part WHERE ref IN (SELECT ref FROM gateway_part WHERE gateway = ? AND id IN (list))", []any{gateway}, ids, func(scan func(...any) error) error {
		var id partID
		var p part
		if err := scan(&id.gateway, &id.id, &p.ref, (*string)(&p.state)); err != nil {
			return fault.Wrap(err, "store.Report", "the parts cannot be read")
		}
		if k.parts[id] == nil {
			k.parts[id] = &p
			k.of[p.ref] = append(k.of[p.ref], &p)
		}
		return nil
	})
}

// Report keeps reports. A report for a message that is not known to be handed
// over yet is used all the same: it proves the hand-over.
func (t *tx) Report(reports []channel.Report) ([]store.Outcome, error) {
	k, err := t.lookUp(reports)
	if err != nil {
		return nil, err
	}
	var out []store.Outcome
	for _, r := range reports {
		if r.Ref == "" {
			whole, ok, err := t.ofPart(k, r)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			r = whole
		}
		if k.there[r.ID] {
			continue
		}
		k.there[r.ID] = true
		s := k.sent[string(r.Ref)]
		use := s != nil && final(r.State) && !final(s.state)
		if err := t.put("INSERT INTO report (id, ref, state, at, used) VALUES (?,?,?,?,?)", r.ID, string(r.Ref), string(r.State), micro(r.At), flag(use)); err != nil {
			return nil, err
		}
		if !use {
			continue
		}
		o := store.Outcome{Party: s.party, Kind: conversation.Kind(s.kind), Delivered: r.State == channel.Delivered, Doubted: s.state == channel.Uncertain}
		s.state = r.State
		if err := t.put("UPDATE outbox SET state = ?, done = ?, handed = coalesce(handed, submitting) WHERE ref = ?", string(r.State), micro(r.At), string(r.Ref)); err != nil {
			return nil, err
		}
		if s.caseID != nil {
			o.Case = conversation.CaseID(*s.caseID)
		}
		out = append(out, o)
	}
	return out, nil
}

// halfPatience is how long the parts of a message that were not reported on are
// waited for after one was delivered. Some gateways report on one part only.
const halfPatience = 10 * time.Minute

// ofPart turns a report on a part into one on its message: delivered when all
// parts are, failed when one is. Ok is false when nothing follows from it yet.
func (t *tx) ofPart(k *told, r channel.Report) (whole channel.Report, ok bool, err error) {
	p := k.parts[partID{r.Gateway, r.Part}]
	switch {
	case p == nil: // it came before the gateway's answer, or that answer never came
		phone, err := t.db.PhoneHash(r.To)
		if err != nil {
			return r, false, err
		}
		err = t.put("INSERT INTO early_report (gateway, id, state, at, phone) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", r.Gateway, r.Part, string(r.State), micro(r.At), string(phone))
		return r, false, err
	case final(p.state):
		return r, false, nil
	}
	p.state = r.State
	if err := t.put("UPDATE gateway_part SET state = ? WHERE gateway = ? AND id = ?", string(r.State), r.Gateway, r.Part); err != nil {
		return r, false, err
	}
	r.Ref = channel.Ref(p.ref)
	if r.State != channel.Delivered {
		return r, true, nil
	}
	for _, other := range k.of[p.ref] {
		if other.state != channel.Delivered {
			err := t.put("UPDATE outbox SET doubt = ? WHERE ref = ? AND state = ?", micro(r.At.Add(halfPatience)), p.ref, string(channel.Handed))
			return r, false, err
		}
	}
	return r, true, nil
}
