package log

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/tessera/api/layout"

	"ennakko/fault"
)

// regrown grows the tree anew from the rows' leaves and holds each file found
// in the directory against the bytes that it must have.
type regrown struct {
	dir   string
	found map[spot][]file // not compared yet
	sizes []uint64        // sizes of trees that must stand in files
	edge  *compact.Range
	rows  []row // [0] the leaves, [1] the hashes of level 0, and so on
	first *miss // the miss with the smallest entry so far
}

// row is the file that is growing at one level.
type row struct {
	spot  spot
	known []byte // what its file must begin with
}

// miss is a file that is not as it must be, and the first entry that it
// concerns.
type miss struct {
	entry uint64
	err   *fault.Error
}

func regrow(dir string, found map[spot][]file, sizes ...uint64) *regrown {
	factory := compact.RangeFactory{Hash: hasher.HashChildren}
	return &regrown{dir: dir, found: found, sizes: sizes, edge: factory.NewEmptyRange(0), rows: []row{{spot: spot{level: leafLevel}}}}
}

// add appends the next leaf, compares the files that it completes, and returns
// the first miss.
func (g *regrown) add(leaf []byte) error {
	item := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(leaf)), uint16(len(leaf)))
	g.push(leafLevel, append(item, leaf...))
	err := g.edge.Append(hasher.HashLeaf(leaf), func(id compact.NodeID, hash []byte) {
		if id.Level%layout.TileHeight == 0 {
			g.push(int(id.Level/layout.TileHeight), hash)
		}
	})
	if err != nil {
		return fault.New(fault.Internal, "log.Verify", "the tree cannot be grown").Because(err)
	}
	for i := range g.rows {
		r := &g.rows[i]
		if len(r.known) < layout.TileWidth*r.spot.itemSize() {
			continue
		}
		if err := g.compare(r); err != nil {
			return err
		}
		r.known = r.known[:0]
		r.spot.index++
	}
	return g.miss()
}

func (g *regrown) push(level int, item []byte) {
	if i := level + 1; i == len(g.rows) {
		g.rows = append(g.rows, row{spot: spot{level: level}})
	}
	r := &g.rows[level+1]
	r.known = append(r.known, item...)
}

// end compares the files at the right edge, once all leaves are in. A file that
// is still left holds entries that the record does not have.
func (g *regrown) end() error {
	for i := range g.rows {
		if len(g.rows[i].known) == 0 {
			continue
		}
		if err := g.compare(&g.rows[i]); err != nil {
			return err
		}
	}
	for s, files := range g.found {
		g.note(s.first(0), "the log holds it in %s, but the record ends before it", files[0].path)
	}
	return g.miss()
}

// glance compares the files under way as far as the leaves go, and no further:
// for when the next row is at fault.
func (g *regrown) glance() error {
	for i := range g.rows {
		r := &g.rows[i]
		for _, f := range g.found[r.spot] {
			raw, err := os.ReadFile(filepath.Join(g.dir, filepath.FromSlash(f.path)))
			if err != nil {
				continue // the row's own fault is told
			}
			n := min(len(raw), len(r.known))
			g.same(f, raw[:n], r.known[:n])
		}
	}
	return g.miss()
}

func (g *regrown) miss() error {
	if g.first == nil {
		return nil
	}
	return g.first.err
}

// note keeps the miss with the smallest entry.
func (g *regrown) note(entry uint64, format string, args ...any) {
	if g.first == nil || entry < g.first.entry {
		g.first = &miss{entry, tampered("log.Verify", format, args...).Where("entry %d", entry)}
	}
}

// compare holds all files of one spot against what they must be, and asks for
// those that must be there.
func (g *regrown) compare(r *row) error {
	for _, f := range g.found[r.spot] {
		if err := g.compareFile(f, r); err != nil {
			return err
		}
	}
	for _, size := range g.sizes {
		if err := g.require(r, size); err != nil {
			return err
		}
	}
	delete(g.found, r.spot)
	return nil
}

// compareFile notes the first entry in which a file is not as it must be.
func (g *regrown) compareFile(f file, r *row) error {
	item := r.spot.itemSize()
	raw, err := os.ReadFile(filepath.Join(g.dir, filepath.FromSlash(f.path)))
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.temp != "":
		return nil // it got its name, or was swept
	case errors.Is(err, fs.ErrNotExist):
		return g.standIn(r, f.width)
	case err != nil:
		return broken("log.Verify", err, "%s cannot be read", f.path)
	}
	want := f.width * item
	if f.temp != "" {
		want = len(raw)
	}
	n := min(len(raw), len(r.known), want)
	switch {
	case !g.same(f, raw[:n], r.known[:n]):
	case len(raw) != want:
		g.note(r.spot.first(max(min(n, want-1), 0)/item), "%s is %d bytes long instead of %d", f.path, len(raw), want)
	case want > len(r.known):
		g.note(r.spot.first(len(r.known)/item), "the log holds it in %s, but the record ends before it", f.path)
	}
	return nil
}

// same compares two pieces of equal length and notes the first difference.
func (g *regrown) same(f file, got, want []byte) bool {
	if bytes.Equal(got, want) {
		return true
	}
	i := 0
	for got[i] == want[i] {
		i++
	}
	i /= f.spot.itemSize()
	entry := f.spot.first(i)
	switch last := entry + f.spot.span() - 1; {
	case f.spot.level == leafLevel:
		g.note(entry, "the record and the log (%s) do not have the same leaf", f.path)
	case last == entry:
		g.note(entry, "the hash of its leaf in %s is not the right one", f.path)
	default:
		g.note(entry, "the hash over entries %d to %d in %s is not the right one", entry, last, f.path)
	}
	return false
}

// require asks for the file in which a tree of that size keeps the spot.
func (g *regrown) require(r *row, size uint64) error {
	begin := r.spot.index * layout.TileWidth
	items := size / r.spot.span()
	if items <= begin {
		return nil
	}
	width := int(min(items-begin, layout.TileWidth))
	for _, f := range g.found[r.spot] {
		if f.temp == "" && f.width == width {
			return nil
		}
	}
	return g.standIn(r, width)
}

// standIn looks for the full file that may have replaced a partial one, and
// compares as much of it as the partial one held.
func (g *regrown) standIn(r *row, width int) error {
	full := file{path: r.spot.path(layout.TileWidth), spot: r.spot, width: layout.TileWidth}
	raw, err := os.ReadFile(filepath.Join(g.dir, filepath.FromSlash(full.path)))
	switch want := min(width*r.spot.itemSize(), len(r.known)); {
	case errors.Is(err, fs.ErrNotExist):
		g.note(r.spot.first(0), "%s is gone", r.spot.path(width))
	case err != nil:
		return broken("log.Verify", err, "%s cannot be read", full.path)
	case len(raw) < want:
		g.note(r.spot.first(len(raw)/r.spot.itemSize()), "%s is too short", full.path)
	default:
		g.same(full, raw[:want], r.known[:want])
	}
	return nil
}
