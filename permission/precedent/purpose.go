package precedent

import (
	"slices"

	"ennakko/permission"
	"ennakko/person"
)

// Task is the kind of task for which data is used: what comes of it for people.
type Task string

// The kinds of task.
const (
	TaskOffer   Task = "offer"   // a service is offered before anybody asks
	TaskInform  Task = "inform"  // people are told of something, and nothing hangs on it
	TaskBenefit Task = "benefit" // a place, a benefit or a right is decided on
	TaskFee     Task = "fee"     // a fee or a payment is set
	TaskCare    Task = "care"    // somebody is examined, treated or supported
	TaskCheck   Task = "check"   // it is watched whether somebody keeps to rules
	TaskPlan    Task = "plan"    // services are planned, statistics are made; nothing comes of it for one person
)

// Tasks lists them in the order of a form.
func Tasks() []Task {
	return []Task{TaskOffer, TaskInform, TaskBenefit, TaskFee, TaskCare, TaskCheck, TaskPlan}
}

// Area is the service for which data is used.
type Area string

// The services.
const (
	AreaEarly   Area = "early-education"
	AreaBasic   Area = "basic-education"
	AreaHealth  Area = "health"
	AreaSocial  Area = "social"
	AreaCulture Area = "culture" // culture, sport and leisure
	AreaHousing Area = "housing"
	AreaOther   Area = "other" // of the city's own administration, or another one
)

// Areas lists them in the order of a form.
func Areas() []Area {
	return []Area{AreaEarly, AreaBasic, AreaHealth, AreaSocial, AreaCulture, AreaHousing, AreaOther}
}

// Words says the task; nil for an unknown one.
func (t Task) Words() permission.Texts {
	return map[Task]permission.Texts{
		TaskOffer:   three("palvelun tarjoaminen ennen kuin sitä pyydetään", "att erbjuda en tjänst innan någon ber om den", "offering a service before anybody asks"),
		TaskInform:  three("tiedon antaminen", "att informera", "telling people of something"),
		TaskBenefit: three("paikan, etuuden tai oikeuden ratkaiseminen", "att besluta om en plats, förmån eller rättighet", "deciding on a place, a benefit or a right"),
		TaskFee:     three("maksun määrääminen", "att bestämma en avgift", "setting a fee"),
		TaskCare:    three("tutkiminen, hoito tai tuki", "undersökning, vård eller stöd", "examining, treating or supporting somebody"),
		TaskCheck:   three("valvonta", "tillsyn", "watching whether rules are kept"),
		TaskPlan:    three("suunnittelu ja tilastointi", "planering och statistik", "planning and statistics"),
	}[t]
}

// Words says the service; nil for an unknown one.
func (a Area) Words() permission.Texts {
	return map[Area]permission.Texts{
		AreaEarly:   three("varhaiskasvatus", "småbarnspedagogik", "early education"),
		AreaBasic:   three("esi- ja perusopetus", "förskola och grundskola", "pre-primary and basic education"),
		AreaHealth:  three("terveydenhuolto", "hälso- och sjukvård", "health care"),
		AreaSocial:  three("sosiaalihuolto", "socialvård", "social services"),
		AreaCulture: three("kulttuuri, liikunta ja vapaa-aika", "kultur, idrott och fritid", "culture, sport and leisure"),
		AreaHousing: three("asuminen", "boende", "housing"),
		AreaOther:   three("muu palvelu tai hallinto", "annan tjänst eller förvaltning", "another service, or administration"),
	}[a]
}

// purposes compares what two uses are for: by their ids, and where these are not the same
// by the kind of task and the service. Nothing is guessed from words. Another kind of
// purpose is a difference that somebody must weigh (GDPR 5(1)(b) and 6(4)); another purpose
// of the same kind is said, and does not stand in the way of a proposal. Of what was decided
// before kinds were asked for, nothing is known but the id.
func purposes(u, was Use) (float64, []Difference) {
	var out []Difference
	share := 0.0
	if u.Task != "" && was.Task != "" && u.Task != was.Task {
		out, share = append(out, Difference{Purpose, Sideways, kindWords("Tehtävä on toinen: ", "Uppdraget är ett annat: ", "The task is another: ", u.Task.Words(), was.Task.Words())}), share+0.5
	}
	if u.Area != "" && was.Area != "" && u.Area != was.Area {
		out, share = append(out, Difference{Purpose, Sideways, kindWords("Palvelu on toinen: ", "Tjänsten är en annan: ", "The service is another: ", u.Area.Words(), was.Area.Words())}), share+0.5
	}
	switch {
	case u.Purpose == was.Purpose || len(out) > 0:
		return share, out
	case u.Task == "" || was.Task == "" || u.Area == "" || was.Area == "":
		return 1, []Difference{{Purpose, Sideways, kindWords("Käyttötarkoitus on toinen: ", "Ändamålet är ett annat: ", "The purpose is another: ", u.Name, was.Name)}}
	}
	return 0.25, []Difference{{Purpose, Alike, kindWords("Käyttötarkoitus on toinen, samaa lajia: ", "Ändamålet är ett annat av samma slag: ", "The purpose is another of the same kind: ", u.Name, was.Name)}}
}

func kindWords(fi, sv, en string, now, was permission.Texts) permission.Texts {
	out, there := three(fi, sv, en), three("aiemmin: ", "tidigare: ", "there: ")
	for _, l := range person.Languages() {
		out[l] += now[l] + " (" + there[l] + was[l] + ")."
	}
	return out
}

// checkKind tells what is wrong with the kind of purpose; asked: it must be said.
func (u Use) checkKind(need func(bool, string, ...any), asked bool) {
	need(u.Task == "" && !asked || slices.Contains(Tasks(), u.Task), "it is not said what kind of task the data is used for")
	need(u.Area == "" && !asked || slices.Contains(Areas(), u.Area), "it is not said which service the data is used for")
}
