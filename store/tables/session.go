package tables

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"ennakko/fault"
	"ennakko/store"
)

// sessionNumber names a session to the seal.
func sessionNumber(hash []byte) (uint64, error) {
	if len(hash) < 8 {
		return 0, fault.New(fault.Invalid, "store.Session", "the hash of a session is too short")
	}
	return binary.BigEndian.Uint64(hash), nil
}

func (t *tx) AddSession(s store.Session, forget time.Time) error {
	n, err := sessionNumber(s.Hash)
	if err != nil {
		return err
	}
	sealed, err := t.sealValue("session", n, s.Content)
	if err != nil {
		return err
	}
	if _, err := t.exec("DELETE FROM session WHERE seen < ?", micro(forget)); err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO session (hash, content, begun, seen, person) VALUES (?,?,?,?,?)", s.Hash, sealed, micro(s.Begun), micro(s.Seen), int64(s.Person))
	return err
}

func (t *tx) EndSession(hash []byte) error {
	_, err := t.exec("DELETE FROM session WHERE hash = ?", hash)
	return err
}

// Session finds a session by the hash of its token.
func (d *DB) Session(ctx context.Context, hash []byte) (store.Session, bool, error) {
	s := store.Session{Hash: hash}
	n, err := sessionNumber(hash)
	if err != nil {
		return s, false, err
	}
	var sealed []byte
	var begun, seen int64
	found, err := d.row(ctx, "SELECT content, begun, seen FROM session WHERE hash = ?", []any{hash}, &sealed, &begun, &seen)
	if err != nil || !found {
		return s, false, err
	}
	s.Begun, s.Seen = fromMicro(begun), fromMicro(seen)
	s.Content, err = d.vault.Open("session", n, sealed)
	return s, err == nil, err
}

// touchPatience is how long a page waits to have it noted that a session is in
// use. The next page tries again.
const touchPatience = 20 * time.Millisecond

// TouchSession notes that a session is in use. It is no entry in the record,
// and when the writer is busy it is not noted.
func (d *DB) TouchSession(ctx context.Context, hash []byte, seen time.Time) error {
	soon, cancel := context.WithTimeout(ctx, touchPatience)
	defer cancel()
	_, err := d.write.ExecContext(soon, d.engine.Rebind("UPDATE session SET seen = ?1 WHERE hash = ?2 AND seen < ?1"), micro(seen), hash)
	if errors.Is(soon.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return fault.Wrap(err, "store.TouchSession", "it cannot be noted that the session is in use")
}
