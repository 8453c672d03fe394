package store

import (
	"fmt"
	"time"
)

// WebhookID numbers a webhook. It is never another one's, not even when the webhook
// is gone.
type WebhookID int64

// Webhook is an address of another system that is told when a permission changes.
type Webhook struct {
	ID       WebhookID
	Caller   string // whose it is, as the settings name the system
	Address  string // https
	Disabled bool
	Everyone bool // it is told of all permissions; else of those of its caller's own individuals
	Since    time.Time
	Fails    int       // how often in a row it did not take what it was told
	Due      time.Time // nothing is told before; zero: at once
}

// What happens to a permission, as webhooks are told. Each event in the life of a
// permission is one of these.
const (
	PermitGiven     = "given"     // it stands
	PermitChanged   = "changed"   // it was asked for, refused, or signed by some of those who must
	PermitWithdrawn = "withdrawn" // somebody took it back
	PermitEnded     = "ended"     // its time is over, or its cause is gone
)

// The states of a delivery.
const (
	DeliveryWaiting = "waiting"
	DeliveryTaken   = "taken"    // the other system said that it has it
	DeliveryGivenUp = "given up" // it was tried for too long, or may not be told any more
)

// Delivery is one event in the life of a permission that one webhook is told of.
type Delivery struct {
	Webhook    WebhookID
	Permission int64
	N          int    // of the event
	Name       string // PermitGiven and the others
	State      string
	Since      time.Time // by the database's clock
	Tries      int
	Due        time.Time // zero: at once
	Said       string    // how the newest try ended; no personal data, and nothing that the other system wrote
	Ended      time.Time // zero: it waits
}

// Event is the number of the event: the same each time that it is told, to whomever.
func (d Delivery) Event() string { return fmt.Sprintf("%d-%d", d.Permission, d.N) }

// DeliveryCount is how many deliveries of a webhook are in a state, and since when
// the oldest of them is there.
type DeliveryCount struct {
	Webhook WebhookID
	State   string
	N       int
	Since   time.Time
}

// Webhooks is what is written of webhooks. SavePermit itself notes what each is to
// be told, in the write that keeps the event.
type Webhooks interface {
	// AddWebhook keeps a new webhook with the key of its signatures.
	AddWebhook(w Webhook, key []byte) (WebhookID, error)
	// ChangeWebhook changes address, disabled and everyone of a webhook of its caller,
	// and lets it be tried at once; no key: the key stays. There being none is Missing.
	ChangeWebhook(w Webhook, key []byte) error
	// RemoveWebhook takes a webhook of a caller away with its key and what it was still
	// to be told. There being none is Missing.
	RemoveWebhook(caller string, id WebhookID, now time.Time) error
	// BeginDelivery notes that a delivery is about to be tried; until then nobody else
	// tries it. One that waits no more is ErrNothing. The entry is about the person whose
	// permission it is.
	BeginDelivery(d Delivery, until time.Time) error
	// AgainDeliveries lets what was given up wait again, of a webhook that is there.
	AgainDeliveries(id WebhookID) (int, error)
}
