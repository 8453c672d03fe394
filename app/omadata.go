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
	"sync"

	"ennakko/fault"
	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/permission/receipt"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/register/parquet"
	"ennakko/register/standing"
)

// FeeService is the service whose fee is worked out of income that is fetched with
// permission.
const FeeService = "early-education-fee"

// OmaData is what the use of income is told beside the city's own settings.
type OmaData struct {
	Sources  map[string]incomes.Incomes // by the source's id in the agreement
	People   map[string]standing.Key    // by source: the key of its marks of people
	Contacts map[string]receipt.Contact // by business id: how to reach who uses the data; nil: no receipts
	Address  string                     // of the city's pages, for receipts
	omadata.Settings
}

// NewOmaData makes the use of income for the early-education fee over this city's
// records. Close gives the memory of the registers back.
func (a *App) NewOmaData(clock Clock, o OmaData) (s *omadata.Service, closing func() error, err error) {
	pack, err := fee.Load(a.Packs, FeeService)
	if err != nil {
		return nil, nil, err
	}
	c := omadata.Config{DB: a.DB, Sources: o.Sources, People: o.People, Fees: pack, Agreements: pack.Agreements(), Now: clock.Now, Erase: a.EraseByNumber, Settings: o.Settings}
	if o.Contacts != nil {
		if c.Receipts.Key, err = a.receiptKey(); err != nil {
			return nil, nil, err
		}
		c.Receipts.Contacts, c.Receipts.Address = o.Contacts, o.Address
	}
	r := &newest{app: a}
	c.Registers = r.open
	s, err = omadata.New(c)
	return s, r.close, err
}

// newest keeps the files of facts open as they are known now.
type newest struct {
	app *App

	mu     sync.RWMutex
	number int64 // of the newest register
	facts  *parquet.Source
	reader *register.Reader
}

// open gives the registers as they are known now. What is handed out stays whole
// until done is called.
func (n *newest) open(ctx context.Context) (omadata.Registers, func(), error) {
	for {
		number, err := n.app.DB.NewestRegister(ctx)
		if err != nil {
			return nil, nil, err
		}
		n.mu.RLock()
		if n.reader != nil && n.number == number {
			return n.reader, n.mu.RUnlock, nil
		}
		n.mu.RUnlock()
		if err := n.renew(ctx, number); err != nil {
			return nil, nil, err
		}
	}
}

func (n *newest) renew(ctx context.Context, number int64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.reader != nil && n.number == number {
		return nil
	}
	a := n.app
	known, err := a.known(ctx)
	if err != nil {
		return err
	}
	files, err := a.DB.Files(ctx, known)
	if err != nil {
		return err
	}
	if err := a.shelf().Bring(ctx, files); err != nil {
		return err
	}
	if n.facts != nil {
		if err := n.facts.Close(); err != nil {
			return err
		}
	}
	n.facts, n.number = parquet.NewSource(a.path("facts"), files), number
	n.reader = register.NewReader(a.DB, n.facts, a.DB.Identities(known))
	return nil
}

func (n *newest) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.facts == nil {
		return nil
	}
	err := n.facts.Close()
	n.facts, n.reader = nil, nil
	return err
}

// receiptFile is the key that signs receipts, in the folder of keys.
const receiptFile = "receipt.pem"

// receiptKey reads the key that signs receipts, and makes it the first time.
func (a *App) receiptKey() (ed25519.PrivateKey, error) {
	const op = "app.receiptKey"
	path := a.path("keys", receiptFile)
	b, err := os.ReadFile(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		return makeReceiptKey(path)
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

// makeReceiptKey writes a new key, whole or not at all: a process that makes it at
// the same time wins or loses.
func makeReceiptKey(path string) (ed25519.PrivateKey, error) {
	const op = "app.receiptKey"
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fault.Wrap(err, op, "a key of receipts cannot be made")
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fault.Wrap(err, op, "a key of receipts cannot be made")
	}
	part, err := os.CreateTemp(filepath.Dir(path), "receipt-*.part")
	if err != nil {
		return nil, fault.Wrap(err, op, "the key of receipts cannot be written")
	}
	defer func() { _ = os.Remove(part.Name()) }()
	_, err = part.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Link(part.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, fault.New(fault.Later, op, "another process has just made the key of receipts").Do("try again")
	}
	return key, fault.Wrap(err, op, "the key of receipts cannot be written")
}

// ReceiptKeys are the public keys by which receipts are checked. The city publishes
// them.
func (a *App) ReceiptKeys() (receipt.Keys, error) {
	key, err := a.receiptKey()
	if err != nil {
		return receipt.Keys{}, err
	}
	public, _ := key.Public().(ed25519.PublicKey)
	return receipt.NewKeys(public)
}
