// Package parquet keeps facts as immutable Parquet files: one folder for a
// snapshot of a register, in it one folder for a field, in it one file for a
// partition of people, sorted by person and day (clinical records: by code, person
// and day). DuckDB in process writes and
// reads them; any number of processes read without locks.
package parquet

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register"
)

// PartitionBits says how many people share a file: person number >> 17, so
// 131,072 people. Erasing a person rewrites one file per field.
const PartitionBits = 17

// factOrder is the order of rows in a file of facts.
const factOrder = "person, day, value"

// File is one file of a snapshot.
type File struct {
	Field     permission.Field
	Partition int
	Path      string // relative to the root of the snapshots, with slashes
	Rows      int64
	SHA256    string
}

// Column is a column of a staging table.
type Column struct {
	Name string
	Kind register.Kind
}

// Export says how a field is made of a staging table. From, Until and
// Qualifier name columns or are empty.
type Export struct {
	Field                  permission.Field
	Table, Value           string
	From, Until, Qualifier string
}

// Writer gathers rows in memory and writes them out as one snapshot.
type Writer struct {
	db     *sql.DB
	conn   *sql.Conn
	tables map[string]*Table
	handed map[string]string // the files behind views of records that others wrote
	views  map[string]string // what those views are
}

// Table is a staging table; the first column is always the person's number.
type Table struct {
	name     string
	appender *duckdb.Appender
	row      []driver.Value
}

// NewWriter opens an empty staging area.
func NewWriter(ctx context.Context) (*Writer, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fault.Wrap(err, "parquet.NewWriter", "DuckDB does not open")
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, fault.Wrap(err, "parquet.NewWriter", "DuckDB does not open")
	}
	return &Writer{db, conn, map[string]*Table{}, map[string]string{}, map[string]string{}}, nil
}

// Close gives the memory back.
func (w *Writer) Close() error {
	for _, t := range w.tables {
		_ = t.appender.Close()
	}
	_ = w.conn.Close()
	return w.db.Close()
}

func sqlType(k register.Kind) string {
	switch k {
	case register.Date:
		return "INTEGER"
	case register.Number:
		return "DOUBLE"
	case register.YesNo:
		return "BOOLEAN"
	case register.Person:
		return "UINTEGER"
	}
	return "VARCHAR"
}

// Table makes a staging table. Its rows are appended with Append.
func (w *Writer) Table(ctx context.Context, name string, cols ...Column) (*Table, error) {
	defs := []string{"person UINTEGER"}
	for _, c := range cols {
		defs = append(defs, c.Name+" "+sqlType(c.Kind))
	}
	return w.table(ctx, name, strings.Join(defs, ", "), len(defs))
}

func (w *Writer) table(ctx context.Context, name, columns string, n int) (*Table, error) {
	const op = "parquet.Table"
	if _, err := w.conn.ExecContext(ctx, "CREATE TABLE "+name+" ("+columns+")"); err != nil {
		return nil, fault.Wrap(err, op, "the staging table cannot be made")
	}
	t := &Table{name: name, row: make([]driver.Value, n)}
	err := w.conn.Raw(func(c any) (err error) {
		t.appender, err = duckdb.NewAppenderFromConn(c.(driver.Conn), "", name)
		return err
	})
	if err != nil {
		return nil, fault.Wrap(err, op, "the staging table cannot be filled")
	}
	w.tables[name] = t
	return t, nil
}

// Append adds a row. Values are nil, string, int32 (a day), float64, bool or
// uint32 (a person), by the column's kind.
func (t *Table) Append(person uint32, values ...any) error {
	t.row[0] = person
	for i, v := range values {
		t.row[i+1] = v
	}
	return t.appender.AppendRow(t.row...)
}

// Write writes the fields below root/folder and returns the files. The folder
// appears whole or not at all; one that exists already is refused.
func (w *Writer) Write(ctx context.Context, root, folder string, exports []Export, progress func(done, total int)) ([]File, error) {
	const op = "parquet.Write"
	for name, t := range w.tables {
		if err := t.appender.Flush(); err != nil {
			return nil, fault.Wrap(err, op, "the staging table %s cannot be written", name)
		}
	}
	final := filepath.Join(root, filepath.FromSlash(folder))
	if _, err := os.Stat(final); err == nil {
		return nil, fault.New(fault.Conflict, op, "the snapshot folder %s exists already", folder)
	}
	tmp := final + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return nil, fault.Wrap(err, op, "the left-over folder cannot be removed")
	}
	// What does not fit into the memory must not land in the folder where the program was started.
	if _, err := w.conn.ExecContext(ctx, "SET temp_directory = "+quote(filepath.Join(root, ".spill"))); err != nil {
		return nil, fault.Wrap(err, op, "DuckDB does not take the folder for what does not fit into memory")
	}
	parts, err := w.partitions(ctx)
	if err != nil {
		return nil, err
	}
	var files []File
	for i, e := range exports {
		// Files of others are read once for all partitions, and one kind at a time.
		laid, drop, err := w.layOut(ctx, e.Table)
		if err != nil {
			return nil, err
		}
		e.Table = laid
		for p := 0; p <= parts; p++ {
			f, err := w.copy(ctx, tmp, folder, e, p)
			if err != nil {
				return nil, err
			}
			if f.Rows > 0 {
				files = append(files, f)
			}
			progress(i*(parts+1)+p+1, len(exports)*(parts+1))
		}
		if err := drop(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, fault.Wrap(err, op, "the folder cannot be made")
	}
	if err := os.Rename(tmp, final); err != nil {
		return nil, fault.Wrap(err, op, "the snapshot cannot be put in its place")
	}
	return files, nil
}

func (w *Writer) partitions(ctx context.Context) (int, error) {
	most := 0
	for name := range w.tables {
		var n sql.NullInt64
		if err := w.conn.QueryRowContext(ctx, "SELECT max(person) FROM "+name).Scan(&n); err != nil {
			return 0, fault.Wrap(err, "parquet.Write", "the staging table %s cannot be read", name)
		}
		most = max(most, int(n.Int64)>>PartitionBits)
	}
	return most, nil
}

func orNull(column, typ string) string {
	if column == "" {
		return "NULL::" + typ
	}
	return column
}

func (w *Writer) copy(ctx context.Context, tmp, folder string, e Export, part int) (File, error) {
	const op = "parquet.Write"
	dir := filepath.Join(tmp, string(e.Field))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return File{}, fault.Wrap(err, op, "the folder of a field cannot be made")
	}
	name := fmt.Sprintf("%04d.parquet", part)
	path := filepath.Join(dir, name)
	from, order := fmt.Sprintf("SELECT person, %s AS day, %s AS until, %s AS value, %s AS qualifier FROM %s WHERE %s IS NOT NULL AND ",
		orNull(e.From, "INTEGER"), orNull(e.Until, "INTEGER"), e.Value, orNull(e.Qualifier, "VARCHAR"), e.Table, e.Value), factOrder
	if kindOf(e.Field) != 0 {
		from, order = "SELECT "+recordTexts+" FROM "+e.Table+" t WHERE ", "t."+recordOrder
	}
	res, err := w.conn.ExecContext(ctx, fmt.Sprintf("COPY (%sperson >= %d AND person < %d ORDER BY %s) TO %s (FORMAT parquet, COMPRESSION zstd)",
		from, part<<PartitionBits, (part+1)<<PartitionBits, order, quote(path)))
	if err != nil {
		return File{}, fault.Wrap(err, op, "the field %s cannot be written", e.Field)
	}
	rows, err := res.RowsAffected()
	if err != nil || rows == 0 {
		_ = os.Remove(path)
		return File{}, err
	}
	sum, err := hashFile(path)
	if err != nil {
		return File{}, fault.Wrap(err, op, "the file of field %s cannot be read back", e.Field)
	}
	return File{e.Field, part, folder + "/" + string(e.Field) + "/" + name, rows, sum}, nil
}

// hashFile makes the file durable and returns its SHA-256.
func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	if err := f.Sync(); err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Check compares a file with the hash it was written with.
func Check(root string, f File) error {
	sum, err := hashFile(filepath.Join(root, filepath.FromSlash(f.Path)))
	if err != nil {
		return fault.New(fault.Tampered, "parquet.Check", "the snapshot file %s cannot be read", f.Path).Because(err)
	}
	if sum != f.SHA256 {
		return fault.New(fault.Tampered, "parquet.Check", "the snapshot file %s was changed after it was written", f.Path)
	}
	return nil
}
