package app

import (
	"context"

	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/fault"
	"ennakko/person"
)

// shownParts are what a person is shown of an entry that covers them: not which
// officer or other resident it was, nor what else the entry tells of, such as the
// number of a case.
var shownParts = []audit.Part{audit.PartAt, audit.PartKind, audit.PartVerb, audit.PartPurpose, audit.PartBasis, audit.PartFields}

// ProofFile is the file with which a person whom an entry covers proves it without
// the city. Actor is the person's own name as an actor, "" for none: their own acts
// are shown as such. Since is the size of an older checkpoint from which the file
// shows that the log went on; 0: none. An entry that does not cover the person is
// not there.
func (a *App) ProofFile(ctx context.Context, about person.ID, actor string, seq, since uint64) (log.File, error) {
	if a.Log == nil {
		return log.File{}, fault.New(fault.Conflict, "app.ProofFile", "the log of the record is on another machine").Do("ask there")
	}
	e, salt, err := a.DB.Entry(ctx, seq)
	if err != nil {
		return log.File{}, err
	}
	show := shownParts
	if actor != "" && e.Actor == actor || audit.ByProgram(e.Actor) {
		show = append(show[:len(show):len(show)], audit.PartName)
	}
	d, err := e.Disclose(salt, uint32(about), show...)
	if err != nil {
		return log.File{}, err
	}
	return a.Log.File(ctx, d, since)
}

// ProofFile is that of App.
func (l *Live) ProofFile(ctx context.Context, about person.ID, actor string, seq, since uint64) (log.File, error) {
	return l.App.ProofFile(ctx, about, actor, seq, since)
}
