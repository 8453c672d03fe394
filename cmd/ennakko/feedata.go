package main

import (
	"context"
	"errors"
	"io"
	"strconv"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/person"
)

// feeOfRecords shows the newest fee of a child as it was proposed, with its working.
// The look is on the record.
func (p *program) feeOfRecords(ctx context.Context, f feeFlags) (err error) {
	n, err := strconv.ParseUint(f.child, 10, 31)
	if err != nil || n == 0 {
		return fault.New(fault.Invalid, "cmd.fee", "--child is not the number of a child").Do("ennakko permission offer --data D shows some")
	}
	a, err := (&place{data: f.data}).open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	s, closing, err := a.NewOmaData(app.RealClock{}, app.OmaData{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	x, err := s.Explain(ctx, "officer:fee", person.ID(n))
	if err != nil {
		return err
	}
	out := ofFee(int(n), x.Working.Fee, person.Language(f.language)) //nolint:gosec // it fits
	if err := a.Sequence(ctx); err != nil {
		return err
	}
	return p.show([]childFee{out}, func(w io.Writer) { showFee(w, out, f.explain) })
}
