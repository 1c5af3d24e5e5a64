package strategicmemory

import (
	"context"
	"sync"
	"time"
)

const (
	lookEvery = 50 * time.Millisecond
	// readWithin is how long it may take, once a program goes on, until all is read that has waited.
	readWithin = time.Second
	// looksOfReader: by the last of as many whoever waits for a message has had what had come before the first.
	looksOfReader = 8
)

// arrivals tells for how long what is heard now may have waited unread, while the program or its machine stood still.
//
// It looks at the clock again and again: where two looks lie too far apart, nothing was read in between.
type arrivals struct {
	mutex          sync.Mutex
	last           time.Time
	stopped, going time.Time   // the looks before and after it stood still last
	isReading      bool        // and deals with a message, so that it waits for none
	looks          []time.Time // since it waits for one
	readUntil      time.Time   // what had come before is read
}

// watch looks until the context is done.
func (a *arrivals) watch(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		a.look(time.Now())
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (a *arrivals) look(now time.Time) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if !a.last.IsZero() && passed(a.last, now) > 2*lookEvery {
		a.stoodStill(a.last, now)
	}
	a.last = now
	if a.isReading {
		return
	}
	a.looks = append(a.looks, now)
	if over := len(a.looks) - looksOfReader; over >= 0 {
		a.looks = a.looks[over:]
		a.readUntil = a.looks[0]
	}
}

// read takes that a message has come, which is dealt with until wait.
func (a *arrivals) read() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.isReading = true
}

// wait takes that the next message is waited for from now on.
func (a *arrivals) wait() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.isReading, a.looks = false, nil
}

// away takes that nothing was read in between, up to now, if that is long.
func (a *arrivals) away(since, now time.Time) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if passed(since, now) > readWithin {
		a.stoodStill(since, now)
	}
}

func (a *arrivals) stoodStill(since, now time.Time) {
	// Otherwise some of what had waited before may not have been read yet.
	if passed(a.going, since) > readWithin || since.Before(a.stopped) {
		a.stopped = since
	}
	// Or who stands still again and again would be ever further behind.
	if a.stopped.Before(a.readUntil) {
		a.stopped = a.readUntil
	}
	a.going = now
}

// waited returns the longest time that it may have been.
func (a *arrivals) waited(now time.Time) time.Duration {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.last.IsZero() {
		return 0
	}
	if passed(a.last, now) > 2*lookEvery { // the next look is overdue
		a.stoodStill(a.last, now)
		a.last = now
	}
	if passed(a.going, now) > readWithin {
		return 0
	}
	return max(0, passed(a.stopped, now)) // below 0 where `now` lies before it stood still
}

// passed returns what has passed by the clock that has gone further: the monotonic one stands still while a machine
// sleeps.
func passed(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}
