package strategicmemory

import (
	"sync/atomic"
	"time"
)

// held is what to answer while it is good, and what after. It never changes.
//
// Two clocks count, and the first to pass its limit ends it: the monotonic one cannot be set back, and the wall clock
// goes on while a machine sleeps.
type held struct {
	advised, safe Feedback
	until         time.Time // by the monotonic clock; zero: for ever
	wallUntil     time.Time
}

func (h *held) read(now time.Time) Feedback {
	if h.until.IsZero() || now.Before(h.until) && now.Round(0).Before(h.wallUntil) {
		return h.advised
	}
	return h.safe
}

// newestFeedback keeps what is held up to date from the messages of a stream. One goroutine writes; any may read.
//
// The validity counts from when a message came at the earliest, as the server's clock measures it: see validityLeft.
type newestFeedback struct {
	held     atomic.Pointer[held]
	silence  time.Duration
	arrivals arrivals
	received Feedback
	// capsMeanwhile are those in force while what was received is withheld; nil while it is not.
	capsMeanwhile *[]LeverageCap
	isWarmingUp   bool
	heardAt       time.Time
	leftEpochs    []string
}

func newNewestFeedback(silence time.Duration) *newestFeedback {
	newest := &newestFeedback{silence: silence, received: warmingUp(), isWarmingUp: true}
	newest.hold(newest.received)
	return newest
}

// take takes an event that is heard now; it tells whether the feedback in force has yet to be fetched.
func (n *newestFeedback) take(event Event, now time.Time) bool {
	came := now.Add(-n.arrivals.waited(now)) // at the earliest
	switch event := event.(type) {
	case FeedbackReceived:
		n.feedback(event.Feedback, came)
	case HeartbeatReceived:
		return n.heartbeat(event.Heartbeat, came)
	case Disconnected:
		if now.Sub(n.heardAt) >= n.silence {
			n.expire()
		}
	}
	return false
}

// feedback takes one that came then, unless a replica that lags behind sent it.
func (n *newestFeedback) feedback(feedback Feedback, came time.Time) {
	known := n.received
	if n.isBehind(feedback.Epoch, feedback.Revision, feedback.ValidUntil) {
		return
	}
	n.heardAt = came
	isKnown := feedback.Epoch == known.Epoch && feedback.Revision == known.Revision
	if isKnown && feedback.Status == Stale && known.Status == Active {
		// The same with its values withheld: what it said is kept for when it is confirmed.
		n.capsMeanwhile = &feedback.LeverageCaps
		n.expire()
		return
	}
	n.enter(feedback.Epoch)
	n.received, n.isWarmingUp = feedback, false
	n.confirm(validityLeft(feedback.ValidUntil, feedback.SentAt, feedback.Timestamp, came), came)
}

// heartbeat takes one that came then; it tells whether what it vouches for has yet to be fetched.
func (n *newestFeedback) heartbeat(heartbeat Heartbeat, came time.Time) bool {
	n.heardAt = came
	known := n.received
	isAboutKnown := heartbeat.Epoch == known.Epoch && heartbeat.Revision == known.Revision
	// Of a log that has not begun as much was said as of one that has, and in which nothing stands yet.
	isOfNothing := known.Epoch == "" && known.Status == WarmingUp
	if (isAboutKnown || isOfNothing) && heartbeat.Status == known.Status {
		n.received = confirmedBy(heartbeat, known)
		n.received.Epoch, n.received.Revision = heartbeat.Epoch, heartbeat.Revision
		n.confirm(validityLeft(heartbeat.ValidUntil, heartbeat.Timestamp, heartbeat.Timestamp, came), came)
		return false
	}
	isBehind := n.isBehind(heartbeat.Epoch, heartbeat.Revision, heartbeat.ValidUntil)
	if heartbeat.Status != Active {
		if !n.isWarmingUp && !isBehind {
			n.capsMeanwhile = &heartbeat.LeverageCaps // which bind what is withheld
		}
		n.expire()
		return false
	}
	// Either something newer is in force, or the safe values had come in place of what is in force again. A replica that
	// lags behind vouches for less than what is known: nothing to fetch from that.
	return !isBehind
}

// expire answers with the safe values from now on, until a feedback or a heartbeat says otherwise.
func (n *newestFeedback) expire() {
	if n.isWarmingUp {
		n.hold(n.received)
		return
	}
	withheld := n.received
	if n.capsMeanwhile != nil {
		withheld.LeverageCaps = *n.capsMeanwhile
	}
	n.hold(withheld.AsStale())
}

// hold answers with it for good.
func (n *newestFeedback) hold(feedback Feedback) {
	n.held.Store(&held{advised: feedback, safe: feedback})
}

// confirm answers with what was received for as long as it holds from when it came.
func (n *newestFeedback) confirm(validityLeft time.Duration, came time.Time) {
	n.capsMeanwhile = nil
	goodFor := n.silence
	if n.received.Status == Active {
		goodFor = min(goodFor, validityLeft)
	}
	n.held.Store(&held{n.received, n.received.AsStale(), came.Add(goodFor), came.Round(0).Add(goodFor)})
}

// isBehind tells whether a replica says this that knows less than what is known here already.
func (n *newestFeedback) isBehind(epoch string, revision uint64, validUntil time.Time) bool {
	known := n.received
	if epoch == known.Epoch {
		return revision < known.Revision
	}
	if epoch == "" {
		return true // it has not read the log yet
	}
	for _, left := range n.leftEpochs {
		if left == epoch { // each sync moves the validity on: who still vouches for it has seen no later one
			return !validUntil.After(known.ValidUntil)
		}
	}
	return false
}

func (n *newestFeedback) enter(epoch string) {
	if epoch == n.received.Epoch {
		return
	}
	left := []string{n.received.Epoch}
	for _, each := range n.leftEpochs {
		if each != epoch && each != n.received.Epoch && len(left) < rememberedEpochs {
			left = append(left, each)
		}
	}
	n.leftEpochs = left
}

// confirmedBy returns a feedback as a heartbeat confirms it. Unless it is Active, a cap changes without a revision.
func confirmedBy(heartbeat Heartbeat, known Feedback) Feedback {
	known.ValidUntil, known.DataAsOf = heartbeat.ValidUntil, heartbeat.DataAsOf
	if known.Status == Active {
		return known
	}
	known.LeverageCaps = heartbeat.LeverageCaps
	if known.Status == Stale {
		return known.asSafe()
	}
	known.LeverageHint, known.LeverageBoundBy = safeLeverage(SafeLeverage, known.LeverageCaps), ""
	if known.LeverageHint < SafeLeverage {
		known.LeverageBoundBy = known.LeverageCaps[0].Source
	}
	return known
}

// validityLeft returns what was left of the validity of a message when it came: by the server's clock, which the
// message tells in sentAt, so that a clock that is wrong here neither prolongs nor ends it. Where it does not tell, the
// wall clock here serves. It holds no longer than it ever did, also where the server's clock was set back since it was computed.
func validityLeft(validUntil, sentAt, computedAt, came time.Time) time.Duration {
	if validUntil.IsZero() {
		return 0
	}
	if sentAt.IsZero() {
		sentAt = came.Round(0)
	}
	if computedAt.After(sentAt) {
		sentAt = computedAt
	}
	return validUntil.Sub(sentAt)
}
