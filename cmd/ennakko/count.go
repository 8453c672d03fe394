package main

import (
	"encoding/json"
	"math"
	"strconv"

	"ennakko/app"
)

// count is a count of people as a command tells it: to the nearest five; one under
// five is null in JSON, and is not told.
type count struct {
	n   int
	few bool
}

func counted(n int) count {
	shown, few := app.About(n)
	return count{shown, few}
}

// String is what people read.
func (c count) String() string {
	if c.few {
		return "fewer than five"
	}
	return strconv.Itoa(c.n)
}

// MarshalJSON implements json.Marshaler.
func (c count) MarshalJSON() ([]byte, error) {
	if c.few {
		return []byte("null"), nil
	}
	return json.Marshal(c.n)
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *count) UnmarshalJSON(b []byte) error {
	c.n, c.few = 0, string(b) == "null"
	if c.few {
		return nil
	}
	return json.Unmarshal(b, &c.n)
}

// share is a share to the tenth of a percent: counts cannot be computed back from
// it and a rounded total.
func share(x float64) float64 { return math.Round(1000*x) / 1000 }

// hundredth is a share as EffectWords tells it, in whole percents.
func hundredth(x float64) float64 { return math.Round(100*x) / 100 }
