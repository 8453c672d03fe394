package app_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/packs"
	"ennakko/round"
)

// One child through one round; docs/tour.md tells it step by step.
func Example() {
	ctx := context.Background()
	data, err := os.MkdirTemp("", "ennakko-tour-")
	check(err)
	defer func() { _ = os.RemoveAll(data) }()

	// The program opens its folder of data. Nobody here answers by machine.
	clock := app.NewSteppedClock(time.Date(2021, 1, 7, 6, 0, 0, 0, time.UTC))
	city, err := app.Open(ctx, app.Config{Data: data, Packs: packs.FS, Clock: clock, New: true})
	check(err)
	defer func() { _ = city.Close(ctx) }()

	// 1. The registers come in.
	in, err := city.Import(ctx, "testdata/tour", "officer:registers", nil)
	check(err)
	for _, f := range in.Files {
		fmt.Printf("%-20s %d in, %d set aside\n", f.File, f.Rows, f.SetAside)
	}

	// 2. The children are found and a place is held for each.
	pack, err := city.Pack("pre-primary")
	check(err)
	r, err := city.Prepare(ctx, pack, round.Order{AsOf: time.Date(2021, 1, 7, 0, 0, 0, 0, time.UTC), Officer: "officer:preparer", Now: clock.Now()}, nil)
	check(err)
	drafts, err := city.DB.Drafts(ctx, r.ID)
	check(err)
	for _, d := range drafts {
		fmt.Printf("finding: %s; place: %s (%s), %.0f m from home\n", d.Verdict, d.Place.Unit, d.Reason, d.DistanceM)
	}

	// 3. An officer approves. Only now is anybody's name or number read.
	check(city.Approve(ctx, pack, r, "officer:approver", nil))
	r, err = city.DB.Round(ctx, r.ID)
	check(err)
	driver, err := city.NewDriver(ctx, pack)
	check(err)
	until := func(at time.Time) { check(driver.RunUntil(ctx, r, clock, at, func(time.Time) {})) }

	// 4. The notice and the inquiry go out, and the mother answers.
	mother, father := "+3584579990001", "+3584579990002"
	until(r.Schedule.InquiryAt.Add(time.Hour))
	check(city.Network.Write(ctx, mother, " A, thank you"))
	until(clock.Now().Add(time.Minute))
	printPhone(ctx, city, "Helmi's phone", mother)
	printPhone(ctx, city, "Otto's phone", father)

	// 5. The round ends; the place is hers.
	check(driver.RunToEnd(ctx, r, clock, func(time.Time) {}))
	f, err := city.DB.Funnel(ctx, r.ID)
	check(err)
	fmt.Printf("\noffered %d, answered %d, accepted %d, messages %d\n", f.Offered, f.Answered, f.Stages["accepted"], f.Messages["delivered"])

	// 6. Aino's family sees who used her data, and the record is proved.
	check(city.Sequence(ctx))
	uses, err := city.DB.Uses(ctx, drafts[0].Child, 50)
	check(err)
	slices.Reverse(uses)
	fmt.Println()
	for _, u := range uses {
		who := u.Actor
		if strings.HasPrefix(who, "resident:") {
			who = "resident" // people have random numbers
		}
		fmt.Printf("%s %s: %s\n", u.At.Format(time.DateOnly), who, u.Verb)
		if len(u.Fields) > 0 {
			fmt.Printf("           read %s\n", strings.Join(u.Fields, ", "))
		}
	}
	proved, err := city.Verify(ctx, log.VerifyOptions{})
	check(err)
	fmt.Printf("\nentries proved: %d, not yet in the log: %d\n", proved.Entries, proved.Pending)
	// Output:
	// units.csv            3 in, 0 set aside
	// population.csv       3 in, 0 set aside
	// guardianships.csv    2 in, 0 set aside
	// contacts.csv         2 in, 0 set aside
	// early_education.csv  1 in, 0 set aside
	// finding: met; place: kielo (nearest), 419 m from home
	//
	// Helmi's phone
	//   7 January 10:00, from the city
	//     City of Helsinki: You will soon get a text from +358450000000 about your child's pre-primary place. Please answer by 15 January 2021. It holds no link.
	//     Helsingin kaupunki: Saatte pian numerosta +358450000000 viestin lapsenne esiopetuspaikasta. Vastaattehan viimeistään 15.1.2021. Viestissä ei ole linkkiä.
	//     Helsingfors stad: Ni får snart ett sms från +358450000000 om ert barns förskoleplats. Svara senast 15.1.2021. Det innehåller ingen länk.
	//   7 January 14:00, from the city
	//     Hello Helmi Naava! The City of Helsinki offers a pre-primary place from autumn.
	//     Child: Aino
	//     Place: Kielo daycare centre
	//     Please answer by 15 January 2021. Answer with the letter alone:
	//     A = I accept the place
	//     B = I do not accept the place
	//     C = suomeksi, kiitos
	//     D = på svenska, tack
	//   7 January 15:00, written
	//     A, thank you
	//   7 January 15:00, from the city
	//     Thank you! We have noted that you accept the place.
	//     Child: Aino
	//     Place: Kielo daycare centre
	//     This is not yet the decision: the official decision comes by letter in March. You can change your answer until 15 January 2021.
	//
	// Otto's phone
	//   7 January 10:00, from the city
	//     Helsingin kaupunki: Saatte pian numerosta +358450000000 viestin lapsenne esiopetuspaikasta. Vastaattehan viimeistään 15.1.2021. Viestissä ei ole linkkiä.
	//     Helsingfors stad: Ni får snart ett sms från +358450000000 om ert barns förskoleplats. Svara senast 15.1.2021. Det innehåller ingen länk.
	//     City of Helsinki: You will soon get a text from +358450000000 about your child's pre-primary place. Please answer by 15 January 2021. It holds no link.
	//   7 January 14:00, from the city
	//     Hei Otto Halla! Helsingin kaupunki tarjoaa esiopetuspaikkaa syksystä alkaen.
	//     Lapsi: Aino
	//     Paikka: Päiväkoti Kielo
	//     Vastatkaa viimeistään 15.1.2021 pelkällä kirjaimella:
	//     A = otan paikan vastaan
	//     B = en ota paikkaa vastaan
	//     C = på svenska, tack
	//     D = in English, please
	//   7 January 15:00, from the city
	//     Tiedoksi: lapsen toinen huoltaja on vastannut kysymykseen esiopetuspaikasta.
	//     Lapsi: Aino
	//     Vastaus: A = otan paikan vastaan
	//     Teidän ei tarvitse tehdä mitään. Jos olette eri mieltä tai haluatte kysyä, soittakaa viimeistään 15.1.2021: 09 310 00000
	//
	// offered 1, answered 1, accepted 1, messages 6
	//
	// 2021-01-07 officer:registers: import register
	// 2021-01-07 officer:preparer: find people and hold places
	//            read early_education.decision, early_education.provider, guardianship.guardian, population.birth_date, population.death_date, population.moved_in, population.moved_out, population.municipality, population.contact_language, population.district
	// 2021-01-07 officer:preparer: find people and hold places
	//            read population.address, population.dwelling, guardianship.guardian, early_education.unit, early_education.language
	// 2021-01-07 officer:preparer: find people and hold places
	//            read population.birth_date, guardianship.guardian, early_education.unit
	// 2021-01-07 officer:preparer: find people and hold places
	// 2021-01-07 officer:approver: approve offers
	//            read population.name, population.non_disclosure, guardianship.guardian
	// 2021-01-07 officer:approver: approve offers
	// 2021-01-07 system:work: keep to the schedule
	// 2021-01-07 system:work: hand messages over
	// 2021-01-07 system:channel: receive reports
	// 2021-01-07 system:work: keep to the schedule
	// 2021-01-07 system:work: hand messages over
	// 2021-01-07 system:channel: receive reports
	// 2021-01-07 resident: answer
	// 2021-01-07 system:work: read answers
	// 2021-01-07 system:work: hand messages over
	// 2021-01-07 system:channel: receive reports
	// 2021-01-13 system:work: keep to the schedule
	// 2021-01-15 system:work: keep to the schedule
	//
	// entries proved: 26, not yet in the log: 0
}

func printPhone(ctx context.Context, city *app.App, whose, number string) {
	lines, err := city.Network.Screen(ctx, number)
	check(err)
	zone, err := time.LoadLocation(app.Zone)
	check(err)
	fmt.Printf("\n%s\n", whose)
	for _, l := range lines {
		who := "from the city"
		if l.Outgoing {
			who = "written"
		}
		fmt.Printf("  %s, %s\n", l.At.In(zone).Format("2 January 15:04"), who)
		fmt.Printf("    %s\n", strings.ReplaceAll(strings.TrimSpace(l.Text), "\n", "\n    "))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
