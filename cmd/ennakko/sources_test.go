package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"ennakko/app"
	"ennakko/omadata"
	"ennakko/packs"
	"ennakko/permission"
	"ennakko/register/adapter"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/register/xroad"
	"ennakko/testcity/ca"
	standin "ennakko/testcity/incomes"
)

// elsewhere is a register of incomes that somebody else keeps, with its adapter.
type elsewhere struct {
	register *standin.Register
	adapter  *adapter.Adapter
}

func keepRegister(t *testing.T, authority *ca.Authority, key standing.Key, listen, permissions string) elsewhere {
	t.Helper()
	r, err := standin.New(standin.Options{Seed: 1, Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	behind := httptest.NewServer(r.Handler())
	t.Cleanup(behind.Close)
	own, err := authority.Certify("incomes-adapter")
	if err != nil {
		t.Fatal(err)
	}
	member, err := xroad.ParseClient(standin.Member)
	if err != nil {
		t.Fatal(err)
	}
	service, err := xroad.ParseService(standin.ServiceID)
	if err != nil {
		t.Fatal(err)
	}
	a, err := adapter.New(adapter.Config{Lines: own, Marks: t.TempDir(), AtOnce: 8, Within: time.Second, Service: service, Register: adapter.Register{URL: behind.URL, Timeout: 10 * time.Second, Largest: 1 << 20},
		Permissions: adapter.Permissions{URL: "https://" + permissions, Lines: own, Timeout: 5 * time.Second, Key: key}, Calls: []adapter.Call{standin.GuardedCall()},
		Clients: []adapter.Caller{{Name: "city", Certificate: "CN=ennakko", Member: member, Purposes: []adapter.Purpose{{ID: "early-education-fee-income", Fields: []permission.Field{incomes.FieldMonth, incomes.FieldKind, incomes.FieldCents}}}}}}, adapter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := a.TLS()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveLines(gctx, listen, lines, a, slog.New(slog.DiscardHandler)) })
	g.Go(func() error { return a.Deliver(gctx) })
	t.Cleanup(func() {
		stop()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return elsewhere{r, a}
}

// A city with its own settings asks a register that somebody else keeps, over
// mutual TLS both ways: a person permits, the income comes, the mark reaches the
// city, and after a withdrawal the register's adapter is told that it does not
// stand.
func TestACityAsksARegisterOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	must(t, "city", "--residents", "3000", "--seed", "5", "--out", filepath.Join(dir, "files"))
	must(t, "register", "import", "--data", data, filepath.Join(dir, "files"))
	authority, err := ca.New(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	city, err := authority.Certify("ennakko")
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.Repeat("6b", 32)
	key, err := standing.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	permissions, guard := freeAddr(t), freeAddr(t)
	far := keepRegister(t, authority, key, guard, permissions)
	file := filepath.Join(dir, "ennakko.yaml")
	settings := fmt.Sprintf(`data: %s
gateways:
  - {kind: smpp, name: op, address: "127.0.0.1:1", system_id: city, password: x}
sources:
  listen: %s
  certificate: %s
  key: %s
  roots: %s
  server: https://%s
  server_roots: %s
  client: %s
  registers:
    - {id: incomes-register, service: %s, subject: CN=incomes-adapter, person_key: "${INCOMES_PERSON_KEY}"}
  contact: {business_id: 0201256-6, address: "PL 1, 00099 Helsingin kaupunki", url: "https://www.hel.fi"}
`, data, permissions, city.Certificate, city.Key, city.Roots, guard, city.Roots, standin.Member, standin.ServiceID)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("INCOMES_PERSON_KEY", secret)
	must(t, "settings", "--config", file)

	ctx, stop := context.WithCancel(t.Context())
	var log said
	done := make(chan error, 1)
	go func() {
		c := root(strings.NewReader(""), io.Discard, &log)
		c.SetArgs([]string{"sources", "--config", file})
		done <- c.ExecuteContext(ctx)
	}()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("%v: %s", err, log.String())
		}
	}()
	for late := time.Now().Add(20 * time.Second); strings.Count(log.String(), `"guarding"`) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal(log.String())
		}
	}
	permitAndTakeBack(t, data, far, &log)
}

// permitAndTakeBack is a person on the city's pages, in another process.
func permitAndTakeBack(t *testing.T, data string, far elsewhere, log *said) {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{Data: data, Packs: packs.FS, Clock: app.RealClock{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close(context.WithoutCancel(t.Context())) }()
	s, closing, err := a.NewOmaData(app.RealClock{}, app.OmaData{Contacts: cityContacts()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closing() }()
	if _, err := s.Offer(t.Context(), "officer:test", func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	matters, err := someMatters(t.Context(), a, 5)
	if err != nil || len(matters) == 0 || len(matters[0].Adults) == 0 {
		t.Fatalf("%v %v", matters, err)
	}
	m := matters[0]
	for _, who := range m.Adults {
		if err := s.Choose(t.Context(), who, m.Matter, permission.WayPermit); err != nil {
			t.Fatal(err)
		}
	}
	var seen omadata.Matter
	for late := time.Now().Add(30 * time.Second); seen.FetchedAt.IsZero() || len(far.register.Asked()) < len(m.Adults) || far.adapter.Waiting() > 0; time.Sleep(20 * time.Millisecond) { // other processes work
		if seen, err = s.Matter(t.Context(), m.Adults[0], m.Matter); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(late) {
			t.Fatalf("nothing came: %s, %d marks wait; %s", seen.Stage, far.adapter.Waiting(), log.String())
		}
	}
	if n := len(far.register.Asked()); n != len(m.Adults) {
		t.Errorf("the register was asked %d times for %d people", n, len(m.Adults))
	}
	if _, err := s.Withdraw(t.Context(), m.Adults[0], seen.Permit); err != nil {
		t.Fatal(err)
	}
	if seen, err = s.Matter(t.Context(), m.Adults[0], m.Matter); err != nil || seen.Standing || len(seen.Income) != 0 {
		t.Errorf("after the withdrawal: %v %v", seen.Standing, err)
	}
	if said := log.String(); strings.Contains(said, `"level":"ERROR"`) {
		t.Errorf("the log says: %s", said)
	}
}
