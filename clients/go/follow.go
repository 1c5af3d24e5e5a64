package strategicmemory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"
	"unicode/utf8"
)

// Delivery is how a stream treats a subscriber that reads more slowly than the feedback changes.
type Delivery int

const (
	// Latest: the newest feedback; SkippedRevisions says how many were passed over.
	Latest Delivery = iota
	// Every: every revision in order, or an error.
	Every
)

// ResumePoint is a place in a feedback log: what comes after it is what a resumed subscription starts with.
type ResumePoint struct {
	// Revision is the last one that is known already.
	Revision uint64
	// Epoch is the one in which it counts. Empty: whatever the log's epoch is.
	Epoch string
}

// FollowOptions say what a subscription is for. The zero value starts with the feedback in force and never gives up.
type FollowOptions struct {
	// ResumeAfter is where to go on. Nil: start with the feedback in force.
	ResumeAfter *ResumePoint
	// SendCurrent: the feedback of ResumeAfter itself comes first where nothing came after it, as a program wants it that
	// was started again.
	SendCurrent bool
	Delivery    Delivery
	// HeartbeatInterval is the longest silence to ask for, instead of that of the client's options.
	HeartbeatInterval time.Duration
	// GiveUpAfter is how long to go without any server before the last error is handed out. 0: for ever.
	GiveUpAfter time.Duration
}

// Follow yields the feedback as it changes, each revision once, across restarts of the service.
//
// It starts with the feedback in force, or with what came after ResumeAfter. SkippedRevisions and EpochChanged of a
// feedback say what is missing before it; with Every nothing may be missing, and an error of kind ResumePointRefused or
// RevisionGap is yielded instead. An error is the last that is yielded. It ends without one once the context is done or
// the client closed.
func (c *Client) Follow(ctx context.Context, options FollowOptions) iter.Seq2[Feedback, error] {
	return func(yield func(Feedback, error) bool) {
		for event, err := range c.FollowEvents(ctx, options) {
			if err != nil {
				yield(Feedback{}, err)
				return
			}
			if received, isFeedback := event.(FeedbackReceived); isFeedback && !yield(received.Feedback, nil) {
				return
			}
		}
	}
}

// FollowEvents yields everything that happens to a subscription; for the rest it is as Follow.
func (c *Client) FollowEvents(ctx context.Context, options FollowOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		settings, err := c.settingsOf(options)
		if err == nil && c.connections.closing.Err() != nil {
			err = closedClient()
		}
		if err != nil {
			yield(nil, err)
			return
		}
		c.events(ctx, newSubscription(settings, rand.Float64), yield)
	}
}

func (c *Client) settingsOf(options FollowOptions) (subscriptionSettings, error) {
	settings := subscriptionSettings{
		FollowOptions: options, addresses: c.connections.addresses, backoff: c.options.Backoff, catchUp: c.options.CatchUp,
	}
	if options.HeartbeatInterval == 0 {
		settings.HeartbeatInterval = c.options.HeartbeatInterval
	}
	if options.Delivery != Latest && options.Delivery != Every {
		return settings, fmt.Errorf("Delivery must be Latest or Every, is %d", options.Delivery)
	}
	if options.ResumeAfter != nil && !utf8.ValidString(options.ResumeAfter.Epoch) {
		return settings, errors.New("ResumeAfter.Epoch must be valid UTF-8")
	}
	return settings, errors.Join(
		checkDuration("HeartbeatInterval", settings.HeartbeatInterval, shortestHeartbeat, longestHeartbeat),
		checkDuration("GiveUpAfter", options.GiveUpAfter, 0, 0),
	)
}

// events drives a subscription: opens its streams, feeds it, waits for it.
func (c *Client) events(ctx context.Context, subscription *subscription, yield func(Event, error) bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.connections.closing, cancel)()
	var outage disconnections
	for ctx.Err() == nil {
		goesOn := true
		lost := c.readStream(ctx, subscription, outage.heard, func(event Event) bool {
			goesOn = yield(event, nil)
			return goesOn
		})
		if !goesOn || ctx.Err() != nil {
			return
		}
		now := time.Now()
		disconnected, mayPass := subscription.failed(lost, now)
		if !mayPass {
			yield(nil, lost)
			return
		}
		if outage.isToBeTold(now) {
			c.options.Logger.Warn("no stream", "address", disconnected.Address, "retry_in", disconnected.RetryIn, "error", lost)
		}
		if !yield(disconnected, nil) {
			return
		}
		pause(ctx, disconnected.RetryIn-time.Since(now))
	}
}

// readStream opens the next stream and hands out what it means, until its end, which it returns; heard is told of each
// message, also of one that means nothing new.
func (c *Client) readStream(
	ctx context.Context, subscription *subscription, heard func(), handOut func(Event) bool,
) *Error {
	next := subscription.connect(time.Now())
	stream, err := c.openStream(ctx, next, subscription.settings)
	if err != nil {
		return err
	}
	defer stream.close()
	for {
		told, err := stream.receive()
		if err != nil {
			return err
		}
		heard()
		events, refused := subscription.received(told)
		if refused != nil {
			return refused
		}
		for _, event := range events {
			if !handOut(event) {
				return nil
			}
		}
	}
}

// pause waits for a time, or until the context is done.
func pause(ctx context.Context, long time.Duration) {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
