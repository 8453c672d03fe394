package letter

import (
	"fmt"
	"time"

	"ennakko/person"
)

// wording is what this package itself says to a resident.
type wording struct {
	forwarded string // in place of the address
	body      string // of a protected letter
	reference string // before the number to name when one answers
}

// words gives the wording in a language. The letter says nothing of why the
// family's data are protected, nor what it is about: it may come into the
// wrong hands.
func words(l person.Language) wording {
	switch l {
	case person.Swedish:
		return wording{"Förmedlas via befolkningsdatasystemet", `Bästa {guardian}

Vi har ett ärende som gäller ert barn.
Barn: {child}

För att skydda era uppgifter står inga närmare detaljer i det här brevet. Ring oss senast {day}, så berättar vi mer: {phone}

Brevet har förmedlats till er av Myndigheten för digitalisering och befolkningsdata.`, "Referens"}
	case person.English:
		return wording{"Forwarded through the Population Information System", `Dear {guardian}

We are writing about a matter that concerns your child.
Child: {child}

To protect your information, this letter gives no details. Please call us by {day} and we will tell you more: {phone}

This letter was forwarded to you by the Digital and Population Data Services Agency.`, "Reference"}
	case person.Finnish:
	}
	return wording{"Toimitetaan väestötietojärjestelmän kautta", `Hyvä {guardian}

Meillä on asia, joka koskee lastanne.
Lapsi: {child}

Tietojenne suojaamiseksi tässä kirjeessä ei ole asian yksityiskohtia. Soittakaa meille viimeistään {day}, niin kerromme lisää: {phone}

Digi- ja väestötietovirasto on välittänyt tämän kirjeen teille.`, "Viite"}
}

// day writes a day as the language does.
func day(t time.Time, l person.Language) string {
	if l == person.English {
		return t.Format("2 January 2006")
	}
	return fmt.Sprintf("%d.%d.%d", t.Day(), int(t.Month()), t.Year())
}
