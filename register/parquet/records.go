package parquet

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math"
	"strings"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
)

// Clinical records have a layout of their own: one row for each coding, so that
// a reader of one code opens only the row groups of that code. What is not
// known, open or not there is NULL.
const (
	recordColumns = `person, code, day, until, "minute", "value", unit, value_code, status, "class", encounter, grp, "source"`
	recordTypes   = `person UINTEGER, code VARCHAR, day INTEGER, until INTEGER, "minute" SMALLINT, "value" DOUBLE, unit VARCHAR, value_code VARCHAR, ` +
		`status VARCHAR, "class" VARCHAR, encounter UINTEGER, grp UINTEGER, "source" VARCHAR`
	recordOrder = `code, person, day, "minute", grp`
	recordTexts = `person, code::VARCHAR AS code, day, until, "minute", "value", unit::VARCHAR AS unit, value_code::VARCHAR AS value_code, ` +
		`status::VARCHAR AS status, "class"::VARCHAR AS "class", encounter, grp, "source"`
)

// Records is a staging table of the records of one kind.
type Records struct {
	kind clinical.Kind
	t    *Table
}

// recordTable is the name of the staging table of a kind.
func recordTable(k clinical.Kind) string { return "record_" + k.String() }

// Records makes the staging table of a kind.
func (w *Writer) Records(ctx context.Context, k clinical.Kind) (*Records, error) {
	if _, err := clinical.ParseKind(k.String()); err != nil {
		return nil, err
	}
	t, err := w.table(ctx, recordTable(k), recordTypes, 13)
	return &Records{k, t}, err
}

// Append adds a record: one row for each of its codes. The texts must be valid
// UTF-8. A record without a code cannot be found by anyone and is a fault.
func (r *Records) Append(rec *clinical.Record) error {
	if rec.Kind != r.kind || len(rec.Codes) == 0 || !rec.Person.Known() {
		return fault.New(fault.Internal, "parquet.Append", "a record has no code, nobody's number or another kind than its table")
	}
	row := r.t.row
	row[0] = uint32(rec.Person)
	row[2], row[3], row[4], row[5] = unless(rec.From, clinical.Always), unless(rec.Until, clinical.Open), nil, nil
	if rec.Minute >= 0 {
		row[4] = int16(rec.Minute)
	}
	if !math.IsNaN(rec.Value) {
		row[5] = rec.Value
	}
	row[6], row[7], row[8], row[9] = text(rec.Unit), text(rec.ValueCode.String()), text(rec.Status), text(rec.Class)
	row[10], row[11], row[12] = unless(rec.Encounter, 0), rec.Group, text(rec.Source)
	for _, c := range rec.Codes {
		row[1] = c.String()
		if err := r.t.appender.AppendRow(row...); err != nil {
			return fault.Wrap(err, "parquet.Append", "a record cannot be laid out")
		}
	}
	return nil
}

func unless[T comparable](v, none T) driver.Value {
	if v == none {
		return nil
	}
	return v
}

func text(s string) driver.Value { return unless(s, "") }

// RecordExport says that the field of the kind is made of its staging table.
func RecordExport(k clinical.Kind) Export {
	return Export{Field: permission.Field(k.Field()), Table: recordTable(k)}
}

// HandedOver counts the rows of a file that another program wrote.
type HandedOver struct {
	Rows   int64 // that come in
	Nobody int64 // of people who are not in the table of numbers
	Faulty int64 // without a code, or ending before they begin
}

// HandOver takes a file of records of one kind, which another program wrote in
// the layout of docs/registers.md, in the place of a staging table. People gives
// each number of theirs (column theirs, kind Person) its number of ours. Rows that
// do not come in are counted; a file of another layout is a fault of kind Invalid.
func (w *Writer) HandOver(ctx context.Context, k clinical.Kind, file string, people *Table) (HandedOver, error) {
	const op = "parquet.HandOver"
	var out HandedOver
	if err := people.appender.Flush(); err != nil {
		return out, fault.Wrap(err, op, "the numbers of people cannot be laid out")
	}
	broken := func(err error) error {
		return fault.New(fault.Invalid, op, "the file is not records as docs/registers.md describes them").Because(err)
	}
	from := fmt.Sprintf("read_parquet(%s) f LEFT JOIN %s m ON m.theirs = f.person", quote(file), people.name)
	const good = `(code LIKE '%_|_%' AND (until IS NULL OR day IS NULL OR until >= day))`
	err := w.conn.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE m.theirs IS NOT NULL AND "+good+"), count(*) FILTER (WHERE m.theirs IS NULL), count(*) FILTER (WHERE m.theirs IS NOT NULL AND "+good+" IS NOT TRUE) FROM "+from).
		Scan(&out.Rows, &out.Nobody, &out.Faulty)
	if err != nil {
		return out, broken(err)
	}
	columns := `m.person, code, day::INTEGER AS day, until::INTEGER AS until, "minute"::SMALLINT AS "minute", "value"::DOUBLE AS "value", unit, value_code, status, "class", encounter::UINTEGER AS encounter, grp::UINTEGER AS grp, "source"`
	view := "SELECT " + columns + " FROM " + strings.Replace(from, "LEFT JOIN", "JOIN", 1) + " WHERE " + good
	if _, err := w.conn.ExecContext(ctx, "CREATE VIEW "+recordTable(k)+" AS "+view); err != nil {
		return out, broken(err)
	}
	w.views[recordTable(k)] = view
	w.handed[recordTable(k)] = "read_parquet(" + quote(file) + ")"
	return out, nil
}

// layOut reads the records of others into memory once for all partitions. Words
// that come again and again become numbers, in the order of the words: that takes
// half the memory, and sorting is faster. Drop forgets all again.
func (w *Writer) layOut(ctx context.Context, table string) (name string, drop func() error, err error) {
	files, ok := w.handed[table]
	if !ok {
		return table, func() error { return nil }, nil
	}
	const op = "parquet.Write"
	name = table + "_laid_out"
	columns := recordColumns
	var undo []string
	for _, c := range []string{"code", "unit", "value_code", "status", `"class"`} {
		kind := name + "_" + strings.Trim(c, `"`)
		if _, err := w.conn.ExecContext(ctx, fmt.Sprintf("CREATE TYPE %s AS ENUM (SELECT DISTINCT %s FROM %s WHERE %s IS NOT NULL ORDER BY 1)", kind, c, files, c)); err != nil {
			return "", nil, fault.New(fault.Invalid, op, "the records that were handed over cannot be read").Because(err)
		}
		columns = strings.Replace(columns, ", "+c+",", fmt.Sprintf(", %s::%s AS %s,", c, kind, c), 1)
		undo = append(undo, "DROP TYPE "+kind)
	}
	if _, err := w.conn.ExecContext(ctx, "CREATE TABLE "+name+" AS SELECT "+columns+" FROM "+table); err != nil {
		return "", nil, fault.New(fault.Invalid, op, "the records that were handed over cannot be read").Because(err)
	}
	return name, func() error {
		for _, q := range append([]string{"DROP TABLE " + name}, undo...) {
			if _, err := w.conn.ExecContext(ctx, q); err != nil {
				return fault.Wrap(err, op, "the records that were handed over cannot be forgotten")
			}
		}
		return nil
	}, nil
}

// Row is one row of the layout of records, as those write it who make many: a
// made-up city. Days, minute and value are as in clinical.Record.
type Row struct {
	Person                         uint32
	Code                           string // "loinc|8480-6"
	Day, Until, Minute             int32
	Value                          float64
	Unit, ValueCode, Status, Class string
	Encounter, Group               uint32
}

// AppendRow adds a row as it is.
func (r *Records) AppendRow(x *Row) error {
	row := r.t.row
	row[0], row[1], row[2], row[3], row[4], row[5] = x.Person, x.Code, unless(x.Day, clinical.Always), unless(x.Until, clinical.Open), nil, nil
	if x.Minute >= 0 {
		row[4] = int16(x.Minute)
	}
	if !math.IsNaN(x.Value) {
		row[5] = x.Value
	}
	row[6], row[7], row[8], row[9] = text(x.Unit), text(x.ValueCode), text(x.Status), text(x.Class)
	row[10], row[11], row[12] = unless(x.Encounter, 0), x.Group, nil
	return r.t.appender.AppendRow(row...)
}

// Export writes the rows of a kind into one file in the layout of
// docs/registers.md, in the order in which they were appended, and forgets them.
// It returns how many there were; none leave no file.
func (w *Writer) Export(ctx context.Context, r *Records, file string) (int64, error) {
	const op = "parquet.Export"
	if err := r.t.appender.Flush(); err != nil {
		return 0, fault.Wrap(err, op, "the rows cannot be laid out")
	}
	var n int64
	if err := w.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+r.t.name).Scan(&n); err != nil || n == 0 {
		return 0, fault.Wrap(err, op, "the rows cannot be counted")
	}
	if _, err := w.conn.ExecContext(ctx, "COPY "+r.t.name+" TO "+quote(file)+" (FORMAT parquet, COMPRESSION zstd)"); err != nil {
		return 0, fault.New(fault.Internal, op, "the file of records cannot be written").Because(err).Do("look whether the disk is full")
	}
	_, err := w.conn.ExecContext(ctx, "TRUNCATE "+r.t.name)
	return n, fault.Wrap(err, op, "the rows cannot be forgotten")
}

// scanRecord reads one row of a file of records.
func scanRecord(rows *sql.Rows, k clinical.Kind) (person.ID, register.Fact, error) {
	var id uint32
	var code, unit, valueCode, status, class, source sql.NullString
	var day, until sql.NullInt32
	var minute sql.NullInt16
	var value sql.NullFloat64
	var encounter, group sql.NullInt64
	if err := rows.Scan(&id, &code, &day, &until, &minute, &value, &unit, &valueCode, &status, &class, &encounter, &group, &source); err != nil {
		return 0, register.Fact{}, err
	}
	r := clinical.Record{Person: person.ID(id), Kind: k, Codes: []coding.Code{codeOf(code.String)}, From: clinical.Always, Until: clinical.Open, Minute: clinical.NoMinute,
		Value: math.NaN(), Unit: unit.String, ValueCode: codeOf(valueCode.String), Status: status.String, Class: class.String,
		Encounter: uint32(encounter.Int64), Group: uint32(group.Int64), Source: source.String}
	var f register.Fact
	if day.Valid {
		r.From, f.From = day.Int32, register.DayTime(day.Int32)
	}
	if until.Valid {
		r.Until, f.Until = until.Int32, register.DayTime(until.Int32)
	}
	if minute.Valid {
		r.Minute = int32(minute.Int16)
	}
	if value.Valid {
		r.Value = value.Float64
	}
	f.Value = r
	return r.Person, f, nil
}

// codeOf reads what a writer wrote: it needs no tidying any more.
func codeOf(s string) coding.Code {
	system, code, ok := strings.Cut(s, "|")
	if !ok {
		return coding.Code{Code: s}
	}
	return coding.Code{System: system, Code: code}
}

// kindOf is the kind of record that a field holds, 0 if it holds none.
func kindOf(f permission.Field) clinical.Kind {
	spec, ok := register.Spec(f)
	if !ok || spec.Kind != register.Record {
		return 0
	}
	for _, k := range clinical.Kinds() {
		if k.Field() == string(f) {
			return k
		}
	}
	return 0
}
