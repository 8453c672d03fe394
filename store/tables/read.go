package tables

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/store"
)

// reading prepares a query of the reading connections once for all.
func (d *DB) reading(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := d.reads.Load(query); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := d.read.PrepareContext(ctx, d.engine.Rebind(query))
	if err != nil {
		return nil, fault.Wrap(err, "store", "the store cannot be read")
	}
	if first, twice := d.reads.LoadOrStore(query, s); twice {
		return first.(*sql.Stmt), fault.Wrap(s.Close(), "store", "the store cannot be read")
	}
	return s, nil
}

// rows runs a query on a reading connection.
func (d *DB) rows(ctx context.Context, query string, args []any, each func(scan func(...any) error) error) error {
	s, err := d.reading(ctx, query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return fault.Wrap(err, "store", "the store cannot be read")
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return fault.Wrap(err, "store", "a row cannot be read")
		}
	}
	return fault.Wrap(rows.Err(), "store", "the store cannot be read")
}

func (d *DB) row(ctx context.Context, query string, args []any, dest ...any) (found bool, err error) {
	s, err := d.reading(ctx, query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, fault.Wrap(err, "store", "the store cannot be read")
}

// Snapshots lists the snapshots that came in, oldest first.
func (d *DB) Snapshots(ctx context.Context) ([]store.Snapshot, error) {
	var out []store.Snapshot
	err := d.rows(ctx, "SELECT id, register, day, source, file_hash, rows, set_aside, imported, dropped FROM snapshot ORDER BY day, id", nil, func(scan func(...any) error) error {
		var s store.Snapshot
		var day string
		var imported, dropped int64
		if err := scan(&s.ID, &s.Register, &day, &s.Source, &s.FileHash, &s.Rows, &s.SetAside, &imported, &dropped); err != nil {
			return err
		}
		var err error
		s.Day, err = time.Parse(time.DateOnly, day)
		s.Imported, s.Dropped = fromMicro(imported), dropped > 0
		out = append(out, s)
		return err
	})
	return out, err
}

// SetAside lists rows that did not come in, at most limit of them.
func (d *DB) SetAside(ctx context.Context, limit int) ([]store.SetAsideRow, error) {
	var out []store.SetAsideRow
	err := d.rows(ctx, "SELECT file, row, col, reason, hint FROM set_aside ORDER BY snapshot DESC, row LIMIT ?", []any{limit}, func(scan func(...any) error) error {
		var r store.SetAsideRow
		err := scan(&r.File, &r.Row, &r.Column, &r.Reason, &r.Hint)
		out = append(out, r)
		return err
	})
	return out, err
}

// PeopleByCode gives each person's number by the keyed hash of the code.
func (d *DB) PeopleByCode(ctx context.Context) (map[[16]byte]person.ID, error) {
	out := map[[16]byte]person.ID{}
	err := d.rows(ctx, "SELECT id, code_hash FROM person", nil, func(scan func(...any) error) error {
		var id uint32
		var h []byte
		if err := scan(&id, &h); err != nil {
			return err
		}
		if len(h) != 16 {
			return fault.New(fault.Tampered, "store.PeopleByCode", "a stored hash is damaged")
		}
		out[[16]byte(h)] = person.ID(id)
		return nil
	})
	return out, err
}

// PersonByCode is the number of the person with an identity code. The fault of a
// code that is not there is Missing and does not repeat it.
func (d *DB) PersonByCode(ctx context.Context, c person.Code) (person.ID, error) {
	h, err := d.CodeHash(c)
	if err != nil {
		return 0, err
	}
	var id uint32
	found, err := d.row(ctx, "SELECT id FROM person WHERE code_hash = ?", []any{h[:]}, &id)
	if err == nil && !found {
		err = fault.New(fault.Missing, "store.PersonByCode", "nobody with this identity code is in the registers")
	}
	return person.ID(id), err
}

// CodeHash is the keyed hash of an identity code.
func (d *DB) CodeHash(c person.Code) ([16]byte, error) {
	h, err := d.vault.Hash("code", c.Reveal())
	if err != nil {
		return [16]byte{}, err
	}
	return [16]byte(h), nil
}

// PatientHash is the keyed hash of a patient's id in a source of health records.
func (d *DB) PatientHash(source, id string) ([16]byte, error) {
	h, err := d.vault.Hash("patient", source+"\x00"+id)
	if err != nil {
		return [16]byte{}, err
	}
	return [16]byte(h), nil
}

// PersonByPatient is the number of the person whom the newest health records know
// by a patient's id, or by a personal identity code. The fault of one that is not
// there is Missing and does not repeat it.
func (d *DB) PersonByPatient(ctx context.Context, id string) (person.ID, error) {
	if c, err := person.ParseCode(id); err == nil {
		return d.PersonByCode(ctx, c)
	}
	var source string
	if _, err := d.row(ctx, "SELECT source FROM snapshot WHERE register = ? ORDER BY day DESC, id DESC LIMIT 1", []any{"health"}, &source); err != nil {
		return 0, err
	}
	h, err := d.PatientHash(source, id)
	if err != nil {
		return 0, err
	}
	var n uint32
	found, err := d.row(ctx, "SELECT id FROM person WHERE code_hash = ?", []any{h[:]}, &n)
	if err == nil && !found {
		err = fault.New(fault.Missing, "store.PersonByPatient", "nobody with this id is in the health records")
	}
	return person.ID(n), err
}

// Hash is the keyed hash of any text.
func (d *DB) Hash(what, text string) ([]byte, error) { return d.vault.Hash(what, text) }

// latest names the newest snapshot of a register that was known on a day.
const latest = `(SELECT max(id) FROM snapshot WHERE register = ? AND day <= ?)`

// Units lists the units as they were known on a day.
func (d *DB) Units(ctx context.Context, known time.Time) ([]store.Unit, error) {
	var out []store.Unit
	err := d.rows(ctx, "SELECT unit, language, name_fi, name_sv, name_en, provider, north, east, district, places FROM unit WHERE snapshot = "+latest+" ORDER BY unit, language",
		[]any{"units", known.Format(time.DateOnly)}, func(scan func(...any) error) error {
			var u store.Unit
			var fi, sv, en string
			err := scan(&u.ID, &u.Language, &fi, &sv, &en, &u.Provider, &u.North, &u.East, &u.District, &u.Places)
			u.Name = map[person.Language]string{person.Finnish: fi, person.Swedish: sv, person.English: en}
			out = append(out, u)
			return err
		})
	return out, err
}

// Files lists the files of facts as they were known on a day.
func (d *DB) Files(ctx context.Context, known time.Time) ([]parquet.File, error) {
	var out []parquet.File
	var dropped int
	if _, err := d.row(ctx, `SELECT count(*) FROM snapshot s WHERE s.dropped > 0 AND s.id = (SELECT max(id) FROM snapshot WHERE register = s.register AND day <= ?)`,
		[]any{known.Format(time.DateOnly)}, &dropped); err != nil || dropped > 0 {
		if err == nil {
			err = fault.New(fault.Missing, "store.Files", "the facts of that day were erased").Do("name a later day")
		}
		return nil, err
	}
	err := d.rows(ctx, `SELECT f.field, f.part, f.path, f.rows, f.sha256 FROM snapshot_file f JOIN snapshot s ON s.id = f.snapshot
		WHERE s.day <= ?1 AND s.id = (SELECT max(id) FROM snapshot WHERE register = s.register AND day <= ?1) ORDER BY f.field, f.part`,
		[]any{known.Format(time.DateOnly)}, scanFile(&out))
	return out, err
}

// FilesOf lists the files of a snapshot.
func (d *DB) FilesOf(ctx context.Context, snapshot int64) ([]parquet.File, error) {
	var out []parquet.File
	err := d.rows(ctx, "SELECT field, part, path, rows, sha256 FROM snapshot_file WHERE snapshot = ? ORDER BY path", []any{snapshot}, scanFile(&out))
	return out, err
}

// AllFiles lists the files of all snapshots.
func (d *DB) AllFiles(ctx context.Context) ([]parquet.File, error) {
	var out []parquet.File
	err := d.rows(ctx, "SELECT field, part, path, rows, sha256 FROM snapshot_file ORDER BY path", nil, scanFile(&out))
	return out, err
}

func scanFile(out *[]parquet.File) func(scan func(...any) error) error {
	return func(scan func(...any) error) error {
		var f parquet.File
		var field string
		err := scan(&field, &f.Partition, &f.Path, &f.Rows, &f.SHA256)
		f.Field = permission.Field(field)
		*out = append(*out, f)
		return err
	}
}

// Objecting is the set of people who object to a purpose.
func (d *DB) Objecting(ctx context.Context, purpose string) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := d.rows(ctx, "SELECT person FROM objection WHERE purpose = ?", []any{purpose}, func(scan func(...any) error) error {
		var id uint32
		err := scan(&id)
		out.Add(id)
		return err
	})
	return out, err
}

// Identities is the source of the sealed fields as they were known on a day.
func (d *DB) Identities(known time.Time) register.Source { return identities{d, known} }

type identities struct {
	db    *DB
	known time.Time
}

func (identities) Has() []permission.Field {
	return []permission.Field{register.Code, register.Name, register.Address, register.Mobile}
}

func (identities) Find(context.Context, register.Range) (*roaring.Bitmap, error) {
	return nil, fault.New(fault.Invalid, "store.Identities", "sealed fields cannot be searched")
}

var sealedColumns = map[permission.Field]struct{ table, column, register string }{
	register.Code:    {"identity", "code", "population"},
	register.Name:    {"identity", "name", "population"},
	register.Address: {"identity", "address", "population"},
	register.Mobile:  {"contact", "mobile", "contacts"},
}

func (s identities) Select(ctx context.Context, fields []permission.Field, people *roaring.Bitmap,
	each func(person.ID, permission.Field, register.Fact) error) error {
	for _, f := range fields {
		c, ok := sealedColumns[f]
		if !ok {
			return fault.New(fault.Invalid, "store.Identities", "the field %q is not a sealed one", f)
		}
		newest, err := s.newest(ctx, c.register)
		if err != nil {
			return err
		}
		stmt, err := s.db.read.PrepareContext(ctx, s.db.engine.Rebind("SELECT "+c.column+" FROM "+c.table+" WHERE person = ? AND snapshot <= ? ORDER BY snapshot DESC LIMIT 1"))
		if err != nil {
			return fault.Wrap(err, "store.Identities", "the sealed fields cannot be read")
		}
		err = s.field(ctx, stmt, newest, f, people, each)
		if err = errors.Join(err, stmt.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (s identities) newest(ctx context.Context, name string) (int64, error) {
	var id sql.NullInt64
	_, err := s.db.row(ctx, "SELECT "+latest, []any{name, s.known.Format(time.DateOnly)}, &id)
	return id.Int64, err
}

func (s identities) field(ctx context.Context, stmt *sql.Stmt, newest int64, f permission.Field, people *roaring.Bitmap,
	each func(person.ID, permission.Field, register.Fact) error) error {
	for it := people.Iterator(); it.HasNext(); {
		id := it.Next()
		var sealed []byte
		err := stmt.QueryRowContext(ctx, int64(id), newest).Scan(&sealed)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fault.Wrap(err, "store.Identities", "the sealed fields cannot be read")
		}
		plain, err := s.db.vault.Open(string(f), uint64(id), sealed)
		if err != nil {
			return err
		}
		if len(plain) == 0 {
			continue
		}
		if err := each(person.ID(id), f, register.Fact{Value: string(plain)}); err != nil {
			return err
		}
	}
	return nil
}

const entryColumns = "seq, at, actor, verb, purpose, basis, object, fields, people, detail"

func scanEntry(scan func(...any) error, more ...any) (audit.Entry, error) {
	var e audit.Entry
	var seq, at int64
	var fields string
	var people []byte
	if err := scan(append([]any{&seq, &at, &e.Actor, &e.Verb, &e.Purpose, &e.Basis, &e.Object, &fields, &people, &e.Detail}, more...)...); err != nil {
		return e, err
	}
	e.Seq, e.At = uint64(seq), fromMicro(at)
	if err := json.Unmarshal([]byte(fields), &e.Fields); err != nil {
		return e, fault.New(fault.Tampered, "store.Entry", "entry %d: its fields are not readable", seq)
	}
	var err error
	if e.People, err = audit.PeopleOf(people); err != nil {
		return e, fault.New(fault.Tampered, "store.Entry", "entry %d: its set of people is not readable", seq)
	}
	return e, nil
}

// errEnough ends a query early.
var errEnough = errors.New("enough")
