package tables

import (
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// The kinds of families that the demo shows.
const (
	kindOne     = "one guardian"
	kindTwo     = "guardians with two phones"
	kindTwins   = "several children on one phone"
	kindSwedish = "in Swedish"
	kindEnglish = "in English"
	kindLetter  = "no text message reaches the family"
	kindByHand  = "served in person"
)

// kinds are all of them, in the order in which they are shown.
var kinds = []string{kindTwo, kindOne, kindTwins, kindSwedish, kindEnglish, kindLetter, kindByHand}

// Handsets picks the phones of up to each families of every kind, the kinds in
// the order above, the families in order of case.
func (t *tx) Handsets(id store.RoundID, each int) ([]store.Handset, error) {
	ids, err := t.numbers(`SELECT id FROM kase WHERE round = ? ORDER BY id`, int64(id))
	if err != nil {
		return nil, err
	}
	// The rare ones first: they may stand anywhere.
	rare, err := t.numbers(`SELECT id FROM (
		SELECT id, row_number() OVER (PARTITION BY stage ORDER BY id) n FROM kase WHERE round = ? AND stage IN (?,?)
		UNION SELECT case_id, dense_rank() OVER (ORDER BY phone_hash) FROM party WHERE phone_hash IN (
			SELECT p.phone_hash FROM party p JOIN kase k ON k.id = p.case_id WHERE k.round = ? AND p.phone_hash <> ''
			GROUP BY p.phone_hash HAVING count(*) > 1)) AS rare
		WHERE n <= ? ORDER BY id`, int64(id), string(conversation.ByHand), string(conversation.Letter), int64(id), each)
	if err != nil {
		return nil, err
	}
	found := map[string][]store.Handset{}
	families, full := map[string]int{}, 0
	done := map[conversation.CaseID]bool{}
	for _, n := range append(rare, ids...) {
		if full == len(kinds) {
			break
		}
		shown, err := t.family(conversation.CaseID(n))
		if err != nil {
			return nil, err
		}
		if len(shown) == 0 || done[shown[0].Case] || families[shown[0].Why] >= each {
			continue
		}
		why := shown[0].Why
		done[shown[0].Case], found[why] = true, append(found[why], shown...)
		if families[why]++; families[why] == each {
			full++
		}
	}
	var out []store.Handset
	for _, why := range kinds {
		out = append(out, found[why]...)
	}
	return out, nil
}

// Family is the phones of the first case of a round with at least that number
// that has a guardian to ask.
func (t *tx) Family(id store.RoundID, from conversation.CaseID) ([]store.Handset, error) {
	ids, err := t.numbers("SELECT id FROM kase WHERE round = ? AND id >= ? ORDER BY id LIMIT 20", int64(id), int64(from))
	if err != nil {
		return nil, err
	}
	for _, n := range ids {
		if shown, err := t.family(conversation.CaseID(n)); err != nil || len(shown) > 0 {
			return shown, err
		}
	}
	return nil, fault.New(fault.Missing, "store.Family", "round %d has no case with that number or a higher one", id)
}

// numbers are the rows of a query that gives one number each.
func (t *tx) numbers(query string, args ...any) ([]int64, error) {
	var out []int64
	err := t.query(query, args, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		out = append(out, n)
		return fault.Wrap(err, "store.numbers", "the store cannot be read")
	})
	return out, err
}

// family shows a case as its phones.
func (t *tx) family(id conversation.CaseID) ([]store.Handset, error) {
	h, err := t.Case(id)
	if err != nil {
		return nil, err
	}
	out, err := t.handset(h.Case)
	if err != nil {
		return nil, err
	}
	why := kindOf(h.Case, out)
	for i := range out {
		out[i].Why = why
	}
	return out, nil
}

func kindOf(c conversation.Case, phones []store.Handset) string {
	with, language := 0, person.Finnish
	for _, p := range phones {
		if len(p.Children) > 1 {
			return kindTwins
		}
		if p.Number != "" {
			with++
		}
		if p.Language != person.Finnish {
			language = p.Language
		}
	}
	switch {
	case c.Stage == conversation.ByHand:
		return kindByHand
	case with == 0, c.Stage == conversation.Letter:
		return kindLetter
	case language == person.Swedish:
		return kindSwedish
	case language == person.English:
		return kindEnglish
	case with > 1:
		return kindTwo
	}
	return kindOne
}

// handset shows each party of a case as one phone.
func (t *tx) handset(c conversation.Case) ([]store.Handset, error) {
	var out []store.Handset
	for i, p := range c.Parties {
		h := store.Handset{Case: c.ID, Party: i, Person: p.Person, Guardian: p.Name, Children: []string{c.Names().Child}, Language: p.Language, Stage: c.Stage}
		if p.Phone != "" {
			var sealed []byte
			if _, err := t.one("SELECT number FROM party WHERE case_id = ? AND party = ?", []any{int64(c.ID), i}, &sealed); err != nil {
				return nil, err
			}
			plain, err := t.db.vault.Open("party.number", uint64(c.ID)<<8|uint64(i), sealed)
			if err != nil {
				return nil, err
			}
			h.Number = string(plain)
			on, err := t.candidates(`SELECT k.id, k.sealed, p.party FROM party p JOIN kase k ON k.id = p.case_id
				WHERE p.phone_hash = ? AND k.round = (SELECT round FROM kase WHERE id = ?) ORDER BY k.id`, string(p.Phone), int64(c.ID))
			if err != nil {
				return nil, err
			}
			if len(on) > 0 {
				h.Children = conversation.ChildNames(on)
			}
		}
		out = append(out, h)
	}
	return out, nil
}
