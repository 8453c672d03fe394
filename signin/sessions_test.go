package signin_test

import (
	"path/filepath"
	"testing"
	"time"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/signin"
	"ennakko/store"
	"ennakko/store/sqlite"
	"ennakko/store/vault"
)

const profile = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

// Who is erased while they are logged in, on two devices, is logged in nowhere any more.
// When they log out afterwards, that must not bring back what links their number at the log-in service to their number here.
func TestLoggingOutAfterAnErasureLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	v, err := vault.Open(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "ennakko.db"), v, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	s := signin.NewSessions(db, func() time.Time { return now })
	token, err := s.Begin(t.Context(), access.Who{ID: profile, Name: "A resident", Roles: []access.Role{access.Resident}, Level: access.Substantial, Person: 7}, now)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := db.PersonByProfile(t.Context(), profile); err != nil || who != 7 {
		t.Fatalf("the log-in is linked to person %d, %v", who, err)
	}
	phone, err := s.Begin(t.Context(), access.Who{ID: profile, Name: "A resident", Roles: []access.Role{access.Resident}, Level: access.Substantial, Person: 7}, now)
	if err != nil {
		t.Fatal(err)
	}
	another, err := s.Begin(t.Context(), access.Who{ID: "another", Name: "A neighbour", Roles: []access.Role{access.Resident}, Level: access.Substantial, Person: 8}, now)
	if err != nil {
		t.Fatal(err)
	}
	act, err := audit.Begin("officer:test", "erase a person", "erasure", "GDPR 17(1)", now)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), act, func(tx store.Tx) error { _, err := tx.ErasePerson(7); return err }); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		token string
		want  bool
	}{"the desk": {token, false}, "the phone": {phone, false}, "somebody else": {another, true}} {
		if _, ok, err := s.Find(t.Context(), x.token); ok != x.want || err != nil {
			t.Errorf("%s is logged in: %v, %v", name, ok, err)
		}
	}
	if err := s.End(t.Context(), token, now); err != nil {
		t.Fatal(err)
	}
	if who, err := db.PersonByProfile(t.Context(), profile); fault.KindOf(err) != fault.Missing || err == nil {
		t.Errorf("the log-in is linked to person %d again, %v", who, err)
	}
}
