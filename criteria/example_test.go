package criteria_test

import (
	"fmt"
	"time"

	"ennakko/criteria"
)

// register is what one register says of one child.
type register map[string][]criteria.Fact

func (r register) Facts(field string) ([]criteria.Fact, bool) { return r[field], true }

func Example() {
	fields := criteria.Catalog{
		{Name: "population.birth_date", Kind: criteria.Date},
		{Name: "population.death_date", Kind: criteria.Date, Absent: criteria.AbsentNone},
		{Name: "population.municipality", Kind: criteria.Text},
	}
	params, _ := criteria.NewParams(criteria.Param{Name: "starting_age", Values: []criteria.Dated{
		{From: time.Date(2015, 8, 1, 0, 0, 0, 0, time.UTC), Value: 6, Source: "Basic Education Act 628/1998, section 26 a"},
	}})
	language, _ := criteria.NewLanguage(fields, params.Names())

	turnsSix, err := language.Compile("population.birth_date.latest().year() + param.starting_age == as_of.year()")
	if err != nil {
		fmt.Println(err)
		return
	}
	alive, _ := language.Compile("population.death_date.none()")
	resident, _ := language.Compile("population.municipality.latest() == '091'")
	set, _ := criteria.NewSet("hash of the pack", criteria.Named{Name: "turns_six", Program: turnsSix},
		criteria.Named{Name: "alive", Program: alive}, criteria.Named{Name: "resident", Program: resident})

	child := register{"population.birth_date": {{Value: time.Date(2015, 3, 14, 0, 0, 0, 0, time.UTC)}}}
	finding, _ := set.Find(1, child, params, time.Date(2021, 1, 7, 0, 0, 0, 0, time.UTC))
	fmt.Println("finding:", finding.Verdict())
	for _, r := range finding.Reasons() {
		fmt.Println(r.Criterion, r.Verdict, r.Missing)
	}

	_, err = language.Compile("population.birth_day.exists()")
	fmt.Println(err)
	// Output:
	// finding: unknown
	// turns_six met []
	// alive met []
	// resident unknown [population.municipality]
	// column 11: there is no field "population.birth_day" (fields here: population.birth_date, population.death_date, population.municipality)
}

func ExampleLanguage_CompileDay() {
	language, _ := criteria.NewLanguage(nil, nil)
	day, _ := language.CompileDay("date(as_of.year() - 6, 1, 1)")
	from, _ := day.Eval(criteria.Params{}, time.Date(2021, 1, 7, 0, 0, 0, 0, time.UTC))
	fmt.Println(from.Format(time.DateOnly))
	// Output: 2015-01-01
}
