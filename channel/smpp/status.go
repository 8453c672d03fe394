package smpp

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/linxGnu/gosmpp/data"
)

// answerLost stands for an answer that never came.
const answerLost = data.CommandStatusType(-1)

// throttled says "too much, slow down": ESME_RTHROTTLED and ESME_RMSGQFUL.
func throttled(s data.CommandStatusType) bool {
	return s == data.ESME_RTHROTTLED || s == data.ESME_RMSGQFUL
}

// later says "not now" of this message: ESME_RSYSERR, ESME_RSUBMITFAIL,
// ESME_RX_T_APPN.
func later(s data.CommandStatusType) bool {
	return s == data.ESME_RSYSERR || s == data.ESME_RSUBMITFAIL || s == data.ESME_RX_T_APPN
}

func statusText(s data.CommandStatusType) string {
	return fmt.Sprintf("command_status 0x%08X", uint32(s))
}

// name is what reports will call a message that an answer called id.
func (c *Client) name(id string) string {
	id = strings.TrimSpace(id)
	if c.set.HexIDs {
		if n, err := strconv.ParseUint(id, 16, 64); err == nil {
			return strconv.FormatUint(n, 10)
		}
	}
	return id
}

// validity is a time from now (SMPP 3.4, 7.1.1.2), at most a month.
func validity(d time.Duration) string {
	s := int64(max(time.Minute, min(d, 30*24*time.Hour)) / time.Second)
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", s/86400, s/3600%24, s/60%60, s%60)
}
