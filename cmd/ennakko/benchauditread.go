package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"time"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/fault"
	"ennakko/person"
)

// oneOf picks an entry by chance that is still there; nobody asked for in it is
// nobody covered by it.
func oneOf(ctx context.Context, a *app.App, last uint64, r *rand.Rand) (audit.Entry, error) {
	for {
		e, _, err := a.DB.Entry(ctx, 1+r.Uint64N(last))
		if fault.KindOf(err) == fault.Missing && err != nil {
			continue // it was erased
		}
		return e, err
	}
}

// proofs proves entries as the page of a proof does, and checks each.
func (b *auditBench) proofs(ctx context.Context, a *app.App) (err error) {
	last, err := a.DB.Last(ctx)
	if err != nil {
		return err
	}
	b.out.Proof50, b.out.Proof99, err = b.sampled("proving entries", 2000, func(r *rand.Rand) (func() error, error) {
		e, err := oneOf(ctx, a, last, r)
		if err != nil {
			return nil, err
		}
		return func() error {
			e, salt, err := a.DB.Entry(ctx, e.Seq)
			if err != nil {
				return err
			}
			p, err := a.Log.Prove(ctx, e.Seq)
			if err != nil {
				return err
			}
			return p.Check(e, salt, a.Log.Verifier())
		}, nil
	})
	return err
}

// files makes files of proofs as a person downloads them, and checks each.
func (b *auditBench) files(ctx context.Context, a *app.App) (err error) {
	last, err := a.DB.Last(ctx)
	if err != nil {
		return err
	}
	b.out.File50, b.out.File99, err = b.sampled("making files of proofs", 500, func(r *rand.Rand) (func() error, error) {
		e, err := oneOf(ctx, a, last, r)
		for err == nil && (e.People == nil || e.People.IsEmpty()) {
			e, err = oneOf(ctx, a, last, r)
		}
		if err != nil {
			return nil, err
		}
		who, err := e.People.Select(r.Uint32N(uint32(e.People.GetCardinality()))) //nolint:gosec // people fit
		if err != nil {
			return nil, fault.Wrap(err, "cmd.bench", "nobody is covered")
		}
		return func() error {
			f, err := a.ProofFile(ctx, person.ID(who), "", e.Seq, 0)
			if err != nil {
				return err
			}
			raw, err := json.Marshal(f)
			if err != nil {
				return fault.Wrap(err, "cmd.bench", "the file cannot be written")
			}
			if f, err = log.ParseFile(raw); err != nil {
				return err
			}
			_, err = f.Check(a.Log.Verifier(), "")
			return err
		}, nil
	})
	return err
}

// uses asks for the first page of uses of people by chance.
func (b *auditBench) uses(ctx context.Context, a *app.App) (err error) {
	b.out.Uses50, b.out.Uses99, err = b.sampled("asking who used the data of a person", 500, func(r *rand.Rand) (func() error, error) {
		id := person.ID(1 + r.Uint32N(benchPeople))
		return func() error { _, err := a.DB.UsesBefore(ctx, id, 0, 21); return err }, nil
	})
	if err != nil {
		return err
	}
	b.out.UsesNone, _, err = b.sampled("asking for one whom no entry covers", 20, func(*rand.Rand) (func() error, error) {
		return func() error { _, err := a.DB.UsesBefore(ctx, benchPeople+5, 0, 21); return err }, nil
	})
	return err
}

// erase takes out the first of the people with a code of whom alone there are
// entries.
func (b *auditBench) erase(ctx context.Context, a *app.App) error {
	for i := range benchKnown {
		uses, err := a.DB.UsesBefore(ctx, person.ID(i+1), 0, 100) //nolint:gosec // people fit
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(uses, func(e audit.Entry) bool { return e.People.GetCardinality() == 1 }) {
			continue // nobody looked
		}
		c, err := codeOf(i)
		if err != nil {
			return err
		}
		if _, err := a.DB.PersonByCode(ctx, c); err != nil {
			if fault.KindOf(err) == fault.Missing {
				continue // an earlier run erased them
			}
			return err
		}
		start := time.Now()
		out, err := a.Erase(ctx, c, "officer:bench", func(what string, done, total int) { b.bars.show(what, done, total) })
		if err != nil {
			return err
		}
		b.out.EraseSeconds, b.out.ErasedEntries = time.Since(start).Seconds(), out.Entries
		return nil
	}
	return fault.New(fault.Missing, "cmd.bench", "nobody is left who can be erased").Do("begin with a new folder")
}

// verify proves the whole record.
func (b *auditBench) verify(ctx context.Context, a *app.App) error {
	start := time.Now()
	_, err := a.Verify(ctx, log.VerifyOptions{Progress: func(done, total uint64) { b.bars.show("checking entries", int(done), int(total)) }}) //nolint:gosec // counts fit
	b.out.VerifySeconds, b.out.Verified = time.Since(start).Seconds(), err == nil
	return err
}
