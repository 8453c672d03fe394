package parquet

import (
	"context"
	"fmt"
	"strings"

	"ennakko/clinical"
	"ennakko/fault"
)

// Fold adds records of one kind, which came in since the last snapshot, to those
// of the kind that are to be written. A resource that is there already, by its
// source or, where the source says none, by what it says, is passed over: the
// register's own word is the newer one. Numbers of resources go on after the
// person's last one; numbers of visits are left out, since they number those of
// another snapshot. It returns how many rows were added, and must be called
// before Write and after all else of the kind.
func (w *Writer) Fold(ctx context.Context, k clinical.Kind, records []clinical.Record) (int64, error) {
	const op = "parquet.Fold"
	if len(records) == 0 {
		return 0, nil
	}
	table := recordTable(k)
	t, err := w.table(ctx, table+"_new", recordTypes, 13)
	if err != nil {
		return 0, err
	}
	fresh := &Records{k, t}
	for i := range records {
		r := records[i]
		r.Encounter = 0
		if err := fresh.Append(&r); err != nil {
			return 0, err
		}
	}
	for _, name := range []string{table, table + "_new"} {
		if t, ok := w.tables[name]; ok {
			if err := t.appender.Flush(); err != nil {
				return 0, fault.Wrap(err, op, "the staging table %s cannot be written", name)
			}
		}
	}
	there := w.tables[table] != nil || w.handed[table] != ""
	if !there {
		if _, err := w.conn.ExecContext(ctx, "CREATE TABLE "+table+" ("+recordTypes+")"); err != nil {
			return 0, fault.Wrap(err, op, "the staging table cannot be made")
		}
	}
	same := strings.Join([]string{"r.code = n.code", "r.day IS NOT DISTINCT FROM n.day", `r."minute" IS NOT DISTINCT FROM n."minute"`,
		`r."value" IS NOT DISTINCT FROM n."value"`, "r.value_code IS NOT DISTINCT FROM n.value_code"}, " AND ")
	// One pass over all that there is; the new ones are few.
	query := fmt.Sprintf(`CREATE TABLE %[1]s_folded AS
		WITH theirs AS (SELECT r.* FROM %[1]s r SEMI JOIN %[1]s_new n ON r.person = n.person), last AS (SELECT person, max(grp) AS grp FROM theirs GROUP BY person),
		ours AS (SELECT n.* FROM %[1]s_new n WHERE NOT EXISTS (SELECT 1 FROM theirs r WHERE r.person = n.person AND (r."source" = n."source" OR r."source" IS NULL AND %[2]s)))
		SELECT o.* REPLACE ((coalesce(l.grp, 0) + dense_rank() OVER (PARTITION BY o.person ORDER BY o.grp))::UINTEGER AS grp) FROM ours o LEFT JOIN last l ON l.person = o.person`, table, same)
	if _, err := w.conn.ExecContext(ctx, query); err != nil {
		return 0, fault.Wrap(err, op, "the events since the last snapshot cannot be laid beside the new one")
	}
	var n int64
	if err := w.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+table+"_folded").Scan(&n); err != nil {
		return 0, fault.Wrap(err, op, "the events since the last snapshot cannot be counted")
	}
	if files := w.handed[table]; files != "" {
		return n, w.foldHanded(ctx, table, files)
	}
	_, err = w.conn.ExecContext(ctx, "INSERT INTO "+table+" SELECT * FROM "+table+"_folded")
	return n, fault.Wrap(err, op, "the events since the last snapshot cannot be added")
}

// foldHanded adds rows to a view of files of others.
func (w *Writer) foldHanded(ctx context.Context, table, files string) error {
	const op = "parquet.Fold"
	view, ok := w.views[table]
	if !ok {
		return fault.New(fault.Internal, op, "the files of %s were not handed over", table)
	}
	if _, err := w.conn.ExecContext(ctx, "CREATE OR REPLACE VIEW "+table+" AS "+view+" UNION ALL SELECT "+recordColumns+" FROM "+table+"_folded"); err != nil {
		return fault.Wrap(err, op, "the events since the last snapshot cannot be added")
	}
	const words = `code, unit, value_code, status, "class"`
	w.handed[table] = "(SELECT " + words + " FROM " + files + " UNION ALL SELECT " + words + " FROM " + table + "_folded)"
	return nil
}
