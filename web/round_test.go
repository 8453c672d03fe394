package web

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/packs"
	"ennakko/store"
	"ennakko/testcity"
)

// liveCity opens the whole program over a small made-up city, with its clock
// stopped on the morning of the round.
func liveCity(t *testing.T) *app.Live {
	t.Helper()
	if testing.Short() {
		t.Skip("a city is imported")
	}
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	if _, err := testcity.Write(ctx, filepath.Join(dir, "files"), testcity.Options{Residents: 12000, Seed: 7}, nil); err != nil {
		t.Fatal(err)
	}
	clock := app.NewPacedClock(begin, 0, time.Now)
	a, err := app.Open(ctx, app.Config{Data: filepath.Join(dir, "data"), Packs: packs.FS, Seed: 7, Clock: clock, Families: true, New: true})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	live, err := a.NewLive(ctx, pack, clock)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Import(ctx, filepath.Join(dir, "files"), "officer:test", func(string, int, int) {}); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- live.Run(ctx) }()
	return live
}

// until waits until the round and its job are as they should be.
func until(t *testing.T, live *app.Live, what string, is func(r store.Round, found bool) bool) store.Round {
	t.Helper()
	changed, stop := live.Watch()
	defer stop()
	late := time.After(patience)
	for {
		r, found, err := live.Round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if job := live.Job(); !job.Busy {
			if job.Err != nil {
				t.Fatal(job.Err)
			}
			if is(r, found) {
				return r
			}
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// TestARoundFromFindingToAnswer goes the way of a first visit through the real
// program: find, approve, send, answer as a family, see the record.
func TestARoundFromFindingToAnswer(t *testing.T) {
	live := liveCity(t)
	h, err := New(Config{Live: live, Context: t.Context()})
	if err != nil {
		t.Fatal(err)
	}
	do := func(address string, form url.Values) {
		t.Helper()
		if w := post(t, h, address, form); w.Code != http.StatusSeeOther {
			t.Fatalf("POST %s: status %d\n%s", address, w.Code, w.Body)
		}
	}
	do("/desk/find", url.Values{"as_of": {"2021-01-07"}})
	r := until(t, live, "the round is prepared", func(r store.Round, found bool) bool { return found && r.State == store.Prepared })
	if body := get(t, h, "/desk?lang=en").Body.String(); !strings.Contains(body, "Stays in the present unit") || !strings.Contains(body, "Northeastern") {
		t.Error("the desk shows no cohort and no assignment")
	}
	do("/desk/approve", url.Values{"round": {"1"}})
	until(t, live, "the round runs", func(r store.Round, _ bool) bool { return r.State == store.Running })

	hs, err := live.Handsets(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	var phone store.Handset
	for _, x := range hs {
		if x.Why == "one guardian" && x.Number != "" {
			phone = x
			break
		}
	}
	href := regexp.MustCompile(`href="(/demo/handset/\d+/\d+)"><span class="kind__who">` + regexp.QuoteMeta(phone.Guardian)).FindStringSubmatch(get(t, h, "/demo/handset").Body.String())
	if href == nil {
		t.Fatal("the phone is not on the list of families")
	}
	do(href[1]+"/take", nil)
	do("/desk/clock", url.Values{"speed": {"3600"}})
	until(t, live, "the inquiry is on the phone", func(store.Round, bool) bool {
		return strings.Count(get(t, h, href[1]).Body.String(), `class="line"`) >= 2
	})
	do(href[1], url.Values{"letter": {"A"}})
	until(t, live, "the answer is confirmed", func(store.Round, bool) bool {
		return strings.Count(get(t, h, href[1]).Body.String(), `class="line"`) >= 3
	})

	pages := map[string]string{}
	for _, path := range []string{"/desk", "/open", "/record", "/record?show=readings"} {
		pages[path] = get(t, h, path).Body.String()
		for _, x := range hs {
			if x.Number != "" && strings.Contains(pages[path], x.Number) || strings.Contains(pages[path], x.Guardian) {
				t.Errorf("%s names a family", path)
			}
		}
	}
	for _, s := range []string{"contacts.mobile", "population.name", "early_education.unit", "Basic Education Act 628/1998"} {
		if !strings.Contains(pages["/record?show=readings"], s) {
			t.Errorf("the record of readings does not name %s", s)
		}
	}
}
