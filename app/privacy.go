package app

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/oversight"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// The purpose and the basis of what the data-protection officer does.
const (
	WatchPurpose = "watch over the use of data"
	watchBasis   = "GDPR 6(1)(c), 5(2) and 39(1)(b)"
	watchLaw     = "Act 906/2019, section 17"
)

// Privacy is the desk of the data-protection officer. It is safe for concurrent use.
type Privacy struct {
	Examples bool // made-up decisions stand beside the city's own: in a demonstration

	app   *App
	live  *Live
	more  []*Live // other services
	clock Clock
	fees  *fee.Pack // nil: the city uses none
	facts *newest

	mu        sync.Mutex
	book      *oversight.Book
	relatives map[oversight.Pair]bool // as far as the registers were asked
	care      *Algorithm              // the care library as it was tried last
}

// NewPrivacy makes the desk of the data-protection officer over a live service and others
// that stand beside it. With fees the fee of early education is one of its algorithms.
func (l *Live) NewPrivacy(fees bool, others ...*Live) (*Privacy, error) {
	p := &Privacy{app: l.App, live: l, more: others, clock: l.Clock, facts: &newest{app: l.App}}
	if fees {
		var err error
		if p.fees, err = fee.Load(l.App.Packs, FeeService); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Privacy) act(officer, verb string) (audit.Act, error) {
	return audit.Begin(officer, verb, WatchPurpose, watchBasis+"; "+watchLaw, p.clock.Now())
}

// linesAtOnce is how many entries are read in one go.
const linesAtOnce = 50_000

// follow brings the book up to the newest entry; the lock is held. A book that was made
// before entries were erased is made anew: what is erased is to be nowhere.
func (p *Privacy) follow(ctx context.Context) error {
	if p.book == nil {
		return p.begin(ctx)
	}
	erasures := p.book.Erasures()
	if err := p.read(ctx); err != nil || p.book.Erasures() == erasures {
		return err
	}
	return p.begin(ctx)
}

// begin makes the book anew; the lock is held.
func (p *Privacy) begin(ctx context.Context) error {
	p.book, p.relatives = oversight.New(p.app.oversight()), map[oversight.Pair]bool{}
	return p.read(ctx)
}

// read takes in what is new; the lock is held.
func (p *Privacy) read(ctx context.Context) error {
	for {
		before := p.book.Last()
		last, err := p.app.DB.Lines(ctx, before, linesAtOnce, p.book.Add)
		if err != nil || last == before {
			return err
		}
		p.book.Pass(last)
	}
}

// Uses is the use of data by purpose over time, of the whole record.
func (p *Privacy) Uses(ctx context.Context) ([]oversight.Use, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.follow(ctx); err != nil {
		return nil, err
	}
	return p.book.Uses(), nil
}

// Permits counts what became of permissions by week, and what their ends did.
func (p *Privacy) Permits(ctx context.Context) ([]store.PermitCount, []store.WithdrawalCount, error) {
	events, err := p.app.DB.PermitCounts(ctx)
	if err != nil {
		return nil, nil, err
	}
	ends, err := p.app.DB.Withdrawals(ctx)
	return events, ends, err
}

// Agreements are all agreements that were kept, in all their versions.
func (p *Privacy) Agreements(ctx context.Context) ([]store.Agreement, error) {
	return p.app.DB.KeptAgreements(ctx)
}

// mostRequests is how many requests the desk shows.
const mostRequests = 200

// Requests are what people ask of the city, the open ones by their day first. The look
// is on the record.
func (p *Privacy) Requests(ctx context.Context, officer string) ([]store.Request, error) {
	act, err := p.act(officer, "look at requests of people")
	if err != nil {
		return nil, err
	}
	return p.app.DB.Requests(ctx, act, mostRequests)
}

// longestWords bounds what an officer writes, in letters.
const longestWords = 2000

// said are an officer's words, which must not be empty.
func said(op, words string) (string, error) {
	words = strings.TrimSpace(words)
	if words == "" || utf8.RuneCountInString(words) > longestWords {
		return "", fault.New(fault.Invalid, op, "words are needed, %d letters at most", longestWords)
	}
	return words, nil
}

// Settle settles a request with the officer's words.
//
// Source: GDPR article 12(3) and (4): the person is told what was done, or why not.
func (p *Privacy) Settle(ctx context.Context, id int64, officer, words string) error {
	words, err := said("app.Settle", words)
	if err != nil {
		return err
	}
	act, err := p.act(officer, "settle a request")
	if err != nil {
		return err
	}
	return p.app.DB.Write(ctx, act, func(tx store.Tx) error {
		r, err := tx.SettleRequest(id, officer, words, p.clock.Now())
		if tx.About("request"); r.Person.Known() { // a matter of the desk's own is nobody's
			tx.About("", r.Person)
		}
		return err
	})
}

// Asker is the name of the person who made a request, and that of the child for whom
// they asked, if they did. The reading is on the record: the answer cannot be given to
// nobody.
func (p *Privacy) Asker(ctx context.Context, id int64, officer string) (asker, about string, err error) {
	const op = "app.Asker"
	all, err := p.Requests(ctx, officer)
	if err != nil {
		return "", "", err
	}
	i := slices.IndexFunc(all, func(r store.Request) bool { return r.ID == id })
	if i < 0 {
		return "", "", fault.New(fault.Missing, op, "there is no request %d", id)
	}
	who := []person.ID{all[i].Person}
	if all[i].About.Known() {
		who = append(who, all[i].About)
	}
	names, err := p.namesOf(ctx, officer, who)
	if err != nil {
		return "", "", err
	}
	if names[all[i].Person] == "" {
		return "", "", fault.New(fault.Missing, op, "the registers do not know the person any more")
	}
	return names[all[i].Person], names[all[i].About], nil
}

// namesOf reads names of people for the answer to a request.
func (p *Privacy) namesOf(ctx context.Context, officer string, who []person.ID) (map[person.ID]string, error) {
	act, err := p.act(officer, "look who made a request")
	if err != nil {
		return nil, err
	}
	g, err := watchGrant(act, who, register.Name)
	if err != nil {
		return nil, err
	}
	registers, done, err := p.facts.open(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	rows, err := registers.Read(ctx, g, nil, "request")
	if err != nil {
		return nil, err
	}
	out := map[person.ID]string{}
	for _, row := range rows {
		name, err := register.DecodeIdentity[register.FullName](row.Text(g, register.Name))
		if err != nil {
			return nil, err
		}
		out[row.ID] = strings.TrimSpace(name.Called() + " " + name.Family)
	}
	return out, nil
}

// Checkpoints are those that were published, newest first.
func (p *Privacy) Checkpoints() ([]Published, error) { return p.app.Checkpoints() }

// The kinds of request that an officer can note.
const (
	AskAccess    = "access"               // GDPR 15
	AskRectify   = "rectify"              // GDPR 16
	AskErase     = "erase"                // GDPR 17
	AskRestrict  = "restrict"             // GDPR 18
	AskObjection = store.RequestObjection // GDPR 21
)

// RequestBasis is the provision that gives a person the right to ask.
func RequestBasis(kind string) string {
	return map[string]string{AskAccess: "GDPR 15 and 12(3)", AskRectify: "GDPR 16 and 12(3)", AskErase: "GDPR 17 and 12(3)", AskRestrict: "GDPR 18 and 12(3)", AskObjection: "GDPR 21 and 12(3)"}[kind]
}

// Asked is a request that came by letter, by phone or at a desk.
type Asked struct {
	Kind  string
	Code  person.Code // of the person who asks
	Came  time.Time   // the day it came
	Words string
}

// NoteRequest keeps a request, to be answered within a month.
func (p *Privacy) NoteRequest(ctx context.Context, a Asked, officer string) error {
	const op = "app.NoteRequest"
	words, err := said(op, a.Words)
	if err != nil {
		return err
	}
	now := p.clock.Now()
	if RequestBasis(a.Kind) == "" || a.Came.IsZero() || a.Came.After(now) {
		return fault.New(fault.Invalid, op, "the kind of the request or the day it came is not right").Do("choose a kind, and a day that is not to come")
	}
	who, err := p.app.DB.PersonByCode(ctx, a.Code)
	if err != nil {
		return err
	}
	act, err := p.act(officer, "note a request")
	if err != nil {
		return err
	}
	return p.app.DB.Write(ctx, act, func(tx store.Tx) error {
		tx.About("request", who)
		_, err := tx.AddRequest(store.Request{Kind: a.Kind, Person: who, At: a.Came, Due: oversight.Due(a.Came), Basis: RequestBasis(a.Kind), Words: words})
		return err
	})
}
