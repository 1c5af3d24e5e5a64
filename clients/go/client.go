// Package strategicmemory reads the advice of Strategic Memory Sync: the newest that may be acted upon, each change, and
// analyses.
//
// A Client is safe for use by several goroutines. Newest never waits and never fails: when nothing may be acted upon, it
// answers with the safe values.
package strategicmemory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	pb "github.com/strategic-memory/strategic-memory/clients/go/strategicmemoryv1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Client reads advice from the service. It connects when it is used; close it when done.
type Client struct {
	options     Options
	connections *connections
	newest      *newestFeedback
	follow      sync.Once
	heard       chan struct{} // closed once a feedback came, or none can come any more
	tellHeard   func()
	following   sync.WaitGroup
	tellClosed  sync.Once
}

// New returns a client of one or several servers of the same service, each host:port, which are tried in turn. None at
// all stands for DefaultAddress. The error names the option or address that cannot work.
func New(options Options, addresses ...string) (*Client, error) {
	if len(addresses) == 0 {
		addresses = []string{DefaultAddress}
	}
	if err := checkAddresses(addresses); err != nil {
		return nil, err
	}
	options, err := options.checked()
	if err != nil {
		return nil, err
	}
	token, err := options.tokenSource(addresses)
	if err != nil {
		return nil, err
	}
	options.Token = "" // which the source alone holds
	heard := make(chan struct{})
	return &Client{
		options:     options,
		connections: newConnections(slices.Clone(addresses), options, token),
		newest:      newNewestFeedback(options.silence(options.HeartbeatInterval)),
		heard:       heard,
		tellHeard:   sync.OnceFunc(func() { close(heard) }),
	}, nil
}

// Newest returns what may be acted upon now. It never waits and never fails. The first call begins to follow the service.
//
// WarmingUp until something arrived; Stale with the safe values once its validity is over, the server was silent for too
// long, or the client was closed.
func (c *Client) Newest() Feedback {
	c.follow.Do(c.startFollowing)
	if c.connections.closing.Err() != nil {
		c.tellClosed.Do(func() {
			c.options.Logger.Warn("Newest gives the safe values and will not change: the client was closed")
		})
	}
	return c.newest.held.Load().read(time.Now())
}

// WaitForNewest returns Newest once something has arrived, the client is closed, or the context is done. Where the program
// stood still beyond the deadline of the context, what came meanwhile is given up to a second more to be read.
func (c *Client) WaitForNewest(ctx context.Context) Feedback {
	c.follow.Do(c.startFollowing)
	select {
	case <-c.heard:
	case <-ctx.Done():
		// A deadline that comes late says that the program stood still: what has come meanwhile is read first.
		deadline, _ := ctx.Deadline()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && passed(deadline, time.Now()) > 2*lookEvery {
			c.waitUntilHeard(readWithin)
		}
	}
	return c.Newest()
}

func (c *Client) waitUntilHeard(within time.Duration) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-c.heard:
	case <-timer.C:
	}
}

// GetFeedback returns the feedback in force. The error is an *Error.
func (c *Client) GetFeedback(ctx context.Context) (Feedback, error) {
	var answer *pb.GetFeedbackResponse
	err := c.connections.call(ctx, c.getFeedback(&answer))
	if err != nil {
		return Feedback{}, err
	}
	return c.answerFromWire(answer), nil
}

// AnalysisResult is what the memory says.
type AnalysisResult struct {
	// Analysis is what was worked out, as on the wire.
	Analysis *pb.Analysis
	// Feedback follows from it; its revision is 0, since nothing is published.
	Feedback Feedback
}

// Analyze returns what the service's memory, or the one in the request, says under settings. It publishes nothing, and is
// about the portfolio of the client. The error is an *Error; of kind InvalidRequest it names the fields.
func (c *Client) Analyze(ctx context.Context, request *pb.AnalyzeRequest) (AnalysisResult, error) {
	var answer *pb.AnalyzeResponse
	request, err := c.ofPortfolio(request)
	if err != nil {
		return AnalysisResult{}, err
	}
	err = c.connections.call(ctx, func(
		ctx context.Context, on *grpc.ClientConn, trailer grpc.CallOption, address string,
	) (err error) {
		answer, err = pb.NewStrategicMemoryServiceClient(on).Analyze(ctx, request, trailer)
		return c.checked(answer, err, address)
	})
	if err != nil {
		return AnalysisResult{}, err
	}
	return AnalysisResult{answer.GetAnalysis(), feedbackFromWire(answer.GetFeedback(), c.options.Logger)}, nil
}

// Close ends everything that is under way and disconnects. Any number of times.
func (c *Client) Close() {
	c.connections.end()
	c.follow.Do(func() {}) // nothing begins to follow any more
	c.following.Wait()
	c.newest.expire()
	c.tellHeard()
}

// ofPortfolio returns the request about the portfolio of the client. One about another is refused: the answer to it would
// not be what was asked for.
func (c *Client) ofPortfolio(request *pb.AnalyzeRequest) (*pb.AnalyzeRequest, error) {
	own := c.options.Portfolio
	asked := request.GetPortfolio()
	switch {
	case asked == own:
		return request, nil
	case asked != "":
		why := fmt.Sprintf("is %q, and this client is about %q: leave it out, or make a client with that Portfolio in its Options",
			asked, own)
		return nil, &Error{
			Kind: InvalidRequest, Message: "the request is not valid: portfolio: " + why,
			Violations: []FieldViolation{{"portfolio", why}},
		}
	case request == nil:
		return &pb.AnalyzeRequest{Portfolio: own}, nil
	}
	request = proto.Clone(request).(*pb.AnalyzeRequest)
	request.Portfolio = own
	return request, nil
}

func (c *Client) getFeedback(answer **pb.GetFeedbackResponse) asking {
	request := &pb.GetFeedbackRequest{Portfolio: c.options.Portfolio}
	return func(ctx context.Context, on *grpc.ClientConn, trailer grpc.CallOption, address string) (err error) {
		*answer, err = pb.NewStrategicMemoryServiceClient(on).GetFeedback(ctx, request, trailer)
		return c.checked(*answer, err, address)
	}
}

type advising interface {
	GetFeedback() *pb.Feedback
	GetPortfolio() string
}

// checked returns the error of a call, or what the contract rules out in its answer.
func (c *Client) checked(answer advising, err error, address string) error {
	if err != nil {
		return err
	}
	if other := requirePortfolio(answer.GetPortfolio(), c.options.Portfolio, address); other != nil {
		return other
	}
	if broken := requireWithinContract(answer.GetFeedback(), address); broken != nil {
		return broken
	}
	return nil
}

func (c *Client) answerFromWire(answer *pb.GetFeedbackResponse) Feedback {
	feedback := feedbackFromWire(answer.GetFeedback(), c.options.Logger)
	feedback.SentAt = timeFromWire(answer.GetSentAt())
	return feedback
}

func (c *Client) startFollowing() {
	c.following.Go(func() { c.newest.arrivals.watch(c.connections.closing) })
	c.following.Go(func() {
		settings, _ := c.settingsOf(FollowOptions{})
		settings.retryRefusals, settings.alwaysAfresh = true, true
		subscription := newSubscription(settings, rand.Float64)
		c.events(c.connections.closing, subscription, func(event Event, _ error) bool {
			c.newest.arrivals.read()
			defer c.newest.arrivals.wait()
			if c.newest.take(event, time.Now()) {
				c.fetch(subscription.address())
			}
			if _, isFeedback := event.(FeedbackReceived); isFeedback {
				c.tellHeard()
			}
			return true
		})
	})
}

// fetch asks the server that vouches for the feedback in force: another one may know less.
func (c *Client) fetch(address string) {
	var answer *pb.GetFeedbackResponse
	asked := time.Now()
	err := c.connections.callServer(c.connections.closing, address, c.options.Timeout, c.getFeedback(&answer))
	c.newest.arrivals.away(asked, time.Now())
	if err == nil { // otherwise the next heartbeat asks for it again
		// It was sent after it was asked for: it holds from then on, however long it was under way.
		c.newest.feedback(c.answerFromWire(answer), asked)
	}
}
