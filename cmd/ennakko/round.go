package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/channel"
	"ennakko/channel/phone"
	"ennakko/fault"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
)

func (p *program) roundCommand() *cobra.Command {
	c := &cobra.Command{Use: "round", Short: "Run rounds of a service", Args: args(cobra.NoArgs), RunE: help}
	c.AddCommand(p.roundRunCommand(), p.lettersCommand(), p.postCommand(), p.noteCommand(), p.failsafeCommand())
	return c
}

type roundFlags struct {
	place
	asOf     day
	answers  string
	officer  string // who approves
	preparer string
}

func (p *program) roundRunCommand() *cobra.Command {
	f := roundFlags{}
	c := &cobra.Command{Use: "run SERVICE", Short: "Run one round from the registers to confirmed answers", Args: args(cobra.ExactArgs(1)),
		Long: `Run one round of a service: find the people, hold a place for each, send the
notice and the inquiry, read the answers, confirm them, remind, and close after
the deadline. With simulated answers the embedded telephone network and made-up
families take part, and the clock jumps from moment to moment.

Stopped or killed, the same command goes on where it was.`,
		Example: `  ennakko round run pre-primary --data D --as-of 2021-01-07 --answers simulated --json`,
		RunE:    func(c *cobra.Command, a []string) error { return p.runRound(c.Context(), f, a[0]) }}
	f.flags(c)
	c.Flags().Var(&f.asOf, "as-of", "the day as of which people are found and registers known (needed)")
	c.Flags().StringVar(&f.answers, "answers", "", "simulated: made-up families answer over the embedded network (needed)")
	c.Flags().StringVar(&f.preparer, "preparer", "officer:preparer", "who prepares the round, for the record")
	c.Flags().StringVar(&f.officer, "officer", "officer:approver", "who approves the offers, for the record; somebody else than the preparer")
	c.Flags().Uint64Var(&f.seed, "seed", 7, "seed of the made-up families")
	return c
}

// roundResult is the outcome of a round; its names are a contract.
type roundResult struct {
	Service            string         `json:"service"`
	Round              int64          `json:"round"`
	Found              int            `json:"found"`
	Justified          int            `json:"justified"`
	Offered            int            `json:"offered"`
	Sent               int            `json:"sent"`
	Delivered          int            `json:"delivered"`
	Answered           int            `json:"answered"`
	Accepted           int            `json:"accepted"`
	Declined           int            `json:"declined"`
	Conflict           int            `json:"conflict"`
	Unreached          int            `json:"unreached"`
	Letters            int            `json:"letters"`
	ByHand             int            `json:"by_hand"`
	Silent             int            `json:"silent"`
	Waiting            int            `json:"waiting"`
	OfferedFreed       int            `json:"offered_freed"` // to children who waited, places that others gave back
	Failsafe           int            `json:"failsafe"`
	Messages           int            `json:"messages"`
	MessageStates      map[string]int `json:"message_states"`
	OpenItems          map[string]int `json:"open_items"`
	SentTwice          int            `json:"sent_twice"`
	Lost               int            `json:"lost"`
	PlacesOverbooked   int            `json:"places_overbooked"`
	ConfirmP50         float64        `json:"confirm_p50_seconds"`
	ConfirmP99         float64        `json:"confirm_p99_seconds"`
	ConfirmHandedP99   float64        `json:"confirm_handed_p99_seconds"`
	AssignmentDistance int            `json:"assignment_distance_m"`
	AssignmentBound    int            `json:"assignment_bound_m"`
	Stays              int            `json:"stays"`
	WallSeconds        float64        `json:"wall_seconds"`
	AuditEntries       uint64         `json:"audit_entries"`
}

func (f roundFlags) check() error {
	var l fault.List
	if f.asOf.IsZero() {
		l.Add(fault.New(fault.Invalid, "cmd.round", "--as-of is missing").Do("give a day, as --as-of 2021-01-07"))
	}
	if f.answers != "simulated" {
		l.Add(fault.New(fault.Invalid, "cmd.round", "--answers must be simulated").Do("a round with real answers runs in `ennakko serve`"))
	}
	return l.Err()
}

func (p *program) runRound(ctx context.Context, f roundFlags, name string) error {
	if err := f.check(); err != nil {
		return err
	}
	began := time.Now()
	clock := app.NewSteppedClock(f.asOf.Add(6 * time.Hour))
	ap, err := f.open(ctx, clock, true)
	if err != nil {
		return err
	}
	b := newBars(p.err)
	r, err := p.driveRound(ctx, ap, clock, f, name, b)
	b.done()
	var out roundResult
	if err == nil {
		out, err = result(ctx, ap, r)
	}
	if cerr := ap.Close(ctx); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	out.WallSeconds = math.Round(time.Since(began).Seconds()*100) / 100
	return p.show(out, func(w io.Writer) { printRound(w, out) })
}

func (p *program) driveRound(ctx context.Context, ap *app.App, clock *app.SteppedClock, f roundFlags, name string, b *bars) (store.Round, error) {
	unlock, err := ap.Lock()
	if err != nil {
		return store.Round{}, err
	}
	defer unlock()
	pack, err := ap.Pack(name)
	if err != nil {
		return store.Round{}, err
	}
	if _, last, err := ap.DB.LastRoundEntry(ctx); err != nil {
		return store.Round{}, err
	} else if !last.IsZero() {
		clock.To(last) // the made-up time goes on where it was cut off
	}
	r, err := ap.Start(ctx, pack, round.Order{AsOf: f.asOf.Time, Officer: f.preparer, Now: clock.Now()}, f.officer, b.show)
	if err != nil {
		return r, err
	}
	if r.State != store.Closed {
		if err := p.toEnd(ctx, ap, pack, r, clock, b); err != nil {
			return r, err
		}
	}
	return ap.DB.Round(ctx, r.ID)
}

func (p *program) toEnd(ctx context.Context, ap *app.App, pack *service.Pack, r store.Round, clock *app.SteppedClock, b *bars) error {
	d, err := ap.NewDriver(ctx, pack)
	if err != nil {
		return err
	}
	stop := ap.Sequencing(ctx, nil)
	whole := int(r.Schedule.CloseAt.Sub(r.Schedule.NoticeAt).Hours())
	err = d.RunToEnd(ctx, r, clock, func(now time.Time) {
		b.show("the round's own time, in hours", max(0, int(now.Sub(r.Schedule.NoticeAt).Hours())), whole)
	})
	stop() // the last entries go in when nobody else puts entries in
	if err != nil {
		return err
	}
	return ap.Sequence(ctx)
}

func result(ctx context.Context, ap *app.App, r store.Round) (roundResult, error) {
	f, err := ap.DB.Funnel(ctx, r.ID)
	if err != nil {
		return roundResult{}, err
	}
	handed, onPhone, err := ap.DB.ConfirmTimes(ctx, r.ID)
	if err != nil {
		return roundResult{}, err
	}
	ledger, err := ap.Network.Count(ctx)
	if err != nil {
		return roundResult{}, err
	}
	last, err := ap.DB.Last(ctx)
	out := roundResult{Service: r.Service, Round: int64(r.ID), Found: r.Summary["found"], Justified: r.Summary["justified"], Offered: f.Offered,
		Sent: f.Sent, Delivered: f.Delivered, Answered: f.Answered, Accepted: f.Stages["accepted"], Declined: f.Stages["declined"],
		Conflict: f.Stages["conflict"], Silent: f.Stages["silent"], Unreached: f.Unreached, Letters: f.Letters, ByHand: f.ByHand,
		Waiting: r.Summary["waiting"], OfferedFreed: f.Offered - r.Summary["placed"], Failsafe: f.Failsafe, Messages: ledger.Messages, MessageStates: f.Messages, OpenItems: f.Items,
		SentTwice: ledger.Doubled, Lost: lost(f, ledger), PlacesOverbooked: f.Overbooked,
		ConfirmP50: quantile(onPhone, 0.5), ConfirmP99: quantile(onPhone, 0.99), ConfirmHandedP99: quantile(handed, 0.99),
		AssignmentDistance: r.Summary["assignment_distance_m"], AssignmentBound: r.Summary["assignment_bound_m"], Stays: r.Summary["stays"], AuditEntries: last}
	return out, err
}

// lost counts messages that ended in no final state or are not the ones that
// the network saw, and answers that the network brought and nobody kept.
func lost(f store.Funnel, l phone.Ledger) int {
	ended, all := 0, 0
	for state, n := range f.Messages {
		all += n
		switch channel.State(state) {
		case channel.Delivered, channel.Failed, channel.Expired, channel.Dropped:
			ended += n
		}
	}
	apart := func(a, b int) int { return max(a-b, b-a) }
	return all - ended + apart(all, l.Messages) + apart(l.Answers, f.Incoming)
}

// quantile is the nearest-rank quantile, 0 of nothing.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Clone(v)
	slices.Sort(s)
	i := int(math.Ceil(q*float64(len(s)))) - 1
	return math.Round(s[max(i, 0)]*1000) / 1000
}

func printRound(w io.Writer, r roundResult) {
	_, _ = fmt.Fprintf(w, "Round %d of %s\n", r.Round, r.Service)
	for _, x := range []struct {
		what string
		n    int
	}{{"found in the registers", r.Found}, {"justified", r.Justified}, {"offered a place", r.Offered}, {"sent the inquiry", r.Sent},
		{"delivered", r.Delivered}, {"answered", r.Answered}, {"accepted", r.Accepted}, {"declined", r.Declined}, {"in conflict", r.Conflict},
		{"silent", r.Silent}, {"by letter", r.Letters}, {"served in person", r.ByHand}, {"not reached", r.Unreached}, {"on the failsafe list", r.Failsafe}} {
		_, _ = fmt.Fprintf(w, "  %-24s %6d\n", x.what, x.n)
	}
	_, _ = fmt.Fprintf(w, "Confirmation on the phone: half within %.0f s, 99 %% within %.0f s\n", r.ConfirmP50, r.ConfirmP99)
	_, _ = fmt.Fprintf(w, "Sent twice: %d. Lost: %d. Places given twice: %d. Entries in the record: %d. It took %.1f s.\n", r.SentTwice, r.Lost, r.PlacesOverbooked, r.AuditEntries, r.WallSeconds)
}
