package store

// SealedKey is the primary key of a row with sealed values; nil comes before
// all.
type SealedKey []any

// Sealing seals what is kept anew, when the key is changed.
type Sealing interface {
	// OutOfUse notes that the keys from before the one that this process seals with
	// are out of use, and returns their numbers. From then on a write of any process
	// that would seal with one of them is refused: nothing new comes to be sealed
	// with it.
	OutOfUse() ([]uint32, error)
	// Reseal seals anew, in the order of a table's primary key, up to limit rows
	// that are sealed with another key than this process seals with. It returns how
	// many and the key of the last; fewer than limit means that there are no more.
	Reseal(table string, after SealedKey, limit int) (n int, last SealedKey, err error)
	// SealedWithOthers counts the rows of a table with a value that is sealed with
	// another key than this process seals with.
	SealedWithOthers(table string) (int, error)
}
