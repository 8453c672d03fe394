// Package postgres opens the city's own records in PostgreSQL, where several
// processes on several machines work on them.
//
// Three database users share the work, and none of them owns the tables: the
// writer, the reader, who may not write, and the auditor, who reads the record
// of uses and what proves it. Nobody but the owner could change or delete an
// entry of the record, and triggers refuse that too.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"golang.org/x/sys/unix"

	"ennakko/fault"
	"ennakko/store/tables"
	"ennakko/store/vault"
)

// Options say where the database is.
type Options struct {
	Writer string    // postgres://user@host:port/database of the writer
	Reader string    // of the reader; "": the writer's
	Rand   io.Reader // salts and references; nil: the system's randomness
}

// turn is the number of the lock by which writers take turns. It means nothing.
const turn = 0x656e6e616b6b6f

// Open opens the tables, which Migrate has made.
func Open(ctx context.Context, v *vault.Vault, opt Options) (*tables.DB, error) {
	if opt.Reader == "" {
		opt.Reader = opt.Writer
	}
	write, err := pool(opt.Writer, false)
	if err != nil {
		return nil, err
	}
	keep(write, 1)
	read, err := pool(opt.Reader, true)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	keep(read, 4)
	beside, err := pool(opt.Writer, false)
	if err != nil {
		return nil, errors.Join(err, write.Close(), read.Close())
	}
	keep(beside, 4)
	if err := current(ctx, read); err != nil {
		return nil, errors.Join(err, write.Close(), read.Close(), beside.Close())
	}
	return tables.New(tables.Engine{Name: "postgres", Write: write, Read: read, Rebind: Rebind, Duplicate: duplicate, Away: away, RowKinds: "''", KindsAs: "", OneMoment: sql.LevelRepeatableRead,
		Pipe: pipe, Beside: beside, Queue: riverdatabasesql.New(beside), QueueLast: "attempted_by[array_upper(attempted_by, 1)]",
		Time:  "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
		Scrub: func(ctx context.Context, db *sql.DB) error { _, err := db.ExecContext(ctx, "VACUUM"); return err },
		Turn: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock("+strconv.Itoa(turn)+")")
			return err
		}}, v, opt.Rand), nil
}

// keep opens at most so many connections and keeps them open. By default two would
// stay open and every further one would be made anew for each use, which costs
// more than the query.
func keep(db *sql.DB, n int) {
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
}

// The times after which a connection counts as gone, so that a worker whose
// network was cut neither holds the writers' turn nor waits for an answer that
// cannot come.
const (
	silence  = 5 * time.Second
	patience = 15 * time.Second
)

// pool opens connections to the database.
func pool(address string, reading bool) (*sql.DB, error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		// The library's reason may repeat a password.
		return nil, fault.New(fault.Invalid, "postgres.Open", "the address of the database cannot be read").Do("write it as postgres://user@host:5432/database")
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 5 * time.Second
	}
	d := net.Dialer{Timeout: c.ConnectTimeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence, Interval: 2 * time.Second, Count: 3}, Control: giveUp}
	c.DialFunc = d.DialContext
	for k, val := range map[string]string{"application_name": "ennakko", "idle_in_transaction_session_timeout": ms(patience), "tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2",
		"tcp_keepalives_count": "3", "tcp_user_timeout": ms(patience), "timezone": "UTC"} {
		if c.RuntimeParams[k] == "" {
			c.RuntimeParams[k] = val
		}
	}
	if reading {
		c.RuntimeParams["default_transaction_read_only"] = "on"
	}
	return stdlib.OpenDB(*c, stdlib.OptionResetSession(plans{time.Now}.fresh)), nil
}

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// giveUp bounds how long the machine tries to send to a peer that does not
// answer (TCP_USER_TIMEOUT, RFC 5482).
func giveUp(_, _ string, c syscall.RawConn) error {
	var serr error
	err := c.Control(func(fd uintptr) {
		serr = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(patience.Milliseconds()))
	})
	return errors.Join(err, serr)
}

// rebound keeps rewritten queries.
var rebound sync.Map

// Rebind writes ? as $1, $2 and so on, and ?2 as $2. Texts in quotes stay.
func Rebind(query string) string {
	if r, ok := rebound.Load(query); ok {
		return r.(string)
	}
	var b strings.Builder
	n, quoted := 0, false
	for i := 0; i < len(query); i++ {
		c := query[i]
		if c == '\'' {
			quoted = !quoted
		}
		if c != '?' || quoted {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('$')
		if i+1 == len(query) || query[i+1] < '0' || query[i+1] > '9' {
			n++
			b.WriteString(strconv.Itoa(n))
		}
	}
	rebound.Store(query, b.String())
	return b.String()
}

func duplicate(err error) bool {
	e, ours := errors.AsType[*pgconn.PgError](err)
	return ours && e.Code == "23505" // unique_violation
}

// away reports whether the server could not be asked, or could not answer now.
// What a scan finds wrong in a row is the row's fault.
func away(err error) bool {
	if e, ours := errors.AsType[*pgconn.PgError](err); ours {
		return e.Code != "XX001" && e.Code != "XX002" // data_corrupted, index_corrupted
	}
	_, network := errors.AsType[net.Error](err)
	_, connect := errors.AsType[*pgconn.ConnectError](err)
	return network || connect || pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, sql.ErrConnDone)
}
