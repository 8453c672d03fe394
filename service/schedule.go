package service

import (
	"regexp"
	"time"

	"ennakko/fault"
	"ennakko/strictyaml"
)

// Schedule is when things happen in a round, and when nothing may be sent.
type Schedule struct {
	zone         *time.Location
	noticeAt     time.Duration // since midnight
	inquiryAfter time.Duration
	reminder     time.Duration // before the deadline
	answerDays   int           // 0: deadline is set
	deadline     time.Time     // the last day to answer, midnight UTC
	lateDays     int
	quietFrom    time.Duration // since midnight; the evening
	quietTo      time.Duration // since midnight; the morning
	sundays      bool          // messages go out on Sundays too
	holidays     bool          // messages go out on public holidays too
	validity     time.Duration
	rate         int
	sender       string
	partPrice    float64 // cents
}

// Moments are the moments of one round.
type Moments struct {
	Notice   time.Time // the advance notices go out
	Inquiry  time.Time // the inquiries go out
	Reminder time.Time // those who have not answered are reminded
	Deadline time.Time // the last second in which an answer is in time
	Close    time.Time // late answers are no longer looked for
}

// Zone is the time zone of the service.
func (s Schedule) Zone() *time.Location { return s.zone }

// Validity is how long the network may keep trying to deliver a message.
func (s Schedule) Validity() time.Duration { return s.validity }

// Rate is how many messages may be handed over in one second.
func (s Schedule) Rate() int { return s.rate }

// Sender is the number that messages come from and that can be answered.
func (s Schedule) Sender() string { return s.sender }

// PartPrice is what one part of a text message costs, in cents; 0 when the pack
// does not say.
func (s Schedule) PartPrice() float64 { return s.partPrice }

// Moments gives the moments of a round that begins on the day of start, in the
// service's time zone. A schedule that does not fit together on that day is a
// fault.
func (s Schedule) Moments(start time.Time) (Moments, error) {
	const op = "service.Moments"
	if s.zone == nil || start.IsZero() {
		return Moments{}, fault.New(fault.Invalid, op, "there is no schedule, or no day to start on")
	}
	first := s.midnight(start, 0)
	m := Moments{Notice: s.Allowed(s.clock(first, s.noticeAt))}
	m.Inquiry = s.Allowed(m.Notice.Add(s.inquiryAfter))
	last := s.midnight(start, s.answerDays)
	if s.answerDays == 0 {
		last = s.midnight(s.deadline, 0)
	}
	m.Deadline = s.midnight(last, 1).Add(-time.Second)
	m.Reminder = s.Allowed(m.Deadline.Add(-s.reminder))
	m.Close = m.Deadline.AddDate(0, 0, s.lateDays)
	if !m.Inquiry.Before(m.Reminder) || !m.Reminder.Before(m.Deadline) {
		return Moments{}, fault.New(fault.Invalid, op, "for a round from %s the inquiry, the reminder and the deadline are not in this order", start.Format(time.DateOnly)).
			Do("give more days to answer, or remind later")
	}
	return m, nil
}

// midnight is the beginning of the day that t names, some days later, in the
// service's time zone.
func (s Schedule) midnight(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, s.zone)
}

// clock is a time of day, also on the two days of the year on which the clocks
// are changed.
func (s Schedule) clock(day time.Time, sinceMidnight time.Duration) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, int(sinceMidnight/time.Minute), 0, 0, s.zone)
}

// Allowed is the first moment from t on at which a message may be sent: not in
// the quiet hours, nor on a Sunday or public holiday if the pack says so.
func (s Schedule) Allowed(t time.Time) time.Time {
	if s.zone == nil {
		return t
	}
	local := t.In(s.zone)
	for range 14 { // no run of days without sending is as long
		from, to := s.clock(local, s.quietTo), s.clock(local, s.quietFrom)
		free := s.sundays || local.Weekday() != time.Sunday
		free = free && (s.holidays || !PublicHoliday(local))
		switch {
		case free && local.Before(from):
			return from
		case free && local.Before(to):
			return local
		}
		local = s.midnight(local, 1)
	}
	return local
}

// PublicHoliday reports whether the day that t names is a public holiday in
// Finland other than an ordinary Sunday. Source: Church Act 652/2023, Act
// 388/1937 (6 December) and Act 272/1944 (1 May).
func PublicHoliday(t time.Time) bool {
	y, m, d := t.Date()
	switch {
	case m == time.January && (d == 1 || d == 6), m == time.May && d == 1, m == time.December && (d == 6 || d == 25 || d == 26):
		return true
	case t.Weekday() == time.Saturday && (m == time.June && d >= 20 && d <= 26): // Midsummer
		return true
	case t.Weekday() == time.Saturday && (m == time.October && d == 31 || m == time.November && d <= 6): // All Saints
		return true
	}
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	switch int(day.Sub(easter(y)).Hours()) / 24 {
	case -2, 1, 39: // Good Friday, Easter Monday, Ascension
		return true
	case 0:
		return day.Equal(easter(y))
	}
	return false
}

// easter is Easter Sunday of a year. Source: the anonymous Gregorian algorithm
// (Nature, 20 April 1876; J. Meeus, Astronomical Algorithms, chapter 8).
func easter(y int) time.Time {
	a, b, c := y%19, y/100, y%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(y, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}

var senderForm = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

func readSchedule(x strictyaml.Node) Schedule {
	k := x.Keys("time_zone", "notice_at", "inquiry_after", "reminder_before_deadline", "late_days", "quiet", "validity", "rate_per_second", "sender", "?", "answer_days", "deadline", "part_price_cents")
	s := Schedule{
		noticeAt: k["notice_at"].Clock(), inquiryAfter: k["inquiry_after"].Lasting(30 * 24 * time.Hour),
		reminder: k["reminder_before_deadline"].Lasting(60 * 24 * time.Hour), lateDays: k["late_days"].Whole(0, 365),
		validity: k["validity"].Lasting(7 * 24 * time.Hour), rate: k["rate_per_second"].Whole(1, 1000), sender: k["sender"].Text(),
	}
	if z := k["time_zone"].Text(); z != "" {
		zone, err := time.LoadLocation(z)
		if err != nil || z == "Local" {
			k["time_zone"].Bad("Finland's is Europe/Helsinki", "the time zone is not known")
		}
		s.zone = zone
	}
	if price := k["part_price_cents"]; price.There() {
		if s.partPrice = price.Number(); s.partPrice < 0 || s.partPrice > 1000 {
			price.Bad("such as 6.2", "a part of a message costs from 0 to 1000 cents")
		}
	}
	days, fixed := k["answer_days"], k["deadline"]
	switch {
	case x.There() && days.There() == fixed.There():
		x.Bad("keep one: answer_days counts from the day on which the round begins", "either answer_days or deadline is needed")
	case days.There():
		s.answerDays = days.Whole(1, 365)
	default:
		s.deadline = fixed.Day()
	}
	q := k["quiet"].Keys("from", "to", "sundays", "public_holidays")
	s.quietFrom, s.quietTo = q["from"].Clock(), q["to"].Clock()
	s.sundays, s.holidays = !q["sundays"].Yes(), !q["public_holidays"].Yes()
	if q["from"].There() && q["to"].There() && s.quietFrom <= s.quietTo {
		k["quiet"].Bad(`such as from "20:00" to "08:00"`, "the quiet hours must begin in the evening and end in the morning")
	}
	if s.sender != "" && !senderForm.MatchString(s.sender) {
		k["sender"].Bad("write it as +358401234567; a name cannot be answered", "the sender is not an international telephone number")
	}
	return s
}
