package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"ennakko/store/postgres"
)

// A plan that was made while a table was empty reads the whole of it. It must not
// outlive the filling of the table.
func TestAPlanOfAnEmptyTableIsNotKept(t *testing.T) {
	ctx := t.Context()
	conf, err := pgx.ParseConfig(server.URL("owner", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	db := stdlib.OpenDB(*conf, postgres.Fresh(func() time.Time { return now }))
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, q := range []string{
		"CREATE TEMPORARY TABLE many (id BIGINT PRIMARY KEY, x BIGINT)", "VACUUM many", "SET plan_cache_mode = force_generic_plan",
		"PREPARE one (BIGINT) AS SELECT x FROM many WHERE id = $1", "EXECUTE one (1)",
		"INSERT INTO many SELECT i, i FROM generate_series(1, 20000) i",
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			t.Fatal(q, err)
		}
	}
	plan := func() (all string) {
		rows, err := db.QueryContext(ctx, "EXPLAIN EXECUTE one (1)")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			all += line + "\n"
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if p := plan(); !strings.Contains(p, "Seq Scan") {
		t.Skipf("this PostgreSQL plans well for an empty table:\n%s", p)
	}
	now = now.Add(postgres.Planned)
	if p := plan(); !strings.Contains(p, "Index Scan") {
		t.Errorf("the plan was kept:\n%s", p)
	}
}
