package app

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/criteria"
	"ennakko/library"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/population"
	"ennakko/register"
)

// CarePurpose is the id of the purpose for which health criteria are run.
const CarePurpose = "care"

// carePurpose is what health records may be used for here: to find who needs
// care.
func carePurpose() (permission.Purpose, error) {
	fields := []permission.Field{register.Code, register.Name}
	for _, f := range register.Fields() {
		if f.Kind != register.Hidden {
			fields = append(fields, f.Field)
		}
	}
	return permission.NewPurpose(permission.Spec{ID: CarePurpose,
		Name: map[person.Language]string{person.Finnish: "Hoidon tarpeen löytäminen", person.Swedish: "Att hitta behov av vård", person.English: "Finding who needs care"},
		Why: map[person.Language]string{
			person.Finnish: "Terveystiedoista etsitään hyväksytyillä ehdoilla ne, joilta puuttuu hoito, tutkimus tai rokotus.",
			person.Swedish: "Med godkända villkor söks i hälsouppgifterna dem som saknar vård, en undersökning eller en vaccination.",
			person.English: "Approved criteria are run over health records to find who lacks a treatment, an examination or a vaccination."},
		Basis: "GDPR 6(1)(c) and 9(2)(h)", Law: "Health Care Act 1326/2010, sections 13 and 14", Controller: "the city or wellbeing services county",
		Fields: fields, Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), Retention: "findings: until the next run", Objection: false})
}

// Whole is what the registers say of everyone, in columns.
type Whole struct {
	Columns *population.Columns
	Grant   permission.Grant
	reader  *register.Reader
	close   func()
}

// Close gives the memory of the readers back; the columns stay.
func (w *Whole) Close() { w.close() }

// Population loads the columns of fields and concepts of everyone, as the newest
// registers and the events since have them. The reading is on the record as one entry, with all whom
// it covers.
func (a *App) Population(ctx context.Context, l *criteria.Language, names []string, officer, object string, progress func(done, total int)) (*Whole, error) {
	purpose, err := carePurpose()
	if err != nil {
		return nil, err
	}
	return a.population(ctx, purpose, l, names, officer, object, progress)
}

// PopulationFor is Population for what a library may be run for. Who objects to that is
// left out.
func (a *App) PopulationFor(ctx context.Context, l *library.Library, names []string, officer, object string, progress func(done, total int)) (*Whole, error) {
	purpose, err := purposeOf(l)
	if err != nil {
		return nil, err
	}
	return a.population(ctx, purpose, l.Language(), names, officer, object, progress)
}

// purposeOf is what a library may be run for. One whose criteria have points tells who may
// need much.
func purposeOf(l *library.Library) (permission.Purpose, error) {
	if slices.ContainsFunc(l.Criteria(), func(c *library.Criterion) bool { return c.Points > 0 }) {
		return needPurpose()
	}
	return carePurpose()
}

// population is Population for a purpose. Who objects to it is left out.
func (a *App) population(ctx context.Context, purpose permission.Purpose, l *criteria.Language, names []string, officer, object string, progress func(done, total int)) (*Whole, error) {
	known, err := a.known(ctx)
	if err != nil {
		return nil, err
	}
	files, err := a.DB.Files(ctx, known)
	if err != nil {
		return nil, err
	}
	if err := a.shelf().Bring(ctx, files); err != nil {
		return nil, err
	}
	g, err := a.careGrant(ctx, purpose, officer, "run criteria over everyone", permission.Everyone(), population.Fields(l, names))
	if err != nil {
		return nil, err
	}
	source, done := a.facts(files)
	w := &Whole{Grant: g, reader: register.NewReader(a.DB, source, a.DB.Identities(known)), close: done}
	reading, err := w.reader.Bulk(ctx, g, object)
	if err == nil {
		w.Columns, err = population.Load(ctx, reading, l, names, progress)
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (a *App) careGrant(ctx context.Context, purpose permission.Purpose, officer, verb string, who permission.People, fields []permission.Field) (permission.Grant, error) {
	act, err := audit.Begin(officer, verb, purpose.ID(), purpose.LegalBasis(), a.Now())
	if err != nil {
		return permission.Grant{}, err
	}
	objecting, err := a.DB.Objecting(ctx, purpose.ID())
	if err != nil {
		return permission.Grant{}, err
	}
	return permission.Check(act, purpose, fields, who, objecting)
}

// Codes reads the identity codes of people: what they are called in the source
// that they came from. The reading is on the record.
func (a *App) Codes(ctx context.Context, w *Whole, people *roaring.Bitmap, officer string) (map[person.ID]string, error) {
	g, err := a.careGrant(ctx, w.Grant.Purpose(), officer, "say who was found", permission.Only(people), []permission.Field{register.Code})
	if err != nil {
		return nil, err
	}
	rows, err := w.reader.Read(ctx, g, nil, "findings")
	if err != nil {
		return nil, err
	}
	out := make(map[person.ID]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Text(g, register.Code)
	}
	return out, nil
}

// CareFields lists the fields and concepts that criteria read.
func CareFields(cares []*criteria.Care) []string {
	seen := map[string]bool{}
	var out []string
	for _, c := range cares {
		for _, f := range c.Fields() {
			if !seen[f] {
				seen[f], out = true, append(out, f)
			}
		}
	}
	return out
}

// FactFiles lists the files of the newest facts by field, for measurements on
// made-up people. It reads nothing.
func (a *App) FactFiles(ctx context.Context) (map[string][]string, error) {
	known, err := a.known(ctx)
	if err != nil {
		return nil, err
	}
	files, err := a.DB.Files(ctx, known)
	out := map[string][]string{}
	for _, f := range files {
		out[string(f.Field)] = append(out[string(f.Field)], a.path("facts", f.Path))
	}
	return out, err
}
