package webhook

// Reachable is reachable, for tests.
var Reachable = reachable
