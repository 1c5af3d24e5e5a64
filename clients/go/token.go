package strategicmemory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const longestToken = 512

// Token tells the service who we are. It is never shown.
type Token string

// String returns a text in its place.
func (Token) String() string { return "(a token)" }

// GoString returns a text in its place.
func (Token) GoString() string { return "(a token)" }

// MarshalText returns a text in its place.
func (Token) MarshalText() ([]byte, error) { return []byte("(a token)"), nil }

// tokenSource returns the token to send with each call. A function, since nothing shows what it holds.
type tokenSource func() (string, error)

// tokenSource returns where the token comes from, nil for none; a file is read for each call, so that a renewed one is
// taken up. The error names what cannot work: no token, or one that would travel in the open.
func (o Options) tokenSource(addresses []string) (tokenSource, error) {
	if o.Token == "" && o.TokenFile == "" {
		return nil, nil
	}
	if o.Token != "" && o.TokenFile != "" {
		return nil, errors.New("Token and TokenFile say the same: give one of them")
	}
	for _, address := range addresses {
		if o.TLS == nil && !isThisMachine(address) {
			return nil, fmt.Errorf("a token is not sent to %s over plain text: give TLS too", address)
		}
	}
	source := func() (string, error) { return checkedToken("Token", string(o.Token)) }
	if o.TokenFile != "" {
		source = func() (string, error) {
			content, err := os.ReadFile(o.TokenFile)
			if err != nil {
				return "", fmt.Errorf("TokenFile cannot be read: %w", withoutContent(err))
			}
			return checkedToken("TokenFile", strings.TrimSpace(string(content)))
		}
	}
	_, err := source()
	return source, err
}

// GetRequestMetadata returns what goes with a call.
func (s tokenSource) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := s()
	if err != nil { // in the middle of being renewed, it may be: that passes
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity tells that plain text may do: it is to this machine alone.
func (s tokenSource) RequireTransportSecurity() bool { return false }

func checkedToken(name, token string) (string, error) {
	isOdd := func(r rune) bool { return r <= ' ' || r > '~' }
	if token == "" || len(token) > longestToken || strings.ContainsFunc(token, isOdd) {
		return "", fmt.Errorf("%s must be 1 to %d printable ASCII characters without a space", name, longestToken)
	}
	return token, nil
}

func isThisMachine(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}
