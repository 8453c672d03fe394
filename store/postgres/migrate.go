package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"

	"ennakko/fault"
	"ennakko/store/tables"
)

// migrations are steps from one shape of the tables to the next. A step only
// adds: code of the step before goes on working while new code starts.
//
//go:embed migrations/*.sql
var migrations embed.FS

// jobs is the sixth step; the tables of the queue come with it.
//
//go:embed 6_jobs.sql
var jobs string

// The roles in which the program's database users stand. A user is made by the
// city and put into one: GRANT ennakko_writer TO w.
const (
	WriterRole  = "ennakko_writer"
	ReaderRole  = "ennakko_reader"
	AuditorRole = "ennakko_auditor"
)

// auditTables are the record of uses: rows are added and never changed.
var auditTables = []string{"audit_entry", "audit_person", "audit_mass"}

// Step is one step that was taken.
type Step struct {
	Version int64
	Name    string
}

// Migrate makes or brings up to date the tables, as their owner, and gives the
// three roles what they may do. Several may do so at once: one does it.
func Migrate(ctx context.Context, owner string) ([]Step, error) {
	const op = "postgres.Migrate"
	db, err := pool(owner, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	p, err := provider(db)
	if err != nil {
		return nil, err
	}
	done, err := p.Up(ctx)
	var out []Step
	for _, r := range done {
		name := r.Source.Path
		if name == "" {
			name = fmt.Sprintf("%05d_jobs", r.Source.Version)
		}
		out = append(out, Step{r.Source.Version, name})
	}
	if err != nil {
		return out, fault.New(fault.Internal, op, "the tables cannot be brought up to date").Because(err).Do("the user must own the database; what was done stays, and the command can be given again")
	}
	if err := grant(ctx, db); err != nil {
		return out, fault.New(fault.Internal, op, "the roles cannot be given their rights").Because(err).Do("the user must own the tables and may make roles (CREATEROLE)")
	}
	return out, nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	const op = "postgres.Migrate"
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fault.Wrap(err, op, "the steps cannot be read")
	}
	one, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fault.Wrap(err, op, "there is no lock")
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(one), goose.WithTableName("schema_step"), goose.WithGoMigrations(queue()), goose.WithDisableGlobalRegistry(true))
	return p, fault.Wrap(err, op, "the steps cannot be read")
}

// queue is the step that makes the queue of background jobs. River's own steps
// want a transaction each, so what was done stays when it is cut off, and it can
// be taken again.
func queue() *goose.Migration {
	return goose.NewGoMigration(6, &goose.GoFunc{RunDB: func(ctx context.Context, db *sql.DB) error {
		if err := tables.MakeQueue(ctx, riverdatabasesql.New(db), nil); err != nil {
			return err
		}
		_, err := db.ExecContext(ctx, jobs)
		return err
	}}, nil)
}

// grant gives the roles what they may do, on the tables as they are now.
func grant(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	// Roles belong to the whole server: one at a time makes them.
	list := []string{"SELECT pg_advisory_xact_lock(" + strconv.Itoa(turn) + ")"}
	for _, r := range []string{WriterRole, ReaderRole, AuditorRole} {
		list = append(list, "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '"+r+"') THEN CREATE ROLE "+r+" NOLOGIN; END IF; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
			"GRANT USAGE ON SCHEMA public TO "+r, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "+r)
	}
	audit := strings.Join(auditTables, ", ")
	list = append(list,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "+WriterRole,
		"REVOKE UPDATE, DELETE, TRUNCATE ON "+audit+" FROM "+WriterRole,
		"REVOKE INSERT, UPDATE, DELETE ON schema_step, river_migration FROM "+WriterRole,
		"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "+WriterRole,
		"GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+ReaderRole,
		"GRANT SELECT ON "+audit+", log_checkpoint, snapshot, snapshot_file, schema_step TO "+AuditorRole)
	for _, q := range list {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// current refuses tables that lack a step which this program needs. Tables with
// more steps were made for newer code and serve this one too.
func current(ctx context.Context, db *sql.DB) error {
	const op = "postgres.Open"
	p, err := provider(db)
	if err != nil {
		return err
	}
	need := p.ListSources()
	var there int64
	err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM schema_step WHERE is_applied").Scan(&there)
	if err != nil && away(err) && !strings.Contains(err.Error(), "42P01") { // undefined_table
		return fault.New(fault.Later, op, "the database cannot be reached").Because(err).Do("see that it runs, and that its address, user and password are right")
	}
	if last := need[len(need)-1].Version; err != nil || there < last {
		return errors.Join(fault.New(fault.Conflict, op, "the database's tables are at step %d, this program needs %d", there, last).Do("run ennakko migrate"))
	}
	return nil
}
