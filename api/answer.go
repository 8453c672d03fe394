package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"ennakko/fault"
)

// trouble is what is answered when something is wrong: a word for programs, and
// words for people that hold nothing of the request.
type trouble struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"code":"internal","message":"the answer cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // a caller that went away is no fault
}

// coded is a fault with a word for programs.
type coded struct {
	is   *fault.Error
	code string
}

func (c coded) Error() string { return c.is.Error() }

// Unwrap gives the fault.
func (c coded) Unwrap() error { return c.is }

// refuse makes a fault of wrong input or of what is forbidden.
func refuse(code, format string, args ...any) error {
	return coded{fault.New(fault.Invalid, "api", format, args...), code}
}

// fail answers with what went wrong. Faults of the caller are 400, as all three
// protocols have it; others are 500 and told in the log, in words without names.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error, about ...any) {
	status, t := troubleOf(err)
	if status >= http.StatusInternalServerError {
		s.Log.ErrorContext(r.Context(), "a protocol cannot answer", append(about, "error", err)...)
	}
	answer(w, status, t)
}

func troubleOf(err error) (int, trouble) {
	if c, ok := errors.AsType[coded](err); ok {
		return http.StatusBadRequest, trouble{c.code, c.is.Show}
	}
	words := func(fallback string) string {
		if e, ok := errors.AsType[*fault.Error](err); ok && e.Show != "" {
			return e.Show
		}
		return fallback
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusBadRequest, trouble{"invalid", words("the request is wrong")}
	case fault.Refused:
		return http.StatusBadRequest, trouble{"refused", words("this is not allowed")}
	case fault.Missing:
		return http.StatusBadRequest, trouble{"missing", words("there is no such thing")}
	case fault.Conflict:
		return http.StatusBadRequest, trouble{"changed", words("it changed in between")}
	case fault.Later:
		return http.StatusInternalServerError, trouble{"later", "try again in a moment"}
	case fault.Internal, fault.Tampered:
	}
	return http.StatusInternalServerError, trouble{"internal", "something went wrong"}
}
