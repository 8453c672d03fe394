// Package testcity writes the register files of a made-up Helsinki: people,
// households, guardians, mobile numbers, early education and units in the form
// of docs/registers.md. It goes through the same import as any city's files.
//
// Its marginals are Helsinki's (data/README.md); every single person is made
// up. All identity codes have individual numbers from 900 to 999, which are
// not given to real people. The same options give the same bytes.
package testcity

import (
	"context"
	"time"

	"ennakko/fault"
)

// Options say which city to write.
type Options struct {
	Residents int       // living residents, 1,000 to 5,000,000
	Seed      uint64    // another seed is another city
	Day       time.Time // day of the snapshot; zero is 2021-01-04
	Gzip      bool      // write .csv.gz
	Next      bool      // a week later: births, deaths, moves, changed numbers
	Health    bool      // health records, too: some 80 rows for each person
}

// The smallest and the largest city.
const (
	Fewest = 1_000
	Most   = 5_000_000
)

// Helsinki at the size of the pilot: the rates that must be countable scale
// with it.
const pilotResidents = 640_000

// Summary counts what was written.
type Summary struct {
	Day            string `json:"day"`             // of the snapshot
	Residents      int    `json:"residents"`       // alive, living in the city
	Rows           int    `json:"population_rows"` // residents, and those who died or moved out
	Households     int    `json:"households"`
	Guardianships  int    `json:"guardianships"`
	Contacts       int    `json:"contacts"`
	FixedLines     int    `json:"fixed_lines"` // of the contacts: the import must set them aside
	EarlyEducation int    `json:"early_education"`
	TurningSix     int    `json:"turning_six"` // residents who turn six in the year of Day
	Cohort         int    `json:"cohort"`      // of them: in municipal early education, undecided, with a deciding guardian
	Units          int    `json:"units"`       // of any kind
	PrePrimary     int    `json:"units_with_pre_primary"`
	PlacesFinnish  int    `json:"places_fi"` // municipal pre-primary places
	PlacesSwedish  int    `json:"places_sv"`
	Facts          Facts  `json:"turning_six_facts"`

	Health *HealthSummary `json:"health,omitempty"`
}

// Facts counts the children turning six to whom each joint fact applies. A
// pair of twins counts as two children.
type Facts struct {
	Twins             int `json:"twins"`
	SiblingSameUnit   int `json:"sibling_in_same_unit"` // an older or younger child of the family
	ParentsApart      int `json:"parents_apart"`        // joint custody, two dwellings
	OneGuardian       int `json:"one_guardian"`
	Foster            int `json:"foster_care"`
	Appointed         int `json:"court_appointed_guardian"`
	TwoLanguages      int `json:"guardians_with_two_contact_languages"`
	NonDisclosure     int `json:"non_disclosure"`
	NoMobile          int `json:"no_guardian_has_a_mobile"`
	GuardianNoMobile  int `json:"a_guardian_has_no_mobile"`
	Foreign           int `json:"a_guardian_has_a_foreign_number"`
	SharedNumber      int `json:"guardians_share_one_number"`
	MovedLastWeek     int `json:"moved_last_week"`
	NoDwelling        int `json:"no_fixed_dwelling"`
	Private           int `json:"private_daycare"`
	AtHome            int `json:"at_home"`
	Decided           int `json:"decision_made"`
	SwedishFinnish    int `json:"swedish_daycare_finnish_speaking_guardian"`
	UnitPrePrimary    int `json:"unit_gives_pre_primary"` // in the child's language of instruction
	GuardianDied      int `json:"a_guardian_died"`
	MovedOut          int `json:"moved_out"` // not residents any more
	Died              int `json:"died"`      // not residents any more
	GuardianFixedLine int `json:"a_guardian_gave_a_fixed_line"`
	ForeignMotherLang int `json:"other_mother_tongue"`
}

func (o Options) check() (Options, error) {
	if o.Residents < Fewest || o.Residents > Most {
		return o, fault.New(fault.Invalid, "testcity.Write", "a made-up city has %d to %d residents", Fewest, Most)
	}
	if o.Day.IsZero() {
		o.Day = time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)
	}
	if o.Day.Year() < 1990 || o.Day.Year() > 2099 {
		return o, fault.New(fault.Invalid, "testcity.Write", "a made-up city's year is 1990 to 2099")
	}
	o.Day = time.Date(o.Day.Year(), o.Day.Month(), o.Day.Day(), 0, 0, 0, 0, time.UTC)
	return o, nil
}

// Write makes the city and writes its register files into the folder dir,
// which it creates. A folder that holds register files already is refused.
// Progress, which may be nil, hears how many of the rows are written.
// snapshot.yaml comes last, so that a folder that was not finished is not read.
func Write(ctx context.Context, dir string, opt Options, progress func(done, total int)) (Summary, error) {
	opt, err := opt.check()
	if err != nil {
		return Summary{}, err
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	if err := emptyFolder(dir); err != nil {
		return Summary{}, err
	}
	c, err := build(ctx, opt)
	if err != nil {
		return Summary{}, err
	}
	sum := c.summary()
	if opt.Health {
		h, err := c.writeHealth(ctx, dir, progress)
		if err != nil {
			return Summary{}, err
		}
		sum.Health = &h
	}
	return sum, c.writeAll(ctx, dir, progress)
}

// build makes the city in memory, stage by stage; each stage has its own
// stream of random numbers.
func build(ctx context.Context, opt Options) (*city, error) {
	c, err := newCity(opt)
	if err != nil {
		return nil, err
	}
	stages := []func() error{
		c.people, c.families, c.absentParents, c.homes, c.moves, c.addresses,
		c.nameEveryone, c.rareFacts, c.others, c.openUnits, c.education, c.places, c.codes, c.numbers,
	}
	if opt.Next {
		stages = append(stages, c.aWeekLater)
	}
	for _, stage := range stages {
		if err := ctx.Err(); err != nil {
			return nil, fault.New(fault.Later, "testcity.Write", "the making of the city was stopped").Because(err)
		}
		if err := stage(); err != nil {
			return nil, err
		}
	}
	return c, nil
}
