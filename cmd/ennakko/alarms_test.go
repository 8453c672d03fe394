package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"go.yaml.in/yaml/v3"

	"ennakko/app"
	"ennakko/packs"
	"ennakko/testcity/smsc"
)

// alarms brings each alarm about and does what the runbook says, in the order in
// which a round allows it.
var alarms = []struct {
	name string
	ring func(*testing.T, *watchedCity) story
}{
	{"EnnakkoWorkerDown", workerDown}, {"EnnakkoNoWorker", workerDown}, {"EnnakkoDatabaseDown", databaseDown}, {"EnnakkoGatewayDown", gatewayDown},
	{"EnnakkoCertificateEnds", certificateEnds}, {"EnnakkoOverbooked", overbooked}, {"EnnakkoJobFailed", jobFailed}, {"EnnakkoDiskFull", diskFull}, {"EnnakkoRecordNotLogged", recordNotLogged},
	{"EnnakkoBackupOld", backupOld}, {"EnnakkoRecordNotVerified", notVerified}, {"EnnakkoGatewayWaits", gatewayWaits}, {"EnnakkoWebhookFails", webhookFails},
	{"EnnakkoAdapterDown", adapterDown}, {"EnnakkoRegisterSilent", registerSilent}, {"EnnakkoPermissionsSilent", permissionsSilent}, {"EnnakkoAdapterViolation", adapterViolation},
	{"EnnakkoAdapterGap", adapterGap}, {"EnnakkoMarksWait", marksWait}, {"EnnakkoMarksRefused", marksRefused}, {"EnnakkoAdapterCertificateEnds", adapterCertificateEnds}, {"EnnakkoGatewayRefuses", gatewayRefuses}, {"EnnakkoLettersRefused", lettersRefused},
	{"EnnakkoSendsInDoubt", sendsInDoubt}, {"EnnakkoUncertainSend", uncertainSend}, {"EnnakkoNobodyWorks", nobodyWorks}, {"EnnakkoAnswersWait", answersWait},
	{"EnnakkoRecordDoesNotVerify", doesNotVerify},
}

// TestEveryAlarmRingsAndItsRunbookEndsIt brings the cause of each alarm about on
// real processes, lets Prometheus's own tool judge by the rules and by what was
// scraped, does what the runbook says, and sees the alarm end.
func TestEveryAlarmRingsAndItsRunbookEndsIt(t *testing.T) {
	if testing.Short() {
		t.Skip("servers are started and processes killed; -short is make check's race run, make test runs this")
	}
	c := newWatchedCity(t)
	backup(t, c, "first")
	verify(t, c, exitOK)
	c.works(t, theMorning, 1, "")
	quiet := c.well(t)
	quiet.then(quiet.seen[0], 15, false)
	quiet.check(t, ".*")
	for _, a := range alarms {
		t.Run(a.name, func(t *testing.T) {
			s := a.ring(t, c)
			s.check(t, a.name)
		})
	}
}

// TestAlarmsTableAndRunbookAreInStep holds the rules, the table and the runbook of
// the guide, and the tests against each other.
func TestAlarmsTableAndRunbookAreInStep(t *testing.T) {
	b, err := os.ReadFile("../../deploy/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For string
				Annotations      map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(b, &rules); err != nil {
		t.Fatal(err)
	}
	var names []string
	metrics := map[string]bool{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			names = append(names, r.Alert)
			if r.Annotations["summary"] == "" {
				t.Errorf("%s has no summary", r.Alert)
			}
			for _, m := range regexp.MustCompile(`ennakko_[a-z_]+`).FindAllString(r.Expr, -1) {
				metrics[m] = true
			}
		}
	}
	var tested []string
	for _, a := range alarms {
		tested = append(tested, a.name)
	}
	guide, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	found := func(pattern string) (out []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(guide), -1) {
			out = append(out, m[1])
		}
		return out
	}
	for what, have := range map[string][]string{"are tested": tested, "stand in the table": found("(?m)^\\| `(Ennakko\\w+)` \\|"), "have an entry in the runbook": found(`(?m)^\* \*\*(Ennakko\w+)`)} {
		slices.Sort(have)
		slices.Sort(names)
		if !slices.Equal(have, names) {
			t.Errorf("these %s: %v; and there are %v", what, have, names)
		}
	}
	for m := range metrics {
		if !strings.Contains(string(guide), m) {
			t.Errorf("the guide does not say what %s is", m)
		}
	}
	if !strings.Contains(string(guide), whoBlocks) {
		t.Error("the guide has another query for who blocks the writers")
	}
}

func is(series string, want float64) func(samples) bool {
	return func(s samples) bool { v, there := s[series]; return there && v == want }
}

const (
	connected = `ennakko_gateway_connected{gateway="op"}`
	doubtful  = `ennakko_gateway_parts_total{gateway="op", said="no answer"}`
	refused   = `ennakko_gateway_parts_total{gateway="op", said="refused"}`
	taken     = `ennakko_gateway_parts_total{gateway="op", said="taken"}`
	made      = "ennakko_backup_timestamp_seconds"
	uncertain = `ennakko_matters_open{kind="uncertain send"}`
)

// well is how things stand before.
func (c *watchedCity) well(t *testing.T) (s story) {
	t.Helper()
	s.then(c.until(t, "all is well", func(x samples) bool {
		return x[connected] == 1 && x["ennakko_record_entries"] > 0 && x["ennakko_record_logged"] >= x["ennakko_record_entries"]
	}), 15, false)
	return s
}

// Runbook: start one.
func workerDown(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	c.kill()
	s.then(c.scrape(), 15, true)
	c.works(t, theMorning, 1, "")
	s.then(c.until(t, "it works again", is(connected, 1)), 15, false)
	return s
}

// Runbook: start the database; nothing else is to be done.
func databaseDown(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	if err := c.server.Down(); err != nil {
		t.Fatal(err)
	}
	s.then(c.until(t, "the database is down", is("ennakko_database_up", 0)), 15, true)
	if err := c.server.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.then(c.until(t, "the database is up", is("ennakko_database_up", 1)), 15, false)
	return s
}

// Runbook: the operator is reached again; the worker comes back by itself.
func gatewayDown(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	addr := c.operator.Addr()
	c.operator.Close()
	s.then(c.until(t, "the gateway is gone", is(connected, 0)), 15, true)
	c.operates(t, addr)
	s.then(c.until(t, "the gateway is back", is(connected, 1)), 15, false)
	return s
}

// Runbook: the operator renews its certificate; the next connection shows it.
func certificateEnds(t *testing.T, c *watchedCity) story {
	const end = `ennakko_gateway_certificate_end_timestamp_seconds{gateway="op"}`
	front := newFront(t, c.operator.Addr())
	roots := filepath.Join(c.dir, "roots.pem")
	front.renew(t, roots, 90*24*time.Hour)
	c.works(t, theMorning, 1, fmt.Sprintf("tls: true, address: %q", front.addr()), "SSL_CERT_FILE="+roots)
	s := c.well(t)
	front.renew(t, roots, 7*24*time.Hour)
	c.works(t, theMorning, 1, fmt.Sprintf("tls: true, address: %q", front.addr()), "SSL_CERT_FILE="+roots)
	s.then(c.until(t, "the certificate is known", is(connected, 1)), 15, true)
	front.renew(t, roots, 90*24*time.Hour)
	c.works(t, theMorning, 1, fmt.Sprintf("tls: true, address: %q", front.addr()), "SSL_CERT_FILE="+roots)
	s.then(c.until(t, "the new certificate is known", is(connected, 1)), 15, false)
	if s.seen[0][end] == 0 {
		t.Error("nothing is known of the certificate")
	}
	c.works(t, theMorning, 1, "")
	return s
}

// Runbook: the owner of the tables frees the place that is one too many, and puts
// the constraint back.
func overbooked(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	c.sql(t, "ALTER TABLE place DROP CONSTRAINT place_case_id_key")
	c.sql(t, `UPDATE place SET case_id = (SELECT min(case_id) FROM place) WHERE ctid = (SELECT ctid FROM place WHERE case_id IS NULL LIMIT 1)`)
	s.then(c.until(t, "a place is given twice", is("ennakko_places_overbooked", 1)), 15, true)
	c.command(t, exitOK, "verify", "--data", c.data) // the record does not know of it: it was not the program
	c.sql(t, `UPDATE place p SET case_id = NULL WHERE EXISTS (SELECT 1 FROM place o WHERE o.case_id = p.case_id AND (o.unit, o.language, o.no) < (p.unit, p.language, p.no))`)
	c.sql(t, "ALTER TABLE place ADD CONSTRAINT place_case_id_key UNIQUE (case_id)")
	s.then(c.until(t, "it is put right", is("ennakko_places_overbooked", 0)), 15, false)
	return s
}

// Runbook: see why, mend it, and ask for the job again.
func jobFailed(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	empty := filepath.Join(c.dir, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	c.command(t, exitOK, "jobs", "import", "--data", c.data, empty)
	s.then(c.until(t, "the job is refused", is(`ennakko_jobs{kind="import", state="refused"}`, 1)), 15, true)
	if told := c.command(t, exitOK, "jobs", "--data", c.data); !strings.Contains(told, "refused") {
		t.Errorf("the list of jobs does not say why: %s", told)
	}
	c.command(t, exitOK, "jobs", "import", "--data", c.data, filepath.Join(c.dir, "files"))
	s.then(c.until(t, "the job is done", is(`ennakko_jobs{kind="import", state="done"}`, 1)), 75, false)
	return s
}

// fill leaves no room on the disk of the data, and gives it back.
func (c *watchedCity) fill(t *testing.T) (empty func()) {
	t.Helper()
	path := filepath.Join(filepath.Dir(c.data), "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 64<<10)
	for err == nil {
		_, err = f.Write(block)
		if len(block) > 512 && err != nil {
			block, err = block[:512], nil
		}
	}
	_ = f.Close()
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// Runbook: make room; nothing else is to be done.
func diskFull(t *testing.T, c *watchedCity) story {
	if !c.disk {
		t.Skip("only root can make a disk of its own to fill")
	}
	s := c.well(t)
	empty := c.fill(t)
	s.then(c.scrape(), 15, true)
	empty()
	s.then(c.until(t, "there is room", is("up", 1)), 15, false)
	return s
}

// Runbook: the log of the worker says why; make room, or let the user of the
// program write into the folder record.
func recordNotLogged(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	behind := func(x samples) float64 { return x["ennakko_record_entries"] - x["ennakko_record_logged"] }
	var mend func()
	if c.disk {
		mend = c.fill(t)
	} else {
		record := filepath.Join(c.data, "record")
		if err := os.Chmod(record, 0o500); err != nil {
			t.Fatal(err)
		}
		mend = func() {
			if err := os.Chmod(record, 0o700); err != nil { //nolint:gosec // a folder
				t.Fatal(err)
			}
		}
	}
	c.operator.Deliver("+358457999999", "+358450000000", "who are you") // an entry is written
	s.then(c.until(t, "entries wait for the log", func(x samples) bool { return behind(x) > 0 }), 20, true)
	mend()
	s.then(c.until(t, "the log has caught up", func(x samples) bool {
		return x["ennakko_record_entries"] > s.seen[0]["ennakko_record_entries"] && behind(x) == 0
	}), 15, false)
	return s
}

func backup(t *testing.T, c *watchedCity, name string) string {
	t.Helper()
	to := filepath.Join(c.dir, "backup-"+name)
	c.command(t, exitOK, "backup", "--data", c.data, "--to", to)
	return to
}

func verify(t *testing.T, c *watchedCity, want int) string {
	t.Helper()
	return c.command(t, want, "verify", "--data", c.data, "--metrics", filepath.Join(c.dir, "verify.prom"))
}

// Runbook: make one, and look why the timer did not.
func backupOld(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	c.sql(t, "DELETE FROM mark WHERE name = 'newest backup'")
	s.then(c.until(t, "none was ever made", func(x samples) bool { _, made := x[made]; return x["up"] == 1 && !made }), 20, true)
	backup(t, c, "second")
	fresh := c.until(t, "one is made", func(x samples) bool { return x[made] > 0 })
	s.then(fresh, 15, false)
	s.then(fresh, 4*60, true) // nobody makes one
	backup(t, c, "third")
	s.then(c.until(t, "one is made again", func(x samples) bool { return x[made] > fresh[made] }), 15, false)
	return s
}

// Runbook: give the command, and look why the timer did not.
func notVerified(t *testing.T, c *watchedCity) story {
	verify(t, c, exitOK)
	s := c.well(t)
	s.then(c.scrape(), 49*60, true)
	verify(t, c, exitOK)
	s.then(c.scrape(), 15, false)
	return s
}

// Runbook: ask the operator why; what it refused goes by letter or is a matter
// for officers, and nothing is to be sent again by hand.
func gatewayRefuses(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	c.does(func(int, smsc.Part) smsc.Order { return smsc.Order{Status: data.ESME_RINVDSTADR} })
	c.works(t, c.round.Schedule.NoticeAt, 1, "")
	s.then(c.until(t, "all is refused", func(x samples) bool { return x[refused] > 3 && x[taken] == 0 }), 15, true)
	c.does(nil)
	c.works(t, c.round.Schedule.NoticeAt.Add(time.Minute), 1, "")
	s.then(c.until(t, "it takes messages", func(x samples) bool { return x[connected] == 1 && x[`ennakko_messages{state="queued"}`] == 0 }), 15, false)
	return s
}

// Runbook: nothing is to be sent again; it ends when the operator answers again.
func sendsInDoubt(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	once := false
	c.does(func(int, smsc.Part) smsc.Order {
		if !once {
			once = true
			return smsc.Order{Hang: true}
		}
		return smsc.Order{Reports: []string{"DELIVRD"}}
	})
	c.works(t, c.round.Schedule.InquiryAt, 1, "")
	s.then(c.until(t, "a send is in doubt", func(x samples) bool { return x[doubtful] > 0 }), 15, true)
	s.then(c.until(t, "the operator answers", func(x samples) bool { return x[connected] == 1 && x[taken] > 0 }), 25, false)
	return s
}

// Runbook: officers ask the family, and settle the matter with what it says.
func uncertainSend(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	c.works(t, c.round.Schedule.InquiryAt.Add(2*time.Minute), 1, "") // the moment of doubt has come
	s.then(c.until(t, "a matter waits", func(x samples) bool { return x[uncertain] > 0 }), 15, true)
	c.settle(t, "uncertain send", "the message came, they say", c.round.Schedule.InquiryAt.Add(3*time.Minute))
	s.then(c.until(t, "the family was asked", func(x samples) bool { return x["up"] == 1 && x[uncertain] == 0 }), 15, false)
	return s
}

// settle does what the button at the desk does with each matter of a kind.
func (c *watchedCity) settle(t *testing.T, kind, words string, at time.Time) {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{Data: c.data, Packs: packs.FS, Clock: app.RealClock{}, Database: app.Database{Writer: c.url("w")}})
	if err != nil {
		t.Fatal(err)
	}
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	items, err := a.DB.Items(t.Context(), c.round.ID, kind, 0, 100)
	for _, i := range items {
		err = errors.Join(err, a.Worker(pack).SettleItem(t.Context(), c.round.ID, i.ID, "officer:desk", words, at))
	}
	if err = errors.Join(err, a.Close(t.Context())); err != nil || len(items) == 0 {
		t.Fatalf("%d matters: %v", len(items), err)
	}
}

// whoBlocks is the runbook's query for who keeps the writers from writing.
const whoBlocks = "SELECT DISTINCT unnest(pg_blocking_pids(pid)) FROM pg_stat_activity WHERE application_name = 'ennakko'"

// forgotten leaves a transaction open that holds a lock.
func (c *watchedCity) forgotten(t *testing.T, query string) {
	t.Helper()
	tx, err := c.as(t, "owner").BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
}

// unblock does what the runbook says: ends whoever holds the writers up. Of those
// whom it names the program's own wait, too.
func (c *watchedCity) unblock(t *testing.T) {
	t.Helper()
	c.sql(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> 'ennakko' AND pid IN ("+whoBlocks+")")
}

// Runbook: see who holds the writers' turn, and end them.
func nobodyWorks(t *testing.T, c *watchedCity) story {
	s := c.well(t)
	c.stop()
	c.forgotten(t, fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", 0x656e6e616b6b6f))
	c.works(t, c.round.Schedule.ReminderAt, 240, "")
	s.then(c.until(t, "what is due waits", func(x samples) bool { return x["ennakko_due_seconds"] > 600 }), 15, true)
	c.unblock(t)
	s.then(c.until(t, "nothing waits", func(x samples) bool { return x["up"] == 1 && x["ennakko_due_seconds"] < 60 }), 15, false)
	return s
}

// Runbook: the same.
func answersWait(t *testing.T, c *watchedCity) story {
	c.works(t, c.round.Schedule.ReminderAt.Add(24*time.Hour), 60, "")
	s := c.well(t)
	parts := c.operator.Parts()
	phone := parts[len(parts)-1].To
	c.forgotten(t, "LOCK TABLE kase IN EXCLUSIVE MODE")
	var bringing sync.WaitGroup
	bringing.Go(func() { c.operator.Deliver(phone, "+358450000000", "A") })
	s.then(c.until(t, "an answer waits", func(x samples) bool { return x["ennakko_answers_waiting_seconds"] > 60 }), 15, true)
	c.unblock(t)
	s.then(c.until(t, "it is read", func(x samples) bool { return x["up"] == 1 && x["ennakko_answers_waiting_seconds"] == 0 }), 15, false)
	bringing.Wait()
	return s
}

// Runbook: stop all workers, keep what is there, bring the newest backup back that
// verifies, into a new database.
func doesNotVerify(t *testing.T, c *watchedCity) story {
	from := backup(t, c, "last")
	verify(t, c, exitOK)
	var s story
	s.then(c.scrape(), 15, false)
	c.sql(t, "ALTER TABLE audit_entry DISABLE TRIGGER ALL")
	c.sql(t, "UPDATE audit_entry SET detail = detail || ' ' WHERE seq = 3")
	if told := verify(t, c, exitTampered); !strings.Contains(told, "entry 3") {
		t.Errorf("another entry is named: %s", told)
	}
	s.then(c.scrape(), 15, true)
	c.kill()
	data := filepath.Join(filepath.Dir(c.data), "new")
	c.sql(t, "CREATE DATABASE city2")
	old := c.base
	c.base = ""
	restore := c.program("restore", "--from", from, "--keys", filepath.Join(c.data, "keys"), "--data", data, "--until", time.Now().UTC().Format(time.RFC3339Nano))
	restore.Env = slices.DeleteFunc(restore.Env, func(v string) bool { return strings.HasPrefix(v, "ENNAKKO_DATABASE") })
	if out, err := restore.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c.base = "city2"
	c.command(t, exitOK, "migrate")
	c.command(t, exitOK, "move", "--data", data)
	c.data = data
	verify(t, c, exitOK)
	c.works(t, c.round.Schedule.ReminderAt.Add(24*time.Hour), 1, "")
	s.then(c.until(t, "it works again", is(connected, 1)), 15, false)
	if old == c.base {
		t.Error("it is the old database")
	}
	return s
}
