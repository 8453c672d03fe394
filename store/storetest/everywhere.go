package storetest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ennakko/person"
	"ennakko/store"
)

// peopleColumns are the names of columns in which numbers of people stand.
var peopleColumns = []string{"person", "child", "subject", "about", "by", "answered_by", "guardian"}

// stays are the columns in which an erased person's number stays, and why it may.
var stays = map[string]string{
	"audit_person.person": "which entries are about somebody goes with the entries",
	"objection.person":    "a no is kept, so that it goes on to be heeded",
}

// column is a column of a table of the file.
type column struct {
	table, name, kind string
	number            bool // of people
}

// The people of filled that are erased: one who stands in all columns but one, and the
// guardian of the case, whose number a made-up row cannot bear: the case itself must name
// its parties.
const (
	someone  person.ID = 1
	guardian person.ID = 100
)

func (c column) who() int64 {
	if c.table == "party" {
		return int64(guardian)
	}
	return int64(someone)
}

// ErasedEverywhere erases somebody who stands in every column of people of every table,
// and fails when the number stands anywhere still. Raw is the keeper's file, opened
// beside; columns asks for table, column and type of all columns.
func ErasedEverywhere(t *testing.T, d Store, raw *sql.DB, columns string) {
	t.Helper()
	s := newSuite(t, d)
	filled(s)
	s.write(func(tx store.Tx) error { return tx.EndPreparation(1, 0) })
	var all []column
	rows, err := raw.QueryContext(s.ctx, columns)
	s.must(err)
	for rows.Next() {
		var c column
		s.must(rows.Scan(&c.table, &c.name, &c.kind))
		c.number = c.kind == "INTEGER" && slices.Contains(peopleColumns, c.name)
		all = append(all, c)
	}
	s.must(errorsOf(rows))
	count := func(c column) (n int) {
		s.must(raw.QueryRowContext(s.ctx, "SELECT count(*) FROM "+c.table+" WHERE "+c.name+" = ?", c.who()).Scan(&n)) //nolint:gosec // names of the file itself
		return n
	}
	tried := 0
	for _, c := range all {
		if !c.number {
			continue
		}
		tried++
		if count(c) == 0 {
			s.must(put(s, raw, all, c.table))
		}
		if count(c) == 0 {
			t.Errorf("nobody stands in %s.%s: it is not tried", c.table, c.name)
		}
	}
	if tried < 20 {
		t.Errorf("only %d columns of people were tried", tried)
	}
	for _, who := range []person.ID{someone, guardian} {
		s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(who); return err })
	}
	for _, c := range all {
		if _, may := stays[c.table+"."+c.name]; c.number && !may && count(c) > 0 {
			t.Errorf("erased, and still in %s.%s", c.table, c.name)
		}
	}
}

func errorsOf(rows *sql.Rows) error {
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// put puts a made-up row into a table, with the person in all its columns of people.
func put(s *suite, raw *sql.DB, all []column, table string) error {
	var names, values []string
	for _, c := range all {
		if c.table != table {
			continue
		}
		v := map[string]string{"INTEGER": "4242", "REAL": "1.5", "TEXT": "'x'", "BLOB": "x'01'"}[c.kind]
		switch {
		case c.number:
			v = fmt.Sprint(c.who())
		case c.name == "case_id" || c.name == "round" || c.name == "matter" || c.name == "permission":
			v = "1" // of filled
		}
		names, values = append(names, c.name), append(values, v)
	}
	_, err := raw.ExecContext(s.ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(values, ", ")+")") //nolint:gosec // names of the file itself
	return err
}
