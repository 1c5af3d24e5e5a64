package strategicmemory

import (
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DefaultAddress is where the service listens unless it is told otherwise.
const DefaultAddress = "127.0.0.1:50051"

const (
	shortestHeartbeat = 100 * time.Millisecond
	longestHeartbeat  = time.Hour
	// shortestKeepalive is how often the service lets itself be pinged, with room; gRPC makes 10 s of anything shorter.
	shortestKeepalive = 20 * time.Second
	// leastSilence is how often heartbeats come that are asked for more often.
	leastSilence = time.Second
	// longestSilence is what any number of missing heartbeats comes to at most: a Duration ends after 292 years.
	longestSilence = 365 * 24 * time.Hour
	// heartbeatJitter is the share of the interval by which a heartbeat may be heard later than it was due.
	heartbeatJitter = 0.1
)

var portfolioName = regexp.MustCompile(`\A[A-Za-z0-9._-]{0,64}\z`)

// Options say how a client connects, waits and retries. The zero value of each is its default.
type Options struct {
	// Timeout is how long a call may take, over all addresses together, if its context says no less (5 s).
	Timeout time.Duration
	// ConnectTimeout is how long one connection attempt may take (5 s).
	ConnectTimeout time.Duration
	// HeartbeatInterval is the longest silence between two messages of a stream that is asked for, 0.1 s to 1 h (15 s).
	HeartbeatInterval time.Duration
	// MissedHeartbeats is how many may fail to come before the server is taken for gone (3).
	MissedHeartbeats int
	// CatchUp is how long servers that are behind a resume point are given before it is taken for lost (15 s).
	CatchUp time.Duration
	// Backoff says how long to wait between attempts to reach the service.
	Backoff Backoff
	// KeepaliveTime is after which silence a connection in use is probed, at least 20 s (30 s).
	KeepaliveTime time.Duration
	// KeepaliveTimeout is how long such a probe may go unanswered (10 s).
	KeepaliveTimeout time.Duration
	// MaxMessageBytes is the largest answer that is accepted (64 MiB).
	MaxMessageBytes int
	// TLS encrypts the connections. Nil: plain text.
	TLS *TLSFiles
	// Token tells the service who we are, and is sent over TLS, or to this machine, and nowhere else. TokenFile is a file
	// that holds it as its only line.
	Token     Token
	TokenFile string
	// Portfolio is the one of the service that everything is about, 1 to 64 letters, digits, dots, dashes and underscores.
	// Empty: the default one, the only one of most services.
	Portfolio string
	// Logger is told of each outage, again each hour that it lasts, and once a day of what this version does not understand
	// (slog.Default).
	Logger *slog.Logger
}

// Backoff are delays that grow by a factor, drawn so that clients spread out: from half of a bound up to it. Each of
// several servers is tried once in such a time.
type Backoff struct {
	// Initial bounds the first delay (100 ms), Max every one (2 s).
	Initial, Max time.Duration
	// Factor is by how much the bound grows, at least 1 (2).
	Factor float64
}

// delay returns the delay after so many earlier ones; drawn is from 0 to 1.
func (b Backoff) delay(earlier int, drawn float64) time.Duration {
	bound := b.Initial
	for ; earlier > 0 && bound < b.Max; earlier-- {
		bound = time.Duration(min(float64(bound)*b.Factor, float64(b.Max)))
	}
	return time.Duration(float64(bound) * (0.5 + drawn/2))
}

// checked returns the options with their defaults, or what cannot work.
func (o Options) checked() (Options, error) {
	whole(&o.MissedHeartbeats, 3)
	whole(&o.MaxMessageBytes, 64<<20)
	for _, each := range []struct {
		name            string
		value           *time.Duration
		otherwise       time.Duration
		lowest, highest time.Duration
	}{
		{"Timeout", &o.Timeout, 5 * time.Second, 1, 0},
		{"ConnectTimeout", &o.ConnectTimeout, 5 * time.Second, 1, 0},
		{"HeartbeatInterval", &o.HeartbeatInterval, 15 * time.Second, shortestHeartbeat, longestHeartbeat},
		{"CatchUp", &o.CatchUp, 15 * time.Second, 1, 0},
		{"KeepaliveTime", &o.KeepaliveTime, 30 * time.Second, shortestKeepalive, 0},
		{"KeepaliveTimeout", &o.KeepaliveTimeout, 10 * time.Second, 1, 0},
		{"Backoff.Initial", &o.Backoff.Initial, 100 * time.Millisecond, 1, 0},
		{"Backoff.Max", &o.Backoff.Max, 2 * time.Second, o.Backoff.Initial, 0},
	} {
		if *each.value == 0 {
			*each.value = each.otherwise
		}
		if err := checkDuration(each.name, *each.value, each.lowest, each.highest); err != nil {
			return o, err
		}
	}
	if o.Backoff.Factor == 0 {
		o.Backoff.Factor = 2
	}
	switch {
	case !(o.Backoff.Factor >= 1) || !isFinite(o.Backoff.Factor):
		return o, fmt.Errorf("Backoff.Factor must be at least 1, is %g", o.Backoff.Factor)
	case o.Backoff.Initial > o.Backoff.Max:
		return o, fmt.Errorf("Backoff.Initial must be at most Backoff.Max, is %s above %s", o.Backoff.Initial, o.Backoff.Max)
	case o.MissedHeartbeats < 1:
		return o, fmt.Errorf("MissedHeartbeats must be at least 1, is %d", o.MissedHeartbeats)
	case !portfolioName.MatchString(o.Portfolio):
		return o, fmt.Errorf("Portfolio must be 1 to 64 letters, digits, dots, dashes and underscores, or empty for the "+
			"default one, is %q", o.Portfolio)
	case o.MaxMessageBytes < 1:
		return o, fmt.Errorf("MaxMessageBytes must be at least 1, is %d", o.MaxMessageBytes)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, o.TLS.check()
}

// silence returns how long to wait for one message before the server is taken for gone.
func (o Options) silence(heartbeatInterval time.Duration) time.Duration {
	interval := float64(max(heartbeatInterval, leastSilence))
	return time.Duration(min(interval*(1+heartbeatJitter)*float64(o.MissedHeartbeats), float64(longestSilence)))
}

func whole(value *int, otherwise int) {
	if *value == 0 {
		*value = otherwise
	}
}

// checkDuration names what is out of bounds; a highest of 0 is none.
func checkDuration(name string, value, lowest, highest time.Duration) error {
	if value >= lowest && (highest == 0 || value <= highest) {
		return nil
	}
	if highest != 0 {
		return fmt.Errorf("%s must be from %s to %s, is %s", name, lowest, highest, value)
	}
	if lowest == 1 {
		return fmt.Errorf("%s must be above 0, is %s", name, value)
	}
	return fmt.Errorf("%s must be at least %s, is %s", name, lowest, value)
}

// checkAddresses names the first that is not host:port.
func checkAddresses(addresses []string) error {
	for _, address := range addresses {
		host, port, err := net.SplitHostPort(address)
		number, notANumber := strconv.ParseUint(port, 10, 16)
		if err != nil || notANumber != nil || number == 0 || host == "" || strings.ContainsAny(host, "/@ ,") {
			return fmt.Errorf("address %q is not one: write host:port, for example 127.0.0.1:50051 or [::1]:50051", address)
		}
	}
	return nil
}
