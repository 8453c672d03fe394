package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/fault"
	"ennakko/packs"
	"ennakko/person"
	"ennakko/register/objects"
	"ennakko/round"
	"ennakko/store"
	"ennakko/testcity"
)

// partBits make several parts of a small city.
const partBits = 10

// prepared is all that is kept of a prepared round, but its number.
type prepared struct {
	Findings map[person.ID]store.Finding
	Drafts   []store.Draft
	Waiting  []store.Waiting
	Free     []store.PlaceCount
	Summary  map[string]int
	Hash     string
	Cohort   any
}

func keptOf(t *testing.T, a *app.App, id store.RoundID) (prepared, [32]byte) {
	t.Helper()
	r, err := a.DB.Round(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	out := prepared{Summary: r.Summary, Hash: r.PackHash}
	last, err := a.DB.LastPerson(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	people := make([]person.ID, last)
	for i := range people {
		people[i] = person.ID(i + 1)
	}
	if out.Findings, err = a.DB.Findings(t.Context(), id, people); err != nil {
		t.Fatal(err)
	}
	if out.Drafts, err = a.DB.Drafts(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if out.Waiting, err = a.DB.WaitingList(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if out.Free, err = a.DB.FreePlaces(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if out.Cohort, err = a.DB.Cohort(t.Context(), id, asOf); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return out, sha256.Sum256(b)
}

// same wants two rounds to be the same in all but their numbers.
func same(t *testing.T, a *app.App, parts, whole store.RoundID) {
	t.Helper()
	one, oneHash := keptOf(t, a, parts)
	other, otherHash := keptOf(t, a, whole)
	if len(one.Findings) == 0 || len(one.Drafts) == 0 || one.Summary["justified"] == 0 {
		t.Errorf("%d findings, %d offers, %v", len(one.Findings), len(one.Drafts), one.Summary)
	}
	if oneHash != otherHash {
		t.Errorf("in parts %d findings, %d offers, %v; whole %d, %d, %v", len(one.Findings), len(one.Drafts), one.Summary, len(other.Findings), len(other.Drafts), other.Summary)
	}
	if !reflect.DeepEqual(one, other) {
		t.Error("the same hash, and not the same")
	}
}

func TestARoundInPartsIsTheRoundOfOneProcess(t *testing.T) {
	a, err := app.Open(t.Context(), app.Config{Data: city(t), Packs: packs.FS, Seed: 7, Clock: app.NewSteppedClock(begin), PartBits: partBits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.AskPrepare(t.Context(), pack, asOf.AddDate(-1, 0, 0), "officer:test"); fault.KindOf(err) != fault.Missing {
		t.Errorf("a day of which nothing is known: %v", err)
	}
	id, err := a.AskPrepare(t.Context(), pack, asOf, "officer:test")
	if err != nil {
		t.Fatal(err)
	}
	works(t, a, app.JobOptions{})
	until(t, a, "the round", all(app.JobAssign, store.JobDone))
	pr, err := a.DB.Preparation(t.Context(), id)
	if err != nil || pr.State != store.PreparedAll || pr.Parts < 10 || pr.Done != pr.Parts {
		t.Fatalf("%+v, %v", pr, err)
	}
	left, err := a.DB.FoundParts(t.Context(), id)
	if err != nil || len(left) != 0 {
		t.Errorf("what was found in %d parts is still kept, %v", len(left), err)
	}
	r, err := a.Prepare(t.Context(), pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: begin}, nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, a, pr.Round, r.ID)
}

// s3 is a small server of objects that can hold a machine's requests.
type s3 struct {
	url  string
	held sync.Map      // keys whose requests for objects wait
	came chan string   // the key of each such request
	free chan struct{} // closed: they go on
	gets atomic.Int64
}

func newS3(t *testing.T) *s3 {
	t.Helper()
	b := s3mem.New()
	if err := b.CreateBucket("facts"); err != nil {
		t.Fatal(err)
	}
	inner := gofakes3.New(b).Server()
	x := &s3{came: make(chan string, 1000), free: make(chan struct{})}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".parquet") {
			x.gets.Add(1)
			x.held.Range(func(key, _ any) bool {
				if strings.Contains(r.Header.Get("Authorization"), "Credential="+key.(string)+"/") {
					x.came <- key.(string)
					select {
					case <-x.free:
					case <-r.Context().Done():
					}
				}
				return true
			})
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(x.free) })
	x.url = strings.TrimPrefix(s.URL, "http://")
	return x
}

func (x *s3) address(key string) string {
	return "s3://" + key + ":secret@" + x.url + "/facts?plain=yes&region=eu"
}

// machine is a process that works jobs on a folder of its own, as on a machine of
// its own.
type machine struct {
	cmd  *exec.Cmd
	said strings.Builder
}

func (x *s3) machine(t *testing.T, db app.Database, folder, key string) *machine {
	t.Helper()
	m := &machine{}
	m.cmd = exec.CommandContext(t.Context(), os.Args[0])
	m.cmd.Env = append(os.Environ(), "ENNAKKO_TEST_JOBS="+folder, "ENNAKKO_TEST_DATABASE="+db.Writer, "ENNAKKO_TEST_FACTS="+x.address(key), "ENNAKKO_TEST_NAME="+key)
	m.cmd.Stderr = &m.said
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.kill() })
	return m
}

func (m *machine) kill() {
	if m.cmd.ProcessState == nil {
		_ = m.cmd.Process.Signal(syscall.SIGKILL)
		_ = m.cmd.Wait()
	}
}

// workJobs is what a machine's process does until it is killed.
func workJobs(folder string) int {
	ctx := context.Background()
	facts, err := objects.Open(os.Getenv("ENNAKKO_TEST_FACTS"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	name := os.Getenv("ENNAKKO_TEST_NAME")
	a, err := app.Open(ctx, app.Config{Data: folder, Packs: packs.FS, Clock: app.NewSteppedClock(begin), Database: app.Database{Writer: os.Getenv("ENNAKKO_TEST_DATABASE")},
		Facts: facts, Elsewhere: true, PartBits: partBits})
	if err == nil {
		err = a.WorkJobs(ctx, app.JobOptions{Name: fmt.Sprintf("%s-%d", name, os.Getpid()), Machine: name, Lease: 2 * time.Second, Slots: 2, Log: slog.New(slog.NewJSONHandler(os.Stderr, nil))})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// elsewhere makes the folder of another machine: the same keys and nothing else.
func elsewhere(t *testing.T, data string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(filepath.Join(to, "keys"), os.DirFS(filepath.Join(data, "keys"))); err != nil {
		t.Fatal(err)
	}
	return to
}

// shared is a city in PostgreSQL whose facts are in a storage that machines share.
func shared(t *testing.T) (*app.App, *s3, app.Database) {
	t.Helper()
	dir := t.TempDir()
	files := filepath.Join(dir, "files")
	if _, err := testcity.Write(t.Context(), files, testcity.Options{Residents: 12000, Seed: 7, Day: asOf.AddDate(0, 0, -3)}, nil); err != nil {
		t.Fatal(err)
	}
	db, _ := database(t)
	x := newS3(t)
	facts, err := objects.Open(x.address("first"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Config{Data: filepath.Join(dir, "data"), Packs: packs.FS, Seed: 7, Clock: app.NewSteppedClock(begin), New: true, Database: db, Facts: facts, PartBits: partBits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if _, err := a.Import(t.Context(), files, "officer:test", silent); err != nil {
		t.Fatal(err)
	}
	return a, x, db
}

// TestAMachineThatDiesInTheMiddleIsRelieved kills the process that has two parts
// in its hands, and later others at any moment.
func TestAMachineThatDiesInTheMiddleIsRelieved(t *testing.T) {
	if testing.Short() {
		t.Skip("servers are started, and processes are killed; -short is make check's race run, make test runs this")
	}
	a, x, db := shared(t)
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	stop := a.Sequencing(t.Context(), func(err error) { t.Error(err) })
	defer stop()
	x.held.Store("one", true)
	one := x.machine(t, db, elsewhere(t, a.Data), "one")
	id, err := a.AskPrepare(t.Context(), pack, asOf, "officer:test")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		<-x.came // a file is asked for, so its entry in the record is next
	}
	x.machine(t, db, elsewhere(t, a.Data), "two")
	mine := func(list []store.Job) (n int) {
		for _, j := range list {
			if j.Kind == app.JobFind && j.State != store.JobDone {
				n++
			}
		}
		return n
	}
	until(t, a, "the end of all parts but two", func(l []store.Job) bool { return mine(l) == 2 })
	one.kill()
	killed := time.Now()
	until(t, a, "the relief", func(l []store.Job) bool { return mine(l) == 0 })
	relief := time.Since(killed)
	until(t, a, "the round", all(app.JobAssign, store.JobDone))
	if relief > 6*time.Second {
		t.Errorf("relieved after %s", relief)
	}
	t.Logf("relieved and done %s after the kill, with a lease of 2 s; %d objects were got", relief, x.gets.Load())
	pr := wholePreparation(t, a, id)
	r, err := a.Prepare(t.Context(), pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: begin}, nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, a, pr.Round, r.ID)
	stop()
	if err := a.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verify(t.Context(), log.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

// wholePreparation wants each part to be done once, and to be on the record with
// its people.
func wholePreparation(t *testing.T, a *app.App, id int64) store.Preparation {
	t.Helper()
	pr, err := a.DB.Preparation(t.Context(), id)
	if err != nil || pr.State != store.PreparedAll || pr.Done != pr.Parts || pr.Round == 0 {
		t.Fatalf("%+v, %v", pr, err)
	}
	entries, err := a.DB.Entries(t.Context(), 1<<40, false, 1000)
	if err != nil {
		t.Fatal(err)
	}
	read, kept, rounds := map[string]bool{}, map[string]int{}, 0
	people := 0
	for _, e := range entries {
		_, part, ok := strings.Cut(e.Object, ": part ")
		if ok && e.People != nil && !read[part] {
			read[part], people = true, people+int(e.People.GetCardinality())
		}
		if e.Verb == "keep what was found" {
			kept[strings.Fields(strings.TrimSuffix(e.Detail, ":"))[1]]++
		}
		if strings.HasPrefix(e.Object, "round ") && e.Verb == "find people and hold places" && !strings.Contains(e.Object, "as of") {
			rounds++
		}
	}
	r, err := a.DB.Round(t.Context(), pr.Round)
	if err != nil {
		t.Fatal(err)
	}
	if len(read) != pr.Parts || len(kept) != pr.Parts || rounds != 1 || people != r.Summary["found"] {
		t.Errorf("%d parts: %d read with %d people of %d, %d kept, %d rounds", pr.Parts, len(read), people, r.Summary["found"], len(kept), rounds)
	}
	for part, n := range kept {
		if n != 1 {
			t.Errorf("part %s was kept %d times", part, n)
		}
	}
	if all, err := a.DB.Rounds(t.Context()); err != nil || slices.IndexFunc(all, func(r store.Round) bool { return r.ID == pr.Round }) != 0 || len(all) != 1 {
		t.Errorf("%d rounds, %v", len(all), err)
	}
	return pr
}

// TestMachinesThatAreKilledAtAnyJobLoseNothing kills whoever is at a job, again and
// again, and starts it anew.
func TestMachinesThatAreKilledAtAnyJobLoseNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("servers are started, and processes are killed; -short is make check's race run, make test runs this")
	}
	a, x, db := shared(t)
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.AskPrepare(t.Context(), pack, asOf, "officer:test")
	if err != nil {
		t.Fatal(err)
	}
	machines, folders := map[string]*machine{}, map[string]string{}
	for _, key := range []string{"one", "two", "three"} {
		folders[key] = elsewhere(t, a.Data)
		machines[key] = x.machine(t, db, folders[key], key)
	}
	const most = 8
	kills := map[string]int{}
	n := 0
	until(t, a, "the round", func(list []store.Job) bool {
		for _, j := range list {
			key, pid, _ := strings.Cut(j.Worker, "-")
			m := machines[key]
			if n == most || j.State != store.JobRunning || m == nil || pid != fmt.Sprint(m.cmd.Process.Pid) || j.Kind == app.JobAssign && kills[j.Kind] > 2 {
				continue
			}
			m.kill()
			machines[key] = x.machine(t, db, folders[key], key)
			kills[j.Kind]++
			n++
			break
		}
		return all(app.JobAssign, store.JobDone)(list)
	})
	t.Logf("killed at %v", kills)
	if n == 0 {
		t.Error("nobody was killed at a job")
	}
	pr := wholePreparation(t, a, id)
	r, err := a.Prepare(t.Context(), pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: begin}, nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, a, pr.Round, r.ID)
}
