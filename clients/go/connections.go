package strategicmemory

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

// connections holds one connection to each server for calls; streams have one each of their own.
type connections struct {
	options   Options
	token     tokenSource
	addresses []string
	preferred atomic.Int64
	closing   context.Context
	close     context.CancelFunc
	mutex     sync.Mutex
	open      map[string]*connection
}

// connection is an open one, with the calls on it.
type connection struct {
	*grpc.ClientConn
	dialled    time.Time
	calls      int
	wasHeard   bool
	unanswered int // calls in a row
	isRetired  bool
}

func newConnections(addresses []string, options Options, token tokenSource) *connections {
	closing, end := context.WithCancel(context.Background())
	return &connections{
		options: options, token: token, addresses: addresses, closing: closing, close: end, open: map[string]*connection{},
	}
}

// dial returns a new connection, which is made once it is used.
func (c *connections) dial(address string) (*grpc.ClientConn, error) {
	encryption := insecure.NewCredentials()
	if c.options.TLS != nil {
		encryption = c.options.TLS.credentials()
	}
	settings := []grpc.DialOption{
		grpc.WithTransportCredentials(encryption),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(c.options.MaxMessageBytes)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: c.options.KeepaliveTime, Timeout: c.options.KeepaliveTimeout,
		}),
		// Unless they are said, the delay between attempts to connect grows to 120 s.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: c.options.ConnectTimeout,
		}),
		// The service is a neighbour: a proxy that is set for the way out of the house must not come between.
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithUserAgent("strategic-memory-client-go"),
	}
	if c.token != nil {
		settings = append(settings, grpc.WithPerRPCCredentials(c.token))
	}
	// passthrough: the name is looked up for each attempt; the resolver of gRPC would ask at most every 30 s.
	// It is a path there, in which the zone of an address of IPv6 begins with an escape.
	return grpc.NewClient("passthrough:///"+url.PathEscape(address), settings...)
}

// call asks each server in turn until one answers, all within the timeout.
func (c *connections) call(ctx context.Context, ask asking) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	preferred := int(c.preferred.Load())
	notKnown := ""
	for asked := 0; ; asked++ {
		index := (preferred + asked) % len(c.addresses)
		left := len(c.addresses) - asked
		within := max(time.Millisecond, time.Until(deadline)/time.Duration(left))
		err := c.callServer(ctx, c.addresses[index], within, ask)
		if err == nil {
			c.preferred.Store(int64(index))
			return nil
		}
		// One that is cancelled while the caller waits was so by the server, as it ends, or by a proxy. While a service is
		// upgraded, one server does not know yet what the next one does.
		anotherMayDo := isKind(
			err, ServiceUnavailable, SilentServer, DeadlineExceeded, CallCancelled, InvalidAnswer, UnsupportedOperation)
		if !anotherMayDo || left == 1 || ctx.Err() != nil {
			var last *Error
			if anotherMayDo && errors.As(err, &last) {
				last.Message += notKnown // that the last one cannot be reached would hide why the others did not do
			}
			return err
		}
		if isKind(err, UnsupportedOperation) {
			notKnown += "; " + err.Error()
		}
	}
}

// asking makes one call on a connection; it fills the trailer, and returns an *Error or an error of gRPC.
type asking func(ctx context.Context, on *grpc.ClientConn, trailer grpc.CallOption, address string) error

// callServer asks one server, and no other.
func (c *connections) callServer(ctx context.Context, address string, within time.Duration, ask asking) error {
	on, err := c.take(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	defer context.AfterFunc(c.closing, cancel)()
	var trailer metadata.MD
	err = ask(ctx, on.ClientConn, grpc.Trailer(&trailer), address)
	var refused *Error // an answer that came, and is not used
	if err != nil && !errors.As(err, &refused) {
		if c.closing.Err() != nil {
			err = closedClient()
		} else {
			err = errorOf(err, trailer, address)
		}
	}
	c.giveBack(address, on, err)
	return err
}

func (c *connections) take(address string) (*connection, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.closing.Err() != nil {
		return nil, closedClient()
	}
	on := c.open[address]
	if on == nil {
		dialled, err := c.dial(address)
		if err != nil {
			return nil, errorOf(err, nil, address)
		}
		on = &connection{ClientConn: dialled, dialled: time.Now()}
		c.open[address] = on
	}
	on.calls++
	return on, nil
}

// giveBack takes that a call is over. One on which a call timed out with nothing heard is given up: what a router has
// dropped in silence looks open for as long as its socket lives. A caller may have left for reasons of its own: two in a row
// say that it was the silence.
func (c *connections) giveBack(address string, on *connection, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	on.calls--
	switch {
	case isKind(err, DeadlineExceeded, CallCancelled):
		on.unanswered++
		isMade := on.wasHeard || time.Since(on.dialled) >= c.options.ConnectTimeout // otherwise it is given its time
		on.isRetired = on.isRetired || isMade && (isKind(err, DeadlineExceeded) || on.unanswered > 1)
	case !isKind(err, ServiceUnavailable, ClientClosed):
		on.wasHeard, on.unanswered = true, 0
	}
	if on.isRetired && c.open[address] == on {
		delete(c.open, address)
	}
	if on.calls == 0 && (on.isRetired || c.closing.Err() != nil) {
		_ = on.Close()
	}
}

// end ends every call and closes what is open. Any number of times.
func (c *connections) end() {
	c.close()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, on := range c.open {
		if on.calls == 0 {
			_ = on.Close()
		}
	}
}
