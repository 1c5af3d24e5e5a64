package strategicmemory

import (
	"fmt"
	"slices"
	"time"
)

const (
	rememberedEpochs = 16
	// A server that is full for longer may have room again before it says so.
	longestAskedWait = time.Minute
)

// subscriptionSettings say what a subscription is for.
type subscriptionSettings struct {
	FollowOptions
	addresses []string
	backoff   Backoff
	catchUp   time.Duration
	// retryRefusals: try again even after an error that is not transient.
	retryRefusals bool
	// alwaysAfresh: each connection starts with the feedback in force, known already or not, for who wants to know the
	// present rather than what changed.
	alwaysAfresh bool
}

// attempt is the stream to open next.
type attempt struct {
	address     string
	resumeAfter *ResumePoint // nil: start with the feedback in force
	sendCurrent bool
}

// subscription is one that survives restarts, as a state machine: no goroutine, no socket, no clock, no dice.
//
// Whoever drives it opens the stream that connect describes, hands every message to received and the end of the stream
// to failed, waits for as long as that says, and starts over. What comes out are events in which no revision comes
// twice, none is left out unseen, and a change of epoch is never passed over.
type subscription struct {
	settings            subscriptionSettings
	random              func() float64
	position            *ResumePoint
	positionWasReceived bool
	startAfresh         bool
	newest              map[string]uint64 // handed out, by epoch
	order               []string          // of the epochs, the latest last
	validUntil          time.Time
	addressIndex        int
	failures            int
	refusals            int // for being behind
	behindSince         time.Time
	isFirstMessage      bool
	askedToResume       bool
	connectedAt         time.Time
	outOfReachSince     time.Time
	heardFromServer     bool
	wasEverHeard        bool
	askedToWaitUntil    map[string]time.Time // by address
	doNotKnowIt         map[string]bool      // addresses
}

func newSubscription(settings subscriptionSettings, random func() float64) *subscription {
	return &subscription{
		settings: settings, random: random, position: settings.ResumeAfter, newest: map[string]uint64{},
		askedToWaitUntil: map[string]time.Time{}, doNotKnowIt: map[string]bool{},
	}
}

func (s *subscription) address() string { return s.settings.addresses[s.addressIndex] }

// connect returns the stream to open now.
func (s *subscription) connect(now time.Time) attempt {
	s.connectedAt = now
	if s.outOfReachSince.IsZero() {
		s.outOfReachSince = now
	}
	s.isFirstMessage = true
	next := attempt{address: s.address(), sendCurrent: s.lacksCurrent()}
	if !s.startAfresh && !s.settings.alwaysAfresh {
		next.resumeAfter = s.position
	}
	s.askedToResume = next.resumeAfter != nil
	return next
}

// lacksCurrent tells whether the feedback of the resume point itself is wanted, and has yet to come.
func (s *subscription) lacksCurrent() bool { return s.settings.SendCurrent && len(s.newest) == 0 }

// received returns what a message of the stream means. The error is one of kind ResumePointRefused or RevisionGap when
// every revision was asked for and one is missing, and ServiceUnavailable when the server is behind what is known, and
// there are others to turn to.
func (s *subscription) received(told message) ([]Event, *Error) {
	s.heardFromServer, s.wasEverHeard = true, true
	if s.askedToResume {
		s.refusals = 0 // this server is not behind
	}
	switch told := told.(type) {
	case *Feedback:
		return s.feedback(*told)
	case *Heartbeat:
		if s.position != nil && told.Epoch == s.position.Epoch {
			s.validUntil = told.ValidUntil
		}
		return []Event{HeartbeatReceived{*told}}, nil
	}
	return nil, nil
}

// failed takes the end of the stream and returns how it goes on; false when there is no point in it.
func (s *subscription) failed(err *Error, now time.Time) (Disconnected, bool) {
	if s.givesUpOn(err, now) {
		return Disconnected{}, false
	}
	lost := s.address()
	if s.heardFromServer && now.Sub(s.connectedAt) >= s.settings.backoff.Max {
		s.failures = 0 // a new trouble, not more of the last one
	}
	// A round of all servers takes as long as the delay for one would, so that each is found soon once it is back.
	servers := len(s.settings.addresses)
	retryIn := s.settings.backoff.delay(s.failures/servers, s.random()) / time.Duration(servers)
	s.failures++
	if err.RetryAfter > 0 {
		// A little more by lot: not all who were refused shall come back at once.
		wait := min(err.RetryAfter, longestAskedWait)
		s.askedToWaitUntil[lost] = now.Add(wait + time.Duration(s.random()*float64(wait)/4))
	}
	s.addressIndex = (s.addressIndex + 1) % servers
	retryIn = max(retryIn, s.askedToWaitUntil[s.address()].Sub(now))
	if s.heardFromServer {
		s.outOfReachSince = now
		s.heardFromServer = false
	}
	patience := s.settings.GiveUpAfter
	if patience != 0 && now.Add(retryIn).Sub(s.outOfReachSince) > patience {
		return Disconnected{}, false
	}
	return Disconnected{lost, err, retryIn}, true
}

func (s *subscription) givesUpOn(err *Error, now time.Time) bool {
	if err.Kind == ResumePointRefused {
		return !s.canGoOnAfter(err, now)
	}
	// What has worked once is refused by a proxy on the way, or for a time: a route that is being changed.
	mayPass := s.wasEverHeard && isKind(err, AccessDenied, UnsupportedOperation)
	if err.Kind == UnsupportedOperation {
		// While a service is upgraded, one server does not know yet what another does.
		s.doNotKnowIt[s.address()] = true
		mayKnow := func(address string) bool { return !s.doNotKnowIt[address] }
		mayPass = mayPass || slices.ContainsFunc(s.settings.addresses, mayKnow)
	}
	return !(err.Transient() || mayPass || s.settings.retryRefusals)
}

func (s *subscription) canGoOnAfter(refusal *Error, now time.Time) bool {
	if s.mayCatchUp(refusal, now) {
		return true
	}
	if s.settings.Delivery == Every && s.position != nil {
		return false
	}
	if refusal.Reason == "REVISION_IN_FUTURE" && !s.positionWasReceived {
		s.position = nil // it was never a place in this log, so nothing can be told from it
	}
	s.startAfresh = true
	return true
}

// mayCatchUp tells whether the server is merely behind, and there is still time for it, or another one, to be level:
// what one replica has sent, another may be about to read.
func (s *subscription) mayCatchUp(refusal *Error, now time.Time) bool {
	if !s.isBehind(refusal) {
		return false
	}
	if s.refusals == 0 {
		s.behindSince = now
	}
	s.refusals++
	allWereAsked := s.refusals > len(s.settings.addresses)
	return !allWereAsked || now.Sub(s.behindSince) < s.settings.catchUp
}

func (s *subscription) isBehind(refusal *Error) bool {
	if s.position == nil {
		return false
	}
	if refusal.Reason == "EPOCH_CHANGED" {
		_, wasHandedOut := s.newest[refusal.Epoch]
		return refusal.Epoch != s.position.Epoch && wasHandedOut
	}
	// Without its epoch, a place that was merely given may never have been one of this log.
	isOfThisLog := s.positionWasReceived || s.position.Epoch != ""
	return refusal.Reason == "REVISION_IN_FUTURE" && isOfThisLog && !differ(s.position.Epoch, refusal.Epoch)
}

func (s *subscription) feedback(feedback Feedback) ([]Event, *Error) {
	before := s.position
	isFirst := s.isFirstMessage
	s.isFirstMessage = false
	if s.isDouble(feedback) {
		if isFirst {
			return nil, s.leaveIfBehind(feedback)
		}
		return nil, nil
	}
	feedback.EpochChanged = before != nil && differ(before.Epoch, feedback.Epoch)
	if s.settings.Delivery == Every {
		if err := s.requireNext(feedback); err != nil {
			return nil, err
		}
	}
	feedback.SkippedRevisions = s.skipped(feedback)
	s.remember(feedback)
	if !feedback.EpochChanged {
		return []Event{FeedbackReceived{feedback}}, nil
	}
	changed := EpochChanged{before.Epoch, before.Revision, feedback.Epoch, feedback.Revision}
	return []Event{changed, FeedbackReceived{feedback}}, nil
}

func (s *subscription) skipped(feedback Feedback) uint64 {
	before := s.position
	if before == nil || feedback.EpochChanged || feedback.Epoch == "" {
		return feedback.SkippedRevisions
	}
	if before.Revision == 0 && !s.startAfresh {
		// Nothing was published yet. Where the first revision of an epoch is, the server alone knows.
		return feedback.SkippedRevisions
	}
	if feedback.Revision <= before.Revision {
		return 0
	}
	return feedback.Revision - before.Revision - 1
}

// leaveIfBehind returns an error for a server that starts with what is long known, if there are others.
func (s *subscription) leaveIfBehind(feedback Feedback) *Error {
	before := s.position
	isUnread := before != nil && before.Epoch != "" && feedback.Epoch == ""
	isLeft := before != nil && differ(before.Epoch, feedback.Epoch)
	isOlder := feedback.Revision < s.newest[feedback.Epoch]
	if len(s.settings.addresses) == 1 || !(isUnread || isLeft || isOlder) {
		return nil
	}
	return &Error{Kind: ServiceUnavailable, Reason: "BEHIND", Address: s.address(), Message: fmt.Sprintf(
		"the service at %s is behind: it is at revision %d of epoch %q; look whether it reaches Redis",
		s.address(), feedback.Revision, feedback.Epoch)}
}

func (s *subscription) isDouble(feedback Feedback) bool {
	before := s.position
	// A replica that lags behind may lead back into an epoch that was left: nothing of it may come again.
	newest, isKnown := s.newest[feedback.Epoch]
	if before != nil && !differ(before.Epoch, feedback.Epoch) && !(s.lacksCurrent() && before.Revision == feedback.Revision) {
		newest, isKnown = max(newest, before.Revision), true
	}
	if !isKnown {
		return false
	}
	if s.settings.alwaysAfresh && !s.isOfThePast(feedback) {
		return feedback.Revision < newest
	}
	return feedback.Revision <= newest
}

// isOfThePast tells whether an epoch that was left is vouched for by a server that has seen no later sync.
func (s *subscription) isOfThePast(feedback Feedback) bool {
	before := s.position
	return before != nil && differ(before.Epoch, feedback.Epoch) && !feedback.ValidUntil.After(s.validUntil)
}

func (s *subscription) requireNext(feedback Feedback) *Error {
	before := s.position
	if before == nil || before.Revision == 0 {
		return nil // where nothing was published before, the server alone knows where the first revision of an epoch is
	}
	if feedback.EpochChanged {
		return &Error{
			Kind: ResumePointRefused, Reason: "EPOCH_CHANGED", Current: &feedback.Revision, Epoch: feedback.Epoch,
			Address: s.address(), Message: fmt.Sprintf("the epoch changed from %s to %s in the middle of a stream: what came "+
				"after revision %d is lost; start without a resume point", before.Epoch, feedback.Epoch, before.Revision),
		}
	}
	if feedback.Revision == before.Revision || feedback.Revision == before.Revision+1 {
		return nil // the next, or the feedback of the resume point itself, which was asked for
	}
	return &Error{Kind: RevisionGap, Address: s.address(), Message: fmt.Sprintf("revision %d should have come from %s, but %d "+
		"came: resume after %d, and look into that server's log", before.Revision+1, s.address(), feedback.Revision, before.Revision)}
}

func (s *subscription) remember(feedback Feedback) {
	for index, epoch := range s.order {
		if epoch == feedback.Epoch {
			s.order = append(s.order[:index:index], s.order[index+1:]...)
			break
		}
	}
	s.order = append(s.order, feedback.Epoch)
	s.newest[feedback.Epoch] = feedback.Revision
	if len(s.order) > rememberedEpochs {
		delete(s.newest, s.order[0])
		s.order = s.order[1:]
	}
	if feedback.Epoch != "" { // without an epoch, a revision is no place to resume from
		s.position = &ResumePoint{feedback.Revision, feedback.Epoch}
		s.positionWasReceived = true
	}
	s.startAfresh = false
	s.refusals = 0
	s.validUntil = feedback.ValidUntil
}

// differ tells whether two epochs are known to be different logs; an empty one is not known.
func differ(one, other string) bool { return one != "" && other != "" && one != other }
