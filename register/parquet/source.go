package parquet

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/duckdb/duckdb-go/v2"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
)

// Source reads facts from snapshot files. It is safe for concurrent use.
type Source struct {
	root  string
	files map[permission.Field][]string
	has   []permission.Field

	once sync.Once
	db   *sql.DB
	err  error
}

// NewSource makes a source over the files of the snapshots chosen by the
// caller (what was known when). DuckDB opens at the first reading.
func NewSource(root string, files []File) *Source {
	s := &Source{root: root, files: map[permission.Field][]string{}}
	for _, f := range files {
		s.files[f.Field] = append(s.files[f.Field], filepath.Join(root, filepath.FromSlash(f.Path)))
	}
	registers := map[string]bool{}
	for f := range s.files {
		registers[registerOf(f)] = true
	}
	for _, spec := range register.Fields() {
		if spec.Kind != register.Hidden && registers[registerOf(spec.Field)] {
			s.has = append(s.has, spec.Field)
		}
	}
	return s
}

// registerOf is the register that a field belongs to: "population" of
// "population.birth_date".
func registerOf(f permission.Field) string {
	name, _, _ := strings.Cut(string(f), ".")
	return name
}

// Has lists the open fields of the registers that came in. A field of such a
// register without a file has no facts; a field of another was never read.
func (s *Source) Has() []permission.Field { return slices.Clone(s.has) }

// Close gives DuckDB's memory back.
func (s *Source) Close() error {
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

func (s *Source) open() (*sql.DB, error) {
	s.once.Do(func() { s.db, s.err = sql.Open("duckdb", "") })
	return s.db, fault.Wrap(s.err, "parquet.open", "DuckDB does not open")
}

func (s *Source) scan(f permission.Field) string {
	quoted := make([]string, len(s.files[f]))
	for i, p := range s.files[f] {
		quoted[i] = "'" + strings.ReplaceAll(p, "'", "''") + "'"
	}
	return "read_parquet([" + strings.Join(quoted, ", ") + "])"
}

// Find returns the people with a date in the range. The condition is pushed
// down to the files' row groups.
func (s *Source) Find(ctx context.Context, r register.Range) (*roaring.Bitmap, error) {
	const op = "parquet.Find"
	out := roaring.New()
	if spec, ok := register.Spec(r.Field); !ok || spec.Kind != register.Date {
		return nil, fault.New(fault.Invalid, op, "the field %q is not a date", r.Field)
	}
	if len(s.files[r.Field]) == 0 {
		return out, nil
	}
	db, err := s.open()
	if err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, "SELECT person FROM "+s.scan(r.Field)+" WHERE value >= ? AND value < ?",
		register.Day(r.From), register.Day(r.To))
	if err != nil {
		return nil, fault.Wrap(err, op, "the field %s cannot be read", r.Field)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id uint32
		if err := rows.Scan(&id); err != nil {
			return nil, fault.Wrap(err, op, "the field %s cannot be read", r.Field)
		}
		out.Add(id)
	}
	return out, fault.Wrap(rows.Err(), op, "the field %s cannot be read", r.Field)
}

// Select reads the fields of the people.
func (s *Source) Select(ctx context.Context, fields []permission.Field, people *roaring.Bitmap,
	each func(person.ID, permission.Field, register.Fact) error) error {
	const op = "parquet.Select"
	db, err := s.open()
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fault.Wrap(err, op, "DuckDB does not answer")
	}
	defer func() { _ = conn.Close() }()
	if err := stage(ctx, conn, people); err != nil {
		return fault.Wrap(err, op, "the people cannot be staged")
	}
	for _, f := range fields {
		if len(s.files[f]) == 0 {
			continue
		}
		if err := s.selectField(ctx, conn, f, each); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "DROP TABLE wanted")
	return fault.Wrap(err, op, "the staged people cannot be dropped")
}

func stage(ctx context.Context, conn *sql.Conn, people *roaring.Bitmap) error {
	if _, err := conn.ExecContext(ctx, "CREATE OR REPLACE TEMP TABLE wanted (person UINTEGER)"); err != nil {
		return err
	}
	return conn.Raw(func(c any) error {
		a, err := duckdb.NewAppender(c.(driver.Conn), "temp", "", "wanted")
		if err != nil {
			return err
		}
		for it := people.Iterator(); it.HasNext(); {
			if err := a.AppendRow(it.Next()); err != nil {
				_ = a.Close()
				return err
			}
		}
		return a.Close()
	})
}

func (s *Source) selectField(ctx context.Context, conn *sql.Conn, f permission.Field,
	each func(person.ID, permission.Field, register.Fact) error) error {
	const op = "parquet.Select"
	spec, _ := register.Spec(f)
	kind, columns := kindOf(f), "person, day, until, value, qualifier"
	if kind != 0 {
		columns = recordColumns
	}
	rows, err := conn.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %s p SEMI JOIN wanted w ON p.person = w.person", columns, s.scan(f)))
	if err != nil {
		return fault.Wrap(err, op, "the field %s cannot be read", f)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id person.ID
		var fact register.Fact
		if kind != 0 {
			id, fact, err = scanRecord(rows, kind)
		} else {
			id, fact, err = scanFact(rows, spec.Kind)
		}
		if err != nil {
			return fault.Wrap(err, op, "the field %s cannot be read", f)
		}
		if err := each(id, f, fact); err != nil {
			return err
		}
	}
	return fault.Wrap(rows.Err(), op, "the field %s cannot be read", f)
}

func scanFact(rows *sql.Rows, k register.Kind) (person.ID, register.Fact, error) {
	var id uint32
	var from, until sql.NullInt32
	var value any
	var qualifier sql.NullString
	if err := rows.Scan(&id, &from, &until, &value, &qualifier); err != nil {
		return 0, register.Fact{}, err
	}
	fact := register.Fact{Value: decode(k, value), Qualifier: qualifier.String}
	if from.Valid {
		fact.From = register.DayTime(from.Int32)
	}
	if until.Valid {
		fact.Until = register.DayTime(until.Int32)
	}
	return person.ID(id), fact, nil
}

func decode(k register.Kind, v any) any {
	switch x := v.(type) {
	case int32:
		if k == register.Date {
			return register.DayTime(x)
		}
	case uint32:
		return person.ID(x)
	}
	return v
}
