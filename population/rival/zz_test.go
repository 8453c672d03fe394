package rival

import (
	"ennakko/criteria"
	"ennakko/library"
	"ennakko/packs"
	"ennakko/round"
	"fmt"
	"sort"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	l, err := library.Load(packs.FS, "health", round.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(l.Language(), l.Params(), criteria.Run{AsOf: time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)})
	n := map[string]int{}
	for _, c := range l.Criteria() {
		w.touched = map[string]bool{}
		if _, err := w.verdict(c.Care); err != nil {
			n[err.Error()]++
			if n[err.Error()] <= 2 {
				for _, p := range c.Care.Parts() {
					fmt.Println("  ", c.Name, p.Name, p.Program.Canonical())
				}
			}
		}
	}
	var k []string
	for e, c := range n {
		k = append(k, fmt.Sprint(c, " ", e))
	}
	sort.Strings(k)
	for _, x := range k {
		fmt.Println(x)
	}
}
