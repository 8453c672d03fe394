package log

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	checkpoints "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"

	"ennakko/fault"
)

// hasher is the tree's hash, SHA-256 as in RFC 6962.
var hasher = rfc6962.DefaultHasher

// checkpoint is a signed size and root of the tree.
type checkpoint struct {
	raw  []byte
	size uint64
	root []byte
}

// tree is the size and root of what has been put into the log, whether or not
// a checkpoint covers it yet.
type tree struct {
	Size uint64 `json:"size"`
	Root []byte `json:"root"`
}

// state is where a log stands.
type state struct {
	checkpoint
	tree tree
}

// isFresh reports whether no log was ever finished in dir: nothing stands there
// that could have come after its first moment.
func isFresh(dir string) (bool, error) {
	for _, name := range []string{checkpointFile, "tile"} {
		switch _, err := os.Lstat(filepath.Join(dir, name)); {
		case err == nil:
			return false, nil
		case !errors.Is(err, fs.ErrNotExist):
			return false, broken("log.Open", err, "the log cannot be read")
		}
	}
	switch t, err := readTree(dir); {
	case err == nil:
		return t.Size == 0, nil
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	default:
		return false, err
	}
}

// readState reads the checkpoint and then the tree, which is never behind it.
func readState(dir string, v note.Verifier) (state, error) {
	cp, err := readCheckpoint(dir, v)
	if err != nil {
		return state{}, err
	}
	t, err := readTree(dir)
	if err != nil {
		return state{}, err
	}
	st := state{checkpoint: cp, tree: t}
	if cp.size > t.Size || cp.size == t.Size && !bytes.Equal(cp.root, t.Root) {
		return st, tampered("log.readState", "the tree of %d entries does not go with the checkpoint of %d", t.Size, cp.size).Where("%s", treeFile)
	}
	return st, nil
}

func readCheckpoint(dir string, v note.Verifier) (checkpoint, error) {
	raw, err := readFile(dir, checkpointFile)
	if err != nil {
		return checkpoint{}, err
	}
	return openCheckpoint(raw, v)
}

// openCheckpoint reads a checkpoint in its one exact form: base64 has several
// spellings of one signature, and a changed byte must not pass.
func openCheckpoint(raw []byte, v note.Verifier) (checkpoint, error) {
	fails := tampered("log.openCheckpoint", "the checkpoint is not as the log's key signed it").Where("%s", checkpointFile)
	cp, _, n, err := checkpoints.ParseCheckpoint(raw, v.Name(), v)
	if err != nil {
		return checkpoint{}, fails.Because(err)
	}
	if len(n.Sigs) != 1 || len(cp.Hash) != hasher.Size() {
		return checkpoint{}, fails
	}
	sig, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil {
		return checkpoint{}, fails
	}
	exact := fmt.Sprintf("%s\n— %s %s\n", cp.Marshal(), v.Name(), base64.StdEncoding.EncodeToString(sig))
	if string(raw) != exact {
		return checkpoint{}, fails
	}
	return checkpoint{raw: raw, size: cp.Size, root: cp.Hash}, nil
}

func readTree(dir string) (tree, error) {
	raw, err := readFile(dir, treeFile)
	if err != nil {
		return tree{}, err
	}
	return openTree(raw)
}

// openTree reads the tree's size and root in their one exact form.
func openTree(raw []byte) (tree, error) {
	var t tree
	fails := tampered("log.openTree", "the tree's state is not as it was written").Where("%s", treeFile)
	if err := json.Unmarshal(raw, &t); err != nil {
		return tree{}, fails
	}
	exact, err := json.Marshal(t)
	if err != nil || !bytes.Equal(raw, exact) || len(t.Root) != hasher.Size() {
		return tree{}, fails
	}
	return t, nil
}

// readFile reads a file that every log has. Its error wraps fs.ErrNotExist when
// the file is gone.
func readFile(dir, name string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, tampered("log.readFile", "the file is gone").Where("%s", name).Because(fs.ErrNotExist)
	}
	if err != nil {
		return nil, broken("log.readFile", err, "%s cannot be read", name)
	}
	return raw, nil
}

// exactTile reads hash files without falling back on others.
func exactTile(dir string) client.TileFetcherFunc {
	return func(_ context.Context, level, index uint64, p uint8) ([]byte, error) {
		return readFile(dir, layout.TilePath(level, index, p))
	}
}

// sound refuses a log whose right edge is not what its state says, so that no
// new checkpoint is ever signed over a changed edge. It reads a few files; the
// rest is for Verify. It returns the last leaf's hash, nil for an empty log.
func sound(ctx context.Context, dir string, t tree) ([]byte, error) {
	const op = "log.Sequence"
	nodes, err := client.FetchRangeNodes(ctx, t.Size, exactTile(dir))
	if err != nil {
		return nil, tampered(op, "the hashes at the end of the log cannot be read").Because(err)
	}
	edge, err := (&compact.RangeFactory{Hash: hasher.HashChildren}).NewRange(0, t.Size, nodes)
	if err != nil {
		return nil, tampered(op, "the hashes at the end of the log do not make a tree").Because(err)
	}
	root, err := rootOf(edge)
	if err != nil || !bytes.Equal(root, t.Root) {
		return nil, tampered(op, "the hashes at the end of the log do not give the root of its %d entries", t.Size).
			Where("%s", treeFile).Do("run verify, which names the entry")
	}
	if t.Size == 0 {
		return nil, nil
	}
	return soundBundle(ctx, dir, t.Size)
}

// soundBundle holds the last leaf file against its hashes: the driver copies
// it when it grows.
func soundBundle(ctx context.Context, dir string, size uint64) ([]byte, error) {
	const op = "log.Sequence"
	index := (size - 1) / layout.EntryBundleWidth
	p := layout.PartialTileSize(0, index, size)
	hashes, err := exactTile(dir)(ctx, 0, index, p)
	if err != nil {
		return nil, err
	}
	raw, err := readFile(dir, layout.EntriesPath(index, p))
	if err != nil {
		return nil, err
	}
	var bundle api.EntryBundle
	if err := bundle.UnmarshalText(raw); err != nil || len(bundle.Entries)*hasher.Size() != len(hashes) {
		return nil, tampered(op, "the file of leaves is not as it was written").Where("%s", layout.EntriesPath(index, p))
	}
	var last []byte
	for i, leaf := range bundle.Entries {
		last = hasher.HashLeaf(leaf)
		if !bytes.Equal(last, hashes[i*hasher.Size():][:hasher.Size()]) {
			return nil, tampered(op, "the leaf and its hash do not agree (%s)", layout.EntriesPath(index, p)).
				Where("entry %d", index*layout.EntryBundleWidth+uint64(i)+1)
		}
	}
	return last, nil
}

// rootOf is the root of a tree, also of an empty one.
func rootOf(r *compact.Range) ([]byte, error) {
	if r.End() == 0 {
		return hasher.EmptyRoot(), nil
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		return nil, fault.New(fault.Internal, "log.rootOf", "the root cannot be worked out").Because(err)
	}
	return root, nil
}
