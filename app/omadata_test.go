package app_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/permission/receipt"
	"ennakko/person"
	"ennakko/register/incomes"
	"ennakko/store"
)

// feeBegin is a day on which the fee's agreement is in force.
var feeBegin = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// evenIncomes is a register in which everybody earns the same.
type evenIncomes struct{}

func (evenIncomes) Fetch(_ context.Context, r incomes.Request) (incomes.Answer, error) {
	out := incomes.Answer{Request: r.ID, Months: incomes.MonthsBetween(r.From, r.To)}
	for _, m := range out.Months {
		out.Income = append(out.Income, incomes.Income{Month: m, Kind: incomes.Wages, Cents: 4000_00})
	}
	return out, nil
}

func useIncome(t *testing.T, a *app.App, clock app.Clock) *omadata.Service {
	t.Helper()
	s, closing, err := a.NewOmaData(clock, app.OmaData{Sources: map[string]incomes.Incomes{"incomes-register": evenIncomes{}}, Address: "https://palvelu.example",
		Contacts: map[string]receipt.Contact{"0201256-6": {Address: "x", URL: "https://city.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closing() })
	return s
}

// ticking is a clock that goes on a second each time that it is looked at.
type ticking struct{ *app.SteppedClock }

func (c ticking) Now() time.Time {
	c.To(c.SteppedClock.Now().Add(time.Second))
	return c.SteppedClock.Now()
}

func openAt(t *testing.T, data string) (*app.App, app.Clock) {
	t.Helper()
	clock := ticking{app.NewSteppedClock(feeBegin)}
	a, err := open(t.Context(), data, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	return a, clock
}

// permitted lets the grown-ups of the first matters of a city permit, and gives the
// matters.
func permitted(t *testing.T, a *app.App, s *omadata.Service, families int) (out []store.Matter) {
	t.Helper()
	if _, err := s.Offer(t.Context(), "officer:test", func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	ids, err := a.DB.MattersAfter(t.Context(), omadata.Purpose, 0, families)
	if err != nil || len(ids) < families {
		t.Fatalf("%d matters, %v", len(ids), err)
	}
	for _, id := range ids {
		m, err := a.DB.Matter(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range adults(m) {
			if err := s.Choose(t.Context(), who, id, permission.WayPermit); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, m)
	}
	for did := true; did; {
		if did, err = s.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// A process that knows no sources, as the one in which other systems note permissions,
// makes receipts all the same.
func TestWithoutSourcesAPermissionHasItsReceipt(t *testing.T) {
	a, clock := openAt(t, city(t))
	s, closing, err := a.NewOmaData(clock, app.OmaData{Address: "https://palvelu.example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closing() })
	if _, err := s.Offer(t.Context(), "officer:test", func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	ids, err := a.DB.MattersAfter(t.Context(), omadata.Purpose, 0, 1)
	if err != nil || len(ids) == 0 {
		t.Fatalf("%d matters, %v", len(ids), err)
	}
	m, err := a.DB.Matter(t.Context(), ids[0])
	if err != nil {
		t.Fatal(err)
	}
	who := adults(m)[0]
	if err := s.Choose(t.Context(), who, ids[0], permission.WayPermit); err != nil {
		t.Fatal(err)
	}
	views, err := s.Permissions(t.Context(), who)
	if err != nil || len(views) == 0 {
		t.Fatalf("%d permissions, %v", len(views), err)
	}
	signed, err := s.Receipt(t.Context(), who, views[0].ID, 2)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := a.ReceiptKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := receipt.Verify(signed, keys)
	if err != nil || got.Status != receipt.Given || !strings.Contains(string(got.JSON), "https://palvelu.example") || !strings.Contains(string(got.JSON), "PL 0000") {
		t.Errorf("%s, %v", got.Status, err)
	}
}

func adults(m store.Matter) (out []person.ID) {
	for _, p := range m.People {
		if p.Part == store.Guardian {
			out = append(out, p.Person)
		}
	}
	return out
}

func TestTheUseOfIncomeOverImportedRegisters(t *testing.T) {
	data := city(t)
	a, clock := openAt(t, data)
	s := useIncome(t, a, clock)
	matters := permitted(t, a, s, 3)
	first := matters[0]
	who := adults(first)[0]
	m, err := s.Matter(t.Context(), who, first.ID)
	if err != nil || m.Stage != omadata.Proposed || len(m.Income) != 12 || m.Child == "" || m.Place == nil || m.Place.Name[person.Finnish] == "" {
		t.Fatalf("%s, %d incomes, %+v, %v", m.Stage, len(m.Income), m.Place, err)
	}
	if err := s.Answer(t.Context(), who, first.ID, true, ""); err != nil {
		t.Fatal(err)
	}
	signed, err := s.Receipt(t.Context(), who, m.Permit, 2)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := a.ReceiptKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if x, err := receipt.Verify(signed, keys); err != nil || x.Version != 1 {
		t.Errorf("%+v, %v", x, err)
	}
	decidedAreKept(t, a, s, who, matters[1])
	if err := a.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verify(t.Context(), log.VerifyOptions{}); err != nil {
		t.Errorf("the record: %v", err)
	}
}

// decidedAreKept: who has a decision is not erased; who has none is, with all that
// was permitted and fetched.
func decidedAreKept(t *testing.T, a *app.App, s *omadata.Service, decided person.ID, other store.Matter) {
	t.Helper()
	if _, err := a.EraseByNumber(t.Context(), decided, "officer:dpo"); fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), "906/2019") {
		t.Errorf("who has a decision: %v", err)
	}
	who := adults(other)[0]
	why, err := s.Erase(t.Context(), who, false)
	if err != nil || len(why) != 0 {
		t.Fatalf("%+v, %v", why, err)
	}
	left, err := a.DB.PermitsOf(t.Context(), who)
	if err != nil || len(left) != 0 {
		t.Errorf("%d permissions are left, %v", len(left), err)
	}
	if in, err := a.DB.MattersOf(t.Context(), omadata.Purpose, who); err != nil || len(in) != 0 {
		t.Errorf("they still have a part in %v, %v", in, err)
	}
}

// What was taken back after a backup stands in the backup: nobody knows, so all is
// ended, and what was fetched goes.
func TestABackupBringsNoPermissionBack(t *testing.T) {
	data, to := city(t), filepath.Join(t.TempDir(), "backup")
	a, clock := openAt(t, data)
	s := useIncome(t, a, clock)
	m := permitted(t, a, s, 1)[0]
	who := adults(m)[0]
	if err := s.Answer(t.Context(), who, m.ID, true, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Backup(t.Context(), to, silent); err != nil {
		t.Fatal(err)
	}
	c := configOf(filepath.Join(t.TempDir(), "elsewhere"), ticking{app.NewSteppedClock(clock.Now().Add(time.Hour))})
	got, err := app.Restore(t.Context(), c, to, filepath.Join(data, "keys"), clock.Now(), silent)
	if err != nil || got.Permissions != len(adults(m)) {
		t.Fatalf("%+v, %v", got, err)
	}
	back, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = back.Close(context.Background()) })
	again := useIncome(t, back, c.Clock)
	seen, err := again.Matter(t.Context(), who, m.ID)
	if err != nil || seen.Standing || len(seen.Income) != 0 || seen.Fee == nil || seen.Fee.State != store.ProposalAccepted {
		t.Errorf("%s, stands %v, %d incomes, %v", seen.Stage, seen.Standing, len(seen.Income), err)
	}
	if _, err := again.Ask(t.Context(), who, m.ID); err != nil {
		t.Errorf("they cannot be asked anew: %v", err)
	}
	views, err := again.Permissions(t.Context(), who)
	if err != nil || len(views) == 0 {
		t.Fatalf("%d, %v", len(views), err)
	}
	if b, err := json.Marshal(views[0].Events); err != nil || !strings.Contains(string(b), string(permission.CauseAgreement)) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestTheUseOfIncomeMovesToPostgreSQL(t *testing.T) {
	if testing.Short() {
		t.Skip("a server is started; -short is make check's race run, make test runs this")
	}
	data := city(t)
	if _, err := os.Stat(filepath.Join(data, "ennakko.db")); err != nil {
		t.Fatal("the records that are to move are not in SQLite")
	}
	a, clock := openAt(t, data)
	s := useIncome(t, a, clock)
	m := permitted(t, a, s, 1)[0]
	who := adults(m)[0]
	if err := s.Answer(t.Context(), who, m.ID, true, "yes"); err != nil {
		t.Fatal(err)
	}
	if err := a.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, _ := database(t)
	c := configOf(data, clock)
	c.Database = db
	moved, err := app.Move(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"agreement", "matter", "matter_person", "permission", "permission_event", "handover", "proposal", "proposal_ground"} {
		if moved.Rows[table] == 0 {
			t.Errorf("no row of %s was moved", table)
		}
	}
	there, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close(context.Background()) })
	seen, err := useIncome(t, there, clock).Matter(t.Context(), who, m.ID)
	if err != nil || seen.Stage != omadata.Accepted || len(seen.Income) != 12 {
		t.Fatalf("%s, %d incomes, %v", seen.Stage, len(seen.Income), err)
	}
	e, err := useIncome(t, there, clock).Withdraw(t.Context(), who, seen.Permit)
	if err != nil || e.Deleted != 1 || len(e.Kept) != 1 {
		t.Errorf("%+v, %v", e, err)
	}
}
