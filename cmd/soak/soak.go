package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"ennakko/audit/log"
	"ennakko/testcity/smsc"
)

// phones are the families, with how long each waited for its confirmation.
type phones struct {
	mu     sync.Mutex
	rate   int
	next   time.Time            // when the next family may answer
	asked  map[string]time.Time // by number: when the family wrote
	heard  []time.Duration      // how long it took until the answer was acknowledged
	waited []time.Duration      // and until the confirmation was handed over
	parts  []time.Time          // when each part was taken
}

// answer lets most families accept, some decline, some say nothing, no more of
// them in a second than the rate.
func (p *phones) answer(to, text string) (string, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !strings.Contains(text, "\nA = ") {
		if at, ok := p.asked[to]; ok {
			p.waited = append(p.waited, time.Since(at))
			delete(p.asked, to)
		}
		return "", 0
	}
	n := smsc.Chance(to)
	if n >= 93 {
		return "", 0
	}
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Second / time.Duration(p.rate))
	after := p.next.Sub(now)
	p.asked[to] = now.Add(after)
	if n >= 83 {
		return "B", after
	}
	return "A", after
}

// acknowledged looks at each answer that was taken.
func (p *phones) acknowledged(from string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.asked[from]; ok {
		p.heard = append(p.heard, time.Since(at))
	}
}

// taken looks at each part.
func (p *phones) taken() {
	p.mu.Lock()
	p.parts = append(p.parts, time.Now())
	p.mu.Unlock()
}

// busiest is how many parts came in a second, over the busiest seconds.
func (p *phones) busiest(over time.Duration) float64 {
	most, from := 0, 0
	for i, at := range p.parts {
		for at.Sub(p.parts[from]) > over {
			from++
		}
		most = max(most, i-from+1)
	}
	return float64(most) / over.Seconds()
}

func soak(ctx context.Context, o options) (r result, err error) {
	say := func(format string, args ...any) {
		if !o.quiet {
			fmt.Fprintf(os.Stderr, format+"\n", args...)
		}
	}
	c, err := newCity(ctx, o, say)
	defer func() { err = errors.Join(err, c.close()) }()
	if err != nil {
		return r, err
	}
	p := &phones{rate: o.answers, asked: map[string]time.Time{}}
	if o.hold > 0 {
		p.next = c.realAt(o.hold)
	}
	families := &smsc.Families{Answer: p.answer, Acknowledged: p.acknowledged}
	centre, err := smsc.Start("127.0.0.1:0", func(n int, _ smsc.Part) smsc.Order {
		p.taken()
		// Some reports come before the answer (a Kannel loses those), some twice.
		order := smsc.Order{Delay: o.delay, Reports: []string{"DELIVRD"}, ReportFirst: o.gateway == "smpp" && n%7 == 0}
		if n%11 == 0 {
			order.Reports = []string{"DELIVRD", "DELIVRD"}
		}
		return order
	}, families)
	if err != nil {
		return r, err
	}
	defer centre.Close()
	if err := c.connect(ctx, centre.Addr()); err != nil {
		return r, err
	}
	r, err = c.run(ctx, centre, say)
	if err != nil {
		return r, err
	}
	r.Workers, r.Gateway = o.workers, o.gateway
	return r, c.counted(ctx, &r, families, p)
}

// percentile is a percentile of some times by the nearest rank, in milliseconds.
func percentile(all []time.Duration, percent int) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return float64(all[max(0, (len(all)*percent+99)/100-1)].Microseconds()) / 1000
}

// realAt is the real moment of a made-up one.
func (c *city) realAt(after time.Duration) time.Time {
	return c.clock.At.Add(time.Duration(float64(after) / c.clock.Speed))
}

// quietly waits until nothing is queued for now, under way or in doubt without a
// person.
func (c *city) quietly(ctx context.Context, r *result, say func(string, ...any)) error {
	told := time.Now()
	for {
		var open, waiting int
		err := c.owner.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM outbox WHERE state IN ('submitting', 'handed over') OR state = 'uncertain' AND doubt IS NOT NULL
				OR state = 'queued' AND not_before <= $1), (SELECT count(*) FROM incoming WHERE handled IS NULL)`, c.clock.Now().UnixMicro()).Scan(&open, &waiting)
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		r.Backlog = max(r.Backlog, open+waiting)
		if err == nil && open+waiting == 0 && time.Now().After(c.realAt(15*time.Hour)) {
			return nil
		}
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			say("%s: %d messages under way, %d answers not read yet, %v", c.clock.Now().Format("2 January 15:04"), open, waiting, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// counted counts what must be nought.
func (c *city) counted(ctx context.Context, r *result, families *smsc.Families, p *phones) error {
	f, err := c.app.DB.Funnel(ctx, c.round.ID)
	if err != nil {
		return err
	}
	messages, doubled, answered := families.Counts()
	r.Families, r.Sent, r.Doubled, r.Answers, r.Overbooked = f.Offered, messages, doubled, answered, f.Overbooked
	// An answer that was acknowledged must be there; a message that we hold to be
	// delivered must have come.
	r.Lost = max(0, answered-f.Incoming) + max(0, f.Messages["delivered"]-messages)
	r.Uncertain = f.Messages["uncertain"]
	if err := c.owner.QueryRowContext(ctx, `SELECT count(*) FROM outbox o WHERE o.state = 'uncertain' AND o.doubt IS NULL AND EXISTS
		(SELECT 1 FROM item i WHERE i.case_id = o.case_id AND i.kind = 'uncertain send')`).Scan(&r.Settled); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.HeardP99 = percentile(p.heard, 99)
	r.ConfirmP50, r.ConfirmP99, r.ConfirmMax, r.Parts, r.PartsPerS = percentile(p.waited, 50), percentile(p.waited, 99), percentile(p.waited, 100), len(p.parts), p.busiest(5*time.Second)
	if answered == 0 { // noughts of nothing are no result
		return fmt.Errorf("nobody answered: the day was too short to ask %d families; a lower --speed makes it longer", f.Offered)
	}
	if err := c.app.Sequence(ctx); err != nil {
		return err
	}
	_, err = c.app.Verify(ctx, log.VerifyOptions{})
	r.Whole = err == nil
	return err
}
