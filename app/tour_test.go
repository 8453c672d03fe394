package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTheTourIsTrue holds docs/tour.md against the example: its code, what it
// prints, and the register files.
func TestTheTourIsTrue(t *testing.T) {
	tour, err := os.ReadFile("../docs/tour.md")
	check(err)
	source, err := os.ReadFile("example_test.go")
	check(err)
	code, printed, _ := strings.Cut(string(source), "\t// Output:\n")
	printed, _, _ = strings.Cut(printed, "\n}")
	real := []string{strings.ReplaceAll(code, "\n\t", "\n"), strings.ReplaceAll(printed, "\t// ", "")}
	files, err := filepath.Glob("testdata/tour/*.csv")
	check(err)
	for _, f := range files {
		content, err := os.ReadFile(f)
		check(err)
		if !strings.Contains(string(tour), "\n"+string(content)+"```") {
			t.Errorf("%s is not in the tour", f)
		}
		real = append(real, string(content))
	}
	blocks := strings.Split(string(tour), "\n```")
	shown := 0
	for i := 1; i < len(blocks); i += 2 {
		kind, block, _ := strings.Cut(blocks[i], "\n")
		if kind == "mermaid" {
			continue
		}
		shown++
		if !slices.ContainsFunc(real, func(all string) bool { return strings.Contains("\n"+all+"\n", "\n"+block+"\n") }) {
			t.Errorf("block %d of the tour is not what the example does:\n%s", shown, block)
		}
	}
	if len(files) < 5 || shown < 10 {
		t.Errorf("%d files, %d blocks", len(files), shown)
	}
}
