package strategicmemory

import (
	"reflect"
	"testing"
	"time"
)

var begin = time.Unix(1_700_000_000, 0)

func subscribed(options FollowOptions, addresses ...string) *subscription {
	if addresses == nil {
		addresses = []string{"one"}
	}
	settings := subscriptionSettings{
		FollowOptions: options, addresses: addresses, catchUp: 15 * time.Second,
		backoff: Backoff{100 * time.Millisecond, 2 * time.Second, 2},
	}
	return newSubscription(settings, func() float64 { return 1 })
}

func said(revision uint64, epoch string) *Feedback {
	return &Feedback{Revision: revision, Epoch: epoch}
}

// hears hands a message over and returns the revisions that come out; a change of epoch is 0.
func hears(t *testing.T, s *subscription, told message) []uint64 {
	t.Helper()
	events, err := s.received(told)
	if err != nil {
		t.Fatal(err)
	}
	revisions := []uint64{}
	for _, event := range events {
		switch event := event.(type) {
		case FeedbackReceived:
			revisions = append(revisions, event.Feedback.Revision)
		case EpochChanged:
			revisions = append(revisions, 0)
		}
	}
	return revisions
}

func equal(t *testing.T, got, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("got %v, wanted %v", got, wanted)
	}
}

func TestNoRevisionComesTwice(t *testing.T) {
	s := subscribed(FollowOptions{})
	s.connect(begin)
	equal(t, hears(t, s, said(3, "e")), []uint64{3})
	equal(t, hears(t, s, said(3, "e")), []uint64{})
	equal(t, hears(t, s, said(2, "e")), []uint64{})
	s.failed(&Error{Kind: ServiceUnavailable}, begin)
	equal(t, *s.connect(begin).resumeAfter, ResumePoint{3, "e"})
	equal(t, hears(t, s, said(4, "e")), []uint64{4})
}

func TestWhatWasPassedOverIsCounted(t *testing.T) {
	s := subscribed(FollowOptions{})
	s.connect(begin)
	hears(t, s, said(3, "e"))
	events, _ := s.received(said(7, "e"))
	equal(t, events[0].(FeedbackReceived).Feedback.SkippedRevisions, uint64(3))
}

func TestWhoWantsEveryRevisionIsToldOfAGap(t *testing.T) {
	s := subscribed(FollowOptions{Delivery: Every})
	s.connect(begin)
	hears(t, s, said(3, "e"))
	if _, err := s.received(said(5, "e")); err == nil || err.Kind != RevisionGap {
		t.Error(err)
	}
	for _, revision := range []uint64{3, 4, 9} {
		if _, err := s.received(said(revision, "other")); err == nil || err.Reason != "EPOCH_CHANGED" {
			t.Errorf("revision %d of another epoch: %v", revision, err)
		}
	}
}

func TestAnotherEpochIsToldAndOneThatWasLeftDoesNotComeBack(t *testing.T) {
	s := subscribed(FollowOptions{})
	s.connect(begin)
	hears(t, s, said(5, "e"))
	equal(t, hears(t, s, said(6, "f")), []uint64{0, 6})
	equal(t, hears(t, s, said(5, "e")), []uint64{})
}

func TestAResumePointIsGoneOnFromWithItsOwnFeedbackWhereThatIsAskedFor(t *testing.T) {
	point := &ResumePoint{4, "e"}
	s := subscribed(FollowOptions{ResumeAfter: point, SendCurrent: true, Delivery: Every})
	equal(t, s.connect(begin), attempt{"one", point, true})
	equal(t, hears(t, s, said(4, "e")), []uint64{4})
	equal(t, s.connect(begin).sendCurrent, false)
	s = subscribed(FollowOptions{ResumeAfter: point})
	s.connect(begin)
	equal(t, hears(t, s, said(4, "e")), []uint64{})
}

func TestARefusedResumePointStartsAfreshUnlessEveryRevisionIsWanted(t *testing.T) {
	refusal := &Error{Kind: ResumePointRefused, Reason: "REVISION_COMPACTED"}
	for delivery, goesOn := range map[Delivery]bool{Latest: true, Every: false} {
		s := subscribed(FollowOptions{ResumeAfter: &ResumePoint{4, "e"}, Delivery: delivery})
		s.connect(begin)
		_, mayPass := s.failed(refusal, begin)
		equal(t, mayPass, goesOn)
		if goesOn {
			equal(t, s.connect(begin).resumeAfter == nil, true)
			events, _ := s.received(said(9, "e"))
			equal(t, events[0].(FeedbackReceived).Feedback.SkippedRevisions, uint64(4))
		}
	}
}

func TestAServerThatIsBehindIsGivenTime(t *testing.T) {
	s := subscribed(FollowOptions{Delivery: Every})
	s.connect(begin)
	hears(t, s, said(5, "e"))
	refusal := &Error{Kind: ResumePointRefused, Reason: "REVISION_IN_FUTURE", Epoch: "e"}
	for after, goesOn := range []bool{true, true, false} {
		_, mayPass := s.failed(refusal, begin.Add(time.Duration(after)*14*time.Second))
		equal(t, mayPass, goesOn)
	}
}

func TestAServerThatIsBehindIsLeftForAnother(t *testing.T) {
	s := subscribed(FollowOptions{}, "one", "two")
	s.connect(begin)
	hears(t, s, said(5, "e"))
	s.connect(begin)
	if _, err := s.received(said(3, "e")); err == nil || err.Reason != "BEHIND" || !err.Transient() {
		t.Error(err)
	}
}

func TestServersAreTriedInTurnAndSoonAgain(t *testing.T) {
	s := subscribed(FollowOptions{}, "one", "two")
	var addresses []string
	var last time.Duration
	for range 30 {
		addresses = append(addresses, s.connect(begin).address)
		disconnected, _ := s.failed(&Error{Kind: ServiceUnavailable}, begin)
		last = disconnected.RetryIn
	}
	equal(t, addresses[:3], []string{"one", "two", "one"})
	equal(t, last, time.Second) // half of the longest delay, since there are two
}

func TestWhatCannotPassEndsASubscriptionUnlessItHasWorked(t *testing.T) {
	for _, kind := range []Kind{InvalidRequest, MessageTooLarge, RevisionGap, AccessDenied, UnsupportedOperation} {
		s := subscribed(FollowOptions{})
		s.connect(begin)
		_, mayPass := s.failed(&Error{Kind: kind}, begin)
		equal(t, mayPass, false)
	}
	s := subscribed(FollowOptions{})
	s.connect(begin)
	hears(t, s, &Heartbeat{})
	_, mayPass := s.failed(&Error{Kind: UnsupportedOperation}, begin)
	equal(t, mayPass, true)
}

func TestAServerOfAnOlderVersionDoesNotSpeakForTheOthers(t *testing.T) {
	s := subscribed(FollowOptions{}, "one", "two")
	goesOn := []bool{true, true, true, true, false}
	for index, kind := range []Kind{
		ServiceUnavailable, UnsupportedOperation, ServiceUnavailable, UnsupportedOperation, UnsupportedOperation,
	} {
		s.connect(begin)
		_, mayPass := s.failed(&Error{Kind: kind}, begin)
		equal(t, mayPass, goesOn[index])
	}
}

func TestItGivesUpWhenNobodyWasHeardForSoLong(t *testing.T) {
	s := subscribed(FollowOptions{GiveUpAfter: 10 * time.Second})
	s.connect(begin)
	for after, goesOn := range map[time.Duration]bool{time.Second: true, 11 * time.Second: false} {
		_, mayPass := s.failed(&Error{Kind: ServiceUnavailable}, begin.Add(after))
		equal(t, mayPass, goesOn)
	}
}

func TestAFullServerIsLeftAloneForAsLongAsItSays(t *testing.T) {
	s := subscribed(FollowOptions{}, "one", "two")
	full := &Error{Kind: TooManySubscribers, RetryAfter: 8 * time.Second}
	fails := func(after time.Duration) time.Duration {
		s.connect(begin.Add(after))
		next, _ := s.failed(full, begin.Add(after))
		return next.RetryIn
	}
	equal(t, fails(0) < time.Second, true) // the other one is not full yet
	equal(t, fails(time.Second), 9*time.Second)
	full.RetryAfter = time.Hour
	s = subscribed(FollowOptions{})
	equal(t, fails(0), 75*time.Second)
}
