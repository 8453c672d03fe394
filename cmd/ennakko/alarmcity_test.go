package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"ennakko/app"
	"ennakko/packs"
	"ennakko/round"
	"ennakko/store"
	"ennakko/store/postgres"
	"ennakko/testcity"
	"ennakko/testcity/pg"
	"ennakko/testcity/smsc"
)

// asProgram makes this test's binary the program itself, so that real processes
// can be started and killed.
const asProgram = "ENNAKKO_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main() // it exits
	}
	os.Exit(m.Run())
}

// watchedCity is a made-up city whose round runs through a real worker process, a
// PostgreSQL server and an operator, and which is watched as Prometheus does.
type watchedCity struct {
	t         *testing.T // that it lives as long as
	dir, data string
	base      string // the database
	server    *pg.Server
	owner     *sql.DB
	round     store.Round
	operator  *smsc.SMSC
	order     func(n int, p smsc.Part) smsc.Order // what the operator does now
	ordering  sync.Mutex
	listen    string
	worker    *exec.Cmd
	log       said
	letters   string     // more of the settings
	guard     *guardpost // nil: no register of others is watched
	disk      bool       // data is a disk of its own
}

var theMorning = time.Date(2021, 1, 7, 7, 30, 0, 0, time.UTC)

func newWatchedCity(t *testing.T) *watchedCity {
	t.Helper()
	c := &watchedCity{t: t, dir: t.TempDir(), base: "postgres", listen: freeAddr(t)}
	c.data = filepath.Join(c.dir, "disk", "data")
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(os.MkdirAll(filepath.Dir(c.data), 0o700))
	if syscall.Mount("none", filepath.Dir(c.data), "tmpfs", 0, "size=64m") == nil { // we are root
		c.disk = true
		t.Cleanup(func() { _ = syscall.Unmount(filepath.Dir(c.data), syscall.MNT_DETACH) })
	}
	var err error
	c.server, err = pg.Start(t.Context(), "fsync = off")
	ok(err)
	t.Cleanup(func() { _ = c.server.Close() })
	_, err = postgres.Migrate(t.Context(), c.server.URL("owner", "postgres"))
	ok(err)
	c.owner = c.as(t, "owner")
	for user, role := range map[string]string{"w": postgres.WriterRole, "r": postgres.ReaderRole} {
		c.sql(t, "CREATE ROLE "+user+" LOGIN; GRANT "+role+" TO "+user)
	}
	files := filepath.Join(c.dir, "files")
	_, err = testcity.Write(t.Context(), files, testcity.Options{Residents: 6000, Seed: 7, Day: theMorning.Truncate(24*time.Hour).AddDate(0, 0, -3)}, nil)
	ok(err)
	a, err := app.Open(t.Context(), app.Config{Data: c.data, Packs: packs.FS, Clock: app.NewSteppedClock(theMorning), New: true, Database: app.Database{Writer: c.url("w"), Reader: c.url("r")}})
	ok(err)
	silent := func(string, int, int) {}
	_, err = a.Import(t.Context(), files, "officer:test", silent)
	ok(err)
	pack, err := a.Pack("pre-primary")
	ok(err)
	c.round, err = a.Start(t.Context(), pack, round.Order{AsOf: theMorning.Truncate(24 * time.Hour), Officer: "officer:test", Now: theMorning}, "officer:other", silent)
	ok(errors.Join(err, a.Sequence(t.Context()), a.Close(t.Context())))
	c.operates(t, "127.0.0.1:0")
	t.Cleanup(func() { c.operator.Close() })
	t.Cleanup(func() { c.kill() })
	return c
}

func (c *watchedCity) url(user string) string { return c.server.URL(user, c.base) }

func (c *watchedCity) as(t *testing.T, user string) *sql.DB {
	t.Helper()
	conf, err := pgx.ParseConfig(c.url(user))
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*conf)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (c *watchedCity) sql(t *testing.T, query string) {
	t.Helper()
	if _, err := c.owner.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// operates starts the operator on an address.
func (c *watchedCity) operates(t *testing.T, addr string) {
	t.Helper()
	var err error
	c.operator, err = smsc.Start(addr, func(n int, p smsc.Part) smsc.Order {
		c.ordering.Lock()
		defer c.ordering.Unlock()
		if c.order == nil {
			return smsc.Order{Reports: []string{"DELIVRD"}}
		}
		return c.order(n, p)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *watchedCity) does(order func(n int, p smsc.Part) smsc.Order) {
	c.ordering.Lock()
	defer c.ordering.Unlock()
	c.order = order
}

// program is the program as a process of its own.
func (c *watchedCity) program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...) //nolint:gosec,noctx // this test itself
	cmd.Env = append(os.Environ(), asProgram+"=1", "ENNAKKO_DATABASE="+c.url("w"), "ENNAKKO_DATABASE_READER="+c.url("r"), "ENNAKKO_DATABASE_OWNER="+c.url("owner"))
	return cmd
}

// command runs a command line that must end so.
func (c *watchedCity) command(t *testing.T, want int, args ...string) string {
	t.Helper()
	out, err := c.program(args...).CombinedOutput()
	code := 0
	if e, ended := errors.AsType[*exec.ExitError](err); ended {
		code, err = e.ExitCode(), nil
	}
	if err != nil || code != want {
		t.Fatalf("%s: exit code %d, %v: %s", strings.Join(args, " "), code, err, out)
	}
	return string(out)
}

// works starts a worker whose clock shows a moment now and runs at a speed.
// Gateway is more of the settings of the operator.
func (c *watchedCity) works(t *testing.T, from time.Time, speed int, gateway string, env ...string) {
	t.Helper()
	if gateway == "" {
		gateway = fmt.Sprintf("address: %q", c.operator.Addr())
	}
	c.worksWith(t, from, speed, "kind: smpp, name: op, system_id: city, answer: 2s, "+gateway, env...)
}

// worksWith is works with another gateway.
func (c *watchedCity) worksWith(t *testing.T, from time.Time, speed int, gateway string, env ...string) {
	t.Helper()
	c.stop()
	file := filepath.Join(c.dir, "ennakko.yaml")
	text := fmt.Sprintf("data: %s\ndatabase: {writer: %q, reader: %q}\ngateways:\n  - {%s}\nworker: {listen: %q, lease: 2s, doubt: 1m}\ntrial: {from: %s, at: %s, speed: %d}\n%s",
		c.data, c.url("w"), c.url("r"), gateway, c.listen, from.Format(time.RFC3339Nano), time.Now().Format(time.RFC3339Nano), speed, c.letters)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c.worker = c.program("worker", "--config", file)
	c.worker.Env = append(c.worker.Env, env...)
	c.worker.Stderr = &c.log
	if err := c.worker.Start(); err != nil {
		t.Fatal(err)
	}
	c.until(t, "the worker is there", func(s samples) bool { return s["up"] == 1 })
}

// stop ends the worker as systemd does.
func (c *watchedCity) stop() {
	if c.worker != nil {
		_ = c.worker.Process.Signal(syscall.SIGTERM)
		_ = c.worker.Wait()
		c.worker = nil
	}
}

// kill ends the worker as a power cut would.
func (c *watchedCity) kill() {
	if c.worker != nil {
		_ = c.worker.Process.Kill()
		_ = c.worker.Wait()
		c.worker = nil
	}
}

// samples are what a scrape brought, by series without the labels that
// Prometheus adds.
type samples map[string]float64

// scrape asks as Prometheus and its node exporter do.
func (c *watchedCity) scrape() samples {
	out := samples{"up": 0}
	if scraped(out, c.listen) {
		out["up"] = 1
	}
	if c.guard != nil {
		out[guardUp] = 0
		if scraped(out, c.guard.tell) {
			out[guardUp] = 1
		}
	}
	files, _ := filepath.Glob(filepath.Join(c.dir, "*.prom"))
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil {
			_ = read(out, bytes.NewReader(b))
		}
	}
	return out
}

// guardUp is up of the adapter.
const guardUp = "up of the adapter"

func scraped(to samples, addr string) bool {
	r, err := http.Get("http://" + addr + "/metrics") //nolint:noctx // a test
	if err != nil {
		return false
	}
	defer func() { _ = r.Body.Close() }()
	return read(to, r.Body) == nil
}

func read(to samples, text io.Reader) error {
	d := expfmt.SampleDecoder{Dec: expfmt.NewDecoder(text, expfmt.NewFormat(expfmt.TypeTextPlain)), Opts: &expfmt.DecodeOptions{}}
	for {
		var v model.Vector
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		for _, s := range v {
			if strings.HasPrefix(string(s.Metric[model.MetricNameLabel]), "ennakko_") {
				to[s.Metric.String()] = float64(s.Value)
			}
		}
	}
}

// until scrapes until something is so.
func (c *watchedCity) until(t *testing.T, what string, so func(samples) bool) samples {
	t.Helper()
	for late := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		s := c.scrape()
		if so(s) {
			return s
		}
		if time.Now().After(late) {
			log := c.log.String()
			t.Fatalf("it did not come to be that %s: %v\n%s", what, s, log[max(0, len(log)-3000):])
		}
	}
}

// story is what Prometheus saw: one scrape after the other, each standing for
// some minutes.
type story struct {
	seen    []samples
	at      []time.Time
	minutes []int
	rings   []bool
}

func (s *story) then(x samples, minutes int, rings bool) {
	s.seen, s.at, s.minutes, s.rings = append(s.seen, x), append(s.at, time.Now()), append(s.minutes, minutes), append(s.rings, rings)
}

// tests is the form of a test of promtool.
type tests struct {
	Rules []string `yaml:"rule_files"`
	Every string   `yaml:"evaluation_interval"`
	Tests []test   `yaml:"tests"`
}

type test struct {
	Interval string   `yaml:"interval"`
	Input    []series `yaml:"input_series"`
	Expr     []expr   `yaml:"promql_expr_test"`
}

type series struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

type expr struct {
	Expr string   `yaml:"expr"`
	At   string   `yaml:"eval_time"`
	Want []sample `yaml:"exp_samples"`
}

type sample struct {
	Labels string  `yaml:"labels"`
	Value  float64 `yaml:"value"`
}

// values writes what was seen of a series, minute by minute. Moments are told as
// they are seen from the story's own beginning.
func (s *story) values(name string) string {
	var out []string
	minute := 0
	for i, x := range s.seen {
		v, there := x[name]
		if there && strings.Contains(name, "_timestamp_seconds") {
			v += float64(minute*60) - float64(s.at[i].Unix())
		}
		for m := range s.minutes[i] {
			switch {
			case there:
				out = append(out, strconv.FormatFloat(v, 'f', -1, 64))
			case m == 0:
				out = append(out, "stale")
			default:
				out = append(out, "_")
			}
		}
		minute += s.minutes[i]
	}
	return strings.Join(out, " ")
}

// check lets Prometheus's own tool evaluate the rules over what was seen: the
// alarm fires in each part of the story that says so, and at the end of no other.
func (s *story) check(t *testing.T, alarm string) {
	t.Helper()
	rules, err := filepath.Abs("../../deploy/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, x := range s.seen {
		for n := range x {
			names[n] = true
		}
	}
	one := test{Interval: "1m"}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		one.Input = append(one.Input, series{labelled(n), s.values(n)})
	}
	minute := 0
	for i, rings := range s.rings {
		minute += s.minutes[i]
		fires := fmt.Sprintf(`(count(ALERTS{alertname=~%q,alertstate="firing"}) or vector(0))`, alarm)
		e := expr{Expr: fires + " >= bool 1", At: fmt.Sprintf("%dm", minute-1), Want: []sample{{"{}", 0}}}
		if rings {
			e.Expr, e.Want[0].Value = fmt.Sprintf("max_over_time(%s[%dm:1m]) >= bool 1", fires, s.minutes[i]-1), 1
		}
		one.Expr = append(one.Expr, e)
	}
	b, err := yaml.Marshal(tests{[]string{rules}, "1m", []test{one}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "test.yml")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "promtool", "test", "rules", file).CombinedOutput(); err != nil { //nolint:gosec // our own file
		t.Errorf("%s, %v:\n%s\n%s", alarm, err, out, b)
	}
}

// labelled adds the labels that Prometheus adds.
func labelled(name string) string {
	job := `job="ennakko",instance="w1"`
	if name == guardUp || strings.HasPrefix(name, "ennakko_adapter_") {
		job = `job="ennakko-adapter",instance="a1"`
	}
	if name == guardUp {
		name = "up"
	}
	if strings.HasPrefix(name, "ennakko_record_verified") {
		job = `job="node",instance="m1"`
	}
	if rest, has := strings.CutSuffix(name, "}"); has {
		return rest + "," + job + "}"
	}
	return name + "{" + job + "}"
}
