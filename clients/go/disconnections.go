package strategicmemory

import "time"

const againAfter = time.Hour

// disconnections says when to tell of an outage: once, and then each hour that it lasts. Why it began is seldom why it
// lasts: a server that goes away may come back with a certificate that nobody takes.
type disconnections struct{ toldAt time.Time }

// heard takes that a message came: what is lost from now on is another outage.
func (d *disconnections) heard() { d.toldAt = time.Time{} }

// isToBeTold takes that a stream was lost, or could not be opened; it returns whether to tell of it.
func (d *disconnections) isToBeTold(now time.Time) bool {
	if !d.toldAt.IsZero() && now.Sub(d.toldAt) < againAfter {
		return false
	}
	d.toldAt = now
	return true
}
