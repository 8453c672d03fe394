package omadata_test

import (
	"context"

	"ennakko/audit"
	"ennakko/omadata"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/store"
)

type contextT = context.Context

// another is a second process on the same records.
func (c *city) another(change ...func(*omadata.Config)) *omadata.Service {
	c.Helper()
	pack, err := feePack()
	c.must(err)
	config := omadata.Config{DB: c.db, Fees: pack, Agreements: pack.Agreements(), Now: c.clock.Now, Sources: map[string]incomes.Incomes{"incomes-register": c.source},
		Registers: func(context.Context) (omadata.Registers, func(), error) {
			return register.NewReader(c.db, c.world), func() {}, nil
		}}
	for _, f := range change {
		f(&config)
	}
	s, err := omadata.New(config)
	c.must(err)
	return s
}

// takeBackWhenAsked takes Anna's permission back while her income is on its way: in
// the process that asked, which is told, or in another one.
func takeBackWhenAsked(c *city, other *omadata.Service, same bool, taken *bool) func(context.Context, incomes.Request) error {
	return func(ctx context.Context, r incomes.Request) error {
		if r.Person.Reveal() != c.world.code(c, anna).Reveal() {
			return nil
		}
		s := other
		if same {
			s = c.Service
		}
		_, err := s.Withdraw(c.ctx, anna, r.Permission)
		c.must(err)
		*taken = true
		return ctx.Err()
	}
}

func failWith(err error) func(context.Context, incomes.Request) error {
	return func(context.Context, incomes.Request) error { return err }
}

func (c *city) act(verb string) audit.Act {
	c.Helper()
	a, err := audit.Begin("officer:test", verb, "test", "law", c.clock.Now())
	c.must(err)
	return a
}

func eraseInto(to *[]person.ID) func(context.Context, person.ID, string) (store.Erased, error) {
	return func(_ context.Context, who person.ID, _ string) (store.Erased, error) {
		*to = append(*to, who)
		return store.Erased{People: 1}, nil
	}
}

// secondFamily is a child, 21, with one grown-up, 22.
func (c *city) secondFamily() {
	c.Helper()
	c.world.born(c, 21, "Ville", start.AddDate(-3, 0, -40), "d9")
	c.world.born(c, 22, "Veera", start.AddDate(-30, 0, -3), "d9")
	c.world.set(21, register.GuardianOf, guardian(22, true))
	c.world.inCare(21)
	c.pay(22, 3000_00)
	c.registersCame()
	_, err := c.Offer(c.ctx, "system:test", func(int, int) {})
	c.must(err)
}

// Fetch implements incomes.Incomes.
func (b business) Fetch(ctx context.Context, r incomes.Request) (incomes.Answer, error) {
	out, err := b.source.Fetch(ctx, r)
	b.mu.Lock()
	antti := b.pay[r.Person.Reveal()] == 3500_00
	b.mu.Unlock()
	if err == nil && antti {
		out.Income = append(out.Income, incomes.Income{Month: r.To, Kind: incomes.Entrepreneur, Cents: 500_00})
	}
	return out, err
}
