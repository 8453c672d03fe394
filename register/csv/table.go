// Package csv reads register files in the form of docs/registers.md: rows with
// a fault are set aside with their number and reason, good rows come in.
//
// A reason never repeats what stood in the row.
package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"ennakko/fault"
)

// SetAside is a row that did not come in.
type SetAside struct {
	File   string
	Row    int    // as a spreadsheet counts: the header is row 1
	Column string // empty when the whole row is at fault
	Reason string // what is wrong, without values
	Hint   string // what to do; may be empty
}

// Fault gives the row as a located fault.
func (s SetAside) Fault() *fault.Error {
	e := fault.New(fault.Invalid, "register.csv", "%s", s.Reason)
	if s.Hint != "" {
		e = e.Do("%s", s.Hint)
	}
	if s.Column == "" {
		return e.Where("%s row %d", s.File, s.Row)
	}
	return e.Where("%s row %d column %s", s.File, s.Row, s.Column)
}

// maxLines is the most physical lines that one row may span. A longer one is
// an open quote that swallowed its neighbours.
const maxLines = 10

// maxRow is the most bytes that one row may have.
const maxRow = 64 << 10

// table walks the rows of one file.
type table struct {
	file    string
	body    []byte
	comma   rune
	columns map[string]int
	width   int
	aside   func(SetAside)
}

// column is one column that a file may have.
type column struct {
	name     string
	optional bool
}

// decodeText returns the text as UTF-8 without its byte-order mark. Charset is
// "utf-8", "windows-1252" or "" (decide by validity).
func decodeText(file string, raw []byte, charset string) ([]byte, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	valid := utf8.Valid(raw)
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return nil, fault.New(fault.Invalid, "register.csv", "the file is UTF-16").Where("%s", file).Do("save it as UTF-8")
	case charset == "windows-1252", charset == "" && !valid:
		out, err := charmap.Windows1252.NewDecoder().Bytes(raw)
		return out, fault.Wrap(err, "register.csv", "the file cannot be read as windows-1252")
	}
	return raw, nil
}

// newTable reads the header. Unknown, doubled and missing columns are faults
// of the file, all told at once.
func newTable(file string, body []byte, columns []column, aside func(SetAside)) (*table, error) {
	const op = "register.csv"
	line, rest, _ := bytes.Cut(body, []byte("\n"))
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, fault.New(fault.Invalid, op, "the file has no header row").Where("%s", file).Do("the first row names the columns")
	}
	t := &table{file: file, body: rest, comma: ',', columns: map[string]int{}, aside: aside}
	if bytes.Count(line, []byte(";")) >= bytes.Count(line, []byte(",")) {
		t.comma = ';'
	}
	r := stdcsv.NewReader(bytes.NewReader(line))
	r.Comma = t.comma
	names, err := r.Read()
	if err != nil {
		return nil, fault.New(fault.Invalid, op, "the header row is not CSV").Where("%s row 1", file)
	}
	t.width = len(names)
	var l fault.List
	for i, n := range names {
		n = strings.ToLower(strings.TrimSpace(n))
		known := slices.ContainsFunc(columns, func(c column) bool { return c.name == n })
		if _, twice := t.columns[n]; twice {
			l.Add(fault.New(fault.Invalid, op, "a column stands twice").Where("%s row 1 column %d", file, i+1))
		} else if !known {
			l.Add(fault.New(fault.Invalid, op, "a column has an unknown name").Where("%s row 1 column %d", file, i+1).Do("the columns are %s", columnNames(columns)))
		}
		t.columns[n] = i
	}
	for _, c := range columns {
		if _, ok := t.columns[c.name]; !ok && !c.optional {
			l.Add(fault.New(fault.Invalid, op, "the column %s is missing", c.name).Where("%s row 1", file))
		}
	}
	return t, l.Err()
}

func columnNames(cols []column) string {
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// each hands over every well-formed row with its number. A row that is not
// CSV is set aside and reading goes on at the next line, so that one open
// quote costs one row.
func (t *table) each(do func(c *cells) error) error {
	row, at := 1, 0
	for at < len(t.body) {
		r := stdcsv.NewReader(bytes.NewReader(t.body[at:]))
		r.Comma, r.ReuseRecord, r.FieldsPerRecord = t.comma, true, -1
		base := at
		for {
			start := base + int(r.InputOffset())
			rec, err := r.Read()
			if errors.Is(err, io.EOF) {
				return nil
			}
			row += 1 + bytes.Count(t.body[start:skipBlank(t.body, start)], []byte("\n")) // empty lines are rows of a spreadsheet
			end := base + int(r.InputOffset())
			if reason := t.broken(rec, err, start, end); reason != "" {
				t.aside(SetAside{File: t.file, Row: row, Reason: reason, Hint: "look for a quote that is not closed"})
				at = nextLine(t.body, skipBlank(t.body, start))
				break
			}
			c := &cells{table: t, rec: rec, row: row}
			switch {
			case len(rec) != t.width:
				t.aside(SetAside{File: t.file, Row: row, Reason: "the row has another number of columns than the header"})
				continue
			case !validCells(rec):
				t.aside(SetAside{File: t.file, Row: row, Reason: "the row has bytes that are not text in the file's charset", Hint: "state the charset in snapshot.yaml"})
				continue
			}
			if err := do(c); err != nil {
				return err
			}
			if c.fault != nil {
				t.aside(*c.fault)
			}
		}
	}
	return nil
}

func (t *table) broken(rec []string, err error, start, end int) string {
	if err != nil {
		return "the row is not CSV"
	}
	if len(rec) != t.width && bytes.Count(t.body[start:end], []byte("\n")) > maxLines || end-start > maxRow {
		return "the row does not end"
	}
	return ""
}

// skipBlank passes over empty lines. A carriage return that ends no line is
// not empty: it is a cell.
func skipBlank(b []byte, at int) int {
	for {
		switch {
		case bytes.HasPrefix(b[at:], []byte("\n")):
			at++
		case bytes.HasPrefix(b[at:], []byte("\r\n")):
			at += 2
		default:
			return at
		}
	}
}

func nextLine(b []byte, at int) int {
	if i := bytes.IndexByte(b[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(b)
}

func validCells(rec []string) bool {
	for _, s := range rec {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || strings.ContainsRune(s, utf8.RuneError) {
			return false
		}
	}
	return true
}
