package access

import "ennakko/person"

// OwnFamily is the refusal to a member of the staff of whose own family a matter is.
//
// Source: Administrative Procedure Act 434/2003, sections 27 and 28.
func OwnFamily(a Action) *Refusal {
	return &Refusal{Action: a, Policy: "own-family", Why: map[person.Language]string{
		person.Finnish: "Tämä asia koskee omaa perhettäsi, joten et voi käsitellä sitä. Työtoverisi hoitaa sen.",
		person.Swedish: "Det här ärendet gäller din egen familj, så du är jävig. En kollega sköter det.",
		person.English: "This matter is of your own family, so you cannot handle it. A colleague will.",
	}}
}
