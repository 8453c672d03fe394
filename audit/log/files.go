package log

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/transparency-dev/tessera/api/layout"
)

// The files of a log that are not leaves or hashes, by their path in it.
const (
	checkpointFile = layout.CheckpointPath
	verifierFile   = "verifier"
	lockFile       = "sequencing.lock"
	treeFile       = ".state/treeState"
	versionFile    = ".state/version"
	version        = "1" // of the driver's files
)

// emptyFiles are locks: nothing is ever written into them.
var emptyFiles = []string{lockFile, ".state/treeState.lock", ".state/publish.lock"}

// leafLevel stands for the leaves themselves, below the hashes of level 0.
const leafLevel = -1

// topLevel bounds the levels of hashes: more entries than 2^56 there are not.
const topLevel = 6

// spot is the place of a file of leaves or hashes in the tree.
type spot struct {
	level int // leafLevel, or the level of the hashes, from 0
	index uint64
}

// path is the path of the file in the log; width is layout.TileWidth for a full
// file.
func (s spot) path(width int) string {
	p := uint8(width % layout.TileWidth)
	if s.level == leafLevel {
		return layout.EntriesPath(s.index, p)
	}
	return layout.TilePath(uint64(s.level), s.index, p)
}

// span is how many entries one item of the file stands for.
func (s spot) span() uint64 {
	if s.level == leafLevel {
		return 1
	}
	return 1 << (layout.TileHeight * s.level)
}

// first is the number of the first entry under item i of the file.
func (s spot) first(i int) uint64 {
	return (s.index*layout.TileWidth+uint64(i))*s.span() + 1
}

// itemSize is the size of one item in bytes; a leaf has its length before it.
func (s spot) itemSize() int {
	if s.level == leafLevel {
		return 2 + hasher.Size()
	}
	return hasher.Size()
}

// file is a file found in the log's directory.
type file struct {
	path  string
	spot  spot   // for leaves and hashes
	width int    // how many items it holds; 0 for other files
	temp  string // of which file it is the leftover of an interrupted writing
}

// leftover matches what the driver, and place, put behind a file's name while
// it is being written.
var leftover = regexp.MustCompile(`^(.*?)[0-9]{1,20}$`)

// classify says what a file is by its path; ok is false for one that has no
// business in a log.
func classify(name string) (f file, ok bool) {
	f.path = name
	switch name {
	case checkpointFile, verifierFile, treeFile, versionFile:
		return f, true
	}
	for _, lock := range emptyFiles {
		if name == lock {
			return f, true
		}
	}
	if strings.HasPrefix(name, "tile/") {
		return classifyTile(name)
	}
	m := leftover.FindStringSubmatch(name)
	if m == nil {
		return f, false
	}
	switch m[1] {
	case checkpointFile, verifierFile, treeFile, versionFile:
		f.temp = m[1]
		return f, true
	}
	return f, false
}

// classifyTile reads tile/entries/000, tile/2/x001/234.p/17 and the leftovers of
// such: tile/entries/0001804289383, tile/0/000.p/171804289383.
func classifyTile(name string) (file, bool) {
	f := file{path: name}
	level, rest, ok := strings.Cut(strings.TrimPrefix(name, "tile/"), "/")
	if !ok {
		return f, false
	}
	f.spot.level = leafLevel
	if level != "entries" {
		n, err := layout.ParseTileLevel(level)
		if err != nil || n > topLevel {
			return f, false
		}
		f.spot.level = int(n)
	}
	if index, p, err := layout.ParseTileIndexPartial(rest); err == nil {
		f.spot.index, f.width = index, int(p)
		if p == 0 {
			f.width = layout.TileWidth
		}
		return f, f.spot.path(f.width) == name
	}
	dir, last := path.Split(rest)
	if m := leftover.FindStringSubmatch(last); m == nil || m[1] != "" {
		return f, false
	}
	whole, partial := strings.CutSuffix(dir, ".p/")
	switch {
	case partial && (len(last) < 2 || last[0] == '0'): // no width before the number
		return f, false
	case !partial: // three digits are the index
		whole = dir + last[:min(3, len(last))]
	}
	index, _, err := layout.ParseTileIndexPartial(whole)
	if err != nil || !strings.HasPrefix(name, f.spot.at(index)) {
		return f, false
	}
	f.spot.index, f.temp = index, f.spot.at(index)
	return f, true
}

// at is the path of the full file with that index.
func (s spot) at(index uint64) string {
	return spot{s.level, index}.path(layout.TileWidth)
}

// list finds all files under dir, in order of their paths. A link or a device
// is unknown, whatever its name.
func list(dir string) (known []file, unknown []string, err error) {
	err = filepath.WalkDir(dir, func(full string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && full != dir:
			return nil // removed meanwhile: a file that a full one has replaced
		case err != nil:
			return err
		case d.IsDir():
			return nil
		}
		name, err := filepath.Rel(dir, full)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if f, ok := classify(name); ok && d.Type().IsRegular() {
			known = append(known, f)
		} else {
			unknown = append(unknown, name)
		}
		return nil
	})
	if err != nil {
		return nil, nil, broken("log.list", err, "the log's directory cannot be read")
	}
	return known, unknown, nil
}

// sweep removes what an interrupted writing has left behind in a log whose
// checkpoint covers size entries. The lock must be held.
func sweep(dir string, size uint64) error {
	files, _, err := list(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		replaced := f.width > 0 && f.width < layout.TileWidth && f.spot.first(layout.TileWidth) <= size+1
		if f.temp == "" && !replaced {
			continue
		}
		gone := filepath.Join(dir, filepath.FromSlash(f.path))
		if replaced {
			gone = filepath.Dir(gone)
		}
		if err := os.RemoveAll(gone); err != nil {
			return broken("log.sweep", err, "a file left over in the log cannot be removed")
		}
	}
	return nil
}

// collect removes the partial files that full ones replaced when the checkpoint
// went from one size to another.
func collect(dir string, from, to uint64) error {
	for level := leafLevel; ; level++ {
		width := spot{level: level}.span() * layout.TileWidth
		if to/width == 0 {
			return nil
		}
		for i := from / width; i < to/width; i++ {
			partial := filepath.Join(dir, filepath.FromSlash(spot{level, i}.path(layout.TileWidth))+".p")
			if err := os.RemoveAll(partial); err != nil {
				return broken("log.collect", err, "a partial file in the log cannot be removed")
			}
		}
	}
}
