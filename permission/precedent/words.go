package precedent

import (
	"strings"

	"ennakko/permission"
	"ennakko/person"
)

func three(fi, sv, en string) permission.Texts {
	return permission.Texts{person.Finnish: fi, person.Swedish: sv, person.English: en}
}

// beginning is how a difference of a part begins: for what is new, and for what
// is gone.
func beginning(p Part, added bool) permission.Texts {
	type pair struct{ added, gone permission.Texts }
	b := map[Part]pair{
		Fields:     {three("Käytetään lisäksi näitä tietoja: ", "Dessutom används dessa uppgifter: ", "It also uses this data: "), three("Näitä tietoja ei käytetä: ", "Dessa uppgifter används inte: ", "It does not use this data: ")},
		Sources:    {three("Tietoja otetaan lisäksi täältä: ", "Uppgifter tas dessutom härifrån: ", "It also takes data from: "), three("Tietoja ei oteta täältä: ", "Uppgifter tas inte härifrån: ", "It takes no data from: ")},
		Special:    {three("Mukana on lisäksi erityisiin henkilötietoryhmiin kuuluvia tietoja: ", "Den omfattar dessutom särskilda kategorier av personuppgifter: ", "It also covers special categories of data: "), three("Mukana ei ole näitä erityisiin henkilötietoryhmiin kuuluvia tietoja: ", "Den omfattar inte dessa särskilda kategorier av personuppgifter: ", "It leaves out these special categories of data: ")},
		Basis:      {three("Perustuu lisäksi tähän tietosuoja-asetuksen kohtaan: ", "Den grundar sig dessutom på denna punkt i dataskyddsförordningen: ", "It also rests on this provision: "), three("Ei perustu tähän tietosuoja-asetuksen kohtaan: ", "Den grundar sig inte på denna punkt i dataskyddsförordningen: ", "It does not rest on this provision: ")},
		Law:        {three("Perustuu lisäksi tähän lakiin: ", "Den grundar sig dessutom på denna lag: ", "It also rests on this act: "), three("Ei perustu tähän lakiin: ", "Den grundar sig inte på denna lag: ", "It does not rest on this act: ")},
		Recipients: {three("Tietoja annetaan lisäksi: ", "Uppgifter lämnas dessutom till: ", "It also hands data to: "), three("Tietoja ei anneta: ", "Uppgifter lämnas inte till: ", "It does not hand data to: ")},
		Conditions: {three("Siinä on lisäksi ehto: ", "Den har dessutom villkoret: ", "It has this further condition: "), three("Siitä puuttuu ehto: ", "Den saknar villkoret: ", "It lacks this condition: ")},
		User:       {three("Tietoja käyttää toinen: ", "Uppgifterna används av en annan: ", "Another uses the data: "), three("Tietoja ei käytä: ", "Uppgifterna används inte av: ", "The data is not used by: ")},
	}[p]
	if added {
		return b.added
	}
	return b.gone
}

func said(p Part, added bool, things []permission.Texts) permission.Texts {
	out := permission.Texts{}
	for _, l := range person.Languages() {
		all := make([]string, len(things))
		for i, t := range things {
			all[i] = strings.TrimSuffix(t[l], ".")
		}
		out[l] = beginning(p, added)[l] + strings.Join(all, "; ") + "."
	}
	return out
}

// specialWords says a kind of data of GDPR 9(1); an unknown kind says itself.
func specialWords(kind string) permission.Texts {
	switch kind {
	case "health":
		return three("terveystiedot", "uppgifter om hälsa", "data about health")
	case "ethnic-origin":
		return three("etninen alkuperä", "etniskt ursprung", "ethnic origin")
	case "religion":
		return three("uskonnollinen tai filosofinen vakaumus", "religiös eller filosofisk övertygelse", "religious or philosophical beliefs")
	case "political-opinion":
		return three("poliittiset mielipiteet", "politiska åsikter", "political opinions")
	case "trade-union":
		return three("ammattiliiton jäsenyys", "medlemskap i fackförening", "trade union membership")
	case "sex-life":
		return three("seksuaalinen käyttäytyminen tai suuntautuminen", "sexualliv eller sexuell läggning", "sex life or sexual orientation")
	case "biometric":
		return three("biometriset tiedot", "biometriska uppgifter", "biometric data")
	case "genetic":
		return three("geneettiset tiedot", "genetiska uppgifter", "genetic data")
	}
	return same(kind)
}

func lawWords(now, was string) permission.Texts {
	return three("Perustuu tähän säännökseen: "+now+" (aiemmin: "+was+").", "Den grundar sig på denna bestämmelse: "+now+" (tidigare: "+was+").", "It rests on this provision: "+now+" (there: "+was+").")
}

func keepWords(now, was permission.Period) permission.Texts {
	return three("Tietoja säilytetään "+now.Words(person.Finnish)+" (aiemmin "+was.Words(person.Finnish)+").",
		"Uppgifterna sparas i "+now.Words(person.Swedish)+" (tidigare "+was.Words(person.Swedish)+").",
		"The data is kept for "+now.Words(person.English)+" (there: "+was.Words(person.English)+").")
}

func automatedWords(now, was Automation) permission.Texts {
	who := map[Automation]permission.Texts{
		ByPeople: three("ihminen tekee kaiken", "en människa gör allt", "a person does it all"),
		Proposes: three("ohjelma ehdottaa ja ihminen päättää", "programmet föreslår och en människa beslutar", "the program proposes and a person decides"),
		Decides:  three("ohjelma päättää yksin", "programmet beslutar ensamt", "the program decides alone"),
	}
	out := permission.Texts{}
	there := three("aiemmin: ", "tidigare: ", "there: ")
	for l, begin := range three("Tässä ", "Här är det så att ", "Here ") {
		out[l] = begin + who[now][l] + " (" + there[l] + who[was][l] + ")."
	}
	return out
}

// OutcomeWords says an outcome; "" is an open question.
func OutcomeWords(o Outcome) permission.Texts {
	switch o {
	case Lawful:
		return three("Käyttö on lainmukaista.", "Användningen är laglig.", "The use is lawful.")
	case OnTerms:
		return three("Käyttö on lainmukaista, jos ehtoja noudatetaan.", "Användningen är laglig om villkoren följs.", "The use is lawful if the terms are kept.")
	case Unlawful:
		return three("Käyttö ei ole lainmukaista.", "Användningen är inte laglig.", "The use is not lawful.")
	}
	return three("Aiemmista ratkaisuista ei saa vastausta. Ihmisen on punnittava asia.", "De tidigare avgörandena ger inget svar. En människa måste väga saken.", "The earlier decisions give no answer. A person must weigh it.")
}
