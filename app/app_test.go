package app_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/channel"
	"ennakko/fault"
	"ennakko/packs"
	"ennakko/person"
	"ennakko/round"
	"ennakko/store"
	"ennakko/testcity"
)

var (
	asOf  = time.Date(2021, 1, 7, 0, 0, 0, 0, time.UTC)
	begin = asOf.Add(6 * time.Hour)
)

// imported is a folder of data with the registers of a small city, made once.
var imported string

func TestMain(m *testing.M) {
	if folder := os.Getenv("ENNAKKO_TEST_ROUND"); folder != "" {
		os.Exit(runOn(folder)) // the process that is killed
	}
	if folder := os.Getenv("ENNAKKO_TEST_JOBS"); folder != "" {
		os.Exit(workJobs(folder)) // a machine that is killed
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "ennakko-app-")
		if err == nil {
			defer func() { _ = os.RemoveAll(dir) }()
			imported = filepath.Join(dir, "data")
			err = importCity(filepath.Join(dir, "files"), imported, testcity.Options{Residents: 12000, Seed: 7, Day: asOf.AddDate(0, 0, -3)})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func importCity(files, data string, opt testcity.Options) error {
	if _, err := testcity.Write(context.Background(), files, opt, nil); err != nil {
		return err
	}
	return importFiles(files, data)
}

func importFiles(files, data string) error {
	ctx := context.Background()
	a, err := open(ctx, data, app.NewSteppedClock(begin))
	if err != nil {
		return err
	}
	_, err = a.Import(ctx, files, "officer:test", func(string, int, int) {})
	if err == nil {
		err = a.Sequence(ctx)
	}
	if cerr := a.Close(ctx); err == nil {
		err = cerr
	}
	return err
}

func open(ctx context.Context, data string, clock app.Clock) (*app.App, error) {
	return openOn(ctx, data, clock, app.Database{Writer: os.Getenv("ENNAKKO_TEST_DATABASE")})
}

func openOn(ctx context.Context, data string, clock app.Clock, db app.Database) (*app.App, error) {
	return app.Open(ctx, app.Config{Data: data, Packs: packs.FS, Seed: 7, Clock: clock, Families: true, New: true, Database: db})
}

// city copies the imported folder, so that each test has its own.
func city(t *testing.T) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(to, os.DirFS(imported)); err != nil {
		t.Fatal(err)
	}
	return to
}

// runOn runs a round on a folder to its end, as the command does.
func runOn(folder string) int {
	ctx := context.Background()
	clock := app.NewSteppedClock(begin)
	a, err := open(ctx, folder, clock)
	if err == nil {
		_, err = toEnd(ctx, a, clock)
	}
	if err == nil {
		err = a.Close(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func toEnd(ctx context.Context, a *app.App, clock *app.SteppedClock) (store.Round, error) {
	unlock, err := a.Lock()
	if err != nil {
		return store.Round{}, err
	}
	defer unlock()
	pack, err := a.Pack("pre-primary")
	if err != nil {
		return store.Round{}, err
	}
	if _, last, err := a.DB.LastRoundEntry(ctx); err != nil {
		return store.Round{}, err
	} else if !last.IsZero() {
		clock.To(last)
	}
	r, err := a.Start(ctx, pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: clock.Now()}, "officer:other", func(string, int, int) {})
	if err != nil || r.State == store.Closed {
		return r, err
	}
	d, err := a.NewDriver(ctx, pack)
	if err != nil {
		return r, err
	}
	stop := a.Sequencing(ctx, nil)
	err = d.RunToEnd(ctx, r, clock, func(time.Time) {})
	stop()
	if err != nil {
		return r, err
	}
	if err := a.Sequence(ctx); err != nil {
		return r, err
	}
	return a.DB.Round(ctx, r.ID)
}

// ran opens the city of a test and runs its round to the end.
func ran(t *testing.T, data string) (*app.App, store.Round) {
	t.Helper()
	clock := app.NewSteppedClock(begin)
	a, err := open(t.Context(), data, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	r, err := toEnd(t.Context(), a, clock)
	if err != nil {
		t.Fatal(err)
	}
	return a, r
}

// whole checks what must be so after any round, however often it was cut off.
func whole(t *testing.T, a *app.App, r store.Round) store.Funnel {
	t.Helper()
	f, err := a.DB.Funnel(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Network.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left, err := a.DB.WaitingList(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	offered := r.Summary["placed"] + r.Summary["waiting"] - len(left)
	stages := 0
	for _, n := range f.Stages {
		stages += n
	}
	final := f.Messages[string(channel.Delivered)] + f.Messages[string(channel.Failed)] + f.Messages[string(channel.Expired)]
	switch {
	case r.State != store.Closed:
		t.Errorf("the round is %s", r.State)
	case f.Offered == 0 || f.Offered != offered || stages != f.Offered:
		t.Errorf("offered %d, to be offered %d, in stages %d", f.Offered, offered, stages)
	case l.Doubled != 0 || l.Messages != final:
		t.Errorf("the network saw %d messages, %d of them twice; %d of ours have a final state: %v", l.Messages, l.Doubled, final, f.Messages)
	case l.Answers == 0 || l.Answers != f.Incoming:
		t.Errorf("%d answers left phones, %d came in", l.Answers, f.Incoming)
	case f.Overbooked != 0 || f.PlacesHeld != f.Stages["accepted"]+f.Stages["conflict"]+f.Stages["by hand"]:
		t.Errorf("places held %d, overbooked %d, stages %v", f.PlacesHeld, f.Overbooked, f.Stages)
	case f.Answered < f.Offered*8/10 || f.Stages["accepted"] < f.Answered*7/10:
		t.Errorf("answered %d of %d, accepted %d", f.Answered, f.Offered, f.Stages["accepted"])
	case f.Failsafe == 0:
		t.Error("nobody stands on the failsafe list")
	}
	if _, err := a.Verify(t.Context(), log.VerifyOptions{}); err != nil {
		t.Errorf("the record does not verify: %v", err)
	}
	return f
}

func TestARoundRunsFromRegistersToAnswers(t *testing.T) {
	a, r := ran(t, city(t))
	whole(t, a, r)
	t.Run("running it again changes nothing", func(t *testing.T) {
		before, err := a.DB.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again, err := toEnd(t.Context(), a, app.NewSteppedClock(begin))
		after, err2 := a.DB.Last(t.Context())
		if err != nil || err2 != nil || again.ID != r.ID || after != before {
			t.Errorf("round %d, %d new entries, %v %v", again.ID, after-before, err, err2)
		}
	})
	t.Run("each person sees who read what of theirs", func(t *testing.T) { seesWhoRead(t, a, r) })
	t.Run("only one process sends", func(t *testing.T) {
		unlock, err := a.Lock()
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		if _, err := a.Lock(); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a second sender: %v", err)
		}
	})
}

// seesWhoRead checks the readings of a round in the record: each has its law,
// its purpose and its fields, and a child of the round is in every one that is
// about children, with an entry that an answer was given.
func seesWhoRead(t *testing.T, a *app.App, r store.Round) {
	drafts, err := a.DB.Drafts(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	unreached, err := a.DB.Unreached(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	asked := slices.IndexFunc(drafts, func(d store.Draft) bool {
		return !slices.ContainsFunc(unreached, func(l store.Listed) bool { return l.Child == d.Child })
	})
	child := uint32(drafts[asked].Child)
	last, err := a.DB.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fields, verbs := map[string]int{}, map[string]int{}
	for seq := uint64(1); seq <= last; seq++ {
		e, _, err := a.DB.Entry(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		if !e.People.Contains(child) {
			continue
		}
		verbs[e.Verb]++
		if len(e.Fields) > 0 && (e.Basis == "" || e.Purpose != "pre-primary" || !strings.HasPrefix(e.Actor, "officer:")) {
			t.Errorf("entry %d reads without law, purpose or officer", seq)
		}
		for _, f := range e.Fields {
			fields[f]++
		}
	}
	for _, f := range []string{"population.birth_date", "population.address", "population.name", "early_education.unit"} {
		if fields[f] == 0 {
			t.Errorf("the record does not tell the child that %s was read", f)
		}
	}
	if fields["contacts.mobile"] != 0 {
		t.Error("the mobile number of a child was read")
	}
	if len(verbs) < 4 {
		t.Errorf("the record tells the child only of %v", verbs)
	}
}

func TestKilledAtRandomMomentsNothingIsTwiceOrLost(t *testing.T) {
	if testing.Short() {
		t.Skip("processes are started and killed; -short is make check's race run, make test runs this")
	}
	data := city(t)
	killed(t, data, "", 12)
	a, r := ran(t, data)
	whole(t, a, r)
}

// killed runs a round in a process that is killed and started again.
func killed(t *testing.T, data, database string, times int) {
	t.Helper()
	kills := 0
	for kills < times {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), "ENNAKKO_TEST_ROUND="+data, "ENNAKKO_TEST_DATABASE="+database)
		var said strings.Builder
		c.Stderr = &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("the round failed after %d kills: %v\n%s", kills, err, said.String())
			}
			kills = 1000 // it came to its end before it was killed often enough
		case <-time.After(time.Duration(40+kills*37%160) * time.Millisecond):
			_ = c.Process.Signal(syscall.SIGKILL) // it may have ended by itself
			if err := <-ended; err == nil {
				t.Log("the round ended before it was killed")
			}
			kills++
		}
	}
}

func TestEveryoneOnThePhoneOfAFamilyIsThatFamilys(t *testing.T) {
	a, r := ran(t, city(t))
	act, err := audit.Begin("officer:test", "look", "p", "law", begin)
	if err != nil {
		t.Fatal(err)
	}
	var hs []store.Handset
	if err := a.DB.Write(t.Context(), act, func(tx store.Tx) error { hs, err = tx.Handsets(r.ID, 50); return err }); err != nil {
		t.Fatal(err)
	}
	seen, kinds := map[person.Language]int{}, map[string]int{}
	for _, h := range hs {
		kinds[h.Why]++
		if h.Number == "" {
			continue
		}
		lines, err := a.Network.Screen(t.Context(), h.Number)
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, l := range lines {
			all += l.Text + "\n"
		}
		asked := strings.Count(all, "A = ")
		if asked == 0 {
			continue
		}
		seen[h.Language]++
		for _, c := range h.Children {
			if !strings.Contains(all, c) {
				t.Errorf("the phone of case %d was never asked about one of its children", h.Case)
			}
		}
		if !strings.Contains(all, h.Guardian) {
			t.Errorf("the phone of case %d is not addressed by its owner's name", h.Case)
		}
	}
	if len(seen) < 3 {
		t.Errorf("families by language: %v", seen)
	}
	if len(kinds) != 7 {
		t.Errorf("families by kind: %v", kinds)
	}
}

// TestFreedPlacesGoToChildrenWhoWait runs a round in a city with too few places.
func TestFreedPlacesGoToChildrenWhoWait(t *testing.T) {
	dir := t.TempDir()
	files, data := filepath.Join(dir, "files"), filepath.Join(dir, "data")
	if _, err := testcity.Write(t.Context(), files, testcity.Options{Residents: 12000, Seed: 7, Day: asOf.AddDate(0, 0, -3)}, nil); err != nil {
		t.Fatal(err)
	}
	units := filepath.Join(files, "units.csv")
	content, err := os.ReadFile(units)
	if err != nil {
		t.Fatal(err)
	}
	fewer := regexp.MustCompile(`(?m);(\d+)$`).ReplaceAllStringFunc(string(content), func(places string) string {
		n, _ := strconv.Atoi(places[1:])
		return fmt.Sprintf(";%d", n*2/3)
	})
	if err := os.WriteFile(units, []byte(fewer), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := importFiles(files, data); err != nil {
		t.Fatal(err)
	}
	a, r := ran(t, data)
	f := whole(t, a, r)
	left, err := a.DB.WaitingList(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	made := f.Offered - r.Summary["placed"]
	if r.Summary["waiting"] == 0 || made == 0 {
		t.Fatalf("%d waited, %d offers of freed places", r.Summary["waiting"], made)
	}
	drafts, err := a.DB.Drafts(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drafts {
		if !d.HasCase || d.Verdict != "met" {
			t.Errorf("a draft without a case, or without a finding: %s %v", d.Verdict, d.HasCase)
		}
	}
	free, err := a.DB.FreePlaces(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d waited, %d were offered a freed place, %d wait still, %d kinds of place are free", r.Summary["waiting"], made, len(left), len(free))
}
