package app

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"ennakko/fault"
	"ennakko/permission/receipt"
)

// receiptFile is the key that signs receipts, in the folder of keys.
const receiptFile = "receipt.pem"

// receiptKey reads the key that signs receipts, and makes it the first time. Of
// processes that make it at once all get the same. A key that has signed already and is
// gone is Missing: with another the receipts that people have would be good no more.
func (a *App) receiptKey(ctx context.Context) (ed25519.PrivateKey, error) {
	const op = "app.receiptKey"
	path := a.path("keys", receiptFile)
	b, err := os.ReadFile(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		signed, serr := a.DB.AnyReceipt(ctx)
		if serr != nil {
			return nil, serr
		}
		if signed {
			return nil, fault.New(fault.Missing, op, "the key of receipts is gone, and it has signed receipts already").Do("bring %s back into the folder of keys from the backup", receiptFile)
		}
		if err := makeReceiptKey(path); err != nil {
			return nil, err
		}
		b, err = os.ReadFile(filepath.Clean(path)) // ours, or that of who was first
	}
	if err != nil {
		return nil, fault.Wrap(err, op, "the key of receipts cannot be read")
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fault.New(fault.Tampered, op, "the key of receipts is not readable")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	ours, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fault.New(fault.Tampered, op, "the key of receipts is not readable")
	}
	return ours, nil
}

// makeReceiptKey writes a new key, whole or not at all. When another process has
// written one meanwhile, that one stays.
func makeReceiptKey(path string) error {
	const op = "app.receiptKey"
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fault.Wrap(err, op, "a key of receipts cannot be made")
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fault.Wrap(err, op, "a key of receipts cannot be made")
	}
	part, err := os.CreateTemp(filepath.Dir(path), "receipt-*.part")
	if err != nil {
		return fault.Wrap(err, op, "the key of receipts cannot be written")
	}
	defer func() { _ = os.Remove(part.Name()) }()
	_, err = part.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Link(part.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return fault.Wrap(err, op, "the key of receipts cannot be written")
}

// ReceiptKeys are the public keys by which receipts are checked. The city publishes
// them.
func (a *App) ReceiptKeys(ctx context.Context) (receipt.Keys, error) {
	key, err := a.receiptKey(ctx)
	if err != nil {
		return receipt.Keys{}, err
	}
	public, _ := key.Public().(ed25519.PublicKey)
	return receipt.NewKeys(public)
}
