// Package precedent keeps decisions on whether a use of data is lawful, and
// compares a new purpose with them.
package precedent
