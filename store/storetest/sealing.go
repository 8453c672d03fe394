package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
	"ennakko/store/vault"
)

// KeyStore is what is exercised with several keys.
type KeyStore interface {
	Store
	SealedWithOthers(ctx context.Context) (map[string]int, error)
	FoundParts(ctx context.Context, id int64) ([][]byte, error)
	Identities(known time.Time) register.Source
}

// plainColumns are the columns of bytes that are not sealed.
var plainColumns = []string{"audit_entry.people", "audit_entry.salt", "audit_entry.leaf", "person.code_hash", "identity.content_hash", "contact.content_hash", "session.hash", "new_record.resource", "profile.hash", "document.mark"}

// EveryColumnOfBytes fails when a keeper has a column of bytes of which nobody
// has said whether it is sealed: what is forgotten is lost with the older key.
// Rows are the names of the columns, closed when they were read.
func EveryColumnOfBytes(t *testing.T, rows *sql.Rows, sealed []string) {
	t.Helper()
	defer func() { _ = rows.Close() }()
	var there []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		there = append(there, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, c := range there {
		if strings.HasPrefix(c, "river_") {
			continue // the queue's own: in it stand numbers and names of jobs
		}
		if !slices.Contains(sealed, c) && !slices.Contains(plainColumns, c) {
			t.Errorf("is %s sealed? List it in store/tables/sealed.go, or here", c)
		}
	}
	for _, c := range slices.Concat(sealed, plainColumns) {
		if !slices.Contains(there, c) {
			t.Errorf("%s is listed and not there", c)
		}
	}
	if len(sealed) < 11 {
		t.Errorf("only %d columns are sealed", len(sealed))
	}
}

// notMoved are the tables that are no city's own: what the processes say to each other
// now, a round that is being prepared, which goes with the queue and is asked for again,
// and which steps the tables have taken.
var notMoved = []string{"job_progress", "keeper", "preparation", "preparation_part", "schema_step"}

// EveryTable fails when a keeper has a table that is not among those which are moved
// to another keeper and brought back from a backup, or when one of those is not there.
// Rows are the names of the tables, closed when they were read.
func EveryTable(t *testing.T, rows *sql.Rows, names []string) {
	t.Helper()
	defer func() { _ = rows.Close() }()
	there := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if there[name] = true; strings.HasPrefix(name, "river_") || slices.Contains(notMoved, name) {
			continue
		}
		if !slices.Contains(names, name) {
			t.Errorf("is %s the city's? List it in store/tables/copy.go, or here", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		if !there[name] || seen[name] {
			t.Errorf("%s is listed and not there, or listed twice", name)
		}
		seen[name] = true
	}
	if len(there) < 50 {
		t.Errorf("there are only %d tables", len(there))
	}
}

// ExerciseKeys changes the key. Base makes an empty store, and open opens it
// with keys.
func ExerciseKeys(t *testing.T, base func(t *testing.T) (open func(v *vault.Vault) KeyStore)) {
	for name, do := range map[string]func(*testing.T, func(*vault.Vault) KeyStore){
		"what is sealed is sealed anew, and the older key can go": resealing,
		"a process that knows no newer key may not seal":          stale,
	} {
		t.Run(name, func(t *testing.T) { do(t, base(t)) })
	}
}

// filled has a value in every sealed column.
func filled(s *suite) (store.RoundID, conversation.Case, []byte) {
	s.write(func(tx store.Tx) error {
		for _, r := range []string{"population", "contacts"} {
			id, err := tx.AddSnapshot(store.Snapshot{Register: r, Day: Start, Source: "x", FileHash: "y"})
			if err != nil {
				return err
			}
			if r == "population" {
				if err = tx.AddPeople(1, [][]byte{{1}, {2}, {3}}); err == nil {
					err = tx.AddIdentities(id, []store.Identity{{Person: 1, Code: "c1", Name: "n1", Address: "a1"}, {Person: 2, Code: "c2", Name: "n2"}, {Person: 3, Code: "c3", Name: "n3"}})
				}
			} else {
				err = tx.AddContacts(id, []store.Contact{{Person: 1, Mobile: "+358401234567", Since: Start}})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	round := s.round(1, store.Running)
	c := s.open(round, 1, "+358401234567", "+358501234567")
	s.queue(c, "k")
	s.hook("auditor", false)
	s.sealedPermissions()
	s.add(0, true, pressure(1, "Observation/a", 150))
	hash := bytes.Repeat([]byte{7}, 32)
	s.write(func(tx store.Tx) error {
		if _, err := tx.Receive([]channel.Incoming{{ID: "g1", From: "+358401234567", Text: "A", At: Start}}); err != nil {
			return err
		}
		if err := tx.OpenItem(store.Item{Case: c.ID, Kind: "question", Reason: "r"}, Start); err != nil {
			return err
		}
		if err := tx.OpenItem(store.Item{Case: c.ID, Kind: "open still", Reason: "r"}, Start); err != nil { // with no words yet
			return err
		}
		if _, err := tx.SettleItem(round, 1, "officer:a", "called her", Start); err != nil {
			return err
		}
		if err := tx.AddStep(store.RoundStep{Round: round, At: Start, Officer: "officer:a", Step: "pause", Words: "a mistake"}); err != nil {
			return err
		}
		preparation, err := tx.AddPreparation(store.Preparation{Service: "x", PackHash: "h", AsOf: Start, Officer: "officer:a"}, []int{0, 1})
		if err != nil {
			return err
		}
		if _, err := tx.KeepPart(preparation, 1, "w", []byte("found")); err != nil {
			return err
		}
		return tx.AddSession(store.Session{Hash: hash, Content: []byte("who"), Begun: Start, Seen: Start}, Start.Add(-time.Hour))
	})
	return round, c, hash
}

// readsBack fails unless every sealed value opens and is what it was.
func readsBack(s *suite, d KeyStore, round store.RoundID, c conversation.Case, hash []byte, sent int) {
	s.Helper()
	got := map[permission.Field]string{}
	fields := []permission.Field{register.Code, register.Name, register.Address, register.Mobile}
	s.must(d.Identities(Start).Select(s.ctx, fields, roaring.BitmapOf(1), func(_ person.ID, f permission.Field, x register.Fact) error {
		got[f], _ = x.Value.(string)
		return nil
	}))
	if !maps.Equal(got, map[permission.Field]string{register.Code: "c1", register.Name: "n1", register.Address: "a1", register.Mobile: "+358401234567"}) {
		s.Errorf("the identity is %v", got)
	}
	h, err := d.History(s.ctx, s.act(), c.ID)
	s.must(err)
	if h.Case.Names().Child != "Aino" || !slices.Equal(h.Numbers, []string{"+358401234567", "+358501234567"}) || len(h.Sent) != sent || h.Sent[sent-1].Text != "hello" || len(h.Items) != 2 || h.Items[0].Words+h.Items[1].Words != "called her" {
		s.Error("the case does not read back")
	}
	s.must(d.Write(s.ctx, s.act(), func(tx store.Tx) error {
		r, err := tx.TakeReceived(9)
		if err == nil && (len(r) != 1 || r[0].In.Text != "A" || r[0].In.From != "+358401234567") {
			s.Error("the answer does not read back")
		}
		return err
	}))
	steps, err := d.Steps(s.ctx, round)
	s.must(err)
	if len(steps) != 1 || steps[0].Words != "a mistake" {
		s.Error("the officer's words do not read back")
	}
	session, ok, err := d.Session(s.ctx, hash)
	s.must(err)
	if !ok || string(session.Content) != "who" {
		s.Error("the session does not read back")
	}
	found, err := d.FoundParts(s.ctx, 1)
	s.must(err)
	if len(found) != 1 || string(found[0]) != "found" {
		s.Error("what was found in a part does not read back")
	}
	s.permissionsReadBack(d)
	s.hookReadsBack(d)
}

// sealAll seals all that is there anew, two rows at a time, and stops after
// some writes; -1: at the end.
func sealAll(s *suite, d KeyStore, stopAfter int) {
	s.Helper()
	left, err := d.SealedWithOthers(s.ctx)
	s.must(err)
	for table := range left {
		var after store.SealedKey
		for n := 2; n == 2; {
			if stopAfter == 0 {
				return
			}
			stopAfter--
			s.must(d.Write(s.ctx, s.act(), func(tx store.Tx) (err error) {
				n, after, err = tx.Reseal(table, after, 2)
				return err
			}))
		}
	}
}

func sum(n map[string]int) (all int) {
	for _, v := range n {
		all += v
	}
	return all
}

func vaults(t *testing.T, dir string) *vault.Vault {
	t.Helper()
	v, err := vault.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// changeKey adds a key and lets it seal.
func changeKey(t *testing.T, dir string) {
	t.Helper()
	for _, do := range []func(string) ([]vault.Key, error){vault.AddKey, vault.UseKey} {
		if _, err := do(dir); err != nil {
			t.Fatal(err)
		}
	}
}

func resealing(t *testing.T, open func(*vault.Vault) KeyStore) {
	dir := filepath.Join(t.TempDir(), "keys")
	first := vaults(t, dir)
	s := newSuite(t, open(first))
	round, c, hash := filled(s)
	changeKey(t, dir)
	now := vaults(t, dir)
	d := open(now)
	before, err := d.SealedWithOthers(s.ctx)
	s.must(err)
	for table, n := range before {
		if n == 0 {
			t.Errorf("nothing of %s is sealed: it is not tried here", table)
		}
	}
	if older := now.Older(); len(older) != 1 || older[0] != first.Sealing() {
		t.Errorf("the older keys are %v", older)
	}
	s.s = d
	s.write(func(tx store.Tx) error { _, err := tx.OutOfUse(); return err })
	sealAll(s, d, 3) // and it is cut off
	some, err := d.SealedWithOthers(s.ctx)
	s.must(err)
	if sum(some) == 0 || sum(some) == sum(before) {
		t.Errorf("%d of %d are left after it was cut off", sum(some), sum(before))
	}
	readsBack(s, d, round, c, hash, 1)
	s.queue(c, "k2") // others go on meanwhile
	sealAll(s, d, -1)
	if left, err := d.SealedWithOthers(s.ctx); err != nil || sum(left) != 0 {
		t.Errorf("%v are left, %v", left, err)
	}
	if _, err := vault.RetireKeys(dir, []uint32{now.Sealing()}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the key that seals was taken away: %v", err)
	}
	if keys, err := vault.RetireKeys(dir, now.Older()); err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	only := vaults(t, dir)
	s.s = open(only)
	readsBack(s, s.s.(KeyStore), round, c, hash, 2)
	if _, err := first.Open("x", 1, must(only.Seal("x", 1, nil))); err == nil {
		t.Error("the older key opens what the newer one sealed")
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func stale(t *testing.T, open func(*vault.Vault) KeyStore) {
	dir := filepath.Join(t.TempDir(), "keys")
	old := open(vaults(t, dir))
	s := newSuite(t, old)
	round, c, _ := filled(s)
	if _, err := vault.AddKey(dir); err != nil {
		t.Fatal(err)
	}
	knows := open(vaults(t, dir)) // started again before the newer key seals
	if _, err := vault.UseKey(dir); err != nil {
		t.Fatal(err)
	}
	s.s = knows
	s.queue(c, "k1") // nobody has begun to seal anew
	now := open(vaults(t, dir))
	s.s = now
	s.write(func(tx store.Tx) error { _, err := tx.OutOfUse(); return err })
	for name, d := range map[string]KeyStore{"one that never heard of it": old, "one that was not started again": knows} {
		for what, write := range map[string]func(tx store.Tx) error{
			"queues a message": func(tx store.Tx) error {
				_, err := tx.Enqueue(store.Outgoing{Case: c.ID, Kind: conversation.Inquiry, Language: "fi", Key: "k2", Text: "hello", NotBefore: Start, Valid: time.Hour})
				return err
			},
			"imports people": func(tx store.Tx) error { return tx.AddIdentities(1, []store.Identity{{Person: 9, Code: "c"}}) },
			"imports numbers": func(tx store.Tx) error {
				return tx.AddContacts(2, []store.Contact{{Person: 9, Mobile: "+358401234569"}})
			},
			"seals anew":  func(tx store.Tx) error { _, _, err := tx.Reseal("kase", nil, 9); return err },
			"begins anew": func(tx store.Tx) error { _, err := tx.OutOfUse(); return err },
		} {
			if err := d.Write(s.ctx, s.act(), write); fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
		s.must(d.Write(s.ctx, s.act(), func(tx store.Tx) error { return tx.SetRound(round, store.Paused, "officer:a") })) // nothing is sealed
	}
	s.queue(c, "k3")
	// The next change of the key puts that one out of use, too.
	changeKey(t, dir)
	newest := open(vaults(t, dir))
	s.s = newest
	s.write(func(tx store.Tx) error { _, err := tx.OutOfUse(); return err })
	if err := now.Write(s.ctx, s.act(), func(tx store.Tx) error { _, _, err := tx.Reseal("kase", nil, 9); return err }); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the key of the last change: %v", err)
	}
	s.queue(c, "k4")
}

// sealedPermissions has a value in every sealed column of permissions.
func (s *suite) sealedPermissions() {
	s.Helper()
	id := s.give(1, 2)
	h := s.fetched(id, 1, "r", "income")
	s.write(func(tx store.Tx) error {
		m, _, err := tx.OpenMatter(store.Matter{Purpose: feePurpose, Child: 2, Opened: Start, People: []store.MatterPerson{{Person: 1, Part: store.Guardian}}})
		if err != nil {
			return err
		}
		p, err := tx.AddProposal(store.Proposal{Matter: m, Made: Start, State: store.ProposalOpen, Content: []byte("fee"), Grounds: []store.Basis{{Permission: id, Handover: h}}})
		if err != nil {
			return err
		}
		if err := tx.AnswerProposal(p, store.ProposalAccepted, 1, "yes", Start); err != nil {
			return err
		}
		if _, _, err = tx.AddDocument(store.Document{Matter: m, Person: 1, Came: Start, Kind: "pdf", Name: "slip.pdf"}, []byte("pay")); err != nil {
			return err
		}
		r, err := tx.AddRequest(store.Request{Kind: "k", Person: 1, At: Start, Due: Start, Words: "asked"})
		if err != nil {
			return err
		}
		if _, err = tx.SettleRequest(r, "officer:a", "told", Start); err != nil {
			return err
		}
		if _, err = tx.AddNeedNote(store.NeedNote{Person: 1, At: Start, By: "officer:a", Day: Start, State: store.NeedInHand, Words: "called"}); err != nil {
			return err
		}
		_, err = tx.AddLooked(store.Looked{Kind: "much", Actor: "officer:b", Through: 1, At: Start, By: "officer:a", Words: "asked why"})
		return err
	})
}

func (s *suite) permissionsReadBack(d KeyStore) {
	s.Helper()
	receipt, err := d.PermitReceipt(s.ctx, 1, 1)
	s.must(err)
	ps, err := d.Proposals(s.ctx, s.act(), 1)
	s.must(err)
	rs, err := d.Requests(s.ctx, s.act(), 9)
	s.must(err)
	ls, err := d.LookedInto(s.ctx, 9)
	s.must(err)
	if len(ls) != 1 || ls[0].Words != "asked why" {
		s.Error("a look into readings does not read back")
	}
	if ns, err := d.NeedNotes(s.ctx, 1); err != nil || len(ns) != 1 || ns[0].Words != "called" {
		s.Errorf("a note of somebody named does not read back: %v", err)
	}
	if string(receipt) != "signed" || len(ps) != 1 || string(ps[0].Content) != "fee" || ps[0].Words != "yes" || len(rs) != 1 || rs[0].Words != "asked" || rs[0].Answer != "told" {
		s.Error("what belongs to permissions does not read back")
	}
	s.must(d.Write(s.ctx, s.act(), func(tx store.Tx) error {
		p, err := tx.OpenHandover(s.grantFor(feeFields, 1), 1)
		if string(p.Content) != "income" {
			s.Error("what was fetched does not read back")
		}
		if err != nil {
			return err
		}
		x, pay, err := tx.OpenDocument(1)
		if x.Name != "slip.pdf" || string(pay) != "pay" {
			s.Error("a document does not read back")
		}
		return err
	}))
}
