package testcity_test

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"

	"ennakko/testcity"
)

func BenchmarkACityOfThePilotsSize(b *testing.B) {
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		if _, err := testcity.Write(context.Background(), filepath.Join(dir, strconv.Itoa(i)), testcity.Options{Residents: 640_000, Seed: 7}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
