package channel_test

import (
	"context"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/channel"
)

// operator takes messages or not, by their reference.
type operator struct {
	states map[channel.Ref]channel.State // without one: handed over
	away   bool
	got    []channel.Ref
	knows  channel.Known
}

func (o *operator) Connected() bool { return !o.away }

func (o *operator) Submit(_ context.Context, batch []channel.Message) (out []channel.Receipt, _ error) {
	for _, m := range batch {
		ref := m.Envelope().Ref
		o.got = append(o.got, ref)
		s, ok := o.states[ref]
		if !ok {
			s = channel.Handed
		}
		if s != channel.Uncertain {
			out = append(out, channel.Receipt{Ref: ref, State: s})
		}
	}
	return out, nil
}

func (o *operator) Query(context.Context, channel.Ref) (channel.Known, error) { return o.knows, nil }

func TestAMessageThatOneOperatorCannotTakeGoesToTheNext(t *testing.T) {
	act, err := audit.Begin("officer:a", "test", "p", "law", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var batch []channel.Message
	for _, ref := range []channel.Ref{"taken", "later", "refused", "doubt"} {
		m, err := channel.Test(act, channel.Envelope{Ref: ref, To: "+358401234567", From: "+358450000000", ValidUntil: time.Now()}, "x")
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, m)
	}
	first := &operator{states: map[channel.Ref]channel.State{"later": channel.Queued, "refused": channel.Failed, "doubt": channel.Uncertain}}
	second := &operator{}
	got, err := channel.Several{first, second}.Submit(t.Context(), batch)
	if err != nil || len(got) != 3 || len(second.got) != 1 || second.got[0] != "later" {
		t.Errorf("%v, %v; the second was given %v", got, err, second.got)
	}
	// One that is not connected is passed over; without any, the first is asked.
	first.away, first.got, second.got = true, nil, nil
	if _, err := (channel.Several{first, second}).Submit(t.Context(), batch); err != nil || len(first.got) != 0 || len(second.got) != 4 {
		t.Errorf("%v; %v, %v", err, first.got, second.got)
	}
	second.away, second.got = true, nil
	if _, err := (channel.Several{first, second}).Submit(t.Context(), batch); err != nil || len(first.got) != 4 || len(second.got) != 1 {
		t.Errorf("%v; %v, %v", err, first.got, second.got)
	}
}

func TestNobodySawItOnlyIfAllSaySo(t *testing.T) {
	for _, x := range []struct {
		a, b, want channel.Known
	}{{channel.NeverSeen, channel.NeverSeen, channel.NeverSeen}, {channel.NeverSeen, channel.CannotTell, channel.CannotTell}, {channel.CannotTell, channel.Seen, channel.Seen}} {
		if k, err := (channel.Several{&operator{knows: x.a}, &operator{knows: x.b}}).Query(t.Context(), "r"); err != nil || k != x.want {
			t.Errorf("%v and %v say %v", x.a, x.b, k)
		}
	}
}
