package strategicmemory

import "time"

// Event is something that happens to a subscription: FeedbackReceived, HeartbeatReceived, EpochChanged or Disconnected.
type Event interface{ isEvent() }

// FeedbackReceived is a feedback that was not handed out before.
type FeedbackReceived struct{ Feedback Feedback }

// HeartbeatReceived says that there is nothing new, but that the stream is alive.
type HeartbeatReceived struct{ Heartbeat Heartbeat }

// EpochChanged says that history was lost: revisions now count in another log, whose feedback comes right after.
type EpochChanged struct {
	OldEpoch string
	// OldRevision is the last one known of the old epoch.
	OldRevision uint64
	NewEpoch    string
	// NewRevision is that of the feedback that comes right after.
	NewRevision uint64
}

// Disconnected says that a stream ended; the subscription goes on at the next address.
type Disconnected struct {
	// Address is that of the server that was lost.
	Address string
	// Err says why.
	Err *Error
	// RetryIn is how long it takes to the next attempt.
	RetryIn time.Duration
}

func (FeedbackReceived) isEvent()  {}
func (HeartbeatReceived) isEvent() {}
func (EpochChanged) isEvent()      {}
func (Disconnected) isEvent()      {}

// message is one of a stream: a *Feedback, a *Heartbeat, or nil for a kind that is not known here.
type message any
