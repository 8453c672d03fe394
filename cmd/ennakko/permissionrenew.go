package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
)

func (p *program) permissionRenew() *cobra.Command {
	f, decline := &permissionFlags{}, false
	c := &cobra.Command{Use: "renew", Short: "Give a permission anew before it ends, or let it end", Args: args(cobra.NoArgs),
		Long: `Give a permission anew whose time is nearly over, for its whole time again; or with
--decline let it end: it stands until its time is over, and nobody asks again. The city
asks once, when "permission step" runs on a day near the end.`,
		Example: `  ennakko permission renew --data data/demo-fee --permission 1 --person 7 --day 2027-10-20
  ennakko permission renew --data data/demo-fee --permission 1 --person 7 --day 2027-10-20 --decline`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withIncome(c.Context(), f, func(ap *app.App, in *income, _ person.ID) error {
				who, err := p.whoIs(c.Context(), ap, f)
				if err != nil {
					return err
				}
				do := in.Renew
				if decline {
					do = in.Decline
				}
				if err := do(c.Context(), who, f.number, omadata.Seen{}); err != nil {
					return err
				}
				return p.showPermissions(c.Context(), in, who, f.language, f.number)
			})
		}}
	f.flagsOf(c, true)
	c.Flags().Int64Var(&f.number, "permission", 0, "the number of the permission (needed)")
	c.Flags().BoolVar(&decline, "decline", false, "let it end when its time is over")
	return c
}

// renewalView is how it stands with giving a permission anew; its names are a contract.
type renewalView struct {
	From     time.Time  `json:"from"`
	Open     bool       `json:"open"`
	Asked    *time.Time `json:"asked,omitempty"`
	Declined bool       `json:"declined"`
	Words    string     `json:"words"`
}

// renewalLine tells it in a language; nil: the permission does not stand.
func renewalLine(v omadata.View, l person.Language) *renewalView {
	r := v.Renewal
	if r.From.IsZero() {
		return nil
	}
	out := &renewalView{From: r.From, Open: r.Open, Declined: r.Declined, Words: fmt.Sprintf(renewalWords(r)[l], v.Until.Format(time.DateOnly), r.From.Format(time.DateOnly))}
	if !r.Asked.IsZero() {
		out.Asked = &r.Asked
	}
	return out
}

// renewalWords name the last day (1) and the first on which it can be given anew (2).
func renewalWords(r omadata.Renewal) permission.Texts {
	switch {
	case r.Declined:
		return permission.Texts{person.Finnish: "Lupaa ei jatketa: se päättyy %[1]s.", person.Swedish: "Tillståndet förlängs inte: det går ut %[1]s.", person.English: "It will not be given anew: it ends on %[1]s."}
	case r.Open:
		return permission.Texts{person.Finnish: "Päättyy %[1]s. Lupaa voi nyt jatkaa.", person.Swedish: "Går ut %[1]s. Tillståndet kan nu förlängas.", person.English: "It ends on %[1]s. It can be given anew now."}
	}
	return permission.Texts{person.Finnish: "Päättyy %[1]s. Lupaa voi jatkaa %[2]s alkaen.", person.Swedish: "Går ut %[1]s. Tillståndet kan förlängas från och med %[2]s.", person.English: "It ends on %[1]s. It can be given anew from %[2]s."}
}
