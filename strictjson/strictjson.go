// Package strictjson reads JSON from outside as strictly as it can be read: a
// name that stands twice, an unknown name, a name in other letters, text that is
// no UTF-8, a value of another kind or anything after the end is a fault. The
// fault tells the place and never what stood there.
package strictjson

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"ennakko/fault"
)

// Read reads b into v. The words of the fault hold nothing of b.
func Read(b []byte, v any) error {
	err := json.Unmarshal(b, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	return Fault("strictjson.Read", err)
}

// Fault puts a fault of the library into words that hold nothing of what was
// read.
func Fault(op string, err error) *fault.Error {
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(e, jsontext.ErrDuplicateName) {
			return fault.New(fault.Invalid, op, "a name stands twice").Where("byte %d", e.ByteOffset)
		}
		return fault.New(fault.Invalid, op, "this is not JSON, or it is not whole").Where("byte %d", e.ByteOffset)
	}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		if errors.Is(e, json.ErrUnknownName) {
			return fault.New(fault.Invalid, op, "a name is not known").Where("byte %d", e.ByteOffset)
		}
		return fault.New(fault.Invalid, op, "a value of another kind belongs here").Where("byte %d", e.ByteOffset)
	}
	return fault.New(fault.Invalid, op, "this is not JSON, or it is not whole")
}
