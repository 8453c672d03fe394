package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/conversation"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work"
)

func (p *program) noteCommand() *cobra.Command {
	f := listFlags{}
	var id int64
	var answer, way string
	c := &cobra.Command{Use: "note SERVICE", Short: "Note an answer that came by telephone, by letter or in person", Args: args(cobra.ExactArgs(1)),
		Long: `Note what the guardians told an officer, as if they had answered by text message:
the place is held or given back, and the matters of the case are settled. The
number of the case is the reference on the letter and stands on the lists.
Guardians with a phone get the confirmation while the round is open; families that are
served in person get no message.`,
		Example: `  ennakko round note pre-primary --data D --case 12 --answer accept --by phone
  ennakko round note pre-primary --data D --case 34 --answer decline --by letter`,
		RunE: func(c *cobra.Command, a []string) error {
			return p.withRound(c.Context(), f, a[0], func(ap *app.App, pack *service.Pack, r store.Round) error {
				if err := ap.Note(c.Context(), pack, r, conversation.CaseID(id), conversation.Choice(answer), work.Way(way), f.officer); err != nil {
					return err
				}
				out := struct {
					Round  int64  `json:"round"`
					Case   int64  `json:"case"`
					Answer string `json:"answer"`
				}{int64(r.ID), id, answer}
				return p.show(out, func(w io.Writer) { _, _ = fmt.Fprintf(w, "Round %d, case %d: %s is noted\n", r.ID, id, answer) })
			})
		}}
	f.listFlags(c)
	c.Flags().Int64Var(&id, "case", 0, "the number of the case (needed)")
	c.Flags().StringVar(&answer, "answer", "", "accept or decline (needed)")
	c.Flags().StringVar(&way, "by", "", "phone, letter or person: how the answer came (needed)")
	return c
}
