package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/permission/receipt"
	"ennakko/person"
	"ennakko/store"
)

// permissionFlags are what the commands of permissions share.
type permissionFlags struct {
	place
	person   uint32
	matter   int64
	number   int64
	day      day
	language string
	incomes  uint64 // another seed gives other incomes
}

func (p *program) permissionCommand() *cobra.Command {
	c := &cobra.Command{Use: "permission", Short: "Income with permission: ask, give, take back, list, receipts", Args: args(cobra.NoArgs), RunE: help,
		Long: `A family's path to its early-education fee, without pages. A person is named by their
own number (--person), or by the identity code on the standard input; a code never
stands on the command line. Income comes from a made-up register, which runs beside
the command with its adapter: do not use it over real people.

  ennakko permission offer    --data D                               # open the matters of all children in care
  ennakko permission ask      --data D --matter 1 --person 7         # what would be fetched, and the other ways
  ennakko permission give     --data D --matter 1 --person 7         # fetched, shown, and the fee proposed
  ennakko permission answer   --data D --matter 1 --person 7 --accept
  ennakko permission step     --data D --day 2027-01-11 --incomes 5  # later, incomes have changed: proposed anew
  ennakko permission list     --data D --person 7
  ennakko permission renew    --data D --permission 1 --person 7 --day 2027-10-20   # before it ends; --decline lets it end
  ennakko permission receipt  --data D --permission 1 --event 2 --person 7 > receipt.jws
  ennakko permission verify   --data D receipt.jws
  ennakko permission withdraw --data D --permission 1 --person 7     # what was deleted, and what the law keeps`}
	c.AddCommand(p.permissionStep(), p.permissionOffer(), p.permissionAsk(), p.permissionGive(), p.permissionAnswer(), p.permissionWithdraw(), p.permissionRenew(), p.permissionList(), p.permissionReceipt(), p.permissionVerify())
	return c
}

func (f *permissionFlags) flagsOf(c *cobra.Command, who bool) {
	f.flags(c)
	c.Flags().Var(&f.day, "day", "the day to go by, for trials (today, if it is left out)")
	c.Flags().StringVar(&f.language, "language", "en", "fi, sv or en")
	c.Flags().Uint64Var(&f.incomes, "incomes", 0, "another number gives everybody another made-up income")
	if who {
		c.Flags().Uint32Var(&f.person, "person", 0, "the person's own number (if it is left out, the identity code is read from the standard input)")
	}
}

// withIncome opens the city with the made-up register beside it.
func (p *program) withIncome(ctx context.Context, f *permissionFlags, do func(ap *app.App, in *income, who person.ID) error) (err error) {
	if _, err := person.ParseLanguage(f.language); err != nil {
		return err
	}
	clock := &lateClock{}
	ap, err := f.open(ctx, clock, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ap.Close(context.WithoutCancel(ctx))) }()
	from := f.day.Time
	if from.IsZero() {
		from = time.Now()
	} else {
		from = from.Add(9 * time.Hour)
	}
	if _, last, err := ap.DB.LastEntry(ctx); err != nil {
		return err
	} else if last.After(from) {
		from = last.Add(time.Millisecond)
	}
	clock.set(movedClock{from, time.Now()})
	in, err := openIncome(ctx, ap, clock, f.incomes, "https://palvelu.example", omadata.Settings{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	who := person.ID(f.person)
	if err := do(ap, in, who); err != nil {
		return err
	}
	return ap.Sequence(context.WithoutCancel(ctx))
}

// lateClock is a clock that is set after the records were opened: it must not go
// back behind their newest entry.
type lateClock struct{ app.Clock }

func (c *lateClock) set(to app.Clock) { c.Clock = to }

// Now implements app.Clock.
func (c *lateClock) Now() time.Time {
	if c.Clock == nil {
		return time.Now().UTC()
	}
	return c.Clock.Now()
}

// whoIs is the person named: by number, or by the identity code on the standard
// input.
func (p *program) whoIs(ctx context.Context, ap *app.App, f *permissionFlags) (person.ID, error) {
	if f.person != 0 {
		return person.ID(f.person), nil
	}
	code, err := p.readCode()
	if err != nil {
		return 0, err
	}
	return ap.DB.PersonByCode(ctx, code)
}

// offered is what permission offer did; its names are a contract.
type offered struct {
	omadata.Opened
	Some []offeredMatter `json:"some"` // the first few matters
}

type offeredMatter struct {
	Matter store.MatterID `json:"matter"`
	Child  person.ID      `json:"child"`
	Adults []person.ID    `json:"adults"`
}

func (p *program) permissionOffer() *cobra.Command {
	f, show := &permissionFlags{}, 3
	c := &cobra.Command{Use: "offer", Short: "Open a matter for each child in the city's early education", Args: args(cobra.NoArgs),
		Long:    "Find the children in the city's own early education, in the registers and on the\nrecord, and open a matter for each: its grown-ups can choose from then on. Again, it\nbrings the families up to date.",
		Example: `  ennakko permission offer --data data/demo-fee`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withIncome(c.Context(), f, func(ap *app.App, in *income, _ person.ID) error {
				b := newBars(p.err)
				out := offered{Some: []offeredMatter{}}
				var err error
				out.Opened, err = in.Offer(c.Context(), "officer:permission", func(done, total int) { b.show("opening matters", done, total) })
				b.done()
				if err == nil {
					out.Some, err = someMatters(c.Context(), ap, show)
				}
				if err != nil {
					return err
				}
				return p.show(out, func(w io.Writer) {
					_, _ = fmt.Fprintf(w, "%d matters opened, %d brought up to date\n", out.Opened.Opened, out.Updated)
					for _, m := range out.Some {
						_, _ = fmt.Fprintf(w, "matter %d: child %d, grown-ups %v\n", m.Matter, m.Child, m.Adults)
					}
				})
			})
		}}
	f.flagsOf(c, false)
	c.Flags().IntVar(&show, "show", show, "how many of the first matters are shown, by number")
	return c
}

func someMatters(ctx context.Context, ap *app.App, most int) ([]offeredMatter, error) {
	out := []offeredMatter{}
	ids, err := ap.DB.MattersAfter(ctx, omadata.Purpose, 0, most)
	for _, id := range ids {
		m, err := ap.DB.Matter(ctx, id)
		if err != nil {
			return nil, err
		}
		x := offeredMatter{Matter: id, Child: m.Child, Adults: []person.ID{}}
		for _, p := range m.People {
			if p.Part == store.Guardian {
				x.Adults = append(x.Adults, p.Person)
			}
		}
		out = append(out, x)
	}
	return out, err
}

func (p *program) permissionAsk() *cobra.Command {
	f := &permissionFlags{}
	c := &cobra.Command{Use: "ask", Short: "Show somebody what would be fetched, and the ways that they have", Args: args(cobra.NoArgs),
		Long:    "Show one grown-up of a matter what would be fetched about them, from where, why and\nfor how long, and the other ways that they have. The question is on the record.",
		Example: `  ennakko permission ask --data data/demo-fee --matter 1 --person 7`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.inMatter(c.Context(), f, func(in *income, who person.ID) error {
				_, err := in.Ask(c.Context(), who, store.MatterID(f.matter))
				return err
			})
		}}
	f.flagsOf(c, true)
	c.Flags().Int64Var(&f.matter, "matter", 0, "the number of the matter (needed)")
	return c
}

func (p *program) permissionGive() *cobra.Command {
	f, way := &permissionFlags{}, permission.WayPermit
	c := &cobra.Command{Use: "give", Short: "Give the permission, or take another way; then what waits is done", Args: args(cobra.NoArgs),
		Long: "Choose for one grown-up: permit the fetch, or another way. Then what waits is done:\nthe income is fetched, if all grown-ups of the family permit it, and the fee proposed.",
		Example: `  ennakko permission give --data data/demo-fee --matter 1 --person 7
  ennakko permission give --data data/demo-fee --matter 1 --person 7 --way documents`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.inMatter(c.Context(), f, func(in *income, who person.ID) error {
				if err := in.Choose(c.Context(), who, store.MatterID(f.matter), way); err != nil {
					return err
				}
				return in.work(c.Context())
			})
		}}
	f.flagsOf(c, true)
	c.Flags().Int64Var(&f.matter, "matter", 0, "the number of the matter (needed)")
	c.Flags().StringVar(&way, "way", way, "permit, documents, highest-fee or not-now")
	return c
}

func (p *program) permissionStep() *cobra.Command {
	f := &permissionFlags{}
	c := &cobra.Command{Use: "step", Short: "Do what waits: what ended is ended, incomes are fetched, fees are proposed", Args: args(cobra.NoArgs),
		Long:    "Do once what a server does all the time. Run it on a later day, or with other made-up\nincomes, to see permissions expire and fees proposed anew.",
		Example: `  ennakko permission step --data data/demo-fee --day 2027-01-11 --incomes 5`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withIncome(c.Context(), f, func(_ *app.App, in *income, _ person.ID) error {
				n := 0
				for {
					did, err := in.Step(c.Context())
					if err != nil {
						return err
					}
					if !did {
						break
					}
					n++
				}
				return p.show(map[string]int{"done": n}, func(w io.Writer) { _, _ = fmt.Fprintf(w, "%d pieces of work done\n", n) })
			})
		}}
	f.flagsOf(c, false)
	return c
}

func (p *program) permissionAnswer() *cobra.Command {
	f, accept, words := &permissionFlags{}, false, ""
	c := &cobra.Command{Use: "answer", Short: "Accept the fee that is proposed, or ask a person to look at it", Args: args(cobra.NoArgs),
		Long:    "Answer the newest proposal of a matter: accept the fee, or ask a person to look at it,\nwith words for the caseworker.",
		Example: `  ennakko permission answer --data data/demo-fee --matter 1 --person 7 --accept`,
		RunE: func(c *cobra.Command, _ []string) error {
			if accept == (words != "") {
				return fault.New(fault.Invalid, "cmd.permission", "say either --accept or --ask WORDS")
			}
			return p.inMatter(c.Context(), f, func(in *income, who person.ID) error {
				return in.Answer(c.Context(), who, store.MatterID(f.matter), accept, words)
			})
		}}
	f.flagsOf(c, true)
	c.Flags().Int64Var(&f.matter, "matter", 0, "the number of the matter (needed)")
	c.Flags().BoolVar(&accept, "accept", false, "accept the fee")
	c.Flags().StringVar(&words, "ask", "", "ask a person to look, with these words")
	return c
}

// inMatter does something in a matter and shows how it stands then.
func (p *program) inMatter(ctx context.Context, f *permissionFlags, do func(in *income, who person.ID) error) error {
	if f.matter <= 0 {
		return fault.New(fault.Invalid, "cmd.permission", "--matter is missing").Do("ennakko permission offer --data D shows some")
	}
	return p.withIncome(ctx, f, func(ap *app.App, in *income, _ person.ID) error {
		who, err := p.whoIs(ctx, ap, f)
		if err != nil {
			return err
		}
		if err := do(in, who); err != nil {
			return err
		}
		m, err := in.Matter(ctx, who, store.MatterID(f.matter))
		if err != nil {
			return err
		}
		out := matterLine(m, person.Language(f.language))
		return p.show(out, out.print)
	})
}

func (p *program) permissionWithdraw() *cobra.Command {
	f := &permissionFlags{}
	c := &cobra.Command{Use: "withdraw", Short: "Take a permission back: what is deleted, and what the law keeps", Args: args(cobra.NoArgs),
		Long:    "Take a permission back. From this moment nothing is handed over under it; what was\nfetched is deleted, unless a decision rests on it that the law keeps.",
		Example: `  ennakko permission withdraw --data data/demo-fee --permission 1 --person 7`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withIncome(c.Context(), f, func(ap *app.App, in *income, _ person.ID) error {
				who, err := p.whoIs(c.Context(), ap, f)
				if err != nil {
					return err
				}
				e, err := in.Withdraw(c.Context(), who, f.number)
				if err != nil {
					return err
				}
				if err := in.work(c.Context()); err != nil {
					return err
				}
				out := effectLine(e, person.Language(f.language))
				return p.show(out, out.print)
			})
		}}
	f.flagsOf(c, true)
	c.Flags().Int64Var(&f.number, "permission", 0, "the number of the permission (needed)")
	return c
}

func (p *program) permissionList() *cobra.Command {
	f := &permissionFlags{}
	c := &cobra.Command{Use: "list", Short: "List somebody's permissions: given, possible and ended", Args: args(cobra.NoArgs),
		Long:    "List a person's permissions with their state and events. The look is on the record.",
		Example: `  ennakko permission list --data data/demo-fee --person 7`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withIncome(c.Context(), f, func(ap *app.App, in *income, _ person.ID) error {
				who, err := p.whoIs(c.Context(), ap, f)
				if err != nil {
					return err
				}
				return p.showPermissions(c.Context(), in, who, f.language, 0)
			})
		}}
	f.flagsOf(c, true)
	return c
}

// showPermissions lists somebody's permissions: one by its number, or all (0).
func (p *program) showPermissions(ctx context.Context, in *income, who person.ID, language string, one int64) error {
	views, err := in.Permissions(ctx, who)
	if err != nil {
		return err
	}
	out := []permissionView{}
	for _, v := range views {
		if one == 0 || v.ID == one {
			out = append(out, viewLine(v, person.Language(language)))
		}
	}
	return p.show(out, func(w io.Writer) {
		for _, v := range out {
			v.print(w)
		}
	})
}

func (p *program) permissionReceipt() *cobra.Command {
	f, event := &permissionFlags{}, 0
	c := &cobra.Command{Use: "receipt", Short: "Write the signed receipt of one event of a permission", Args: args(cobra.NoArgs),
		Long:    "Write the signed receipt of one event of a permission to the standard output: what was\nsaid, by whom and when, in the terms of ISO/IEC TS 27560.",
		Example: `  ennakko permission receipt --data data/demo-fee --permission 1 --event 2 --person 7 > receipt.jws`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withIncome(c.Context(), f, func(ap *app.App, in *income, _ person.ID) error {
				who, err := p.whoIs(c.Context(), ap, f)
				if err != nil {
					return err
				}
				b, err := in.Receipt(c.Context(), who, f.number, event)
				if err != nil {
					return err
				}
				return p.show(map[string]string{"receipt": string(b)}, func(w io.Writer) { _, _ = fmt.Fprintln(w, string(b)) })
			})
		}}
	f.flagsOf(c, true)
	c.Flags().Int64Var(&f.number, "permission", 0, "the number of the permission (needed)")
	c.Flags().IntVar(&event, "event", 0, "which event, from 1, as permission list tells (needed)")
	return c
}

// checkedReceipt is what a receipt says; its names are a contract.
type checkedReceipt struct {
	Good    bool   `json:"good"`
	Status  string `json:"status"`
	At      string `json:"at"`
	Version int    `json:"agreement_version"`
	Hash    string `json:"agreement_hash"`
	Receipt string `json:"receipt_id"`
	Record  string `json:"record_id"`
	Key     string `json:"key_id"`
}

func (p *program) permissionVerify() *cobra.Command {
	f, keys := &permissionFlags{}, ""
	c := &cobra.Command{Use: "verify FILE", Short: "Check a receipt with the city's keys", Args: args(cobra.ExactArgs(1)),
		Long:    "Check the signature of a receipt with the keys that the city publishes (--keys, a JWK\nset), or with those of a folder of data. A receipt that was changed ends with 7.",
		Example: `  ennakko permission verify --data data/demo-fee receipt.jws`,
		RunE: func(c *cobra.Command, name []string) error {
			b, err := os.ReadFile(filepath.Clean(name[0]))
			if err != nil {
				return fault.New(fault.Missing, "cmd.permission", "the receipt cannot be read")
			}
			set, err := p.receiptKeys(c.Context(), f, keys)
			if err != nil {
				return err
			}
			x, err := receipt.Verify(b, set)
			if err != nil {
				return err
			}
			out := checkedReceipt{true, string(x.Status), x.At.Format(time.RFC3339), x.Version, x.Hash, x.ID, x.RecordID, x.KeyID}
			return p.show(out, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "The receipt is good: %s on %s, under version %d of the agreement (receipt %s)\n", out.Status, out.At, out.Version, out.Receipt)
			})
		}}
	f.flagsOf(c, false)
	c.Flags().StringVar(&keys, "keys", "", "the file of the city's public keys, instead of --data")
	return c
}

func (p *program) receiptKeys(ctx context.Context, f *permissionFlags, file string) (receipt.Keys, error) {
	if file != "" {
		b, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return receipt.Keys{}, fault.New(fault.Missing, "cmd.permission", "the file of keys cannot be read")
		}
		return receipt.ParseKeys(b)
	}
	ap, err := f.open(ctx, app.RealClock{}, false)
	if err != nil {
		return receipt.Keys{}, err
	}
	set, err := ap.ReceiptKeys(ctx)
	return set, errors.Join(err, ap.Close(context.WithoutCancel(ctx)))
}
