package reply

import "strings"

// phrases say what an answer in words means when courtesy is left out and the
// marks on letters, too. Only what means one thing in all three languages
// stands here, with the menu's own wording.
var phrases = read(map[Meaning]string{
	Accept: `kyllä, kyllä vain, joo, juu, kyllä otan, kyllä otamme, kyllä hyväksyn, kyllä hyväksymme, hyväksyn, hyväksymme, hyväksytään, hyväksytty,
		hyväksyn paikan, hyväksymme paikan, hyväksyn tarjotun paikan, hyväksymme tarjotun paikan, kyllä hyväksymme paikan, kyllä hyväksyn paikan,
		otan paikan, otamme paikan, otan paikan vastaan, otamme paikan vastaan, otetaan paikka, otetaan paikka vastaan, me otetaan paikka, me otetaan paikka vastaan, otan, otamme,
		kyllä otamme paikan vastaan, kyllä otan paikan vastaan, kyllä otamme paikan, kyllä otan paikan, haluamme paikan, haluan paikan, me otamme paikan vastaan, minä otan paikan vastaan,
		otan paikan hyväksyn, ja, ja gärna, jag tar emot platsen, vi tar emot platsen, tar emot platsen, jag tar platsen, vi tar platsen, ja vi tar emot platsen, ja jag tar emot platsen,
		ja vi tar platsen, ja jag tar platsen, vi tar emot, jag tar emot, vi accepterar, jag accepterar, accepterar, accepteras, vi accepterar platsen, jag accepterar platsen, vi godkänner, jag godkänner,
		yes, yes we accept, yes i accept, we accept, i accept, accept, accepted, we accept the place, i accept the place, yes we accept the place, yes i accept the place, accept the place,
		i take the place, we take the place, i will take the place, we will take the place, yes we will take the place, yes i will take the place, we'd like to accept, i'd like to accept,
		we would like to accept, i would like to accept`,
	Decline: `ei, en hyväksy, emme hyväksy, ei hyväksytä, en hyväksy paikkaa, emme hyväksy paikkaa, en ota paikkaa, emme ota paikkaa, en ota paikkaa vastaan, emme ota paikkaa vastaan,
		ei oteta paikkaa, ei oteta paikkaa vastaan, en ota vastaan, emme ota vastaan, ei emme ota paikkaa vastaan, ei en ota paikkaa vastaan, emme halua paikkaa, en halua paikkaa, emme tarvitse paikkaa,
		en tarvitse paikkaa, hylkään, hylkäämme, kieltäydyn, kieltäydymme,
		nej, jag tar inte emot platsen, vi tar inte emot platsen, tar inte emot platsen, nej vi tar inte emot platsen, nej jag tar inte emot platsen, jag tar inte platsen, vi tar inte platsen,
		vi accepterar inte, jag accepterar inte, vi vill inte ha platsen, jag vill inte ha platsen, vi avböjer, jag avböjer, vi tackar nej, jag tackar nej, tackar nej,
		no, no we decline, no i decline, we decline, i decline, decline, declined, we decline the place, i decline the place, we do not accept, i do not accept, we do not accept the place, i do not accept the place,
		no we do not accept the place, no i do not accept the place, we don't accept, i don't accept, we don't accept the place, i don't accept the place, we do not want the place, i do not want the place,
		we don't want the place, i don't want the place`,
	ToFinnish: `suomeksi, suomi, på finska, finska, in finnish, finnish, suomen kielellä, viesti suomeksi`,
	ToSwedish: `ruotsiksi, ruotsi, på svenska, svenska, in swedish, swedish, ruotsin kielellä`,
	ToEnglish: `englanniksi, englanti, på engelska, engelska, in english, english, englannin kielellä`,
	Stop: `stop, seis, lopeta, lopettakaa, lopettakaa viestit, ei viestejä, ei enää viestejä, ei lisää viestejä, älä lähetä viestejä, älkää lähettäkö viestejä, älkää lähettäkö enää viestejä, peruuta viestit,
		sluta, sluta skicka, sluta skicka meddelanden, inga meddelanden, inga fler meddelanden, inga fler sms, skicka inte meddelanden, skicka inte fler meddelanden, stoppa,
		unsubscribe, stop sending messages, stop sending, stop texting me, no messages, no more messages, no more texts, do not text me, don't text me, do not send messages, don't send messages`,
})

// known are the single words that mean something by themselves.
var known = single(phrases)

// read makes the table by the plain form of each phrase. The courtesy of a
// phrase is left out here as it is when an answer is read.
func read(lists map[Meaning]string) map[string]Meaning {
	out := map[string]Meaning{}
	for m, list := range lists {
		for _, s := range strings.Split(list, ",") {
			var words []string
			for _, w := range strings.Fields(s) {
				if !courtesy[w] && !thanks[w] {
					words = append(words, w)
				}
			}
			out[plain(strings.Join(words, " "))] = m
		}
	}
	return out
}

func single(table map[string]Meaning) map[string]bool {
	out := map[string]bool{}
	for s := range table {
		if !strings.Contains(s, " ") {
			out[s] = true
		}
	}
	return out
}
