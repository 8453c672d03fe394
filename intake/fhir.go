package intake

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ennakko/clinical"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/fhir"
	"ennakko/register/parquet"
	"ennakko/store"
)

// runFHIR imports the FHIR files of the folder.
func runFHIR(ctx context.Context, s Store, opt Options) (*health, error) {
	h, zone, err := newHealth(ctx, s, opt, FHIR)
	if err != nil {
		return nil, err
	}
	folder, err := fhir.Open(opt.Folder, zone)
	if err != nil {
		return nil, err
	}
	h.res.Files = folder.Files()
	opt.Progress("comparing files with those that came before", 0, 1)
	if h.hash, err = folder.Hash(ctx); err != nil {
		return nil, err
	}
	fresh, err := h.plan()
	if err != nil || !fresh {
		return h, err
	}
	defer h.close()
	x, err := folder.Index(ctx, h.reading("reading patients, visits and medicines"))
	if err != nil {
		return nil, stopped(ctx, err)
	}
	numbers, err := h.number(x.Patients())
	if err != nil {
		return nil, err
	}
	tables, exports, err := h.recordTables()
	if err != nil {
		return nil, err
	}
	reason, hint := "another patient with the same identity code came before", ""
	if !h.own {
		reason, hint = "the patient is not in the population register, or came before", "give the patient the personal identity code (identifier of the system urn:oid:1.2.246.21), and import the population register first"
	}
	rep, err := x.Records(ctx, numbers, reason, hint,
		h.reading("reading health records"), func(r *clinical.Record) error { return tables[r.Kind].Append(r) })
	if err != nil {
		return nil, stopped(ctx, err)
	}
	h.tell(rep)
	if h.own {
		if err := h.stagePatients(x.Patients(), numbers); err != nil {
			return nil, err
		}
	}
	read, err := h.stageRead()
	if err != nil {
		return nil, err
	}
	return h, h.keep(append(exports, read))
}

// stopped is the fault of an import that was told to stop.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fault.New(fault.Later, "intake.Run", "the import was stopped; nothing came in").Because(err)
	}
	return err
}

func (h *health) reading(what string) fhir.Progress {
	next := int64(0)
	return func(done, total int64) {
		if done >= next || done == total {
			next = done + 8<<20
			h.opt.Progress(what+" (MB)", int(done>>20), max(int(total>>20), 1))
		}
	}
}

// number gives every patient a number of ours: the known one, or the next. With a
// population register of others a patient who is not in it has none.
func (h *health) number(patients []fhir.Patient) ([]person.ID, error) {
	numbers := make([]person.ID, len(patients))
	hashes := make([][16]byte, len(patients))
	var fresh [][16]byte
	seen := map[[16]byte]bool{}
	for i, p := range patients {
		var err error
		if p.Identity.IsZero() {
			hashes[i], err = h.store.PatientHash(h.source, p.ID)
		} else {
			hashes[i], err = h.store.CodeHash(p.Identity)
		}
		if err != nil {
			return nil, err
		}
		if _, ok := h.ids[hashes[i]]; !ok && h.own && !seen[hashes[i]] {
			fresh, seen[hashes[i]] = append(fresh, hashes[i]), true
		}
	}
	h.opt.Rand.Shuffle(len(fresh), func(i, j int) { fresh[i], fresh[j] = fresh[j], fresh[i] })
	for i := range fresh {
		h.ids[fresh[i]] = person.ID(h.known + i + 1)
		h.fresh = append(h.fresh, fresh[i][:])
	}
	taken := map[person.ID]bool{}
	for i := range patients {
		id := h.ids[hashes[i]]
		if id == 0 || taken[id] { // two patients with one identity code: the first counts
			continue
		}
		taken[id], numbers[i] = true, id
		h.read = append(h.read, id)
	}
	return numbers, nil
}

// tell takes the reader's report over.
func (h *health) tell(rep fhir.Report) {
	h.res.Records = rep.Records
	for typ, c := range rep.Types {
		h.res.Types = append(h.res.Types, TypeResult{typ, c.Kept, c.SetAside, c.Passed})
		h.res.Resources += c.Kept + c.SetAside + c.Passed
	}
	slices.SortFunc(h.res.Types, func(a, b TypeResult) int { return strings.Compare(a.Type, b.Type) })
	for _, a := range rep.Aside {
		h.aside = append(h.aside, store.SetAsideRow{File: a.File, Row: a.Row, Column: a.Type, Reason: a.Reason, Hint: a.Hint})
	}
	if more := rep.Total().SetAside - len(rep.Aside); more > 0 {
		h.aside = append(h.aside, store.SetAsideRow{Reason: fmt.Sprintf("%d more resources were set aside; where they stand is not listed", more)})
	}
}

// stagePatients lays out what the patients say of themselves as a population
// register of their own.
func (h *health) stagePatients(patients []fhir.Patient, numbers []person.ID) error {
	t, err := h.facts.Table(h.ctx, "population", parquet.Column{Name: "birth", Kind: register.Date}, parquet.Column{Name: "death", Kind: register.Date},
		parquet.Column{Name: "sex", Kind: register.Text}, parquet.Column{Name: "death_note", Kind: register.Text})
	if err != nil {
		return err
	}
	for i, p := range patients {
		if numbers[i] == 0 {
			continue
		}
		var birth, death, note any
		if p.Born.Known {
			birth = p.Born.Day
		}
		if p.Deceased {
			if death = p.Died.Day; p.Died == (fhir.Day{}) {
				death = register.Day(h.day)
			}
			if !p.Died.Known {
				note = "at the latest"
			}
		}
		if err := t.Append(uint32(numbers[i]), birth, death, orNil(p.Sex), note); err != nil {
			return err
		}
		h.people = append(h.people, store.Identity{Person: numbers[i], Code: p.ID})
	}
	return nil
}
