package service_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ennakko/criteria"
	"ennakko/person"
	"ennakko/service"
)

func TestAppointmentsAreTheFirstFreeTimesAfterTheDeadline(t *testing.T) {
	c, ok := bloodPressure(t).Calendar()
	if !ok {
		t.Fatal("the service has no calendar")
	}
	taken := map[int64]bool{at("2021-01-19 08:30:00").Unix(): true}
	list := c.Moments(at("2021-01-15 23:59:59"), 30, func(m service.Moment) bool { return taken[m.At.Unix()] })
	if len(list) != 30 || !list[0].At.Equal(at("2021-01-19 09:00:00")) {
		t.Fatalf("%d times, the first %v", len(list), list[0].At)
	}
	zone, _ := time.LoadLocation("Europe/Helsinki")
	seen := map[service.Moment]bool{}
	for i, m := range list {
		local := m.At.In(zone)
		if seen[m] || taken[m.At.Unix()] || i > 0 && m.At.Before(list[i-1].At) {
			t.Errorf("%v is given twice, taken or out of order", local)
		}
		seen[m] = true
		if day := local.Weekday(); day == time.Saturday || day == time.Sunday || local.Hour() < 8 || local.Hour() > 15 {
			t.Errorf("an appointment at %v", local)
		}
	}
	// Good Friday and Easter Monday of 2021 are no days for appointments.
	for _, m := range c.Moments(at("2021-03-28 23:59:59"), 40, func(service.Moment) bool { return false }) {
		if d := m.At.In(zone).Format(time.DateOnly); d == "2021-04-02" || d == "2021-04-05" {
			t.Errorf("an appointment on the public holiday %s", d)
		}
	}
}

func TestAMessageTellsTheTimeOfTheAppointmentInEachLanguage(t *testing.T) {
	p := bloodPressure(t)
	for l, want := range map[person.Language]string{person.Finnish: "to 28.1.2021 klo 11.30", person.Swedish: "tors 28.1.2021 kl. 11.30", person.English: "Thu 28 January 2021 at 11:30"} {
		for _, k := range []service.Kind{service.Inquiry, service.ConfirmAccept, service.LetterText} {
			if text, err := p.Text(k, l, usual); err != nil || !strings.Contains(text, want) {
				t.Errorf("%s in %s does not say %q: %s %v", k, l, want, text, err)
			}
		}
		late := usual
		late.When = time.Time{} // the place was given back
		if text, err := p.Text(service.Inquiry, l, late); err != nil || strings.Contains(text, "2021 klo") {
			t.Errorf("without a time: %s, %v", text, err)
		}
	}
}

// gaps are the marks of what is undone in a made-up person.
type gaps []string

func (g gaps) Facts(name string) ([]criteria.Fact, bool) {
	var out []criteria.Fact
	for _, m := range g {
		out = append(out, criteria.Fact{Value: 0.5, Qualifier: m})
	}
	return out, name == "care.gap"
}

// unread is somebody of whom nothing was read.
type unread struct{}

func (unread) Facts(string) ([]criteria.Fact, bool) { return nil, false }

func TestNobodyIsInTheLotWhomWaitingCouldHarm(t *testing.T) {
	c, ok := bloodPressure(t).Comparison()
	if !ok || c.Share != 20 || c.Weeks != 12 {
		t.Fatalf("%+v", c)
	}
	for _, x := range []struct {
		who  string
		is   criteria.Facts
		want bool
	}{
		{"raised and untreated", gaps{"hypertension-treated"}, true},
		{"dangerously high", gaps{"hypertension-treated", "severe-pressure-seen"}, false},
		{"with diabetes", gaps{"pressure-goal-diabetes"}, false},
		{"of whom nothing was read", unread{}, false},
	} {
		if got, err := c.MayWait(1, x.is, at("2021-01-07 00:00:00")); err != nil || got != x.want {
			t.Errorf("somebody %s may wait: %t, %v", x.who, got, err)
		}
	}
}

func TestALotWithoutHarmsDoesNotLoad(t *testing.T) {
	fsys := os.DirFS("../packs")
	if _, err := service.Load(changed{fsys, "blood-pressure/service.yaml", "  harms:\n", "  harms: []\n  ignored:\n"}, "blood-pressure", catalog); err == nil || !strings.Contains(err.Error(), "harm") {
		t.Errorf("a lot that asks nobody whom it harms loads: %v", err)
	}
}

// changed is a folder in one file of which something is replaced.
type changed struct {
	fs.FS
	file, from, to string
}

func (c changed) Open(name string) (fs.File, error) {
	if name != c.file {
		return c.FS.Open(name)
	}
	b, err := fs.ReadFile(c.FS, name)
	if err != nil {
		return nil, err
	}
	return fstest.MapFS{name: {Data: []byte(strings.Replace(string(b), c.from, c.to, 1))}}.Open(name)
}

func (c changed) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(c.FS, name) }
