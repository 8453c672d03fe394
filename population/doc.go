// Package population runs many criteria over everyone at once. It holds what
// the registers say of a whole city as columns: for each concept and each field
// the facts of all people, one slice for the days, one for the values. A plan
// is made of all criteria of a run: every distinct part of them is one step,
// however many criteria share it. The steps run over blocks of 1,024 people on
// all cores, with three-valued logic as bitmaps; what comes out is a Roaring
// bitmap of people for each criterion and verdict.
//
// The meaning is that of package criteria, which answers for one person and is
// the measure: a test of random criteria over random histories holds the two
// equal, unknowns and errors included. Why a person has a verdict is asked
// there, for that person alone.
//
// Source of the way it works: P. Boncz, M. Zukowski, N. Nes, "MonetDB/X100:
// Hyper-Pipelining Query Execution" (CIDR 2005), for steps over blocks that fit
// the cache; S. C. Kleene, Introduction to Metamathematics (1952), section 64,
// for the logic.
package population
