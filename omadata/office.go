package omadata

import (
	"context"
	"errors"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/standing"
	"ennakko/store"
)

// Standing implements standing.Office: it tells a source whether a permission stands
// at this very moment. The question is on the record. The word is good for a short
// time only (Settings.Verdict), so that a withdrawal stops the source at once.
func (s *Service) Standing(ctx context.Context, q standing.Question) (standing.Verdict, error) {
	no := func(why standing.Why, gap bool) (standing.Verdict, error) {
		return standing.Verdict{Gap: gap, Why: why}, nil
	}
	key, known := s.c.People[q.Source]
	if !known {
		return no(standing.WhySource, true)
	}
	row, err := s.c.DB.Permit(ctx, q.Permission)
	if fault.KindOf(err) == fault.Missing && err != nil {
		return no(standing.WhyUnknown, false)
	}
	if err != nil {
		return standing.Verdict{}, err
	}
	a, err := s.text(ctx, row.Purpose, row.Version)
	if err != nil {
		return standing.Verdict{}, err
	}
	if q.Purpose != row.Purpose {
		return no(standing.WhyPurpose, false)
	}
	src, ok := sourceOf(a, q.Source)
	if !ok {
		return no(standing.WhyAgreement, true)
	}
	for _, f := range q.Fields {
		if !slices.Contains(fieldsFrom(src), f) {
			return no(standing.WhyFields, false)
		}
	}
	if len(q.Fields) == 0 {
		return no(standing.WhyFields, false)
	}
	return s.verdict(ctx, q, row, a, key)
}

func sourceOf(a permission.Agreement, id string) (permission.SourceSpec, bool) {
	for _, src := range a.Spec().Sources {
		if src.ID == id {
			return src, true
		}
	}
	return permission.SourceSpec{}, false
}

// verdict looks at the permission and the registers, and puts the question on the
// record in the same write.
func (s *Service) verdict(ctx context.Context, q standing.Question, row store.Permit, a permission.Agreement, key standing.Key) (out standing.Verdict, err error) {
	n, err := s.c.DB.MatterOf(ctx, Purpose, row.About)
	if err != nil { // without its matter nobody knows: the source hands nothing over
		return out, err
	}
	err = s.steady(ctx, reading{verb: "read the family before a source hands over", codes: true}, n, func(f *family) error {
		act, err := audit.Begin("source:"+q.Source, "ask whether a permission stands", row.Purpose, a.Spec().Basis+"; "+a.Spec().Law, s.now())
		if err != nil {
			return err
		}
		return s.write(ctx, act, func(tx store.Tx) error {
			out = standing.Verdict{}
			if !key.Person(f.codes[row.Subject]).Is(q.Person) {
				out.Why = standing.WhyUnknown
			} else if out, err = s.word(ctx, tx, act, q, f); err != nil {
				return err
			}
			tx.About(permissionName(row.ID), row.Subject, row.About)
			tx.Fields(q.Fields)
			tx.Detail("stands: %t %s", out.Stands, out.Why)
			return nil
		})
	})
	return out, err
}

// word is the city's word inside a write.
func (s *Service) word(ctx context.Context, tx store.Tx, act audit.Act, q standing.Question, f *family) (standing.Verdict, error) {
	row, err := tx.PermitOf(q.Permission)
	if err != nil {
		return standing.Verdict{}, err
	}
	a, err := s.text(ctx, row.Purpose, row.Version)
	if err != nil {
		return standing.Verdict{}, err
	}
	if src, ok := sourceOf(a, q.Source); !ok || slices.ContainsFunc(q.Fields, func(x permission.Field) bool { return !slices.Contains(fieldsFrom(src), x) }) {
		return standing.Verdict{Why: standing.WhyFields}, nil // the text is another than when the question came
	}
	_, err = s.grant(ctx, atBegin, tx, act, a, f, row.Subject)
	if err == nil {
		until := s.now().Add(s.c.Verdict)
		if row.Until.Before(until) {
			until = row.Until
		}
		return standing.Verdict{Stands: true, Until: until}, nil
	}
	if !permission.IsViolation(err) {
		return standing.Verdict{}, err
	}
	p, err := s.restore(ctx, tx, row)
	if err != nil {
		return standing.Verdict{}, err
	}
	_, why := p.Stands(s.now(), a, f)
	return standing.Verdict{Why: sourceWhy(why)}, nil
}

// sourceWhy puts the reason in the words of the wire.
func sourceWhy(w permission.Why) standing.Why {
	switch w {
	case permission.WhyRefused:
		return standing.WhyRefused
	case permission.WhyWithdrawn:
		return standing.WhyWithdrawn
	case permission.WhyExpired:
		return standing.WhyExpired
	case permission.WhyGuardianship, permission.WhyMoved, permission.WhyDeath, permission.WhyPurpose, permission.WhyAgreement:
		return standing.WhyEnded
	case permission.WhyField:
		return standing.WhyFields
	case permission.WhyUnasked, permission.WhyUnanswered, permission.WhyPartly, permission.WhyOtherText, permission.WhyClock, permission.WhyGap:
	}
	return standing.WhyNotGiven
}

// What a mark must not be, as it stands on the record.
const (
	markKept   = "handed over"
	markOther  = "of another person"
	markFields = "of data that the agreement does not list"
)

// Mark implements standing.Office: it keeps what a source says of a hand-over, once,
// as an entry that the person sees. A mark of another person than the one whose
// permission it names, or of data that was not agreed on, is refused for good: it is
// kept apart, and the data-protection officer is to look.
func (s *Service) Mark(ctx context.Context, m standing.Mark) error {
	const op = "omadata.Mark"
	key, known := s.c.People[m.Source]
	if !known {
		return fault.New(fault.Missing, op, "the source %q is not known", m.Source)
	}
	row, err := s.c.DB.Permit(ctx, m.Permission)
	if err != nil {
		return err
	}
	if m.Purpose != row.Purpose || m.ID == "" {
		return fault.New(fault.Invalid, op, "the mark is of another purpose, or has no number")
	}
	a, err := s.text(ctx, row.Purpose, row.Version)
	if err != nil {
		return err
	}
	code, err := s.codeOf(ctx, row.Subject)
	if err != nil {
		return err
	}
	src, _ := sourceOf(a, m.Source)
	if !key.Person(code).Is(m.Person) {
		return s.badMark(ctx, m, row, a, markOther)
	}
	for _, f := range m.Fields {
		if !slices.Contains(fieldsFrom(src), f) {
			return s.badMark(ctx, m, row, a, markFields)
		}
	}
	act, err := audit.Begin("source:"+m.Source, "hand over", a.Purpose(), a.Spec().Basis+"; "+a.Spec().Law, s.now())
	if err != nil {
		return err
	}
	return s.keepMark(ctx, act, m, markKept, func(tx store.Tx) error {
		tx.About(permissionName(m.Permission), row.Subject)
		tx.Fields(m.Fields)
		return nil
	})
}

// codeOf reads the identity code of one person, by which a source knows them.
func (s *Service) codeOf(ctx context.Context, who person.ID) (person.Code, error) {
	purpose, err := familyPurpose(s.c.Fees)
	if err != nil {
		return person.Code{}, err
	}
	act, err := audit.Begin(actor(0), "look whom a source's mark is of", purpose.ID(), purpose.LegalBasis(), s.now())
	if err != nil {
		return person.Code{}, err
	}
	g, err := permission.Check(act, purpose, []permission.Field{register.Code}, permission.Just(who), nil)
	if err != nil {
		return person.Code{}, err
	}
	registers, done, err := s.c.Registers(ctx)
	if err != nil {
		return person.Code{}, err
	}
	defer done()
	rows, err := registers.Read(ctx, g, nil, "a source's mark")
	for _, r := range rows {
		if c, err := person.ParseCode(r.Text(g, register.Code)); err == nil && r.ID == who {
			return c, nil
		}
	}
	return person.Code{}, err
}

// keepMark keeps what a source says, once, with its entry.
func (s *Service) keepMark(ctx context.Context, act audit.Act, m standing.Mark, outcome string, also func(store.Tx) error) error {
	return s.write(ctx, act, func(tx store.Tx) error {
		fresh, err := tx.AddSourceMark(store.SourceMark{ID: m.Source + "/" + m.ID, Permission: m.Permission, Source: m.Source, At: m.At, Outcome: outcome})
		if err == nil && !fresh {
			err = store.ErrNothing
		}
		if err != nil {
			return err
		}
		tx.Detail("request %s, mark %s, at the source on %s: %s", safeWord(m.Request), safeWord(m.ID), m.At.UTC().Format(time.RFC3339), outcome)
		return also(tx)
	})
}

// RequestMark is a task of the data-protection officer: a source says that it handed
// over what it must not. The law gives 72 hours to tell the authority of a breach.
const RequestMark = "look at a mark"

const (
	breachLaw   = "GDPR 33(1)"
	breachHours = 72 * time.Hour
)

// badMark puts a mark that must not be before the data-protection officer, and refuses
// it. A mark of another person is no use of the data of whose permission it names.
func (s *Service) badMark(ctx context.Context, m standing.Mark, row store.Permit, a permission.Agreement, wrong string) error {
	act, err := audit.Begin("source:"+m.Source, "tell of a hand-over that must not be", a.Purpose(), a.Spec().Basis+"; "+a.Spec().Law, s.now())
	if err != nil {
		return err
	}
	err = s.keepMark(ctx, act, m, wrong, func(tx store.Tx) error {
		if tx.About(permissionName(m.Permission)); wrong != markOther {
			tx.About("", row.Subject)
		}
		now := s.now()
		_, err := tx.AddRequest(store.Request{Kind: RequestMark, At: now, Due: now.Add(breachHours), Basis: breachLaw, Words: m.Source + ", mark " + safeWord(m.ID) + " under " + permissionName(m.Permission) + ": " + wrong})
		return err
	})
	if err == nil || errors.Is(err, store.ErrNothing) {
		err = fault.New(fault.Refused, "omadata.Mark", "the mark is %s", wrong).Do("look at the source's own journal: the data-protection officer has been told")
	}
	return err
}

// safeWord keeps only what a request's number is made of.
func safeWord(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		if len(out) < 80 && (c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_') {
			out = append(out, c)
		}
	}
	return string(out)
}
