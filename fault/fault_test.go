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
