package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/person"
	"ennakko/service"
	"ennakko/store"
)

// Erase takes a person out: the facts, the offers and the messages. What is left
// of them are counts, and of the entries of the record that are about nobody
// else their leaves. It is refused while a round that is not closed has a part
// for the person. Source: GDPR article 17; its third paragraph names the reasons
// to refuse.
//
// It may be cut off at any moment and be called again.
func (a *App) Erase(ctx context.Context, c person.Code, officer string, progress func(what string, done, total int)) (store.Erased, error) {
	return a.erasePerson(ctx, func() (person.ID, error) { return a.DB.PersonByCode(ctx, c) }, officer, progress)
}

// ErasePatient is Erase of a person whom health records brought, by the patient's
// id in their source.
func (a *App) ErasePatient(ctx context.Context, patient, officer string, progress func(what string, done, total int)) (store.Erased, error) {
	return a.erasePerson(ctx, func() (person.ID, error) { return a.DB.PersonByPatient(ctx, patient) }, officer, progress)
}

// EraseByNumber is Erase of a person by their own number, as when they ask for it
// themselves, logged in.
func (a *App) EraseByNumber(ctx context.Context, id person.ID, by string) (store.Erased, error) {
	return a.erasePerson(ctx, func() (person.ID, error) { return id, nil }, by, func(string, int, int) {})
}

func (a *App) erasePerson(ctx context.Context, who func() (person.ID, error), officer string, progress func(what string, done, total int)) (store.Erased, error) {
	const op = "app.Erase"
	unlock, err := a.lockPerson()
	if err != nil {
		return store.Erased{}, err
	}
	defer unlock()
	id, err := who()
	if err != nil {
		return store.Erased{}, err
	}
	upTo, err := a.logged(ctx)
	if err != nil {
		return store.Erased{}, err
	}
	act, err := audit.Begin(officer, "erase a person", "erasure", "GDPR 17(1)", a.Now())
	if err != nil {
		return store.Erased{}, err
	}
	agreements, err := a.DB.KeptAgreements(ctx)
	if err != nil {
		return store.Erased{}, err
	}
	files, err := a.DB.AllFiles(ctx)
	if err != nil {
		return store.Erased{}, err
	}
	changes, err := a.shelf().Without(ctx, files, id, func(done, total int) { progress("files of facts", done, total) })
	if err != nil {
		return store.Erased{}, err
	}
	var out store.Erased
	err = a.DB.Write(ctx, act, func(tx store.Tx) error {
		rounds, err := tx.Engaged(id)
		if err != nil {
			return err
		}
		if len(rounds) > 0 {
			return fault.New(fault.Refused, op, "the person has a part in %s", named(rounds)).Do("let the round end, or stop it: GDPR 17(3)(b) lets the city keep what it needs for its task until then")
		}
		if n, law, err := omadata.KeptByLaw(tx, agreements, id, a.Now()); err != nil || n > 0 {
			return errors.Join(err, fault.New(fault.Refused, op, "%d decisions about the person are kept by law", n).Do("GDPR 17(3)(b); %s", law))
		}
		if out, err = tx.ErasePerson(id); err != nil {
			return err
		}
		if out.Entries, err = tx.EraseEntries(id, time.Time{}, upTo); err != nil {
			return err
		}
		for _, c := range changes {
			if err := tx.ReplaceFile(c.Old, c.Now); err != nil {
				return err
			}
		}
		out.Files = len(changes)
		tx.Detail("%d cases, %d messages, %d permissions, %d entries of the record, %d files of facts", out.Cases, out.Messages, out.Permissions, out.Entries, out.Files)
		return nil
	})
	if err != nil {
		for _, c := range changes {
			err = errors.Join(err, a.shelf().Remove(context.WithoutCancel(ctx), c.Now))
		}
		return store.Erased{}, err
	}
	return out, a.afterErasing(ctx)
}

// lockPerson sees to it that nobody else erases, and that no register comes in: it would
// bring facts of the person back.
func (a *App) lockPerson() (unlock func(), err error) {
	erasing, err := a.lock("erasing.lock", "another process is erasing")
	if err != nil {
		return nil, err
	}
	importing, err := a.lock("importing.lock", "registers are coming in")
	if err != nil {
		erasing()
		return nil, err
	}
	return func() { importing(); erasing() }, nil
}

func named(rounds []store.RoundID) string {
	words := make([]string, len(rounds))
	for i, r := range rounds {
		words[i] = fmt.Sprintf("round %d", r)
	}
	return strings.Join(words, ", ")
}

// logged puts all entries into the log: only what stands there may lose its
// content.
func (a *App) logged(ctx context.Context) (uint64, error) {
	if mine, err := a.keeps(ctx); err != nil || !mine {
		return 0, errors.Join(err, fault.New(fault.Conflict, "app.Erase", "the log of the record is on another machine").Do("erase there"))
	}
	if err := a.Sequence(ctx); err != nil {
		return 0, err
	}
	return a.Log.Size(ctx)
}

// afterErasing takes away what the records no longer name.
func (a *App) afterErasing(ctx context.Context) error {
	if err := a.Tidy(ctx); err != nil {
		return err
	}
	if err := a.Sequence(ctx); err != nil {
		return err
	}
	return a.DB.Scrub(ctx)
}

// Tidy takes files of facts away, from this machine and the storage, that the
// records no longer name.
func (a *App) Tidy(ctx context.Context) error {
	snapshots, err := a.DB.Snapshots(ctx)
	if err != nil {
		return err
	}
	folders := make([]string, len(snapshots))
	for i, s := range snapshots {
		folders[i] = s.Register + "/" + s.Day.Format(time.DateOnly)
	}
	files, err := a.DB.AllFiles(ctx)
	if err != nil {
		return err
	}
	strays, err := a.shelf().Strays(folders, files)
	for _, f := range strays {
		err = errors.Join(err, a.shelf().Remove(ctx, f))
	}
	return err
}

// Due is what EraseDue took away.
type Due struct {
	store.Erased
	Rounds    []store.RoundID `json:"rounds"`    // from which people were taken
	Snapshots int             `json:"snapshots"` // of registers, that no round needs any more
}

// EraseDue takes away what a service may no longer keep: people from closed
// rounds when the day of its pack has come, the content of entries that are
// older than the record is kept, and registers that no round needs.
func (a *App) EraseDue(ctx context.Context, p *service.Pack, officer string, progress func(what string, done, total int)) (Due, error) {
	var out Due
	keep := p.Keep()
	unlock, err := a.lock("erasing.lock", "another process is erasing")
	if err != nil {
		return out, err
	}
	defer unlock()
	upTo, err := a.logged(ctx)
	if err != nil {
		return out, err
	}
	rounds, err := a.DB.Rounds(ctx)
	if err != nil {
		return out, err
	}
	for i, r := range rounds {
		progress("rounds", i, len(rounds))
		if r.Service != p.Name() || r.State != store.Closed || !keep.RoundDue(a.Now()) {
			continue
		}
		if err := a.eraseRound(ctx, p, r.ID, officer, &out); err != nil {
			return out, err
		}
	}
	if err := a.eraseRecord(ctx, p, officer, keep.RecordBefore(a.Now()), upTo, &out); err != nil {
		return out, err
	}
	if err := a.dropSnapshots(ctx, officer, &out, progress); err != nil {
		return out, err
	}
	return out, a.afterErasing(ctx)
}

func (a *App) eraseRound(ctx context.Context, p *service.Pack, id store.RoundID, officer string, out *Due) error {
	act, err := audit.Begin(officer, "erase the people of a round", p.Purpose().ID(), "GDPR 5(1)(e)", a.Now())
	if err != nil {
		return err
	}
	var e store.Erased
	err = a.DB.Write(ctx, act, func(tx store.Tx) error {
		var err error
		if e, err = tx.EraseRound(id); err != nil {
			return err
		}
		if e.People == 0 {
			return store.ErrNothing
		}
		tx.About(fmt.Sprintf("round %d", id))
		tx.Detail("%d people, %d cases, %d messages", e.People, e.Cases, e.Messages)
		return nil
	})
	if err == nil && e.People > 0 {
		out.Add(e)
		out.Rounds = append(out.Rounds, id)
	}
	return err
}

func (a *App) eraseRecord(ctx context.Context, p *service.Pack, officer string, before time.Time, upTo uint64, out *Due) error {
	if before.IsZero() {
		return nil
	}
	act, err := audit.Begin(officer, "erase old entries", p.Purpose().ID(), "GDPR 5(1)(e)", a.Now())
	if err != nil {
		return err
	}
	n := 0
	err = a.DB.Write(ctx, act, func(tx store.Tx) error {
		var err error
		if n, err = tx.EraseEntries(0, before, upTo); err != nil {
			return err
		}
		if n == 0 {
			return store.ErrNothing
		}
		tx.Detail("%d entries", n)
		return nil
	})
	out.Entries += n
	return err
}

// dropSnapshots takes away registers that are neither the newest nor needed to
// work out a round anew in which there are still people.
func (a *App) dropSnapshots(ctx context.Context, officer string, out *Due, progress func(string, int, int)) error {
	drop, err := a.unneeded(ctx)
	if err != nil {
		return err
	}
	for i, s := range drop {
		progress("registers", i, len(drop))
		act, err := audit.Begin(officer, "erase old registers", "keeping the registers", "GDPR 5(1)(e)", a.Now())
		if err != nil {
			return err
		}
		files, err := a.DB.FilesOf(ctx, s.ID)
		if err != nil {
			return err
		}
		if err := a.DB.Write(ctx, act, func(tx store.Tx) error {
			tx.About(fmt.Sprintf("snapshot %s/%s", s.Register, s.Day.Format(time.DateOnly)))
			tx.Detail("%d files of facts", len(files))
			return tx.DropSnapshot(s.ID)
		}); err != nil {
			return err
		}
		for _, f := range files {
			if err := a.shelf().Remove(ctx, f); err != nil {
				return err
			}
		}
		out.Snapshots, out.Files = out.Snapshots+1, out.Files+len(files)
	}
	return nil
}

// unneeded are the snapshots that may go. Those of units stay: nobody is in them.
func (a *App) unneeded(ctx context.Context) ([]store.Snapshot, error) {
	all, err := a.DB.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	days := []time.Time{a.Now()}
	rounds, err := a.DB.Rounds(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range rounds {
		people, err := a.DB.HasPeople(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		if people {
			days = append(days, r.AsOf)
		}
	}
	preparing, err := a.DB.Preparations(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range preparing {
		if p.State == store.Preparing {
			days = append(days, p.AsOf)
		}
	}
	need := map[int64]bool{}
	for _, day := range days {
		newest := map[string]int64{}
		for _, s := range all { // by day
			if !s.Day.After(day) {
				newest[s.Register] = s.ID
			}
		}
		for _, id := range newest {
			need[id] = true
		}
	}
	var out []store.Snapshot
	for _, s := range all {
		if !need[s.ID] && !s.Dropped && s.Register != "units" && !s.Day.After(a.Now()) {
			out = append(out, s)
		}
	}
	return out, nil
}
