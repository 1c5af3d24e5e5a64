package strategicmemory

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// What stands between us and the service tells of itself in sentences of gRPC-Go alone.
var (
	httpStatus  = regexp.MustCompile(`HTTP status code received from server: (\d{3})\b`)
	ownLimit    = "received message larger than max"
	anyLimit    = regexp.MustCompile(`(?i)message (after decompression )?larger than max`)
	notSent     = "error while marshaling"
	cutOff      = "RST_STREAM with error code"
	notGRPC     = regexp.MustCompile(`looked like an HTTP/1.1 header|missing HTTP content-type|received unexpected content-type`)
	envoy       = regexp.MustCompile(`^(upstream request timeout|upstream connect error|no healthy upstream|stream timeout)`)
	noTLS       = "first record does not look like a TLS handshake"
	otherName   = regexp.MustCompile(`x509: (certificate is (not )?valid for|cannot validate certificate for)`)
	nobodyKnown = "tls: failed to verify certificate"
	endsAtOnce  = regexp.MustCompile(`error reading server preface|remote error: tls: `)
	settingsFor = "Envoy: `timeout: 0s` of the route; nginx: grpc_read_timeout; haproxy: timeout server"
)

var behindProxy = map[int]struct {
	kind Kind
	said string
}{
	401: {AccessDenied, "denies access: check what it asks of callers"},
	403: {AccessDenied, "denies access: check its rules"},
	404: {UnsupportedOperation, "has no route for the paths of this service: check its routes and the address"},
	413: {MessageTooLarge, "refuses a request of this size: raise its limit (nginx: client_max_body_size), or send less"},
	429: {ServiceUnavailable, "admits no more for now: check its limit of requests, or ask less often"},
	502: {ServiceUnavailable, "cannot reach the service: check that it runs, and where the proxy looks for it"},
	503: {ServiceUnavailable, "has no service to lead to: check that it runs, and the proxy's checks of it"},
	504: {ServiceUnavailable, "did not wait for the answer: raise its timeout (" + settingsFor + ")"},
}

// metOnTheWay returns the error that the words of a failed call stand for; without a kind where they are the service's.
func metOnTheWay(detail, address string) *Error {
	say := func(kind Kind, format string) *Error {
		return &Error{Kind: kind, Message: fmt.Sprintf(format, address) + " (" + detail + ")"}
	}
	switch found := httpStatus.FindStringSubmatch(detail); {
	case found != nil:
		code, _ := strconv.Atoi(found[1])
		met, isKnown := behindProxy[code]
		if !isKnown {
			met.kind, met.said = ServiceUnavailable, "answered in place of the service: check its routes and the address"
		}
		return &Error{Kind: met.kind, Message: fmt.Sprintf("a proxy in front of %s %s (HTTP %d)", address, met.said, code)}
	case strings.Contains(detail, ownLimit):
		return say(MessageTooLarge, "the answer of %s is larger than this client takes: raise MaxMessageBytes in its Options")
	case anyLimit.MatchString(detail):
		return say(MessageTooLarge, "the call to %s is too large for the service's limit on messages: send or ask for less, or "+
			"raise the limit there")
	case strings.Contains(detail, notSent):
		return say(InvalidRequest, "the request to %s cannot be sent: look whether each text in it is valid UTF-8")
	case strings.Contains(detail, cutOff):
		return say(ServiceUnavailable, "the call to %s was cut off, by a server that ended at once or by a proxy; if that comes "+
			"back after the same time, raise the proxy's timeout above the heartbeat interval ("+settingsFor+")")
	case notGRPC.MatchString(detail):
		return say(ServiceUnavailable, "what listens at %s speaks no gRPC: check the address, TLS, and that a proxy there passes "+
			"HTTP/2 on (nginx: `http2`, grpc_pass)")
	case strings.Contains(detail, noTLS):
		return say(ServiceUnavailable, "what listens at %s speaks no TLS: check the address, or leave out TLS")
	case otherName.MatchString(detail):
		return say(ServiceUnavailable, "what listens at %s shows a certificate for another name: give the name that it bears as "+
			"TLS.ServerName, or ask by that name")
	case strings.Contains(detail, nobodyKnown):
		return say(ServiceUnavailable, "what listens at %s shows a certificate that nobody in TLS.RootCertificates vouches for, or "+
			"one whose time is over: check that file, and the certificate")
	case endsAtOnce.MatchString(detail):
		return say(ServiceUnavailable, "what listens at %s ends connections before they are made: check that the service runs "+
			"there, and whether it wants TLS, or the certificate of a client (TLS)")
	case envoy.MatchString(detail):
		return say(ServiceUnavailable, "an Envoy in front of %s ended the call: check that it reaches the service, and set the "+
			"timeout of the route (`timeout: 0s`)")
	}
	return &Error{}
}
