package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"ennakko/app"
	"ennakko/channel/kannel"
	"ennakko/fault"
	"ennakko/round"
	"ennakko/store"
	"ennakko/store/postgres"
	"ennakko/testcity"
	"ennakko/testcity/kannelbox"
	"ennakko/testcity/pg"
	"ennakko/testcity/smsc"
	"ennakko/testcity/wire"
)

// begin is the morning on which the round begins.
var begin = time.Date(2021, 1, 7, 6, 0, 0, 0, time.UTC)

// city is a made-up city with its records in PostgreSQL.
type city struct {
	options
	dir    string
	disk   bool // dir is a disk of its own
	cable  *wire.Wire
	box    *kannelbox.Gateway
	server *pg.Server
	owner  *sql.DB
	app    *app.App
	round  store.Round
	clock  app.TrialClock

	operator string // the gateway, in the settings of a worker
	packs    string // and the folder of services
}

// newCity makes the city and prepares its round; nothing is sent before its clock
// has begun.
func newCity(ctx context.Context, o options, say func(string, ...any)) (c *city, err error) {
	c = &city{options: o}
	if c.dir, err = os.MkdirTemp("", "ennakko-soak-"); err != nil {
		return c, err
	}
	if err := c.prepare(ctx); err != nil {
		return c, err
	}
	say("starting PostgreSQL")
	if c.server, err = pg.StartWith(ctx, pg.Options{Dir: c.dir, Wire: c.cable}); err != nil {
		return c, err
	}
	if _, err := postgres.Migrate(ctx, c.server.URL("owner", "postgres")); err != nil {
		return c, err
	}
	conf, err := pgx.ParseConfig(c.server.URL("owner", "postgres"))
	if err != nil {
		return c, err
	}
	c.owner = stdlib.OpenDB(*conf)
	for user, role := range map[string]string{"w": postgres.WriterRole, "r": postgres.ReaderRole} {
		if _, err := c.owner.ExecContext(ctx, "CREATE ROLE "+user+" LOGIN; GRANT "+role+" TO "+user); err != nil {
			return c, err
		}
	}
	say("making a city of %d", o.residents)
	files := filepath.Join(c.dir, "files")
	if _, err := testcity.Write(ctx, files, testcity.Options{Residents: o.residents, Seed: 7, Day: begin.Truncate(24*time.Hour).AddDate(0, 0, -3)}, nil); err != nil {
		return c, err
	}
	if o.wide {
		if err := wideFiles(files); err != nil {
			return c, err
		}
	}
	services, line, err := c.services()
	if err != nil {
		return c, err
	}
	c.packs = line
	c.app, err = app.Open(ctx, app.Config{Data: c.data(), Packs: services, Clock: app.NewSteppedClock(begin), New: true, Database: app.Database{Writer: c.server.URL("w", "postgres"), Reader: c.server.URL("r", "postgres")}})
	if err != nil {
		return c, err
	}
	if _, err := c.app.Import(ctx, files, "officer:soak", func(string, int, int) {}); err != nil {
		return c, err
	}
	say("preparing and approving the round")
	pack, err := c.app.Pack("pre-primary")
	if err != nil {
		return c, err
	}
	c.round, err = c.app.Start(ctx, pack, round.Order{AsOf: begin.Truncate(24 * time.Hour), Officer: "officer:soak", Now: begin}, "officer:other", func(string, int, int) {})
	c.clock = app.TrialClock{From: begin, At: time.Now().Add(2 * time.Second), Speed: o.speed}
	return c, err
}

func (c *city) data() string { return filepath.Join(c.dir, "data") }

// prepare lays what can be broken later: a disk that can be filled, and a cable
// that can be pulled.
func (c *city) prepare(ctx context.Context) (err error) {
	if c.fulls > 0 {
		if err := syscall.Mount("none", c.dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", c.diskSize<<20)); err != nil {
			return fault.New(fault.Missing, "soak", "no disk of its own can be made").Because(err).Do("be root, or give --fulls 0")
		}
		c.disk = true
	} else if err := os.Chmod(c.dir, 0o755); err != nil { //nolint:gosec // PostgreSQL runs as another user
		return err
	}
	if c.cuts > 0 {
		c.cable, err = wire.Lay(ctx)
	}
	return err
}

// settings writes the file of settings of a worker whose clock is wrong by a
// made-up time.
func (c *city) settings(wrong time.Duration) (string, error) {
	path := filepath.Join(c.dir, fmt.Sprintf("ennakko%+d.yaml", int(wrong.Seconds())))
	text := fmt.Sprintf(`%sdata: %s
database: {writer: %q, reader: %q}
gateways:
  - %s
worker: {lease: 2s, doubt: 1h}
trial: {from: %s, at: %s, speed: %s}
`, c.packs, c.data(), c.server.URL("w", "postgres"), c.server.URL("r", "postgres"), c.operator,
		c.clock.From.Add(wrong).Format(time.RFC3339Nano), c.clock.At.Format(time.RFC3339Nano), strconv.FormatFloat(c.speed, 'f', -1, 64))
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// connect lets the workers' messages go to the operator, straight or through a
// Kannel.
func (c *city) connect(ctx context.Context, operator string) (err error) {
	if c.gateway == "smpp" {
		c.operator = fmt.Sprintf("{kind: smpp, name: op, address: %q, system_id: city, password: x, window: %d, answer: 5s, ref_tag: %d}", operator, c.window, smsc.RefTag)
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	listen, own := l.Addr().String(), "http://"+l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	const secret = "a secret of this trial alone"
	client, err := kannel.New(kannel.Options{Name: "op", SendURL: own, Username: kannelbox.Username, Password: kannelbox.Password, OwnURL: own, Secret: secret, Inbox: app.NewDoor(c.clock)})
	if err != nil {
		return err
	}
	if c.box, err = kannelbox.Start(ctx, kannelbox.Options{SMPP: operator, Incoming: client.IncomingURL(), Retries: 1000}); err != nil {
		return err
	}
	c.operator = fmt.Sprintf("{kind: kannel, name: op, send: %q, username: %s, password: %s, listen: %q, own: %q, secret: %q, window: %d, answer: 5s}",
		c.box.SendURL, kannelbox.Username, kannelbox.Password, listen, own, secret, c.window)
	return nil
}

func (c *city) close() error {
	var errs []error
	if c.app != nil {
		errs = append(errs, c.app.Close(context.Background()))
	}
	if c.owner != nil {
		errs = append(errs, c.owner.Close())
	}
	if c.box != nil {
		errs = append(errs, c.box.Close())
	}
	if c.server != nil {
		errs = append(errs, c.server.Close())
	}
	if c.cable != nil {
		errs = append(errs, c.cable.Close())
	}
	if c.disk {
		errs = append(errs, syscall.Unmount(c.dir, 0))
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}

// worker is a process that works.
type worker struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func (c *city) startWorker(path string) (*worker, error) {
	w := &worker{cmd: exec.Command(c.program, "worker", "--config", path), done: make(chan struct{})} //nolint:gosec,noctx // it is killed by its pid
	if !c.quiet {
		f, err := os.OpenFile(filepath.Join(os.TempDir(), "ennakko-soak.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		w.cmd.Stderr = f
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = w.cmd.Wait()
		close(w.done)
	}()
	return w, nil
}

func (w *worker) end(kill bool) {
	if kill {
		_ = w.cmd.Process.Kill()
	} else {
		_ = w.cmd.Process.Signal(os.Interrupt)
	}
	<-w.done
}
