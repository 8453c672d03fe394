package postgres

import (
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// Planned is how long a connection keeps its plans.
const Planned = planned

// Fresh makes connections plan anew, by a clock.
func Fresh(now func() time.Time) stdlib.OptionOpenDB {
	return stdlib.OptionResetSession(plans{now}.fresh)
}
