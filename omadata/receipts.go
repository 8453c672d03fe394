package omadata

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/permission/receipt"
	"ennakko/person"
	"ennakko/store"
)

// Receipts is what receipts are made with. The zero value makes none.
type Receipts struct {
	Key      ed25519.PrivateKey         // signs
	Contacts map[string]receipt.Contact // by business id: how to reach who uses the data
	Address  string                     // of the city's pages: https://palvelu.city.example
}

// receiptOf makes the signed receipt of the newest event of a permission. People
// stand in it under names that are different for each permission.
func (s *Service) receiptOf(p permission.Permission, text func(version int) (permission.Agreement, error), a permission.Agreement, gone store.Deleted) ([]byte, error) {
	name := func(parts ...any) (string, error) {
		b, err := s.c.DB.Hash("receipt", fmt.Sprint(parts...))
		if err != nil || len(b) < 16 {
			return "", fault.Wrap(err, "omadata.receipt", "a name for the receipt cannot be made")
		}
		x := hex.EncodeToString(b[:16])
		return x[:8] + "-" + x[8:12] + "-4" + x[13:16] + "-a" + x[17:20] + "-" + x[20:], nil
	}
	n := len(p.Events())
	record, err := name("permission ", p.ID())
	if err != nil {
		return nil, err
	}
	id, err := name("permission ", p.ID(), " event ", n)
	if err != nil {
		return nil, err
	}
	var failed error
	r, err := receipt.Make(receipt.Record{ID: id, RecordID: record, Made: s.now(), Permission: p, Event: n - 1, Agreement: text,
		Name: func(who person.ID) string {
			x, err := name("permission ", p.ID(), " person ", who)
			if err != nil {
				failed = err
			}
			return x
		},
		Contacts: s.c.Receipts.Contacts, Countries: []string{"FI"}, Notice: s.c.Receipts.Address + "/", Withdraw: fmt.Sprintf("%s/my/permissions/%d", s.c.Receipts.Address, p.ID()),
		Rights: s.c.Receipts.Address + "/", Effects: receiptEffects(a, gone)})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	signed, err := r.Sign(s.c.Receipts.Key)
	return []byte(signed), err
}

// fetchedWords and proposalWords say what a withdrawal deletes.
var (
	fetchedWords  = permission.Texts{person.Finnish: "Haetut tiedot", person.Swedish: "De hämtade uppgifterna", person.English: "The data that was fetched"}
	proposalWords = permission.Texts{person.Finnish: "Ehdotus, josta ei ole päätetty", person.Swedish: "Förslag som inte har beslutats", person.English: "A proposal that was not decided"}
)

func receiptEffects(a permission.Agreement, gone store.Deleted) (out []receipt.Effect) {
	if gone.Handovers > 0 {
		out = append(out, receipt.Effect{What: fetchedWords, Deleted: true})
	}
	if gone.Proposals > 0 {
		out = append(out, receipt.Effect{What: proposalWords, Deleted: true})
	}
	if law := a.Spec().KeepLaw; gone.Kept > 0 && law != "" {
		out = append(out, receipt.Effect{What: decisionWords, Law: law})
	}
	return out
}
