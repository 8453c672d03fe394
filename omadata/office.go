package omadata

import (
	"context"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
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

// Mark implements standing.Office: it keeps what a source says of a hand-over, once,
// as an entry that the person sees.
func (s *Service) Mark(ctx context.Context, m standing.Mark) error {
	const op = "omadata.Mark"
	if _, known := s.c.People[m.Source]; !known {
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
	act, err := audit.Begin("source:"+m.Source, "hand over", row.Purpose, a.Spec().Basis+"; "+a.Spec().Law, s.now())
	if err != nil {
		return err
	}
	return s.write(ctx, act, func(tx store.Tx) error {
		fresh, err := tx.AddSourceMark(store.SourceMark{ID: m.Source + "/" + m.ID, Permission: m.Permission, Source: m.Source, At: m.At, Outcome: "handed over"})
		if err == nil && !fresh {
			err = store.ErrNothing
		}
		tx.About(permissionName(m.Permission), row.Subject)
		tx.Fields(m.Fields)
		tx.Detail("request %s, mark %s, at the source on %s", safeWord(m.Request), safeWord(m.ID), m.At.UTC().Format(time.RFC3339))
		return err
	})
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
