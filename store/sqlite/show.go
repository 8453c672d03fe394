package sqlite

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

// Handsets picks up to each phones of every kind of family, in order of case.
func (t *tx) Handsets(id store.RoundID, each int) ([]store.Handset, error) {
	onPhone := map[conversation.Phone]int{}
	if err := t.query("SELECT p.phone_hash, count(*) FROM party p JOIN kase k ON k.id = p.case_id WHERE k.round = ? AND p.phone_hash <> '' GROUP BY p.phone_hash HAVING count(*) > 1",
		[]any{int64(id)}, func(scan func(...any) error) error {
			var p string
			var n int
			err := scan(&p, &n)
			onPhone[conversation.Phone(p)] = n
			return fault.Wrap(err, "store.Handsets", "the store cannot be read")
		}); err != nil {
		return nil, err
	}
	var ids []int64
	if err := t.query("SELECT id FROM kase WHERE round = ? ORDER BY id", []any{int64(id)}, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		ids = append(ids, n)
		return fault.Wrap(err, "store.Handsets", "the store cannot be read")
	}); err != nil {
		return nil, err
	}
	var out []store.Handset
	seen := map[string]int{}
	for _, n := range ids {
		if len(out) >= 7*each {
			break
		}
		h, err := t.Case(conversation.CaseID(n))
		if err != nil {
			return nil, err
		}
		why := kindOf(h.Case, onPhone)
		if len(h.Case.Parties) == 0 || seen[why] >= each {
			continue
		}
		seen[why]++
		shown, err := t.handset(h.Case, why)
		if err != nil {
			return nil, err
		}
		out = append(out, shown...)
	}
	return out, nil
}

func kindOf(c conversation.Case, onPhone map[conversation.Phone]int) string {
	phones := 0
	language := person.Finnish
	for _, p := range c.Parties {
		if onPhone[p.Phone] > 1 {
			return kindTwins
		}
		if p.Phone != "" {
			phones++
		}
		if p.Language != person.Finnish {
			language = p.Language
		}
	}
	switch {
	case c.Stage == conversation.ByHand:
		return kindByHand
	case phones == 0, c.Stage == conversation.Letter:
		return kindLetter
	case language == person.Swedish:
		return kindSwedish
	case language == person.English:
		return kindEnglish
	case phones > 1:
		return kindTwo
	}
	return kindOne
}

// handset shows each party of a case as one phone.
func (t *tx) handset(c conversation.Case, why string) ([]store.Handset, error) {
	var out []store.Handset
	for i, p := range c.Parties {
		h := store.Handset{Case: c.ID, Party: i, Guardian: p.Name, Children: []string{c.Names().Child}, Language: p.Language, Stage: c.Stage, Why: why}
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
			on, err := t.OnPhone(p.Phone)
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
