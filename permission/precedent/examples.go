package precedent

import (
	"bytes"
	_ "embed"
)

//go:embed examples.json
var examples []byte

// Examples is a small book of made-up decisions, to show how precedents work
// and to try the comparison. Each is marked as an example: none was decided by
// anybody. The provisions that they name are real.
func Examples() (Book, error) { return Read(bytes.NewReader(examples)) }
