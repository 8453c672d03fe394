package tables

import (
	"bytes"
	"cmp"
	"errors"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/register/parquet"
	"ennakko/store"
)

func (t *tx) AddSnapshot(s store.Snapshot) (int64, error) {
	id, err := t.next("snapshot")
	if err != nil {
		return 0, err
	}
	_, err = t.exec("INSERT INTO snapshot (id, register, day, source, file_hash, rows, set_aside, imported) VALUES (?,?,?,?,?,?,?,?)",
		id, s.Register, s.Day.Format(time.DateOnly), s.Source, s.FileHash, s.Rows, s.SetAside, micro(t.at))
	return id, err
}

func (t *tx) AddPeople(first person.ID, codeHashes [][]byte) error {
	rows := make([][]any, len(codeHashes))
	for i, h := range codeHashes {
		rows[i] = []any{int64(first) + int64(i), h}
	}
	return t.insert("person", "id, code_hash", rows)
}

// sealedIdentity is an identity ready for its row.
type sealedIdentity struct{ hash, code, name, address []byte }

// AddIdentities keeps the identities that differ from what is known.
func (t *tx) AddIdentities(snapshot int64, ids []store.Identity) error {
	known, err := t.latestHashes("identity")
	if err = errors.Join(err, t.maySeal()); err != nil {
		return err
	}
	for part := range slices.Chunk(ids, sealedAtOnce) {
		if err := t.addIdentities(snapshot, part, known); err != nil {
			return err
		}
	}
	return nil
}

// sealedAtOnce is how many people are sealed before their rows go to the
// database: a database gives up a connection that is silent in the middle of a
// write.
const sealedAtOnce = 10_000

func (t *tx) addIdentities(snapshot int64, ids []store.Identity, known map[person.ID][]byte) error {
	sealed := make([]sealedIdentity, len(ids))
	err := inParallel(len(ids), func(i int) (err error) {
		x, s := ids[i], &sealed[i]
		if s.hash, err = t.db.vault.Hash("identity", x.Code+"\x00"+x.Name+"\x00"+x.Address); err != nil {
			return err
		}
		if bytes.Equal(known[x.Person], s.hash) {
			s.hash = nil
			return nil
		}
		for _, p := range []struct {
			to   *[]byte
			what string
			text string
		}{{&s.code, "population.code", x.Code}, {&s.name, "population.name", x.Name}, {&s.address, "population.address", x.Address}} {
			if *p.to, err = t.db.sealValue(p.what, uint64(x.Person), []byte(p.text)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var rows [][]any
	for i, s := range sealed {
		if s.hash != nil {
			rows = append(rows, []any{int64(ids[i].Person), snapshot, s.hash, s.code, s.name, s.address})
		}
	}
	return t.insert("identity", "person, snapshot, content_hash, code, name, address", rows)
}

// inParallel runs do for 0..n-1 on all cores.
func inParallel(n int, do func(i int) error) error {
	var g errgroup.Group
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		g.Go(func() error {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				if err := do(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (t *tx) latestHashes(table string) (map[person.ID][]byte, error) {
	out := map[person.ID][]byte{}
	err := t.query("SELECT person, content_hash FROM "+table+" ORDER BY person, snapshot", nil, func(scan func(...any) error) error {
		var id int64
		var h []byte
		if err := scan(&id, &h); err != nil {
			return fault.Wrap(err, "store", "the store cannot be read")
		}
		out[person.ID(id)] = h
		return nil
	})
	return out, err
}

// AddContacts keeps the contacts that differ from what is known. A person who
// is no longer listed has no number from now on.
func (t *tx) AddContacts(snapshot int64, contacts []store.Contact) error {
	known, err := t.latestHashes("contact")
	if err = errors.Join(err, t.maySeal()); err != nil {
		return err
	}
	listed := make(map[person.ID]bool, len(contacts))
	for _, c := range contacts {
		listed[c.Person] = true
	}
	for id := range known {
		if !listed[id] {
			contacts = append(contacts, store.Contact{Person: id})
		}
	}
	for part := range slices.Chunk(contacts, sealedAtOnce) {
		if err := t.addContacts(snapshot, part, known); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) addContacts(snapshot int64, contacts []store.Contact, known map[person.ID][]byte) error {
	sealed := make([][2][]byte, len(contacts))
	err := inParallel(len(contacts), func(i int) (err error) {
		c := contacts[i]
		hash, err := t.db.vault.Hash("contact", c.Mobile+c.Since.Format(time.DateOnly))
		if err != nil || bytes.Equal(known[c.Person], hash) {
			return err
		}
		sealed[i][0] = hash
		sealed[i][1], err = t.db.sealValue("contacts.mobile", uint64(c.Person), []byte(c.Mobile))
		return err
	})
	if err != nil {
		return err
	}
	var rows [][]any
	for i, s := range sealed {
		if s[0] != nil {
			rows = append(rows, []any{int64(contacts[i].Person), snapshot, s[0], s[1], micro(contacts[i].Since)})
		}
	}
	return t.insert("contact", "person, snapshot, content_hash, mobile, since", rows)
}

func (t *tx) AddUnits(snapshot int64, units []store.Unit) error {
	for _, u := range units {
		if _, err := t.exec(`INSERT INTO unit (snapshot, unit, language, name_fi, name_sv, name_en, provider, north, east, district, places, kind)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, snapshot, u.ID, u.Language, u.Name[person.Finnish], u.Name[person.Swedish], u.Name[person.English],
			u.Provider, u.North, u.East, u.District, u.Places, cmp.Or(u.Kind, store.EarlyEducation)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) AddFiles(snapshot int64, files []parquet.File) error {
	for _, f := range files {
		if _, err := t.exec("INSERT INTO snapshot_file (snapshot, field, part, path, rows, sha256) VALUES (?,?,?,?,?,?)",
			snapshot, string(f.Field), f.Partition, f.Path, f.Rows, f.SHA256); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) AddSetAside(snapshot int64, rows []store.SetAsideRow) error {
	for _, r := range rows {
		if _, err := t.exec("INSERT INTO set_aside (snapshot, file, row, col, reason, hint) VALUES (?,?,?,?,?,?)",
			snapshot, r.File, r.Row, r.Column, r.Reason, r.Hint); err != nil {
			return err
		}
	}
	return nil
}
