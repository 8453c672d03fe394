package app_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/store"
)

// codeOf is the identity code of a person, as only a test may read it.
func codeOf(t *testing.T, a *app.App, id person.ID) (c person.Code) {
	t.Helper()
	err := a.DB.Identities(asOf).Select(t.Context(), []permission.Field{register.Code}, roaring.BitmapOf(uint32(id)), func(_ person.ID, _ permission.Field, f register.Fact) (err error) {
		c, err = person.ParseCode(f.Value.(string))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// known is what the files of facts say of a person, and how often they name it.
func known(t *testing.T, a *app.App, id person.ID) (of, naming int) {
	t.Helper()
	files, err := a.DB.AllFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := parquet.NewSource(filepath.Join(a.Data, "facts"), files)
	defer func() { _ = s.Close() }()
	everyone := roaring.New()
	everyone.AddRange(1, 20000)
	err = s.Select(t.Context(), s.Has(), everyone, func(p person.ID, _ permission.Field, f register.Fact) error {
		if p == id {
			of++
		}
		if f.Value == id {
			naming++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return of, naming
}

type counts struct {
	funnel store.Funnel
	cells  []store.FunnelCell
	times  []float64
}

func countsOf(t *testing.T, a *app.App, r store.Round) (c counts) {
	t.Helper()
	var err, err2, err3 error
	c.funnel, err = a.DB.Funnel(t.Context(), r.ID)
	c.cells, err2 = a.DB.FunnelBy(t.Context(), r.ID, asOf)
	c.times, _, err3 = a.DB.ConfirmTimes(t.Context(), r.ID)
	if err != nil || err2 != nil || err3 != nil {
		t.Fatal(err, err2, err3)
	}
	slices.Sort(c.times)
	return c
}

func TestAPersonIsErasedAndTheCountsStay(t *testing.T) {
	a, r := ran(t, city(t))
	before := countsOf(t, a, r)
	drafts, err := a.DB.Drafts(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	child := drafts[slices.IndexFunc(drafts, func(d store.Draft) bool { return d.HasCase })].Child
	cases, err := a.DB.CasesOf(t.Context(), child)
	if err != nil || len(cases) != 1 {
		t.Fatal(cases, err)
	}
	_, guardians, err := a.DB.PeopleOf(t.Context(), cases[0])
	if err != nil || len(guardians) == 0 {
		t.Fatal(guardians, err)
	}
	if _, err := a.Uses(t.Context(), codeOf(t, a, child), "officer:dpo"); err != nil { // an entry about nobody else
		t.Fatal(err)
	}
	for _, who := range []person.ID{guardians[0], child} { // in this order: the child's facts name the guardian
		code := codeOf(t, a, who)
		if of, naming := known(t, a, who); of == 0 || who != child && naming == 0 {
			t.Fatalf("%d facts of the person, %d name it", of, naming)
		}
		got, err := a.Erase(t.Context(), code, "officer:dpo", silent)
		if err != nil || got.Files == 0 || who == child && (got.Cases != 1 || got.Entries == 0 || got.Messages == 0) {
			t.Fatalf("%+v, %v", got, err)
		}
		if of, naming := known(t, a, who); of+naming != 0 {
			t.Errorf("%d facts of the person are left, %d name it", of, naming)
		}
		if _, err := a.Erase(t.Context(), code, "officer:dpo", silent); fault.KindOf(err) != fault.Missing {
			t.Errorf("erased again: %v", err)
		}
	}
	if after := countsOf(t, a, r); !reflect.DeepEqual(before, after) {
		t.Errorf("the counts changed: %+v, then %+v", before.funnel, after.funnel)
	}
	act, err := audit.Begin("officer:test", "look", "p", "law", asOf)
	if err != nil {
		t.Fatal(err)
	}
	h, err := a.DB.History(t.Context(), act, cases[0])
	if err != nil || h.Case.Child.Known() || h.Case.Names().Child != "" {
		t.Errorf("the case knows its child, %v", err)
	}
	for _, m := range h.Sent {
		if m.Text != "" {
			t.Error("the text of a message is left")
		}
	}
	leftNothing(t, a)
	if err := verified(t, a.Data); err != nil {
		t.Error(err)
	}
}

// leftNothing checks that no file of facts stands there that the records do not
// name, and that all that they name do.
func leftNothing(t *testing.T, a *app.App) {
	t.Helper()
	files, err := a.DB.AllFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	there := 0
	err = filepath.WalkDir(filepath.Join(a.Data, "facts"), func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			there++
		}
		return err
	})
	if err != nil || there != len(files) {
		t.Errorf("%d files of facts, the records name %d, %v", there, len(files), err)
	}
}

func TestNobodyIsErasedFromARoundThatRuns(t *testing.T) {
	a, _, r, _ := started(t, city(t))
	t.Cleanup(func() { _ = a.Close(t.Context()) })
	drafts, err := a.DB.Drafts(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	code := codeOf(t, a, drafts[0].Child)
	of, _ := known(t, a, drafts[0].Child)
	if _, err := a.Erase(t.Context(), code, "officer:dpo", silent); fault.KindOf(err) != fault.Refused {
		t.Errorf("%v", err)
	}
	if left, _ := known(t, a, drafts[0].Child); left != of || of == 0 {
		t.Errorf("%d facts of %d are left", left, of)
	}
	leftNothing(t, a)
}

// A register that comes in while somebody is erased would bring their facts back under
// the number that is being erased: one waits for the other.
func TestNobodyIsErasedWhileRegistersComeIn(t *testing.T) {
	a, r := ran(t, city(t))
	drafts, err := a.DB.Drafts(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	child := drafts[0].Child
	code := codeOf(t, a, child)
	importing, err := os.OpenFile(filepath.Join(a.Data, "importing.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(importing.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(t.Context(), code, "officer:dpo", silent); fault.KindOf(err) != fault.Conflict || err == nil {
		t.Errorf("%v", err)
	}
	if of, _ := known(t, a, child); of == 0 {
		t.Error("the person was erased")
	}
	if err := importing.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(t.Context(), code, "officer:dpo", silent); err != nil {
		t.Error(err)
	}
}

func TestAnObjectionOutlivesAnErasure(t *testing.T) {
	a, r := ran(t, city(t))
	drafts, err := a.DB.Drafts(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	child := drafts[0].Child
	code := codeOf(t, a, child)
	act, err := audit.Begin("officer:test", "objection", "p", "law", asOf)
	if err == nil {
		err = a.DB.Write(t.Context(), act, func(tx store.Tx) error { return second(tx.SetObjection("pre-primary", child, asOf, true)) })
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(t.Context(), code, "officer:dpo", silent); err != nil {
		t.Fatal(err)
	}
	if id, err := a.DB.PersonByCode(t.Context(), code); err != nil || id != child {
		t.Errorf("who objects is not known any more: %v", err)
	}
	if set, err := a.DB.Objecting(t.Context(), "pre-primary"); err != nil || !set.Contains(uint32(child)) {
		t.Errorf("the objection is gone, %v", err)
	}
}

func TestWhatIsDueIsErased(t *testing.T) {
	a, r := ran(t, city(t))
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	before := countsOf(t, a, r)
	if got, err := a.EraseDue(t.Context(), pack, "system:retention", silent); err != nil || !reflect.DeepEqual(got, app.Due{}) {
		t.Errorf("too early: %+v, %v", got, err)
	}
	clock := a.Clock.(*app.SteppedClock)
	clock.To(time.Date(2022, 8, 2, 12, 0, 0, 0, time.UTC))
	got, err := a.EraseDue(t.Context(), pack, "system:retention", silent)
	if err != nil || got.People == 0 || len(got.Rounds) != 1 || got.Cases != before.funnel.Offered || got.Snapshots != 0 || got.Entries != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if there, err := a.DB.HasPeople(t.Context(), r.ID); err != nil || there {
		t.Errorf("people are left in the round, %v", err)
	}
	if after := countsOf(t, a, r); !reflect.DeepEqual(before, after) {
		t.Errorf("the counts changed: %+v, then %+v", before.funnel, after.funnel)
	}
	clock.To(time.Date(2031, 2, 20, 12, 0, 0, 0, time.UTC))
	got, err = a.EraseDue(t.Context(), pack, "system:retention", silent)
	if err != nil || got.Entries == 0 || got.People != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if again, err := a.EraseDue(t.Context(), pack, "system:retention", silent); err != nil || !reflect.DeepEqual(again, app.Due{}) {
		t.Errorf("twice: %+v, %v", again, err)
	}
	if err := verified(t, a.Data); err != nil {
		t.Error(err)
	}
}

func TestRegistersThatNoRoundNeedsGo(t *testing.T) {
	n := newNoPhones(t)
	n.comes(t, "2021-01-05", "Routakuja 8", "Routakuja 9")
	n.comes(t, "2021-02-01", "Routakuja 8", "Routakuja 10")
	n.Clock.(*app.SteppedClock).To(time.Date(2021, 3, 1, 12, 0, 0, 0, time.UTC))
	got, err := n.EraseDue(t.Context(), n.pack, "system:retention", silent)
	if err != nil || got.Snapshots == 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	leftNothing(t, n.App)
	for day, gone := range map[string]bool{"2021-01-04": true, "2021-01-05": false, "2021-01-07": false, "2021-02-20": false} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.DB.Files(t.Context(), at); gone != (err != nil) || gone && fault.KindOf(err) != fault.Missing {
			t.Errorf("as of %s: %v", day, err)
		}
	}
	drafts, err := n.DB.Drafts(t.Context(), n.round.ID)
	if err != nil || codeOf(t, n.App, drafts[0].Child).Reveal() == "" {
		t.Errorf("the identity of a child is gone, %v", err)
	}
}

func TestAnErasureThatIsCutOffIsTakenUpAgain(t *testing.T) {
	a, r := ran(t, city(t))
	drafts, err := a.DB.Drafts(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	child := drafts[0].Child
	code := codeOf(t, a, child)
	ctx, cut := context.WithCancel(t.Context())
	before, _ := known(t, a, child)
	if _, err := a.Erase(ctx, code, "officer:dpo", func(_ string, done, total int) {
		if done > total/2 {
			cut()
		}
	}); err == nil {
		t.Fatal("it was not cut off")
	}
	if of, _ := known(t, a, child); of != before || of == 0 {
		t.Errorf("%d facts of %d are left by an erasure that was not made", of, before)
	}
	leftNothing(t, a)
	if _, err := a.Erase(t.Context(), code, "officer:dpo", silent); err != nil {
		t.Fatal(err)
	}
	if of, naming := known(t, a, child); of+naming != 0 {
		t.Errorf("%d facts of the person are left, %d name it", of, naming)
	}
	leftNothing(t, a)
}
