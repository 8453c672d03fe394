package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"ennakko/fault"
	"ennakko/fee"
	"ennakko/packs"
	"ennakko/person"
)

type feeFlags struct {
	family, pack, child, language string

	data    string
	explain bool
}

// childFee is the fee of one child; its names are a contract.
type childFee struct {
	Child    int       `json:"child"` // the child's number in the file
	Fee      int       `json:"fee"`   // euros a month
	FullTime int       `json:"full_time"`
	Size     int       `json:"family_size"`
	Highest  bool      `json:"highest"`
	Period   string    `json:"period"`
	Hash     string    `json:"hash"`
	Person   []feeWord `json:"person"` // why a caseworker must look
	Lines    []feeLine `json:"lines"`
}

type feeWord struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

type feeLine struct {
	Key     string            `json:"key"`
	Text    string            `json:"text"`
	Law     string            `json:"law"`
	Comes   string            `json:"comes_to"`
	Numbers map[string]string `json:"numbers"`
}

func (p *program) feeCommand() *cobra.Command {
	f := feeFlags{}
	c := &cobra.Command{Use: "fee", Short: "Compute the early education fee of a family, with its working", Args: args(cobra.NoArgs),
		Long: `Compute the client fee of municipal early childhood education for the children of a
family in a YAML file (docs/fee.md has the form), by the figures that hold on the
family's day. With --explain every line of the working is shown, with what it stands
on. Where a caseworker must look before the fee is proposed, the reason is told.
What is shown is personal.`,
		Example: `  ennakko fee --case family.yaml --explain
  ennakko fee --case family.yaml --child 2 --explain --language fi
  ennakko fee --case family.yaml --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			if (f.family == "") == (f.data == "") {
				return fault.New(fault.Invalid, "cmd.fee", "say either --case or --data").Do("see ennakko fee --help")
			}
			if l := person.Language(f.language); l != person.Finnish && l != person.Swedish && l != person.English {
				return fault.New(fault.Invalid, "cmd.fee", "there is no such language").Do("languages: fi, sv, en")
			}
			if f.data != "" {
				return p.feeOfRecords(c.Context(), f)
			}
			return p.fee(f)
		}}
	c.Flags().StringVar(&f.family, "case", "", "the file of the family (needed)")
	c.Flags().StringVar(&f.pack, "pack", "", "the folder of the pack of fees (the one that comes with the program, if it is left out)")
	c.Flags().StringVar(&f.data, "data", "", "the folder of data, instead of --case: the newest fee of a child in the records, named with --child by its own number")
	c.Flags().StringVar(&f.child, "child", "", "the child's number in the file (all children in early education, if it is left out)")
	c.Flags().StringVar(&f.language, "language", "en", "fi, sv or en")
	c.Flags().BoolVar(&f.explain, "explain", false, "show the working")
	return c
}

// feesIn reads the pack of fees in a folder, or that of the program.
func feesIn(folder string) (*fee.Pack, error) {
	fsys, dir := fs.FS(packs.FS), "early-education-fee"
	if folder != "" {
		fsys, dir = os.DirFS(folder), "."
	}
	return fee.Load(fsys, dir)
}

func (p *program) fee(f feeFlags) error {
	pack, err := feesIn(f.pack)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Clean(f.family))
	if err != nil {
		return fault.New(fault.Missing, "cmd.fee", "the file of the family cannot be read")
	}
	family, err := pack.ReadFamily(filepath.Base(f.family), content)
	if err != nil {
		return err
	}
	only, err := childNumber(f.child, len(family.Children))
	if err != nil {
		return err
	}
	out := []childFee{}
	for i, c := range family.Children {
		if only != i+1 && (only != 0 || c.Hours == 0) {
			continue
		}
		x, err := pack.Compute(family, i)
		if err != nil {
			return err
		}
		out = append(out, ofFee(i+1, x, person.Language(f.language)))
	}
	if len(out) == 0 {
		return fault.New(fault.Invalid, "cmd.fee", "no child of the family is in early education").Do("write hours: beside the child")
	}
	return p.show(out, func(w io.Writer) {
		for _, c := range out {
			showFee(w, c, f.explain)
		}
	})
}

// childNumber reads the number of a child; 0: all children.
func childNumber(s string, most int) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, fault.New(fault.Invalid, "cmd.fee", "there is no such child in the file").Do("number the children from 1 in the order of the file")
	}
	return n, nil
}

func ofFee(child int, f fee.Fee, l person.Language) childFee {
	out := childFee{Child: child, Fee: f.Euros, FullTime: f.FullTime, Size: f.Size, Highest: f.Highest, Period: f.Period.Format("2006-01-02"), Hash: f.Hash, Person: []feeWord{}}
	for _, r := range f.Person {
		out.Person = append(out.Person, feeWord{r.Key, r.Words[l]})
	}
	for _, line := range f.Lines {
		x := feeLine{line.Key, line.Words[l], line.Law[l], line.Comes.Plain(), map[string]string{}}
		for _, n := range line.Numbers {
			x.Numbers[n.Name] = n.Plain()
		}
		out.Lines = append(out.Lines, x)
	}
	return out
}

func showFee(w io.Writer, c childFee, explain bool) {
	if !explain {
		_, _ = fmt.Fprintf(w, "%d: %s\n", c.Child, c.Lines[len(c.Lines)-1].Text)
	} else {
		_, _ = fmt.Fprintf(w, "%d (%s, %.12s)\n", c.Child, c.Period, c.Hash)
		for _, l := range c.Lines {
			_, _ = fmt.Fprintf(w, "  %s\n      %s\n", l.Text, l.Law)
		}
	}
	for _, r := range c.Person {
		_, _ = fmt.Fprintf(w, "  ! %s\n", r.Text)
	}
}
