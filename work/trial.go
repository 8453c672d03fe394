package work

import (
	"context"
	"time"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/fault"
)

// testValid is how long a test message may be on its way.
const testValid = time.Hour

// TestSend sends a text, written with made-up names, to an officer's own
// number, under a reference of its own, and says what the gateway said. It is on the record without the
// number.
func (w *Worker) TestSend(ctx context.Context, journal func(context.Context, audit.Entry) error, officer, to, text string, ref channel.Ref, now time.Time) (channel.State, error) {
	const op = "work.TestSend"
	act, err := w.act(officer, "send a test", now)
	if err != nil {
		return "", err
	}
	if err := journal(ctx, act.Entry()); err != nil {
		return "", err
	}
	m, err := channel.Test(act, channel.Envelope{Ref: ref, From: w.set.From, To: to, ValidUntil: now.Add(testValid)}, text)
	if err != nil {
		return "", err
	}
	got, err := w.channel.Submit(ctx, []channel.Message{m})
	if err != nil {
		return "", fault.New(fault.Later, op, "the gateway does not take messages now").Do("try again in a moment")
	}
	if len(got) != 1 {
		return channel.Uncertain, nil
	}
	return got[0].State, nil
}
