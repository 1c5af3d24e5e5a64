package strategicmemory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	pb "github.com/strategic-memory/strategic-memory/clients/go/strategicmemoryv1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
)

// stream is an open one, on a connection of its own: so each attempt connects anew, whatever the last one met.
type stream struct {
	client   *Client
	on       *grpc.ClientConn
	call     grpc.ServerStreamingClient[pb.StreamFeedbackResponse]
	address  string
	silence  time.Duration
	cancel   context.CancelFunc
	isSilent atomic.Bool
}

func (c *Client) openStream(ctx context.Context, next attempt, settings subscriptionSettings) (*stream, *Error) {
	on, err := c.connections.dial(next.address)
	if err != nil {
		return nil, errorOf(err, nil, next.address)
	}
	ctx, cancel := context.WithCancel(ctx)
	opened := &stream{
		client: c, on: on, address: next.address, silence: c.options.silence(settings.HeartbeatInterval), cancel: cancel,
	}
	err = opened.withinSilence(func() (err error) {
		opened.call, err = pb.NewStrategicMemoryServiceClient(on).StreamFeedback(ctx, streamRequest(next, settings, c.options.Portfolio))
		return err
	})
	if err != nil {
		defer opened.close()
		return nil, opened.failed(err)
	}
	return opened, nil
}

func streamRequest(next attempt, settings subscriptionSettings, portfolio string) *pb.StreamFeedbackRequest {
	request := &pb.StreamFeedbackRequest{
		Delivery:          pb.Delivery_DELIVERY_LATEST,
		HeartbeatInterval: durationpb.New(settings.HeartbeatInterval),
		SendCurrent:       next.sendCurrent,
		Portfolio:         portfolio,
	}
	if settings.Delivery == Every {
		request.Delivery = pb.Delivery_DELIVERY_EVERY
	}
	if next.resumeAfter != nil {
		request.ResumeAfterRevision, request.Epoch = &next.resumeAfter.Revision, next.resumeAfter.Epoch
	}
	return request
}

// receive returns the next message; the error says why there will be none.
func (s *stream) receive() (message, *Error) {
	var response *pb.StreamFeedbackResponse
	err := s.withinSilence(func() (err error) {
		response, err = s.call.Recv()
		return err
	})
	if err != nil {
		return nil, s.failed(err)
	}
	if other := requirePortfolio(response.GetPortfolio(), s.client.options.Portfolio, s.address); other != nil {
		return nil, other
	}
	switch event := response.GetEvent().(type) {
	case *pb.StreamFeedbackResponse_Feedback:
		if err := requireWithinContract(event.Feedback, s.address); err != nil {
			return nil, err
		}
		feedback := feedbackFromWire(event.Feedback, s.client.options.Logger)
		feedback.SkippedRevisions = response.GetSkippedRevisions()
		feedback.SentAt = timeFromWire(response.GetSentAt())
		return &feedback, nil
	case *pb.StreamFeedbackResponse_Heartbeat:
		heartbeat := heartbeatFromWire(event.Heartbeat, s.client.options.Logger)
		return &heartbeat, nil
	}
	return nil, nil
}

// withinSilence ends the stream when what is waited for takes longer than a server may be silent. The program may have stood
// still, however short a time: what has come meanwhile is no silence, and is given the time to be read.
func (s *stream) withinSilence(wait func() error) error {
	waiting, over := context.WithCancel(context.Background())
	defer over()
	timer := time.AfterFunc(s.silence, func() {
		pause(waiting, readWithin)
		if waiting.Err() == nil {
			s.isSilent.Store(true)
			s.cancel()
		}
	})
	defer timer.Stop()
	return wait()
}

func (s *stream) failed(err error) *Error {
	switch {
	case s.isSilent.Load():
		return &Error{Kind: SilentServer, Address: s.address, cause: err, Message: fmt.Sprintf(
			"nothing was heard from %s for %s: check the server and the way to it", s.address, s.silence)}
	case errors.Is(err, io.EOF):
		return &Error{Kind: ServiceUnavailable, Address: s.address, Message: fmt.Sprintf(
			"the service at %s ended the stream: try another server, or again in a moment", s.address)}
	case s.call == nil:
		return errorOf(err, nil, s.address)
	}
	return errorOf(err, s.call.Trailer(), s.address)
}

// close ends the stream and its connection.
func (s *stream) close() {
	s.cancel()
	_ = s.on.Close()
}
