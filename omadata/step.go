package omadata

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// stepBatch is how much of one kind of work is looked for at a time.
const stepBatch = 50

// Step does one piece of the work that waits: what expired or ended is ended, whose
// permission ends soon is asked anew, sources are asked, fees are proposed, and what is no longer fresh is deleted. Did
// is false when nothing waits. What fails is told and does not hold up the rest.
func (s *Service) Step(ctx context.Context) (did bool, err error) {
	var errs []error
	for _, do := range []func(context.Context) (bool, error){s.lost, s.nos, s.nosBeforeEnd, s.expire, s.endByCause, s.remind, s.ask1, s.propose1, s.stale, s.owed, s.oldDocuments} {
		did, err := do(ctx)
		if err != nil {
			errs = append(errs, err)
		}
		if did || ctx.Err() != nil {
			return did, errors.Join(errs...)
		}
	}
	return false, errors.Join(errs...)
}

// upkeep begins an act of the program on what is kept.
func (s *Service) upkeep(verb string) (audit.Act, error) {
	return audit.Begin(actor(0), verb, Purpose, "GDPR 5(1)(c) and (e)", s.now())
}

// lost ends hand-overs whose answer nobody waits for any more: the process that
// asked is gone.
func (s *Service) lost(ctx context.Context) (did bool, err error) {
	act, err := s.upkeep("end hand-overs that were lost")
	if err != nil {
		return false, err
	}
	err = s.write(ctx, act, func(tx store.Tx) error {
		now := s.now()
		n, err := tx.FailLost(now.Add(-s.lostAfter()), now)
		if err == nil && n == 0 {
			err = store.ErrNothing
		}
		did = err == nil
		tx.Detail("%d hand-overs", n)
		return err
	})
	return did && err == nil, err
}

// stale deletes what was fetched and is no longer fresh: what was decided has its
// grounds, and the rest is fetched anew.
func (s *Service) stale(ctx context.Context) (did bool, err error) {
	act, err := s.upkeep("delete what is no longer fresh")
	if err != nil {
		return false, err
	}
	err = s.write(ctx, act, func(tx store.Tx) error {
		n, err := tx.DeleteStale(s.now(), stepBatch)
		if err != nil {
			return err
		}
		old, err := tx.DeleteDecided(keptSince(s.c.Agreements, s.now()), stepBatch)
		if err == nil && n+old == 0 {
			err = store.ErrNothing
		}
		did = err == nil
		tx.Detail("%d answers of sources, %d decisions that the law wants no longer", n, old)
		return err
	})
	return did && err == nil, err
}

// expire ends one permission whose time is over.
func (s *Service) expire(ctx context.Context) (bool, error) {
	now := s.now()
	rows, err := s.c.DB.PermitsLapsed(ctx, now, stepBatch+s.rests.count())
	errs := []error{err}
	for _, row := range rows {
		name := "end " + permissionName(row.ID)
		if s.rests.has(name, now) {
			continue
		}
		did, err := s.lapse(ctx, row)
		if did || ctx.Err() != nil {
			return did, errors.Join(append(errs, err)...)
		}
		s.rests.begin(name, now)
		errs = append(errs, err)
	}
	return false, errors.Join(errs...)
}

// lapse ends a permission whose time is over.
func (s *Service) lapse(ctx context.Context, row store.Permit) (bool, error) {
	a, err := s.text(ctx, row.Purpose, row.Version)
	if err != nil {
		return false, err
	}
	return s.endWith(ctx, "end a permission whose time is over", row.ID, a, func(store.Tx, permission.Permission) (permission.Event, bool, error) {
		return permission.Step(permission.Expire, a, 0, s.now()), true, nil
	})
}

// endWith applies a step of the program to a permission: the one that is due inside
// the write, if one is.
func (s *Service) endWith(ctx context.Context, verb string, id int64, a permission.Agreement, due func(store.Tx, permission.Permission) (permission.Event, bool, error)) (did bool, err error) {
	err = s.writeAct(ctx, 0, verb, a, func(tx store.Tx) error {
		row, err := tx.PermitOf(id)
		if err != nil {
			return err
		}
		p, err := s.restore(ctx, tx, row)
		if err != nil {
			return err
		}
		e, is, err := due(tx, p)
		if err == nil && !is {
			err = store.ErrNothing
		}
		if err != nil {
			return err
		}
		row, _, gone, changed, err := s.apply(ctx, tx, change{row: row, p: p, event: e, a: a, over: "the permission has ended"})
		if err == nil && !changed {
			err = store.ErrNothing
		}
		if err != nil {
			return err
		}
		what := effectWords(gone)
		if e.Cause != "" {
			what = "cause " + string(e.Cause) + "; " + what
		}
		told(tx, row, a, what)
		did = true
		return err
	})
	if err == nil && did {
		s.stop(id)
	}
	return did && err == nil, err
}

// endSome ends those of some permissions that have lost their cause.
func (s *Service) endSome(ctx context.Context, rows []store.Permit) (did bool, err error) {
	var matters []store.Matter
	var of []store.Permit
	var errs []error
	for _, row := range rows {
		n, err := s.c.DB.MatterOf(ctx, Purpose, row.About)
		var m store.Matter
		if err == nil {
			m, err = s.c.DB.Matter(ctx, n)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		m.People = append(m.People, store.MatterPerson{Person: row.Subject, Part: store.Guardian}) // though they may have no part in it now
		matters, of = append(matters, m), append(of, row)
	}
	if len(matters) == 0 {
		return false, errors.Join(errs...)
	}
	families, err := s.families(ctx, reading{verb: "look whether permissions still have their cause"}, matters)
	if err != nil {
		return false, errors.Join(append(errs, err)...)
	}
	for i, f := range families {
		n, err := s.endOne(ctx, of[i], f)
		did = did || n
		if errs = append(errs, err); errors.Is(err, errMoved) || ctx.Err() != nil {
			break
		}
	}
	return did, errors.Join(errs...)
}

// endOne ends a permission if it has lost its cause.
func (s *Service) endOne(ctx context.Context, row store.Permit, f *family) (bool, error) {
	p, a, err := s.lifeOf(ctx, row)
	if err != nil {
		return false, err
	}
	if _, due := p.Due(s.now(), a, f); !due {
		return false, nil
	}
	return s.endWith(ctx, "end a permission by its cause", row.ID, a, func(tx store.Tx, p permission.Permission) (permission.Event, bool, error) {
		e, due := p.Due(s.now(), a, f)
		return e, due, unmoved(tx, f)
	})
}

// ask1 asks the source of one permission whose time to be asked has come. One that is
// being asked by another process is left to it, and nobody is read for it.
func (s *Service) ask1(ctx context.Context) (bool, error) {
	now := s.now()
	rows, err := s.c.DB.PermitsDue(ctx, now, stepBatch+s.rests.count())
	errs := []error{err}
	for _, row := range rows {
		name := fmt.Sprintf("%s after event %d", permissionName(row.ID), row.Events)
		if s.rests.has(name, now) {
			continue
		}
		kept, err := s.c.DB.Handovers(ctx, row.ID)
		if err == nil && slices.ContainsFunc(kept, func(h store.Handover) bool { return h.State == store.HandoverBegun }) {
			continue
		}
		did := false
		if err == nil {
			did, err = s.fetch(ctx, row)
		}
		errs = append(errs, err)
		if did || ctx.Err() != nil {
			return did, errors.Join(errs...)
		}
		s.rests.begin(name, now)
	}
	return false, errors.Join(errs...)
}

// propose1 works out one matter in which something changed.
func (s *Service) propose1(ctx context.Context) (bool, error) {
	now := s.now()
	ids, err := s.c.DB.MattersDue(ctx, Purpose, s.c.Agreements[0].Purpose(), stepBatch+s.rests.count())
	errs := []error{err}
	for _, id := range ids {
		name := matterName(id)
		if s.rests.has(name, now) {
			continue
		}
		err := s.propose(ctx, id)
		if err == nil {
			return true, errors.Join(errs...)
		}
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
		s.rests.begin(name, now)
	}
	return false, errors.Join(errs...)
}

// Opened counts what Offer did.
type Opened struct {
	Opened  int `json:"opened"`  // matters
	Updated int `json:"updated"` // matters whose people were brought up to date
}

// youngest and oldest are the ages, in years, within which the law has a fee of
// early education; and childhood the age at which somebody is of age.
const (
	oldest    = 8
	childhood = 18
)

// openBatch is how many matters are opened in one write.
const openBatch = 500

// Offer opens a matter for each child in the city's own early education, with the
// grown-ups and the children of its home, and brings those that are there up to
// date. Only families of whom it holds can choose anything.
func (s *Service) Offer(ctx context.Context, by string, progress func(done, total int)) (Opened, error) {
	var out Opened
	purpose, err := familyPurpose(s.c.Fees)
	if err != nil {
		return out, err
	}
	act, err := audit.Begin(by, "find children whose fee could be lower", purpose.ID(), purpose.LegalBasis(), s.now())
	if err != nil {
		return out, err
	}
	g, err := permission.Check(act, purpose, familyFields(), permission.Everyone(), nil)
	if err != nil {
		return out, err
	}
	registers, done, err := s.c.Registers(ctx)
	if err != nil {
		return out, err
	}
	defer done()
	now := s.now()
	rows, err := registers.Read(ctx, g, &register.Range{Field: register.BirthDate, From: now.AddDate(-childhood, 0, 0), To: now.AddDate(0, 0, 1)}, "children of the city")
	if err != nil {
		return out, err
	}
	matters, err := s.found(g, rows)
	if err != nil {
		return out, err
	}
	for from := 0; from < len(matters); from += openBatch {
		some := matters[from:min(from+openBatch, len(matters))]
		if err := s.open(ctx, by, some, &out); err != nil {
			return out, err
		}
		progress(from+len(some), len(matters))
	}
	return out, nil
}

// found are the matters to be opened.
func (s *Service) found(g permission.Grant, rows []register.Row) ([]store.Matter, error) {
	day := s.now().Truncate(24 * time.Hour)
	homes, all := map[string][]person.ID{}, map[person.ID]register.Row{}
	at := map[person.ID]string{}
	f := &family{alive: map[person.ID]bool{}, here: map[person.ID]bool{}, born: map[person.ID]time.Time{}, care: map[person.ID]care{}, names: map[person.ID]string{}, codes: map[person.ID]person.Code{}}
	for _, row := range rows {
		if err := f.one(g, row, day, at); err != nil {
			return nil, err
		}
		all[row.ID] = row
		if home := at[row.ID]; home != "" && f.alive[row.ID] && f.here[row.ID] {
			homes[home] = append(homes[home], row.ID)
		}
	}
	var out []store.Matter
	for _, row := range rows {
		id := row.ID
		if c := f.care[id]; c.unit == "" || !c.municipal || !f.alive[id] || !f.here[id] || f.born[id].Before(day.AddDate(-oldest, 0, 0)) {
			continue
		}
		m := store.Matter{Purpose: Purpose, Child: id, Opened: s.now()}
		facts, err := all[id].Open(g, register.GuardianOf)
		if err != nil {
			return nil, err
		}
		for _, x := range current(facts, day) {
			k, err := register.ParseGuardian(x)
			if err != nil {
				return nil, err
			}
			if k.LivesIn {
				m.People = append(m.People, store.MatterPerson{Person: k.Guardian, Part: store.Guardian})
			}
		}
		for _, other := range homes[at[id]] {
			if other != id {
				m.People = append(m.People, store.MatterPerson{Person: other, Part: store.InHome})
			}
		}
		if hasGuardian(m) {
			out = append(out, m)
		}
	}
	return out, nil
}

func hasGuardian(m store.Matter) bool {
	for _, p := range m.People {
		if p.Part == store.Guardian {
			return true
		}
	}
	return false
}

// open opens some matters in one write.
func (s *Service) open(ctx context.Context, by string, matters []store.Matter, out *Opened) error {
	act, err := audit.Begin(by, "open matters of the fee", Purpose, "GDPR 6(1)(c); "+Law, s.now())
	if err != nil {
		return err
	}
	return s.write(ctx, act, func(tx store.Tx) error {
		opened := 0
		for _, m := range matters {
			_, fresh, err := tx.OpenMatter(m)
			if err != nil {
				return err
			}
			if fresh {
				opened++
			}
			tx.About("", people(m)...)
		}
		tx.About("matters")
		tx.Detail("%d opened, %d brought up to date", opened, len(matters)-opened)
		out.Opened, out.Updated = out.Opened+opened, out.Updated+len(matters)-opened
		return nil
	})
}
