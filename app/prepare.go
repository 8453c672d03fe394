package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register/parquet"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work/jobs"
)

// findArgs is what the finding of one part is told.
type findArgs struct {
	Preparation int64 `json:"preparation"`
	Part        int   `json:"part"`
	Bits        uint  `json:"bits"` // a part is so many people, as a power of two
}

// assignArgs is what the assignment is told.
type assignArgs struct {
	Preparation int64 `json:"preparation"`
}

// AskPrepare begins to prepare a round in parts: partitions of people that any
// processes take that work jobs, on any machine. The jobs are put into the queue
// together with the row that they are for. It returns the number of the
// preparation.
func (a *App) AskPrepare(ctx context.Context, p *service.Pack, asOf time.Time, officer string) (int64, error) {
	if err := p.Approved(); err != nil {
		return 0, err
	}
	bits := uint(parquet.PartitionBits)
	if a.PartBits > 0 && a.PartBits < bits {
		bits = a.PartBits
	}
	parts, err := a.parts(ctx, p, asOf, bits)
	if err != nil {
		return 0, err
	}
	act, err := audit.Begin(officer, "ask for a round", p.Purpose().ID(), p.Purpose().LegalBasis(), a.Now())
	if err != nil {
		return 0, err
	}
	var id int64
	err = a.DB.Write(ctx, act, func(tx store.Tx) error {
		if id, err = tx.AddPreparation(store.Preparation{Service: p.Name(), PackHash: p.Hash(), AsOf: asOf, Officer: officer}, parts); err != nil {
			return err
		}
		for _, n := range parts {
			if _, err := tx.AddJob(store.NewJob{Kind: JobFind, Args: findArgs{id, n, bits}}); err != nil {
				return err
			}
		}
		tx.About(preparationObject(id))
		tx.Detail("%s as of %s, %d parts", p.Name(), asOf.Format(time.DateOnly), len(parts))
		return nil
	})
	return id, err
}

func preparationObject(id int64) string { return fmt.Sprintf("preparation %d", id) }

// parts are the partitions of people in which somebody may be of the age group.
func (a *App) parts(ctx context.Context, p *service.Pack, asOf time.Time, bits uint) ([]int, error) {
	field, _, _, err := p.Cohort().Range(asOf)
	if err != nil {
		return nil, err
	}
	files, err := a.DB.Files(ctx, asOf)
	if err != nil {
		return nil, err
	}
	last, err := a.DB.LastPerson(ctx)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, f := range files {
		if string(f.Field) != field {
			continue
		}
		each := 1 << (parquet.PartitionBits - bits)
		for n := f.Partition * each; n < (f.Partition+1)*each && n <= int(last>>bits); n++ {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	if len(out) == 0 {
		return nil, fault.New(fault.Missing, "app.AskPrepare", "no register was imported for that day").Do("import one, or name a later day")
	}
	return out, nil
}

// preparing gives a preparation with its service; nil: it has ended.
func (a *App) preparing(ctx context.Context, id int64) (*service.Pack, store.Preparation, error) {
	pr, err := a.DB.Preparation(ctx, id)
	if err != nil || pr.State != store.Preparing {
		return nil, pr, err
	}
	p, err := a.Pack(pr.Service)
	if err == nil && p.Hash() != pr.PackHash {
		err = fault.New(fault.Conflict, "app.Prepare", "the pack of this process is not the one with which the preparation was begun").Do("give all processes the same pack")
	}
	return p, pr, err
}

// doFind finds the people of one part and keeps what was found. Whoever keeps the
// last part puts the assignment into the queue, together with it.
func (a *App) doFind(worker string) jobs.Do {
	return func(ctx context.Context, t jobs.Task) error {
		args, err := jobs.Read[findArgs](t)
		if err != nil {
			return err
		}
		p, pr, err := a.preparing(ctx, args.Preparation)
		if err != nil || pr.State != store.Preparing {
			return err
		}
		found, err := a.findPart(ctx, p, pr, args, t)
		if err != nil {
			return err
		}
		kept, err := json.Marshal(found)
		if err != nil {
			return fault.Wrap(err, "app.Find", "what was found cannot be written")
		}
		act, err := audit.Begin(pr.Officer, "keep what was found", p.Purpose().ID(), p.Purpose().LegalBasis(), a.Now())
		if err != nil {
			return err
		}
		return a.DB.Write(ctx, act, func(tx store.Tx) error {
			left, err := tx.KeepPart(pr.ID, args.Part, worker, kept)
			if err != nil {
				return err
			}
			tx.About(preparationObject(pr.ID))
			tx.Detail("part %d: %d in the age group; %d parts left", args.Part, len(found.Findings), left)
			if left == 0 {
				_, err = tx.AddJob(store.NewJob{Kind: JobAssign, Args: assignArgs{pr.ID}})
			}
			return err
		})
	}
}

func (a *App) findPart(ctx context.Context, p *service.Pack, pr store.Preparation, args findArgs, t jobs.Task) (round.Found, error) {
	files, err := a.DB.Files(ctx, pr.AsOf)
	if err != nil {
		return round.Found{}, err
	}
	var some []parquet.File
	for _, f := range files {
		if f.Partition == args.Part>>(parquet.PartitionBits-args.Bits) {
			some = append(some, f)
		}
	}
	rooms, done, err := a.rooms(ctx, p, pr.AsOf, some, t.Progress)
	if err != nil {
		return round.Found{}, err
	}
	defer done()
	people := roaring.New()
	people.AddRange(uint64(args.Part)<<args.Bits, uint64(args.Part+1)<<args.Bits)
	return round.Find(ctx, rooms, round.Order{AsOf: pr.AsOf, Officer: pr.Officer, Now: a.Now()}, permission.Only(people), fmt.Sprintf("part %d", args.Part))
}

// doAssign makes the round of what was found in all parts.
func (a *App) doAssign(ctx context.Context, t jobs.Task) error {
	args, err := jobs.Read[assignArgs](t)
	if err != nil {
		return err
	}
	p, pr, err := a.preparing(ctx, args.Preparation)
	if err != nil || pr.State != store.Preparing {
		return err
	}
	kept, err := a.DB.FoundParts(ctx, pr.ID)
	if err != nil {
		return err
	}
	if len(kept) != pr.Parts {
		return fault.New(fault.Conflict, "app.Assign", "%d of %d parts are there", len(kept), pr.Parts)
	}
	parts := make([]round.Found, len(kept))
	for i, b := range kept {
		if err := json.Unmarshal(b, &parts[i]); err != nil {
			return fault.New(fault.Tampered, "app.Assign", "what was found in a part is not readable")
		}
	}
	rooms, done, err := a.Rooms(ctx, p, pr.AsOf, t.Progress)
	if err != nil {
		return err
	}
	defer done()
	_, err = round.Assemble(ctx, rooms, round.Order{AsOf: pr.AsOf, Officer: pr.Officer, Now: a.Now()}, parts, func(tx store.Tx, id store.RoundID) error {
		return tx.EndPreparation(pr.ID, id)
	})
	return err
}

// ending ends a preparation whose job cannot be done.
func (a *App) ending(do jobs.Do) jobs.Do {
	return func(ctx context.Context, t jobs.Task) error {
		err := do(ctx, t)
		if !jobs.Last(t, err) {
			return err
		}
		args, rerr := jobs.Read[assignArgs](t)
		act, aerr := audit.Begin("system:work", "give a preparation up", "keeping the records", "GDPR 5(1)(e)", a.Now())
		if rerr != nil || aerr != nil {
			return errors.Join(err, rerr, aerr)
		}
		return errors.Join(err, a.DB.Write(ctx, act, func(tx store.Tx) error {
			tx.About(preparationObject(args.Preparation))
			return tx.EndPreparation(args.Preparation, 0)
		}))
	}
}
