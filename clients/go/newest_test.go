package strategicmemory

import (
	"context"
	"testing"
	"time"
)

const validity = 30 * time.Second

// published is a feedback that holds for so long from when it is heard.
func published(revision uint64, epoch string) Feedback {
	sent := begin.Add(time.Duration(revision) * time.Second)
	return Feedback{
		Revision: revision, Epoch: epoch, Status: Active, UpdatedPolicy: Aggressive, ConfidenceBoost: 0.9, LeverageHint: 1.8,
		ValidUntil: sent.Add(validity), SentAt: sent,
	}
}

func beat(about Feedback, status Status) Heartbeat {
	return Heartbeat{
		Revision: about.Revision, Epoch: about.Epoch, Status: status, ValidUntil: about.ValidUntil, Timestamp: about.SentAt,
	}
}

func (n *newestFeedback) statusAt(now time.Time) Status { return n.held.Load().read(now).Status }

func TestItIsSafeUntilSomethingIsHeard(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	isSafe(t, newest.held.Load().read(now), 1)
	newest.take(Disconnected{}, now)
	equal(t, newest.statusAt(now.Add(time.Hour)), WarmingUp)
}

func TestTheValidityCountsFromWhenItIsHeardWhateverTheClockHere(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	newest.take(FeedbackReceived{published(1, "e")}, now)
	equal(t, newest.statusAt(now.Add(validity-time.Millisecond)), Active)
	equal(t, newest.statusAt(now.Add(validity)), Stale)
	isSafe(t, newest.held.Load().read(now.Add(validity)), 1)
}

func TestAClockOfTheServerThatWasSetBackSinceProlongsNothing(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	old := published(1, "e")
	old.Timestamp = old.SentAt.Add(time.Hour)
	old.ValidUntil = old.Timestamp.Add(validity)
	newest.take(FeedbackReceived{old}, now)
	equal(t, newest.statusAt(now.Add(validity-time.Millisecond)), Active)
	equal(t, newest.statusAt(now.Add(validity)), Stale)
}

func TestOneClockThatHasPassedItsLimitIsEnough(t *testing.T) {
	now := time.Now()
	feedback := published(1, "e")
	for _, passed := range []held{ // the second as of a machine that has slept: its monotonic clock stood still
		{feedback, feedback.AsStale(), now, now.Round(0).Add(time.Hour)},
		{feedback, feedback.AsStale(), now.Add(time.Hour), now.Round(0)},
	} {
		equal(t, passed.read(now).Status, Stale)
		equal(t, passed.read(now.Add(-time.Second)).Status, Active)
	}
}

func TestWhatMayHaveWaitedUnreadHoldsForLess(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	newest.arrivals.look(now)
	late := now.Add(20 * time.Second) // the program stood still meanwhile
	for read := time.Duration(0); read <= readWithin; read += lookEvery {
		newest.arrivals.look(late.Add(read))
		equal(t, newest.arrivals.waited(late.Add(read)), 20*time.Second+read)
	}
	newest.take(FeedbackReceived{published(1, "e")}, late)
	equal(t, newest.statusAt(late.Add(validity-20*time.Second-time.Millisecond)), Active)
	equal(t, newest.statusAt(late.Add(validity-20*time.Second)), Stale)
	later := late.Add(readWithin + lookEvery)
	newest.arrivals.look(later)
	equal(t, newest.arrivals.waited(later), time.Duration(0))
	equal(t, newest.arrivals.waited(later.Add(time.Second)), time.Second)          // before it has looked again
	equal(t, newest.arrivals.waited(later.Round(0).Add(time.Minute)), time.Minute) // by the wall clock alone
}

func TestWhatIsFetchedAfterTheProgramStoodStillHoldsFromWhenItWasAskedFor(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	newest.take(FeedbackReceived{published(1, "e")}, now)
	newest.arrivals.look(now)
	late := now.Add(20 * time.Second) // the program stood still meanwhile
	equal(t, newest.take(HeartbeatReceived{beat(published(2, "e"), Active)}, late), true)
	newest.feedback(published(2, "e"), late)
	equal(t, newest.statusAt(late.Add(validity-time.Millisecond)), Active)
	equal(t, newest.statusAt(late.Add(validity)), Stale)
}

func TestWhatStandsStillAgainBeforeAllIsReadHasStoodStillAllTheWhile(t *testing.T) {
	now := time.Now()
	var arrivals arrivals
	for _, at := range []time.Duration{0, 20 * time.Second, 23 * time.Second} {
		arrivals.look(now.Add(at))
	}
	equal(t, arrivals.waited(now.Add(23*time.Second)), 23*time.Second)
	equal(t, arrivals.waited(now.Add(25*time.Second)), 25*time.Second) // before it has looked again
}

func TestWhatIsReadSoonAfterALongCallMayHaveWaitedAsLong(t *testing.T) {
	now := time.Now()
	var arrivals arrivals
	arrivals.look(now.Add(3 * time.Second))
	arrivals.away(now, now.Add(3*time.Second))
	equal(t, arrivals.waited(now.Add(3*time.Second)), 3*time.Second)
	equal(t, arrivals.waited(now), time.Duration(0)) // what was sent after it was asked for, as of then
	arrivals.look(now.Add(3*time.Second + lookEvery))
	arrivals.away(now.Add(3*time.Second), now.Add(3*time.Second+lookEvery))
	equal(t, arrivals.waited(now.Add(3*time.Second+lookEvery)), 3*time.Second+lookEvery)
}

func TestAProgramThatIsGivenLittleTimeAgainAndAgainIsNotEverFurtherBehind(t *testing.T) {
	now, late := time.Now(), 120*time.Millisecond // as in a container that is throttled
	var arrivals arrivals
	looked := func(times int) time.Duration {
		for range times {
			now = now.Add(late)
			arrivals.look(now)
		}
		return arrivals.waited(now)
	}
	equal(t, looked(100), looksOfReader*late)
	arrivals.read() // who deals with a message waits for none
	equal(t, looked(100), (99+looksOfReader)*late)
	arrivals.wait()
	equal(t, looked(100), looksOfReader*late)
}

func TestSilenceEndsItBeforeItsValidity(t *testing.T) {
	newest := newNewestFeedback(10 * time.Second)
	now := time.Now()
	newest.take(FeedbackReceived{published(1, "e")}, now)
	newest.take(Disconnected{}, now.Add(time.Second))
	equal(t, newest.statusAt(now.Add(9*time.Second)), Active)
	equal(t, newest.statusAt(now.Add(10*time.Second)), Stale)
	newest.take(Disconnected{}, now.Add(10*time.Second))
	equal(t, newest.statusAt(now), Stale)
}

func TestAHeartbeatMovesTheValidityOn(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	feedback := published(1, "e")
	newest.take(FeedbackReceived{feedback}, now)
	later := now.Add(20 * time.Second)
	equal(t, newest.take(HeartbeatReceived{beat(feedback, Active)}, later), false)
	equal(t, newest.statusAt(later.Add(validity-time.Millisecond)), Active)
}

func TestAStaleHeartbeatWithdrawsItAndAnActiveOneGivesItBack(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	feedback := published(1, "e")
	newest.take(FeedbackReceived{feedback}, now)
	stale := beat(feedback, Stale)
	stale.LeverageCaps = []LeverageCap{{Value: 0.3}}
	equal(t, newest.take(HeartbeatReceived{stale}, now), false)
	isSafe(t, newest.held.Load().read(now), 0.3)
	equal(t, newest.take(HeartbeatReceived{beat(feedback, Active)}, now), false)
	equal(t, newest.held.Load().read(now).UpdatedPolicy, Aggressive)
	equal(t, len(newest.held.Load().read(now).LeverageCaps), 0)
	withheld := feedback.AsStale()
	withheld.LeverageCaps = []LeverageCap{{Value: 0.2}}
	newest.take(FeedbackReceived{withheld}, now)
	isSafe(t, newest.held.Load().read(now), 0.2)
	newest.expire() // it is out of reach, too
	isSafe(t, newest.held.Load().read(now), 0.2)
	newest.take(HeartbeatReceived{beat(feedback, Active)}, now)
	equal(t, len(newest.held.Load().read(now).LeverageCaps), 0)
	equal(t, newest.held.Load().read(now).UpdatedPolicy, Aggressive)
}

func TestAHeartbeatOfSomethingNewerAsksForIt(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	newest.take(FeedbackReceived{published(2, "e")}, now)
	equal(t, newest.take(HeartbeatReceived{beat(published(3, "e"), Active)}, now), true)
	equal(t, newest.take(HeartbeatReceived{beat(published(1, "e"), Active)}, now), false)
}

func TestAServerThatLagsBehindIsNotHeard(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	newest.take(FeedbackReceived{published(2, "e")}, now)
	newest.take(FeedbackReceived{published(9, "f")}, now)
	newest.take(FeedbackReceived{published(3, "e")}, now)
	newest.take(FeedbackReceived{published(8, "f")}, now)
	newest.take(FeedbackReceived{published(20, "")}, now)
	equal(t, newest.held.Load().read(now).Revision, uint64(9))
}

func TestACapThatChangesWhereWhatWasSaidHasTurnedStaleIsHeard(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	stale := published(1, "e").AsStale()
	newest.take(FeedbackReceived{stale}, now)
	capped := beat(stale, Stale)
	capped.LeverageCaps = []LeverageCap{{Value: 0.3}}
	newest.take(HeartbeatReceived{capped}, now)
	isSafe(t, newest.held.Load().read(now), 0.3)
}

func TestACapThatChangesWhereNothingIsPublishedIsHeard(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	newest.take(FeedbackReceived{warmingUp()}, now)
	capped := Heartbeat{Status: WarmingUp, LeverageCaps: []LeverageCap{{Source: "risk:leverage_limits", Value: 0.5}}}
	newest.take(HeartbeatReceived{capped}, now)
	answer := newest.held.Load().read(now)
	equal(t, answer.LeverageHint, 0.5)
	equal(t, answer.LeverageBoundBy, "risk:leverage_limits")
}

func TestWarmingUpStaysWarmingUpWhereTheLogHasBegunSince(t *testing.T) {
	newest := newNewestFeedback(time.Minute)
	now := time.Now()
	newest.take(FeedbackReceived{warmingUp()}, now)
	for range 2 {
		caps := []LeverageCap{{Source: "risk:leverage_limits", Value: 0.5}}
		newest.take(HeartbeatReceived{Heartbeat{Epoch: "begun", Revision: 5, Status: WarmingUp, LeverageCaps: caps}}, now)
		answer := newest.held.Load().read(now)
		equal(t, answer.Status, WarmingUp)
		equal(t, answer.Epoch, "begun")
		equal(t, answer.LeverageHint, 0.5)
	}
}

func TestWaitingForTheNewestTakesWhatCameWhileTheProgramStoodStill(t *testing.T) {
	client := clientOf(t, Options{}, nowhere)
	client.follow.Do(func() {}) // this test alone says what is heard
	overdue, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	time.AfterFunc(50*time.Millisecond, func() { // it is read only after the program goes on
		client.newest.take(FeedbackReceived{published(1, "e")}, time.Now())
		client.tellHeard()
	})
	equal(t, client.WaitForNewest(overdue).Status, Active)
}

func TestWaitingForTheNewestEndsWithItsContext(t *testing.T) {
	client := clientOf(t, Options{}, nowhere)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	begun := time.Now()
	equal(t, client.WaitForNewest(over).Status, WarmingUp)
	equal(t, time.Since(begun) < readWithin, true)
}
