package app

import (
	"context"
	"sync"

	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/permission/receipt"
	"ennakko/person"
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
	Contacts map[string]receipt.Contact // by business id: how to reach who uses the data; nil: by the post of the pack, and on the pages
	Address  string                     // of the city's pages, for receipts; "" and no contacts: no receipts
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
	if o.Contacts == nil && o.Address != "" {
		o.Contacts = contactsOf(pack, o.Address)
	}
	if o.Contacts != nil {
		c.Receipts = omadata.Receipts{Key: a.receiptKey, Contacts: o.Contacts, Address: o.Address}
	}
	if c.Messages, err = a.feeMessages(FeeOffer); err != nil {
		return nil, nil, err
	}
	if c.Ending, err = a.feeMessages(FeeEnding); err != nil {
		return nil, nil, err
	}
	r := &newest{app: a}
	c.Registers = r.open
	s, err = omadata.New(c)
	return s, r.close, err
}

// contactsOf is how to reach who uses the data by what the pack says: the postal address
// to which documents go, and the city's pages. A process without settings of sources
// makes its receipts with it, as those in which other systems note a permission.
func contactsOf(p *fee.Pack, pages string) map[string]receipt.Contact {
	out := map[string]receipt.Contact{}
	for _, a := range p.Agreements() {
		out[a.Spec().User.ID] = receipt.Contact{Address: p.Documents().ByPost[person.Finnish], URL: pages}
	}
	return out
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
