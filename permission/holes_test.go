package permission_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var allHoles = flag.Bool("holes", false, "plant every hole, not only some")

// hole is a check that is taken out of the code: the text old in the file
// becomes the text new.
type hole struct{ what, file, old, new string }

func holes() []hole {
	const (
		life, steps, stands = "life.go", "steps.go", "stands.go"
		renew               = "renew.go"
		look                = "standing.go"
		no                  = "if false {"
	)
	return []hole{
		{"what is withdrawn stands", stands, "case Withdrawn:\n\t\treturn WhyWithdrawn", "case Withdrawn:\n\t\treturn \"\""},
		{"who has no say gives", life, "if e.By == 0 || !mine {", "if e.By == 0 {"},
		{"signers are not looked at again", stands, "if !enough(a.Signers(), w.Gave, signers) {", no},
		{"what has expired stands", stands, "case !at.Before(w.Until):", "case false:"},
		{"the ledger's answer is not heeded", look, "cut.And(stand)", "_ = stand"},
		{"who will not give it anew is asked again", steps, "\tcase w.Remembered(e.At):\n", ""},
		{"who objects is read", "permission.go", "out := roaring.AndNot(set, g.except)", "out := set.Clone()"},

		{"one guardian signs for all", steps, "return n > 0 && n == len(signers)", "return n > 0"},
		{"the order of time is not looked at", life, "if e.Kind != Withdraw && newest.Sub(e.At) > Skew {", no},
		{"a withdrawal is lost for its clock", life, "if e.Kind != Withdraw && newest.Sub(e.At) > Skew {", "if newest.Sub(e.At) > Skew {"},
		{"an agreement counts before it is in force", life, "e.At.Add(Skew).Before(a.From())", "false"},
		{"another text was shown", life, "case e.Version != a.Version() || e.Hash != a.Hash():", "case false:"},
		{"a person lets it expire", life, "if e.By != 0 {", no},
		{"strangers are asked", life, "if len(e.Signers) == 0 || e.By != 0 && !mine {", no},
		{"strangers take it back", life, "if e.By == 0 || !mine && !gave && e.By != p.subject {", "if e.By == 0 && !gave {"},
		{"who refused is asked again", steps, "case w.lapsed(e.At), w.State == Expired,", "case w.State == Refused, w.lapsed(e.At), w.State == Expired,"},
		{"who took it back is asked again", steps, "case w.lapsed(e.At), w.State == Expired,", "case w.State == Withdrawn, w.lapsed(e.At), w.State == Expired,"},
		{"an old text is given", steps, "case i != len(p.answers)-1:\n\t\treturn nil,", "case false:\n\t\treturn nil,"},
		{"a signature outlives the say", steps, "return !slices.Contains(e.Signers, s.By)", "return false"},
		{"an expired signature counts again", steps, "case w.lapsed(e.At), w.State == Refused,", "case w.State == Refused,"},
		{"a withdrawal leaves what stands", steps, "w.State == Standing || w.State == Partly || w.State == Asked {\n\t\t\tw.State, w.At = Withdrawn", "w.State == Partly || w.State == Asked {\n\t\t\tw.State, w.At = Withdrawn"},
		{"an end leaves what stands", steps, "if w.State == Asked || w.State == Partly || w.State == Standing {\n\t\t\tw.State, w.Cause, w.At = Ended, e.Cause", "if w.State == Asked || w.State == Partly {\n\t\t\tw.State, w.Cause, w.At = Ended, e.Cause"},
		{"the old text stands beside the new", steps, "w.Version < by && w.State == Standing", "w.Version < by && w.State == Partly"},
		{"the dead are asked", steps, "if dead(p.answers) {", no},
		{"what is half given stands", stands, "case Partly:\n\t\treturn WhyPartly", "case Partly:\n\t\treturn \"\""},
		{"it expires too early", steps, "if !w.lapsed(e.At) {", no},
		{"a dead person's data are read", stands, "case !now.Alive(p.subject) || !now.Alive(p.Matter()):\n\t\treturn false", "case !now.Alive(p.Matter()):\n\t\treturn false"},
		{"a dead child's matter goes on", stands, "case !now.Alive(p.subject) || !now.Alive(p.Matter()):\n\t\treturn false", "case !now.Alive(p.subject):\n\t\treturn false"},
		{"who moved away is read", stands, "case a.Needs(Residence) && !now.Lives(p.Matter()):\n\t\treturn false", "case false:\n\t\treturn false"},
		{"what is given in the future stands", stands, "case at.Add(Skew).Before(w.Gave[len(w.Gave)-1].At):", "case false:"},
		{"it stands under another text", stands, "case a.Purpose() != p.purpose || a.Version() != w.Version || a.Hash() != w.Hash:", "case false:"},
		{"the program ends what stands", stands, "len(signers) == 0 || w.State == Standing && !p.anySigned(w, signers)", "len(signers) == 0 || w.State == Standing"},
		{"the purpose does not end", look, "if !at.Before(g.purpose.Until()) {", no},
		{"a ledger that is down is not heeded", look, "if err != nil {\n\t\tg.own.close(who)", "if false {\n\t\tg.own.close(who)"},
		{"the grant opens what was withdrawn", look, "g.own.open.AndNot(who)", ""},
		{"the grant opens though nobody could look", look, "\ts.open.AndNot(who)", ""},
		{"the grant opens whom nobody looked at", "permission.go", "g.own != nil && !g.own.stood(id)", "false"},
		{"it is asked anew twice", renew, "case !w.Reminded.IsZero() || !w.Declined.IsZero():\n\t\treturn false, nil", "case false:"},
		{"it is given anew at any time", renew, "return w, e.At.Before(w.renewsFrom(a)), nil", "return w, false, nil"},
		{"one of all gives it anew", renew, "if enough(a.Signers(), w.Again, e.Signers) {", "if true {"},
		{"what has expired is given anew", renew, "if w.State != Standing || w.lapsed(e.At) {", "if w.State != Standing {"},
		{"strangers give it anew", life, "case Give, Refuse, Renew, Decline:", "case Give, Refuse:"},
		{"what does not stand is asked anew", renew, "if stands, _ := p.Stands(at, a, now); !stands {", no},
		{"fields are not looked at", "agreement.go", "if !slices.Contains(mine, f) {", "if f == \"\" && !slices.Contains(mine, f) {"},
	}
}

// Taking any one check out of the code must make the test of random lives fail.
// -holes plants them all (about a minute); without it only some.
func TestEveryPlantedHoleIsFound(t *testing.T) {
	some := holes()
	if !*allHoles {
		some = some[:7]
	}
	for _, h := range some {
		t.Run(h.what, func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(h.file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(src), h.old); n != 1 {
				t.Fatalf("%s holds the check %d times; mend this table", h.file, n)
			}
			dir := t.TempDir()
			holed, overlay := filepath.Join(dir, h.file), filepath.Join(dir, "overlay.json")
			full, err := filepath.Abs(h.file)
			if err != nil {
				t.Fatal(err)
			}
			o, err := json.Marshal(map[string]map[string]string{"Replace": {full: holed}})
			if err != nil {
				t.Fatal(err)
			}
			for name, b := range map[string][]byte{holed: bytes.Replace(src, []byte(h.old), []byte(h.new), 1), overlay: o} {
				if err := os.WriteFile(name, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := exec.Command("go", "test", "-vet=off", "-count=1", "-overlay", overlay, "-run", "^TestRandomLivesAgainstTheOracle$", ".").CombinedOutput()
			switch {
			case err == nil:
				t.Errorf("nobody noticed")
			case !bytes.Contains(out, []byte("the oracle says")) && !bytes.Contains(out, []byte("last steps:")):
				t.Errorf("it failed for another reason:\n%s", out)
			}
		})
	}
}
