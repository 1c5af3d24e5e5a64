package strategicmemory

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func TestAReasonIsReadFromTheDetails(t *testing.T) {
	told, _ := status.New(codes.OutOfRange, "no").WithDetails(&errdetails.ErrorInfo{
		Domain: errorDomain, Reason: "EPOCH_CHANGED", Metadata: map[string]string{"oldest": "3", "current": "9", "epoch": "f"},
	})
	var wrapped error = errorOf(told.Err(), nil, "here")
	var err *Error
	if !errors.As(wrapped, &err) || err.Kind != ResumePointRefused || err.Reason != "EPOCH_CHANGED" || err.Transient() {
		t.Fatal(wrapped)
	}
	equal(t, []any{*err.Oldest, *err.Current, err.Epoch, err.Address}, []any{uint64(3), uint64(9), "f", "here"})
	equal(t, status.Code(wrapped), codes.OutOfRange)
}

func TestAReasonIsReadFromTheTrailersWhereTheDetailsAreGone(t *testing.T) {
	trailer := metadata.Pairs("strategic-memory-reason", "REVISION_COMPACTED", "strategic-memory-oldest", "12",
		"strategic-memory-epoch", "a%20b", "content-type", "application/grpc")
	err := errorOf(status.Error(codes.OutOfRange, "no"), trailer, "here")
	equal(t, []any{err.Reason, *err.Oldest, err.Epoch, err.Current == nil}, []any{"REVISION_COMPACTED", uint64(12), "a b", true})
}

func TestAnUnknownPortfolioIsToldWithTheNearest(t *testing.T) {
	told, _ := status.New(codes.NotFound, "there is no portfolio alhpa here").WithDetails(&errdetails.ErrorInfo{
		Domain: errorDomain, Reason: "UNKNOWN_PORTFOLIO", Metadata: map[string]string{"portfolio": "alhpa", "nearest": "alpha"},
	})
	err := errorOf(told.Err(), nil, "here")
	equal(t, []any{err.Kind, err.Nearest, err.Transient()}, []any{UnknownPortfolio, "alpha", false})
}

func TestAReasonOfALaterVersionIsTheServicesOwn(t *testing.T) {
	later := metadata.Pairs("strategic-memory-reason", "OF_A_LATER_VERSION")
	for code, told := range map[codes.Code][2]string{
		codes.Unavailable:     {"it cannot answer now", "check that it runs there"},
		codes.Unauthenticated: {"check the token", "check the TLS options"},
	} {
		for index, trailer := range []metadata.MD{later, nil} {
			if err := errorOf(status.Error(code, "no"), trailer, "here"); !strings.Contains(err.Error(), told[index]) {
				t.Errorf("%s is not told: %s", told[index], err)
			}
		}
	}
}

func TestFieldsThatAreWrongAreNamed(t *testing.T) {
	told, _ := status.New(codes.InvalidArgument, "no").WithDetails(&errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "settings.max_age", Description: "must be above 0"}},
	})
	err := errorOf(told.Err(), nil, "here")
	equal(t, err.Violations, []FieldViolation{{"settings.max_age", "must be above 0"}})
	equal(t, err.Error(), "the request is not valid: settings.max_age: must be above 0")
}

func TestWhatWasMetOnTheWayIsTold(t *testing.T) {
	for detail, kind := range map[string]Kind{
		"unexpected HTTP status code received from server: 413 (Request Entity Too Large)":                    MessageTooLarge,
		"unexpected HTTP status code received from server: 404 (Not Found); transport: text":                  UnsupportedOperation,
		"unexpected HTTP status code received from server: 418 (I'm a teapot)":                                ServiceUnavailable,
		"grpc: received message larger than max (5000000 vs. 4194304)":                                        MessageTooLarge,
		"trying to send message larger than max (5 vs. 4)":                                                    MessageTooLarge,
		"stream terminated by RST_STREAM with error code: INTERNAL_ERROR":                                     ServiceUnavailable,
		"upstream connect error or disconnect/reset before headers":                                           ServiceUnavailable,
		"connection error: http2: frame too large, note that the frame header looked like an HTTP/1.1 header": ServiceUnavailable,
		"grpc: error while marshaling: string field contains invalid UTF-8":                                   InvalidRequest,
		"anything else": ServerFault,
	} {
		equal(t, errorOf(status.Error(codes.Unknown, detail), nil, "here").Kind, kind)
	}
}

func TestWhatKeepsAConnectionFromBeingMadeIsNamed(t *testing.T) {
	const failed = `connection error: desc = "transport: authentication handshake failed: tls: `
	for detail, said := range map[string]string{
		failed + `first record does not look like a TLS handshake"`:                                        "speaks no TLS",
		failed + `failed to verify certificate: x509: certificate signed by unknown authority"`:            "TLS.RootCertificates",
		failed + `failed to verify certificate: x509: certificate is valid for memory.test, not o.test"`:   "TLS.ServerName",
		`connection error: desc = "error reading server preface: EOF"`:                                     "whether it wants TLS",
		`connection error: desc = "error reading server preface: remote error: tls: certificate required"`: "certificate of a client",
	} {
		err := errorOf(status.Error(codes.Unavailable, detail), nil, "here")
		if err.Kind != ServiceUnavailable || !strings.Contains(err.Message, said) {
			t.Errorf("%s: %v", detail, err)
		}
	}
}

func TestEachCodeIsAKind(t *testing.T) {
	for code, kind := range map[codes.Code]Kind{
		codes.Unavailable: ServiceUnavailable, codes.DeadlineExceeded: DeadlineExceeded, codes.Internal: ServerFault,
		codes.Canceled: CallCancelled, codes.ResourceExhausted: ResourceExhausted, codes.PermissionDenied: AccessDenied,
		codes.Unauthenticated: AccessDenied, codes.Unimplemented: UnsupportedOperation, codes.Unknown: ServerFault,
		codes.InvalidArgument: InvalidRequest, codes.OutOfRange: ResumePointRefused,
		codes.NotFound: ServerFault,
	} {
		equal(t, errorOf(status.Error(code, "no"), nil, "here").Kind, kind)
	}
	equal(t, errors.Is(errorOf(status.Error(codes.Canceled, ""), nil, ""), context.Canceled), true)
	equal(t, errors.Is(errorOf(status.Error(codes.DeadlineExceeded, ""), nil, ""), context.DeadlineExceeded), true)
}
