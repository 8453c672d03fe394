package phone

import (
	"context"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
)

// Behaviour is how made-up families and phones behave, as shares from 0 to 1.
// Pilot is close to what Helsinki saw in January 2021 (93 % of 5,591 families
// answered, 89 % of the answers were A).
type Behaviour struct {
	Answer       float64       // answers the first inquiry
	AnswerLater  float64       // answers a reminder
	Accept       float64       // of the answers
	OtherTongue  float64       // asks for another language first
	Wordy        float64       // answers in other words than the letter alone
	Garbled      float64       // first sends something that is no answer
	Twice        float64       // sends the same answer twice
	ChangesMind  float64       // sends the other letter later
	AnswersTold  float64       // answers although the other guardian has
	Median       time.Duration // half of the answers come within this time
	Fails        float64       // messages that never arrive
	FailsAbroad  float64       // the same for numbers outside Finland
	SwitchedOff  float64       // phones that are off for hours
	DeliveryTime time.Duration // usual time to the phone
	Zone         *time.Location
}

// Pilot is the behaviour that comes close to the pilot's figures.
func Pilot(zone *time.Location) Behaviour {
	return Behaviour{Answer: 0.60, AnswerLater: 0.36, Accept: 0.893, OtherTongue: 0.02, Wordy: 0.12, Garbled: 0.02, Twice: 0.01,
		ChangesMind: 0.008, AnswersTold: 0.06, Median: 25 * time.Minute, Fails: 0.012, FailsAbroad: 0.06, SwitchedOff: 0.02,
		DeliveryTime: 4 * time.Second, Zone: zone}
}

type delivery struct {
	fails bool
	delay time.Duration
}

// delivery decides what becomes of a message. Whether a number is dead is a
// property of the number; a phone that just wrote is switched on.
func (b Behaviour) delivery(r *rand.Rand, phone string, inUse bool) delivery {
	fails := b.Fails
	if !strings.HasPrefix(phone, "+358") {
		fails = b.FailsAbroad
	}
	dead := rand.New(rand.NewPCG(hash(phone), 1)).Float64() < fails
	d := time.Duration(float64(b.DeliveryTime) * (0.5 + r.ExpFloat64()/2))
	if !inUse && r.Float64() < b.SwitchedOff {
		d += time.Duration(r.Float64() * float64(20*time.Hour))
	}
	return delivery{dead, d}
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range []byte(s) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

var (
	menuLine   = regexp.MustCompile(`(?m)^A = `)
	asksAgain  = regexp.MustCompile(`\bA\b.*\bB\b`)
	namesChild = regexp.MustCompile(`"A (\p{Lu}[\p{L}'-]*)"`)
)

// react lets the family read its screen and decide.
func (n *Network) react(ctx context.Context, tx transaction, e event) error {
	if n.family.Zone == nil {
		return nil
	}
	oneLine := strings.ReplaceAll(e.text, "\n", " ")
	switch {
	case namesChild.MatchString(e.text):
		name := namesChild.FindStringSubmatch(e.text)[1]
		return n.answer(ctx, tx, e, n.letter(e.phone)+" "+name, 2*time.Minute, true)
	case menuLine.MatchString(e.text):
		return n.readInquiry(ctx, tx, e)
	case asksAgain.MatchString(oneLine):
		r := n.rng("reminder", e.phone, e.text)
		if r.Float64() < n.family.AnswerLater {
			return n.answer(ctx, tx, e, n.letter(e.phone), n.family.delay(r), false)
		}
		return nil
	}
	// Anything else says that the matter is settled: answers in mind are mostly dropped.
	if n.rng("told", e.phone, e.text).Float64() < n.family.AnswersTold {
		return nil
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM event WHERE phone = ? AND kind = 'answer' AND done = 0 AND firm = 0 AND due > ?", e.phone, e.due.UnixMicro())
	return err
}

// letter is the family's choice; it is the phone's own, so two guardians may
// differ.
func (n *Network) letter(phone string) string {
	if n.rng("choice", phone, "").Float64() < n.family.Accept {
		return "A"
	}
	return "B"
}

func (n *Network) readInquiry(ctx context.Context, tx transaction, e event) error {
	var before int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM shown WHERE phone = ? AND outgoing = 0 AND text LIKE '%A = %'", e.phone).Scan(&before); err != nil {
		return err
	}
	r, b := n.rng("inquiry", e.phone, e.text), n.family
	if before <= 1 && r.Float64() < b.OtherTongue {
		return n.answer(ctx, tx, e, string("CD"[r.IntN(2)]), b.delay(r), true)
	}
	// A family that wrote once is at the phone and goes on.
	var wrote int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM shown WHERE phone = ? AND outgoing = 1", e.phone).Scan(&wrote); err != nil {
		return err
	}
	if wrote == 0 && r.Float64() >= b.Answer {
		return nil
	}
	delay, letter := b.delay(r), n.letter(e.phone)
	if wrote > 0 {
		delay = time.Minute + time.Duration(r.Float64()*float64(5*time.Minute))
	}
	if r.Float64() < b.Garbled {
		if err := n.answer(ctx, tx, e, garbled[r.IntN(len(garbled))], delay, true); err != nil {
			return err
		}
		delay += time.Duration((2 + 20*r.Float64()) * float64(time.Minute))
	}
	text := letter
	if r.Float64() < b.Wordy {
		text = worded(r, letter)
	}
	if err := n.answer(ctx, tx, e, text, delay, false); err != nil {
		return err
	}
	if r.Float64() < b.Twice {
		return n.answer(ctx, tx, e, letter, delay+20*time.Second, true)
	}
	if r.Float64() < b.ChangesMind {
		return n.answer(ctx, tx, e, string("AB"[strings.Index("BA", letter)]), delay+time.Duration((1+30*r.Float64())*float64(time.Hour)), true)
	}
	return nil
}

func (n *Network) answer(ctx context.Context, tx transaction, e event, text string, after time.Duration, firm bool) error {
	return n.schedule(ctx, tx, event{due: n.family.awake(e.due.Add(after)), kind: "answer", phone: e.phone, text: text, firm: firm})
}

// delay is log-normal with a long tail: some answer days later.
func (b Behaviour) delay(r *rand.Rand) time.Duration {
	d := float64(b.Median) * math.Exp(1.7*r.NormFloat64())
	return time.Duration(math.Min(math.Max(d, float64(20*time.Second)), float64(30*24*time.Hour)))
}

// awake moves a moment of the night into the morning.
func (b Behaviour) awake(t time.Time) time.Time {
	l := t.In(b.Zone)
	switch {
	case l.Hour() >= 23:
		l = l.Add(8*time.Hour + time.Duration(l.Minute())*time.Minute)
	case l.Hour() < 7:
		l = l.Add(time.Duration(7-l.Hour())*time.Hour + time.Duration(l.Minute())*time.Minute)
	}
	return l.UTC()
}

var garbled = []string{"Kuka tämä on?", "?", "Voitteko soittaa minulle", "ok", "Vem är det?", "What is this about", "👍", "Moi, mihin aikaan hoito alkaa?"}

func worded(r *rand.Rand, letter string) string {
	forms := []string{"a", "a.", " A ", "A!", "A kiitos", "(A)", "Kyllä", "Kyllä kiitos", "A, kiitos", "Yes"}
	if letter == "B" {
		forms = []string{"b", "b.", " B ", "B!", "B kiitos", "(B)", "Ei kiitos", "B, ei kiitos", "No thanks"}
	}
	return forms[r.IntN(len(forms))]
}
