package fhir

import (
	"time"

	"ennakko/clinical"
)

// moment is a FHIR date, dateTime or instant. One that names only a year or a
// month is somewhere in it: first and last are its bounds.
type moment struct {
	first, last int32 // days since 1970-01-01
	minute      int32 // of the day, clinical.NoMinute if it is not said
}

// Years outside are typing errors.
const firstYear, lastYear = 1850, 2150

// parseMoment reads "2020", "2020-03", "2020-03-05" and
// "2020-03-05T10:30:00.123+02:00". With a zone, a time that has its own is told in
// that zone; else the day and the minute are those that are written. The second
// result is false for anything else, days that do not exist included.
func parseMoment(b []byte, zone *time.Location) (moment, bool) {
	year, ok := digits(b, 0, 4)
	if !ok || year < firstYear || year > lastYear {
		return moment{}, false
	}
	if len(b) == 4 {
		return moment{civil(year, 1, 1), civil(year, 12, 31), clinical.NoMinute}, true
	}
	month, ok := digits(b, 5, 7)
	if !ok || b[4] != '-' || month < 1 || month > 12 {
		return moment{}, false
	}
	if len(b) == 7 {
		return moment{civil(year, month, 1), civil(year, month, daysIn(year, month)), clinical.NoMinute}, true
	}
	day, ok := digits(b, 8, 10)
	if !ok || b[7] != '-' || day < 1 || day > daysIn(year, month) {
		return moment{}, false
	}
	d := civil(year, month, day)
	if len(b) == 10 {
		return moment{d, d, clinical.NoMinute}, true
	}
	return withTime(b, d, zone)
}

func withTime(b []byte, d int32, zone *time.Location) (moment, bool) {
	hour, ok := digits(b, 11, 13)
	if !ok || b[10] != 'T' || hour > 24 {
		return moment{}, false
	}
	minute, ok := digits(b, 14, 16)
	if !ok || b[13] != ':' || minute > 59 {
		return moment{}, false
	}
	at := 16
	if second, ok := digits(b, 17, 19); ok && b[16] == ':' && second <= 60 {
		at = 19
		if at < len(b) && b[at] == '.' {
			for at++; at < len(b) && b[at] >= '0' && b[at] <= '9'; at++ {
			}
		}
	}
	offset, known, ok := zoneOf(b[at:])
	if !ok || hour == 24 && minute > 0 {
		return moment{}, false
	}
	if hour == 24 { // the end of the day
		hour, minute = 23, 59
	}
	m := moment{d, d, int32(hour*60 + minute)}
	if zone == nil || !known {
		return m, true
	}
	t := time.Unix(int64(d)*86400+int64(hour)*3600+int64(minute)*60-int64(offset)*60, 0).In(zone)
	_, shift := t.Zone()
	local := t.Unix() + int64(shift)
	m.first = int32(floorDiv(local, 86400))
	m.last, m.minute = m.first, int32((local-int64(m.first)*86400)/60)
	return m, true
}

// zoneOf reads "", "Z" or "+02:00": minutes east of Greenwich.
func zoneOf(b []byte) (minutes int, known, ok bool) {
	switch {
	case len(b) == 0:
		return 0, false, true
	case len(b) == 1 && (b[0] == 'Z' || b[0] == 'z'):
		return 0, true, true
	case len(b) == 6 && (b[0] == '+' || b[0] == '-') && b[3] == ':':
		h, ok1 := digits(b, 1, 3)
		m, ok2 := digits(b, 4, 6)
		minutes = h*60 + m
		if b[0] == '-' {
			minutes = -minutes
		}
		return minutes, true, ok1 && ok2 && h <= 14 && m <= 59
	}
	return 0, false, false
}

func digits(b []byte, from, to int) (int, bool) {
	if len(b) < to {
		return 0, false
	}
	n := 0
	for _, c := range b[from:to] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// civil is the number of days since 1970-01-01. Source: H. Hinnant,
// "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
func civil(y, m, d int) int32 {
	if m <= 2 {
		y--
	}
	era := y / 400
	yoe := y - era*400
	mp := (m + 9) % 12
	doy := (153*mp+2)/5 + d - 1
	return int32(era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468)
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}
