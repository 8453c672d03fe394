package service_test

import "ennakko/criteria"

// catalog is the fields of the registers, as docs/registers.md has them.
var catalog = criteria.Catalog{
	{Name: "population.birth_date", Kind: criteria.Date},
	{Name: "population.death_date", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "population.sex", Kind: criteria.Text},
	{Name: "population.mother_tongue", Kind: criteria.Text},
	{Name: "population.contact_language", Kind: criteria.Text},
	{Name: "population.municipality", Kind: criteria.Text},
	{Name: "population.district", Kind: criteria.Text, Absent: criteria.AbsentNone},
	{Name: "population.dwelling", Kind: criteria.Text, Absent: criteria.AbsentNone},
	{Name: "population.moved_in", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "population.moved_out", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "population.non_disclosure", Kind: criteria.YesNo},
	{Name: "guardianship.guardian", Kind: criteria.Person, Absent: criteria.AbsentNone},
	{Name: "early_education.unit", Kind: criteria.Text, Absent: criteria.AbsentNone},
	{Name: "early_education.language", Kind: criteria.Text, Absent: criteria.AbsentNone},
	{Name: "early_education.provider", Kind: criteria.Text, Absent: criteria.AbsentNone},
	{Name: "early_education.decision", Kind: criteria.Text, Absent: criteria.AbsentNone},
	{Name: "population.code", Kind: criteria.Hidden},
	{Name: "population.name", Kind: criteria.Hidden},
	{Name: "population.address", Kind: criteria.Hidden, Absent: criteria.AbsentNone},
	{Name: "care.found", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "care.gap", Kind: criteria.Number, Absent: criteria.AbsentNone},
	{Name: "invitation.sent", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "invitation.declined", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "fee.undecided", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "fee.permission_ends", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "contacts.mobile", Kind: criteria.Hidden, Absent: criteria.AbsentNone},
}
