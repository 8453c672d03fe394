package permission

import "ennakko/person"

// Why says why a permission does not stand; "" when it does.
type Why string

// The reasons why a permission does not stand.
const (
	WhyUnasked      Why = "unasked"      // nobody was asked
	WhyUnanswered   Why = "unanswered"   // asked, no answer yet
	WhyPartly       Why = "partly"       // not all who must sign have signed
	WhyRefused      Why = "refused"      // the person said no
	WhyWithdrawn    Why = "withdrawn"    // taken back
	WhyExpired      Why = "expired"      // its time is over
	WhyGuardianship Why = "guardianship" // nobody of those who gave it has a say now
	WhyMoved        Why = "moved"        // they do not live in the city
	WhyDeath        Why = "death"        // somebody has died
	WhyPurpose      Why = "purpose"      // the purpose or the matter is over
	WhyAgreement    Why = "agreement"    // the agreement was taken out of use
	WhyOtherText    Why = "other-text"   // it was given under another text
	WhyClock        Why = "clock"        // it was given in the future: a clock is wrong
	WhyField        Why = "field"        // it does not cover what is asked for
	WhyGap          Why = "gap"          // something is not set up
)

// Whys lists all reasons.
func Whys() []Why {
	return []Why{WhyUnasked, WhyUnanswered, WhyPartly, WhyRefused, WhyWithdrawn, WhyExpired, WhyGuardianship, WhyMoved, WhyDeath, WhyPurpose, WhyAgreement, WhyOtherText, WhyClock, WhyField, WhyGap}
}

// Gap reports whether the reason is a missing setting and not a person's will
// or the law.
func (w Why) Gap() bool { return w == WhyGap || w == WhyOtherText || w == WhyClock }

// Words says the reason to a resident; "" for an unknown reason.
func (w Why) Words(l person.Language) string { return w.words()[l] }

func (w Why) words() Texts {
	switch w {
	case WhyUnasked:
		return three("Lupaa ei ole pyydetty.", "Tillstånd har inte begärts.", "No permission has been asked for.")
	case WhyUnanswered:
		return three("Lupapyyntöön ei ole vielä vastattu.", "Begäran om tillstånd har ännu inte besvarats.", "The request for permission has not been answered yet.")
	case WhyPartly:
		return three("Kaikki, joiden lupa tarvitaan, eivät ole vielä antaneet sitä.", "Alla vars tillstånd behövs har ännu inte gett det.", "Not everyone whose permission is needed has given it yet.")
	case WhyRefused:
		return three("Lupaa ei annettu.", "Tillstånd gavs inte.", "Permission was not given.")
	case WhyWithdrawn:
		return three("Lupa on peruttu.", "Tillståndet har återkallats.", "The permission has been withdrawn.")
	case WhyExpired:
		return three("Luvan voimassaoloaika on päättynyt.", "Tillståndets giltighetstid har gått ut.", "The permission has expired.")
	case WhyGuardianship:
		return three("Kukaan luvan antaneista ei voi enää päättää asiasta.", "Ingen av dem som gav tillståndet har längre rätt att besluta i ärendet.", "None of those who gave the permission may decide in the matter any more.")
	case WhyMoved:
		return three("Lupa päättyi, koska henkilö ei enää asu kunnassa.", "Tillståndet har upphört, eftersom personen inte längre bor i kommunen.", "The permission has ended because the person no longer lives in the municipality.")
	case WhyDeath:
		return three("Lupa päättyi kuolemantapauksen vuoksi.", "Tillståndet har upphört på grund av dödsfall.", "The permission has ended because of a death.")
	case WhyPurpose:
		return three("Lupa päättyi, koska asia tai käyttötarkoitus, johon se annettiin, on päättynyt.", "Tillståndet har upphört, eftersom ärendet eller ändamålet som det gavs för har avslutats.", "The permission has ended because the matter or purpose it was given for is over.")
	case WhyAgreement:
		return three("Lupa päättyi, koska sen ehdot eivät ole enää käytössä.", "Tillståndet har upphört, eftersom dess villkor inte längre används.", "The permission has ended because its terms are no longer in use.")
	case WhyOtherText:
		return three("Lupa on annettu toisilla ehdoilla.", "Tillståndet har getts på andra villkor.", "The permission was given under other terms.")
	case WhyClock:
		return three("Luvan aikaa ei voitu tarkistaa, joten tietoja ei luovutettu.", "Tillståndets tid kunde inte kontrolleras, så inga uppgifter lämnades ut.", "The time of the permission could not be checked, so no data was handed over.")
	case WhyField:
		return three("Lupa ei koske näitä tietoja.", "Tillståndet gäller inte dessa uppgifter.", "The permission does not cover this data.")
	case WhyGap:
		return three("Luvan voimassaoloa ei voitu tarkistaa, joten tietoja ei luovutettu.", "Det kunde inte kontrolleras om tillståndet gäller, så inga uppgifter lämnades ut.", "It could not be checked whether the permission stands, so no data was handed over.")
	}
	return nil
}

func three(fi, sv, en string) Texts {
	return Texts{person.Finnish: fi, person.Swedish: sv, person.English: en}
}
