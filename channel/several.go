package channel

import "context"

// Several are channels in order of preference: a message that one cannot take
// now goes to the next. One that may have been taken is never given to another.
type Several []Channel

// connected reports whether a channel says that it can take messages now.
func connected(c Channel) bool {
	x, says := c.(interface{ Connected() bool })
	return !says || x.Connected()
}

// Submit hands messages over.
func (s Several) Submit(ctx context.Context, batch []Message) ([]Receipt, error) {
	var order []Channel
	for _, c := range s {
		if connected(c) {
			order = append(order, c)
		}
	}
	if len(order) == 0 {
		order = s // one of them may be back in a moment
	}
	var known []Receipt
	for i, c := range order {
		receipts, err := c.Submit(ctx, batch)
		again := map[Ref]bool{}
		for _, r := range receipts {
			if r.State == Queued && i+1 < len(order) {
				again[r.Ref] = true
				continue
			}
			known = append(known, r)
		}
		if err != nil || len(again) == 0 {
			return known, err
		}
		var rest []Message
		for _, m := range batch {
			if again[m.Envelope().Ref] {
				rest = append(rest, m)
			}
		}
		batch = rest
	}
	return known, nil
}

// Query asks the channels until one can tell. That one never saw a message tells
// nothing of the others.
func (s Several) Query(ctx context.Context, ref Ref) (Known, error) {
	never := 0
	for _, c := range s {
		k, err := c.Query(ctx, ref)
		switch {
		case err != nil || k == Seen:
			return k, err
		case k == NeverSeen:
			never++
		}
	}
	if never == len(s) && never > 0 {
		return NeverSeen, nil
	}
	return CannotTell, nil
}
