package fee

import (
	"time"

	"ennakko/permission"
	"ennakko/person"
	"ennakko/strictyaml"
)

// Documents is what a pack says of documents by which a family tells its income
// itself.
type Documents struct {
	ByPost    map[person.Language]string // where they are sent
	InPerson  map[person.Language]string // where they are brought, and when
	Keep      permission.Period          // after the decision that rests on them; zero: they go with it
	KeepLaw   string
	KeepWhy   map[person.Language]string
	Undecided permission.Period // without a decision they go so long after they came
}

// Documents is what the pack says of documents.
func (p *Pack) Documents() Documents { return p.documents }

// documents reads documents.yaml.
func (r *reading) documents(x strictyaml.Node) {
	k := x.Keys("by_post", "in_person", "keep", "keep_law", "keep_why", "undecided")
	d := Documents{ByPost: k["by_post"].TextsUpTo(maxAddress), InPerson: k["in_person"].TextsUpTo(maxAddress), Keep: length(k["keep"]), KeepLaw: k["keep_law"].Text(),
		KeepWhy: k["keep_why"].Texts(), Undecided: length(k["undecided"])}
	if k["undecided"].There() && d.Undecided.IsZero() {
		k["undecided"].Bad("give a caseworker time to look at them", "documents would go as soon as they come")
	}
	r.pack.documents = d
}

const maxAddress = 300

// HourShares says how much of the fee for full time is charged by hours a week.
type HourShares struct {
	PartUpTo    Hours // up to so many hours the part is charged
	PartPercent int
	FullFrom    Hours // from so many on the whole
	Steps       []HourStep
}

// HourStep is a share that a city has decided on; without steps it is in
// proportion between part time and full time.
type HourStep struct {
	UpTo    Hours
	Percent int
}

// HourShares are the shares that hold on a day, and how many hours a week of
// pre-primary education are free.
func (p *Pack) HourShares(on time.Time) (s HourShares, free Hours) {
	on = dayOf(on)
	x, _ := at(p.shares, on, func(x shares) time.Time { return x.from })
	f, _ := at(p.free, on, func(x dated) time.Time { return x.from })
	s = HourShares{PartUpTo: x.partUpTo, PartPercent: x.partPercent, FullFrom: x.fullFrom}
	for _, e := range x.steps {
		s.Steps = append(s.Steps, HourStep{e.upTo, e.percent})
	}
	return s, Hours(f.value)
}
