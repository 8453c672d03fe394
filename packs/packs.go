// Package packs holds the services that come with the program, as data: one
// folder for a service. See docs/packs.md.
package packs

import "embed"

// FS is the folder of packs as it stood when the program was built.
//
//go:embed all:*
var FS embed.FS
