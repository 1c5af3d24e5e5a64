package strategicmemory

import (
	"context"
	"errors"
	"math"
	"os"
	"sync"
	"testing"
	"time"

	pb "github.com/strategic-memory/strategic-memory/clients/go/strategicmemoryv1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const nowhere = "127.0.0.1:1"

// told returns what an environment variable says of the service that these tests are for; they are skipped without.
func told(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv("STRATEGIC_MEMORY_" + name)
	if value == "" {
		t.Skip("STRATEGIC_MEMORY_" + name + " is not set")
	}
	return value
}

func clientOf(t *testing.T, options Options, addresses ...string) *Client {
	t.Helper()
	options.Logger = quiet
	client, err := New(options, addresses...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func kindOf(err error) Kind {
	var failure *Error
	if errors.As(err, &failure) {
		return failure.Kind
	}
	return ""
}

func TestTheFeedbackInForceIsAskedForAtTheSecondServerWhereTheFirstIsAway(t *testing.T) {
	feedback, err := clientOf(t, Options{}, nowhere, told(t, "ADDRESS")).GetFeedback(t.Context())
	if err != nil || feedback.Status != Active || feedback.Revision == 0 || feedback.Epoch == "" || feedback.SentAt.IsZero() {
		t.Error(feedback, err)
	}
}

func TestNewestIsSafeUntilItWasHeardAndOnceClosed(t *testing.T) {
	client := clientOf(t, Options{}, told(t, "ADDRESS"))
	isSafe(t, client.Newest(), 1)
	equal(t, client.WaitForNewest(t.Context()).Status, Active)
	equal(t, client.Newest().Status, Active)
	client.Close()
	equal(t, client.Newest().Status, Stale)
	isSafe(t, client.Newest(), 1)
}

func TestNewestIsReadByManyWhileItIsClosed(t *testing.T) {
	client := clientOf(t, Options{}, told(t, "ADDRESS"))
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 1_000 {
				client.Newest()
			}
		})
	}
	readers.Go(client.Close)
	readers.Go(client.Close)
	readers.Wait()
	equal(t, client.Newest().UpdatedPolicy, Conservative)
}

func TestASubscriptionStartsWithWhatIsInForceAndEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := 0
	for feedback, err := range clientOf(t, Options{}, told(t, "ADDRESS")).Follow(ctx, FollowOptions{}) {
		if err != nil || feedback.Revision == 0 {
			t.Fatal(feedback, err)
		}
		seen++
		cancel()
	}
	equal(t, seen, 1)
}

func TestASubscriptionThatWaitsEndsWhenTheClientIsClosed(t *testing.T) {
	client := clientOf(t, Options{}, told(t, "ADDRESS"))
	ended := make(chan error)
	started := make(chan struct{})
	go func() {
		var last error
		for _, err := range client.Follow(context.Background(), FollowOptions{}) {
			last = err
			close(started)
		}
		ended <- last
	}()
	<-started
	client.Close()
	equal(t, <-ended, error(nil))
	for _, err := range client.Follow(t.Context(), FollowOptions{}) {
		equal(t, kindOf(err), ClientClosed)
	}
	_, err := client.GetFeedback(t.Context())
	equal(t, kindOf(err), ClientClosed)
}

func TestASubscriptionResumesWithItsOwnFeedbackWhereThatIsAskedFor(t *testing.T) {
	client := clientOf(t, Options{}, told(t, "ADDRESS"))
	now, err := client.GetFeedback(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	point := &ResumePoint{now.Revision, now.Epoch}
	for event := range client.FollowEvents(t.Context(), FollowOptions{ResumeAfter: point, HeartbeatInterval: shortestHeartbeat}) {
		if _, isHeartbeat := event.(HeartbeatReceived); !isHeartbeat {
			t.Errorf("%#v", event)
		}
		break
	}
	for feedback := range client.Follow(t.Context(), FollowOptions{ResumeAfter: point, SendCurrent: true}) {
		equal(t, feedback.Revision, now.Revision)
		break
	}
}

func TestAPlaceThatTheLogDoesNotHaveIsRefusedWithItsReason(t *testing.T) {
	client := clientOf(t, Options{CatchUp: 1}, told(t, "ADDRESS"))
	now, _ := client.GetFeedback(t.Context())
	options := FollowOptions{ResumeAfter: &ResumePoint{math.MaxUint64, now.Epoch}, Delivery: Every}
	for event, err := range client.FollowEvents(t.Context(), options) {
		if _, isDisconnected := event.(Disconnected); isDisconnected {
			continue // it may be behind, and is asked once more
		}
		var refused *Error
		if !errors.As(err, &refused) || refused.Reason != "REVISION_IN_FUTURE" || *refused.Current != now.Revision || refused.Epoch != now.Epoch {
			t.Error(event, err)
		}
		equal(t, status.Code(err), codes.OutOfRange)
	}
}

func TestObservationsOfOnesOwnAreAnalysed(t *testing.T) {
	memory := &pb.InlineMemory{
		RegimeObservations: &pb.RegimeColumns{Regime: []string{"BULL", "BULL", "BEAR"}, Pnl: []float64{0.4, math.NaN(), -0.1}},
		TradeResults:       &pb.TradeColumns{MarketRegime: []string{"BULL"}, RealizedPnl: []float64{0.2}, Policy: []string{"BALANCED"}},
	}
	request := &pb.AnalyzeRequest{
		Memory:   &pb.AnalyzeRequest_Inline{Inline: memory},
		Settings: &pb.AnalysisSettings{MinimumSamples: new(uint32(1))},
	}
	client := clientOf(t, Options{}, told(t, "ADDRESS"))
	result, err := client.Analyze(t.Context(), request)
	if err != nil || result.Feedback.PreferredRegime != "BULL" || result.Analysis.GetPreferredRegime() != "BULL" {
		t.Fatal(result, err)
	}
	memory.TradeResults.RealizedPnl[0] = math.Inf(1)
	_, err = client.Analyze(t.Context(), request)
	var invalid *Error
	if !errors.As(err, &invalid) || invalid.Kind != InvalidRequest || invalid.Violations[0].Field != "inline.trade_results.realized_pnl[0]" {
		t.Error(err)
	}
	if _, err = client.Analyze(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerAboveTheLimitIsAnErrorThatSaysSo(t *testing.T) {
	client := clientOf(t, Options{MaxMessageBytes: 10}, told(t, "ADDRESS"))
	_, err := client.GetFeedback(t.Context())
	equal(t, kindOf(err), MessageTooLarge)
	for _, err := range client.Follow(t.Context(), FollowOptions{}) {
		equal(t, kindOf(err), MessageTooLarge)
	}
}

func TestNobodyThereIsToldAndGivenUpOn(t *testing.T) {
	client := clientOf(t, Options{}, nowhere)
	_, err := client.GetFeedback(t.Context())
	equal(t, kindOf(err), ServiceUnavailable)
	for _, err := range client.Follow(t.Context(), FollowOptions{GiveUpAfter: time.Millisecond}) {
		equal(t, kindOf(err), ServiceUnavailable)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.GetFeedback(cancelled)
	equal(t, errors.Is(err, context.Canceled), true)
}

func TestAServerThatTakesTheConnectionAndSaysNothingIsLeft(t *testing.T) {
	silent := told(t, "SILENT_ADDRESS")
	_, err := clientOf(t, Options{Timeout: 200 * time.Millisecond}, silent).GetFeedback(t.Context())
	equal(t, kindOf(err), DeadlineExceeded)
	options := Options{HeartbeatInterval: shortestHeartbeat, MissedHeartbeats: 1}
	for _, err := range clientOf(t, options, silent).Follow(t.Context(), FollowOptions{GiveUpAfter: time.Millisecond}) {
		equal(t, kindOf(err), SilentServer)
	}
}

func TestTheServerIsKnownByItsCertificateAndWeByOurToken(t *testing.T) {
	address := told(t, "TLS_ADDRESS")
	files := &TLSFiles{RootCertificates: told(t, "ROOT_CERTIFICATES"), ServerName: "memory.test"}
	known := clientOf(t, Options{TLS: files, TokenFile: told(t, "TOKEN_FILE")}, address)
	if _, err := known.GetFeedback(t.Context()); err != nil {
		t.Error(err)
	}
	for _, err := range known.Follow(t.Context(), FollowOptions{}) {
		equal(t, err, error(nil))
		break
	}
	equal(t, known.WaitForNewest(t.Context()).Status == WarmingUp, false)
	_, err := known.Analyze(t.Context(), nil)
	isRefused(t, err, "OUT_OF_SCOPE")
	for _, options := range []Options{{TLS: files}, {TLS: files, Token: "unknown"}} {
		for _, err := range clientOf(t, options, address).Follow(t.Context(), FollowOptions{}) {
			isRefused(t, err, "NOT_IDENTIFIED")
		}
	}
	for name, options := range map[string]Options{
		"another name": {TLS: &TLSFiles{RootCertificates: files.RootCertificates, ServerName: "other.test"}},
		"unknown":      {TLS: &TLSFiles{}},
		"plain text":   {},
	} {
		if _, err := clientOf(t, options, address).GetFeedback(t.Context()); kindOf(err) != ServiceUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func isRefused(t *testing.T, err error, reason string) {
	t.Helper()
	var refused *Error
	if !errors.As(err, &refused) || refused.Kind != AccessDenied || refused.Reason != reason {
		t.Error(err)
	}
}
