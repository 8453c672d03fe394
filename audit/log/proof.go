package log

import (
	"context"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/tessera/client"

	"ennakko/audit"
	"ennakko/fault"
)

// Proof shows that an entry stands in the log under a signed checkpoint. It
// names nobody. It goes to and from JSON.
//
// Source: RFC 6962, section 2.1.1 (audit paths).
type Proof struct {
	Seq        uint64   `json:"seq"`        // the entry, from 1
	Hashes     [][]byte `json:"hashes"`     // the audit path, leaf upwards
	Checkpoint string   `json:"checkpoint"` // the signed size and root
}

// Prove returns the proof that entry seq stands in the log. For an entry that
// no checkpoint covers yet the error is fault.Later.
func (l *Log) Prove(ctx context.Context, seq uint64) (Proof, error) {
	const op = "log.Prove"
	cp, err := readCheckpoint(l.dir, l.verifier)
	if err != nil {
		return Proof{}, err
	}
	if seq == 0 {
		return Proof{}, fault.New(fault.Invalid, op, "entries are numbered from 1")
	}
	if seq > cp.size {
		return Proof{}, fault.New(fault.Later, op, "the log holds %d entries so far", cp.size).Where("entry %d", seq).Do("try again in a second")
	}
	builder, err := client.NewProofBuilder(ctx, cp.size, client.FileFetcher{Root: l.dir}.ReadTile)
	if err != nil {
		return Proof{}, broken(op, err, "the proof cannot be made")
	}
	hashes, err := builder.InclusionProof(ctx, seq-1)
	if err != nil {
		return Proof{}, tampered(op, "the hashes that prove it cannot be read").Where("entry %d", seq).Because(err).Do("run verify")
	}
	return Proof{Seq: seq, Hashes: hashes, Checkpoint: string(cp.raw)}, nil
}

// Check returns nil when the proof shows that exactly this entry, with this
// salt, stands in the log of this verifier key. Otherwise the error is
// fault.Tampered.
func (p Proof) Check(entry audit.Entry, salt []byte, verifier string) error {
	const op = "log.Check"
	v, err := ParseVerifier(verifier)
	if err != nil {
		return err
	}
	cp, err := openCheckpoint([]byte(p.Checkpoint), v)
	if err != nil {
		return err
	}
	leaf, err := entry.Leaf(salt)
	if err != nil {
		return fault.Wrap(err, op, "the entry's leaf cannot be worked out")
	}
	fails := tampered(op, "the proof is not of this entry").Where("entry %d", entry.Seq)
	if p.Seq == 0 || p.Seq != entry.Seq || p.Seq > cp.size {
		return fails
	}
	if err := proof.VerifyInclusion(hasher, p.Seq-1, cp.size, hasher.HashLeaf(leaf), p.Hashes, cp.root); err != nil {
		return fails.Because(err)
	}
	return nil
}
