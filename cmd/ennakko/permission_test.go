package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// onPath is a folder of data on which the commands of a family's path run.
type onPath struct {
	*testing.T
	data string
}

// says runs a command of permissions and reads its JSON.
func (o onPath) says(into any, args ...string) {
	o.Helper()
	out := must(o.T, append(append([]string{"permission"}, args...), "--data", o.data, "--day", "2026-11-02", "--json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		o.Fatalf("%v: %v", args, err)
	}
}

func (o onPath) refuses(code int, words string, args ...string) {
	o.Helper()
	got, _, told := run(o.T, append(append([]string{"permission"}, args...), "--data", o.data, "--day", "2026-11-02")...)
	if got != code || !strings.Contains(told, words) {
		o.Errorf("%v: exit code %d, %s", args, got, told)
	}
}

// TestAFamilysPathOnTheCommandLine goes the whole way without pages: offer, ask, give,
// list, receipt, verify, the fee with its working, withdraw.
func TestAFamilysPathOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	o := onPath{t, filepath.Join(dir, "data")}
	must(t, "city", "--residents", "2000", "--seed", "5", "--day", "2026-10-30", "--out", filepath.Join(dir, "files"))
	must(t, "register", "import", "--data", o.data, filepath.Join(dir, "files"))

	var opened offered
	o.says(&opened, "offer", "--show", "200")
	if opened.Opened.Opened == 0 {
		t.Fatal("no matter was opened")
	}
	children := map[uint32]int{} // in early education, of each grown-up
	for _, x := range opened.Some {
		for _, who := range x.Adults {
			children[uint32(who)]++
		}
	}
	m := opened.Some[0]
	for _, x := range opened.Some { // an only child: its parents have one matter
		if len(x.Adults) == 2 && children[uint32(x.Adults[0])] == 1 && children[uint32(x.Adults[1])] == 1 {
			m = x
		}
	}
	if len(m.Adults) != 2 {
		t.Fatal("no child has two grown-ups at home")
	}
	matter, first, second := fmt.Sprint(m.Matter), fmt.Sprint(m.Adults[0]), fmt.Sprint(m.Adults[1])

	var seen matterView
	o.says(&seen, "ask", "--matter", matter, "--person", first)
	if seen.Stage != "offered" || len(seen.Agreement.Ways) != 3 || len(seen.Agreement.Fetched) != 3 || len(seen.Income) != 0 {
		t.Errorf("asked: %s, %d ways, %d fields", seen.Stage, len(seen.Agreement.Ways), len(seen.Agreement.Fetched))
	}
	o.refuses(exitMissing, "no such matter", "give", "--matter", matter, "--person", fmt.Sprint(m.Child))
	o.refuses(exitInvalid, "--matter", "give", "--person", first)
	o.refuses(exitInvalid, "no such way", "give", "--matter", matter, "--person", first, "--way", "maybe")

	o.says(&seen, "give", "--matter", matter, "--person", first)
	if seen.Stage != "partner" || len(seen.Income) != 0 {
		t.Errorf("one has permitted: %s, %d incomes", seen.Stage, len(seen.Income))
	}
	o.says(&seen, "give", "--matter", matter, "--person", second)
	var other matterView // each sees their own income alone, and one of the two may have none
	o.says(&other, "ask", "--matter", matter, "--person", first)
	if seen.Fee == nil || len(seen.Income)+len(other.Income) == 0 || len(seen.Fee.Lines) == 0 {
		t.Fatalf("both have permitted: %s, %d and %d incomes, %+v", seen.Stage, len(other.Income), len(seen.Income), seen.Fee)
	}
	o.feeIsExplained(fmt.Sprint(m.Child), seen.Fee.Euros)
	o.receiptsAndWithdrawal(first)
	o.endsSoon(second)
}

// endsSoon: a year later the permission of the other grown-up is asked for anew, and given.
func (o onPath) endsSoon(who string) {
	o.Helper()
	var all []permissionView
	o.says(&all, "list", "--person", who)
	number, r := fmt.Sprint(all[0].Permission), all[0].Renewal
	if r == nil || r.Open || r.Asked != nil || all[0].Until == nil || !strings.Contains(r.Words, all[0].Until.Format(time.DateOnly)) || !strings.Contains(r.Words, all[0].Until.AddDate(0, 0, -30).Format(time.DateOnly)) {
		o.Fatalf("a year before: %+v", r)
	}
	late, anew := all[0].Until.AddDate(0, 0, -10).Format(time.DateOnly), all[0].Until.AddDate(1, 0, -10).Format(time.DateOnly)
	must(o.T, "permission", "step", "--data", o.data, "--day", late)
	for language, want := range map[string]string{"fi": "Lupaa voi nyt jatkaa", "sv": "kan nu förlängas", "en": "can be given anew now"} {
		if out := must(o.T, "permission", "list", "--data", o.data, "--day", late, "--person", who, "--language", language); !strings.Contains(out, want) || !strings.Contains(out, ": remind on") {
			o.Errorf("in %s:\n%s", language, out)
		}
	}
	if out := must(o.T, "permission", "renew", "--data", o.data, "--day", late, "--permission", number, "--person", who, "--decline"); !strings.Contains(out, "will not be given anew") {
		o.Errorf("declined:\n%s", out)
	}
	if out := must(o.T, "permission", "renew", "--data", o.data, "--day", late, "--permission", number, "--person", who); !strings.Contains(out, "given anew from") || !strings.Contains(out, "ends on "+anew) || !strings.Contains(out, ": renew on") {
		o.Errorf("given anew after all:\n%s", out)
	}
	if code, _, told := run(o.T, "permission", "renew", "--data", o.data, "--day", late, "--permission", number, "--person", "999999"); code != exitMissing {
		o.Errorf("somebody else: exit code %d, %s", code, told)
	}
}

// feeIsExplained: the command of fees tells the same fee, line by line, in each language.
func (o onPath) feeIsExplained(child string, euros int) {
	o.Helper()
	var fees []childFee
	if err := json.Unmarshal([]byte(must(o.T, "fee", "--data", o.data, "--child", child, "--explain", "--json")), &fees); err != nil || len(fees) != 1 || fees[0].Fee != euros || len(fees[0].Lines) < 3 {
		o.Fatalf("%+v, %v", fees, err)
	}
	for language, law := range map[string]string{"fi": "asiakasmaksuista 1503/2016", "sv": "klientavgifter inom småbarnspedagogiken 1503/2016", "en": "1503/2016"} {
		out := must(o.T, "fee", "--data", o.data, "--child", child, "--explain", "--language", language)
		if strings.Count(out, law) < 2 || !strings.Contains(strings.ReplaceAll(out, "\u00a0", ""), strconv.Itoa(euros)) {
			o.Errorf("in %s the fee is told as\n%s", language, out)
		}
	}
	for _, bad := range []string{"x", "0", "-3"} {
		if code, _, told := run(o.T, "fee", "--data", o.data, "--child="+bad, "--explain"); code != exitInvalid || !strings.Contains(told, "--child") {
			o.Errorf("child %q: %d, %s", bad, code, told)
		}
	}
	if code, _, _ := run(o.T, "fee", "--data", o.data, "--child", "999999", "--explain"); code != exitMissing {
		o.Errorf("a child without a matter: exit code %d", code)
	}
}

func (o onPath) receiptsAndWithdrawal(who string) {
	o.Helper()
	var all []permissionView
	o.says(&all, "list", "--person", who)
	if len(all) == 0 || !all[0].Stands || len(all[0].Handovers) != 1 || all[0].IfTaken.Deleted != 1 {
		o.Fatalf("%+v", all)
	}
	number := fmt.Sprint(all[0].Permission)
	last := all[0].Events[len(all[0].Events)-1]
	if last.Kind != "give" || !last.Receipt || last.Later {
		o.Errorf("%+v", last)
	}
	receipt := func(event int) string {
		return must(o.T, "permission", "receipt", "--data", o.data, "--day", "2026-11-02", "--permission", number, "--event", strconv.Itoa(event), "--person", who)
	}
	file := filepath.Join(o.TempDir(), "receipt.jws")
	verified := func(text string) (code int, out checkedReceipt) {
		o.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			o.Fatal(err)
		}
		code, said, _ := run(o.T, "permission", "verify", "--data", o.data, file, "--json")
		if code == exitOK {
			if err := json.Unmarshal([]byte(said), &out); err != nil {
				o.Fatal(err)
			}
		}
		return code, out
	}
	given := receipt(last.N)
	if code, x := verified(given); code != exitOK || x.Status != "ConsentGiven" || x.Version != 1 {
		o.Errorf("exit code %d, %+v", code, x)
	}
	changed := strings.Replace(given, ".", ".A", 1)
	if code, _ := verified(changed); code == exitOK {
		o.Error("a receipt that was changed is good")
	}
	o.refuses(exitMissing, "no such permission", "withdraw", "--permission", number, "--person", "999999")
	var effect effectView
	o.says(&effect, "withdraw", "--permission", number, "--person", who)
	if effect.Deleted != 1 || effect.Again {
		o.Errorf("%+v", effect)
	}
	o.says(&effect, "withdraw", "--permission", number, "--person", who)
	if !effect.Again {
		o.Errorf("twice: %+v", effect)
	}
	o.says(&all, "list", "--person", who)
	end := all[0].Events[len(all[0].Events)-1]
	if all[0].Stands || all[0].State != "withdrawn" || end.Kind != "withdraw" {
		o.Errorf("%+v", all[0])
	}
	if code, x := verified(receipt(end.N)); code != exitOK || x.Status != "ConsentWithdrawn" {
		o.Errorf("exit code %d, %+v", code, x)
	}
	must(o.T, "verify", "--data", o.data)
}
