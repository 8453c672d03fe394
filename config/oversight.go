package config

import (
	"time"

	"ennakko/fault"
	"ennakko/oversight"
)

// Oversight is what the data-protection officer's desk calls unusual in the readings of
// staff. What is not written is as oversight.Usual has it.
type Oversight struct {
	Window  time.Duration `yaml:"window"`  // what is older is not looked at, in whole days (720h)
	Single  int           `yaml:"single"`  // an entry about at most so many people is a look at people one by one (20)
	Times   int           `yaml:"times"`   // so many times the middle of the role is much (3)
	Least   int           `yaml:"least"`   // fewer people than this are never much (30)
	From    int           `yaml:"from"`    // the working day begins, in hours of the day, Monday to Friday (6)
	To      int           `yaml:"to"`      // and ends (20)
	Outside int           `yaml:"outside"` // so many readings outside it are told (5)
	Readers int           `yaml:"readers"` // so many of the staff who read of one person are told (5)
	Alone   int           `yaml:"alone"`   // so many people without a case are told (5)
}

// usualOversight is what stands where nothing is written.
func usualOversight() Oversight {
	r := oversight.Usual(nil)
	return Oversight{Window: r.Window, Single: r.Single, Times: r.Times, Least: r.Least, From: r.From, To: r.To, Outside: r.Outside, Readers: r.Readers, Alone: r.Alone}
}

// Rules are the settings as the desk goes by them, without a time zone: the city's is
// the program's own.
func (o Oversight) Rules() oversight.Rules {
	return oversight.Rules{Window: o.Window, Single: o.Single, Times: o.Times, Least: o.Least, From: o.From, To: o.To, Outside: o.Outside, Readers: o.Readers, Alone: o.Alone}
}

func (o Oversight) check(l *fault.List) {
	for _, f := range fault.All(o.Rules().Check(), "config.Read") {
		l.Add(f)
	}
}
