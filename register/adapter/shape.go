package adapter

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"ennakko/fault"
	"ennakko/strictjson"
)

// shape is a tree of the places of a JSON text that may be there: keys of groups,
// the entries of a list, and values at the ends. A group or list where a value
// belongs is another shape, and never let through: what is in it was not agreed
// on.
type shape struct {
	keys  map[string]*shape
	every *shape // of a list
	value bool
}

var pathForm = regexp.MustCompile(`^(/(\*|[A-Za-z_][A-Za-z0-9_-]*))+$`)

// add puts a place such as /months/*/rows/*/cents into the tree.
func (s *shape) add(path string) error {
	const op = "adapter.Read"
	if !pathForm.MatchString(path) {
		return fault.New(fault.Invalid, op, "this is no place in a JSON text").Do("write keys between strokes, and * for every entry of a list: /months/*/month")
	}
	at := s
	for _, key := range strings.Split(path[1:], "/") {
		if at.value || key == "*" && at.keys != nil || key != "*" && at.every != nil {
			return fault.New(fault.Invalid, op, "two places contradict each other: a value, a group and a list cannot stand at one").Do("name the values at the ends only")
		}
		if key == "*" {
			if at.every == nil {
				at.every = &shape{}
			}
			at = at.every
			continue
		}
		if at.keys == nil {
			at.keys = map[string]*shape{}
		}
		if at.keys[key] == nil {
			at.keys[key] = &shape{}
		}
		at = at.keys[key]
	}
	if at.keys != nil || at.every != nil {
		return fault.New(fault.Invalid, op, "two places contradict each other: a value, a group and a list cannot stand at one").Do("name the values at the ends only")
	}
	at.value = true
	return nil
}

// cut copies the places of the shape out of a JSON text and leaves all others
// out; whole refuses a text that holds others. Numbers stay letter for letter.
func (s *shape) cut(b []byte, whole bool) ([]byte, error) {
	const op = "adapter.cut"
	var out bytes.Buffer
	d, e := jsontext.NewDecoder(bytes.NewReader(b)), jsontext.NewEncoder(&out)
	if err := s.copy(d, e, whole); err != nil {
		if f, ok := errors.AsType[*fault.Error](err); ok {
			return nil, f
		}
		return nil, strictjson.Fault(op, err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, op, "something stands after the end")
	}
	return out.Bytes(), nil
}

func other(d *jsontext.Decoder) error {
	return fault.New(fault.Invalid, "adapter.cut", "the text is of another shape than is set up").Where("byte %d", d.InputOffset())
}

func (s *shape) copy(d *jsontext.Decoder, e *jsontext.Encoder, whole bool) error {
	switch kind := d.PeekKind(); kind {
	case '{', '[':
		if kind == '{' && s.keys == nil || kind == '[' && s.every == nil {
			return other(d)
		}
		if err := token(d, e); err != nil {
			return err
		}
		for d.PeekKind() != '}' && d.PeekKind() != ']' {
			if d.PeekKind() == 0 { // the text ends here or is no JSON
				_, err := d.ReadToken()
				return err
			}
			if err := s.entry(d, e, kind == '[', whole); err != nil {
				return err
			}
		}
		return token(d, e)
	case 'n': // nothing may stand in any place
		return token(d, e)
	}
	if !s.value {
		if d.PeekKind() == 0 {
			_, err := d.ReadToken()
			return err
		}
		return other(d)
	}
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	return e.WriteValue(v)
}

// entry copies one entry of a list, or one key of a group with what stands there.
func (s *shape) entry(d *jsontext.Decoder, e *jsontext.Encoder, list, whole bool) error {
	if list {
		return s.every.copy(d, e, whole)
	}
	name, err := d.ReadToken()
	if err != nil {
		return err
	}
	at := s.keys[name.String()]
	if at == nil {
		if whole {
			return other(d)
		}
		return d.SkipValue()
	}
	if err := e.WriteToken(jsontext.String(name.String())); err != nil {
		return err
	}
	return at.copy(d, e, whole)
}

func token(d *jsontext.Decoder, e *jsontext.Encoder) error {
	t, err := d.ReadToken()
	if err != nil {
		return err
	}
	return e.WriteToken(t)
}

// textAt is the text at a place without *; ok is false when none stands there.
func textAt(b []byte, place string) (text string, ok bool, err error) {
	d := jsontext.NewDecoder(bytes.NewReader(b))
	for {
		t, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return text, ok, nil
		}
		if err != nil {
			return "", false, strictjson.Fault("adapter.textAt", err)
		}
		// A name points to the place of its value, too; it is the odd one of its group.
		around, n := d.StackIndex(d.StackDepth())
		if t.Kind() == '"' && (around != '{' || n%2 == 0) && string(d.StackPointer()) == place {
			text, ok = t.String(), true
		}
	}
}
