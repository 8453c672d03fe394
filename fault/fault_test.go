package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"ennakko/fault"
)

func TestAFaultSaysWhereWhatWhyAndWhatToDo(t *testing.T) {
	base := fault.New(fault.Invalid, "csv.Read", "the day is not one of %d", 2021)
	full := base.Where("units.csv row %d", 17).Because(fs.ErrNotExist).Do("write it as 2021-01-07")
	if got, want := full.Error(), "units.csv row 17: the day is not one of 2021: file does not exist (write it as 2021-01-07)"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	if base.At != "" || base.Err != nil || base.Hint != "" {
		t.Error("refining a fault changed the one it was made of")
	}
	if !errors.Is(full, fs.ErrNotExist) {
		t.Error("the cause is not found")
	}
	if e, ok := errors.AsType[*fault.Error](fmt.Errorf("around: %w", full)); !ok || e.Op != "csv.Read" {
		t.Error("the fault is not found in another error")
	}
	if s := (&fault.Error{Kind: fault.Later}).Error(); s != "later" {
		t.Errorf("a fault without words says %q", s)
	}
}

func TestWrappingKeepsTheKind(t *testing.T) {
	kinds := map[string]bool{}
	for k := fault.Internal; k <= fault.Tampered; k++ {
		err := fault.Wrap(fmt.Errorf("around: %w", fault.New(k, "a.B", "inner")), "c.D", "outer %d", 1)
		if fault.KindOf(err) != k || !strings.HasPrefix(err.Error(), "outer 1: ") || !strings.Contains(err.Error(), "inner") {
			t.Errorf("%s became %s: %v", k, fault.KindOf(err), err)
		}
		kinds[k.String()] = true
	}
	if len(kinds) != 7 {
		t.Errorf("kinds with a name of their own: %v", kinds)
	}
	if err := fault.Wrap(nil, "c.D", "outer"); err != nil {
		t.Errorf("nothing, wrapped, is %v", err)
	}
	if k := fault.KindOf(errors.New("not ours")); k != fault.Internal {
		t.Errorf("an error that is not ours is %s", k)
	}
}

func TestAListSaysEveryFault(t *testing.T) {
	var l fault.List
	if l.Err() != nil {
		t.Error("an empty list is an error")
	}
	l.Add(fault.New(fault.Invalid, "a.B", "the first"))
	l.Add(fault.New(fault.Missing, "a.B", "the second"))
	err := l.Err()
	if err == nil || err.Error() != "the first\nthe second" || fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v, %s", err, fault.KindOf(err))
	}
}

// A caller that logs or shows the words of a fault shows no cause with them.
func TestTheCauseStaysOutOfTheWordsToShow(t *testing.T) {
	cause := errors.New("the cause")
	f := fault.New(fault.Later, "a.B", "busy").Because(cause).Where("row %d", 3).Do("wait %d s", 5)
	if f.Show != "busy" || f.At != "row 3" || f.Hint != "wait 5 s" || f.Op != "a.B" || f.Kind != fault.Later {
		t.Errorf("%+v", *f)
	}
	if !errors.Is(f, cause) || !errors.Is(f.Unwrap(), cause) {
		t.Error("the cause is not kept")
	}
	if w, ok := errors.AsType[*fault.Error](fault.Wrap(cause, "c.D", "outer")); !ok || w.Show != "outer" || !errors.Is(w.Err, cause) {
		t.Errorf("%+v", w)
	}
}

// A sign of the format that stands in an argument is a sign and no verb.
func TestArgumentsAreWords(t *testing.T) {
	f := fault.New(fault.Invalid, "a.B", "the cell %q", "100 %d").Where("%s", "50%s").Do("%s", "write %v")
	if got, want := f.Error(), `50%s: the cell "100 %d" (write %v)`; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestEachPartOfAFaultIsThereOnlyWhenItIsGiven(t *testing.T) {
	base := fault.New(fault.Missing, "a.B", "gone")
	for want, f := range map[string]*fault.Error{
		"gone":               base,
		"row 3: gone":        base.Where("row 3"),
		"gone (look)":        base.Do("look"),
		"gone: EOF":          base.Because(errors.New("EOF")),
		"row 3: gone (look)": base.Do("look").Where("row 3"),
		"row 4: gone":        base.Where("row 3").Where("row 4"),
		"missing (look)":     fault.New(fault.Missing, "a.B", "").Do("look"),
	} {
		if got := f.Error(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestTheOutermostKindCounts(t *testing.T) {
	inner := fault.New(fault.Later, "a.B", "inner")
	outer := fault.New(fault.Refused, "c.D", "outer").Because(inner)
	if k := fault.KindOf(outer); k != fault.Refused {
		t.Errorf("%s", k)
	}
	twice := fault.Wrap(fault.Wrap(inner, "e.F", "once"), "g.H", "twice")
	if fault.KindOf(twice) != fault.Later || twice.Error() != "twice: once: inner" || !errors.Is(twice, inner) {
		t.Errorf("%v is %s", twice, fault.KindOf(twice))
	}
	if k := fault.KindOf(nil); k != fault.Internal {
		t.Errorf("no error is %s", k)
	}
	if k := fault.KindOf(fault.Wrap(fs.ErrNotExist, "a.B", "x")); k != fault.Internal {
		t.Errorf("an error that is not ours is %s when wrapped", k)
	}
}

func TestKindsHaveTheirNames(t *testing.T) {
	for k, name := range map[fault.Kind]string{fault.Internal: "internal", fault.Invalid: "invalid", fault.Refused: "refused", fault.Missing: "missing",
		fault.Conflict: "conflict", fault.Later: "later", fault.Tampered: "tampered", fault.Tampered + 1: "internal", 255: "internal"} {
		if k.String() != name {
			t.Errorf("kind %d is %q, not %q", k, k, name)
		}
	}
}

// Each fault of a list can be found, and the list grows where it stands.
func TestEveryFaultOfAListIsFound(t *testing.T) {
	var l fault.List
	var each []*fault.Error
	for i := range 50 {
		f := fault.New(fault.Invalid, "a.B", "fault %d", i).Where("row %d", i).Because(fmt.Errorf("cause %d", i))
		each = append(each, f)
		l.Add(f)
	}
	err := fault.Wrap(l.Err(), "c.D", "the file was not taken")
	for i, f := range each {
		if !errors.Is(err, f) || !errors.Is(err, f.Err) || !strings.Contains(err.Error(), fmt.Sprintf("row %d: fault %d: cause %d", i, i, i)) {
			t.Errorf("fault %d is not in the list", i)
		}
	}
	if n := strings.Count(err.Error(), "\n"); n != 49 {
		t.Errorf("%d line ends between 50 faults", n)
	}
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("the list is %s", fault.KindOf(err))
	}
}
