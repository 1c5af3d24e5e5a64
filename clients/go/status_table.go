package strategicmemory

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	errorDomain    = "strategic_memory.v1"
	reasonTrailer  = "strategic-memory-reason"
	metadataPrefix = "strategic-memory-"
	longestDetail  = 500
)

var unavailableAdvice = map[string]string{
	"":                  "check that it runs there and that the address is right",
	"DRAINING":          "it is going away; try another server, or again in a moment",
	"LOG_NOT_READ":      "it has not read its feedback log yet; check that it reaches Redis, and try again",
	"MEMORY_UNREADABLE": "it cannot read the memory from Redis; check Redis, and try again",
}

var resumeAdvice = map[string]string{
	"REVISION_COMPACTED": "revisions after the resume point are no longer kept",
	"REVISION_IN_FUTURE": "the resume point lies after the newest revision",
	"EPOCH_CHANGED":      "the resume point is of another epoch: history was lost",
}

var neverFits = map[string]bool{"REQUEST_TOO_LARGE": true, "REQUEST_TOO_SLOW": true}

// failure is a status with its details, decoded.
type failure struct {
	code       codes.Code
	detail     string
	address    string
	reason     string
	metadata   map[string]string
	violations []FieldViolation
	retryAfter time.Duration
}

// errorOf returns the error that a failed call to the server at an address stands for.
func errorOf(err error, trailer metadata.MD, address string) *Error {
	failed := failureOf(err, trailer, address)
	met := &Error{}
	if failed.reason == "" && len(failed.violations) == 0 {
		met = metOnTheWay(failed.detail, address)
	}
	if met.Kind == "" {
		met = failed.error()
	}
	met.Address, met.Reason, met.cause = address, failed.reason, err
	if isKind(met, ResourceExhausted, TooManySubscribers) {
		met.RetryAfter = failed.retryAfter
	}
	return met
}

// error returns what the code and the reason say, without what all errors have.
func (f failure) error() *Error {
	say := func(kind Kind, format string, values ...any) *Error {
		return &Error{Kind: kind, Message: fmt.Sprintf(format, values...)}
	}
	switch f.code {
	case codes.Unavailable:
		advice := unavailableAdvice[f.reason]
		if advice == "" { // a reason of a later version
			advice = "it cannot answer now; try another server, or again in a moment"
		}
		return say(ServiceUnavailable, "the service at %s is not available: %s (%s)", f.address, advice, f.detail)
	case codes.DeadlineExceeded:
		return say(DeadlineExceeded, "the service at %s did not answer in time: allow more time, or check its load", f.address)
	case codes.InvalidArgument:
		return f.invalidRequest()
	case codes.OutOfRange:
		return f.refusedResumePoint()
	case codes.NotFound:
		if f.reason == "UNKNOWN_PORTFOLIO" {
			unknown := say(UnknownPortfolio, "the service at %s: %s", f.address, f.detail)
			unknown.Nearest = f.metadata["nearest"]
			return unknown
		}
		return say(ServerFault, "the service at %s failed: look into its log (%s: %s)", f.address, f.code, f.detail)
	case codes.ResourceExhausted:
		if f.reason == "TOO_MANY_SUBSCRIBERS" {
			return say(TooManySubscribers, "the service at %s admits no more subscribers: try another server, or later", f.address)
		}
		if neverFits[f.reason] {
			return say(MessageTooLarge, "the request is more than the service at %s takes: send less (%s)", f.address, f.detail)
		}
		return say(ResourceExhausted, "a limit was reached at %s: send less, or try later (%s)", f.address, f.detail)
	case codes.PermissionDenied, codes.Unauthenticated:
		check := "check the TLS options"
		if f.reason != "" { // what has none is not the service's own; one that only a later version knows is
			check = "check the token, or the certificate that is shown"
		}
		return say(AccessDenied, "the service at %s denies access: %s (%s)", f.address, check, f.detail)
	case codes.Unimplemented:
		return say(UnsupportedOperation, "what listens at %s does not offer this operation: check the address and the version "+
			"of the service (%s)", f.address, f.detail)
	case codes.Canceled:
		return say(CallCancelled, "the call to %s was cancelled (%s)", f.address, f.detail)
	default:
		return say(ServerFault, "the service at %s failed: look into its log (%s: %s)", f.address, f.code, f.detail)
	}
}

func (f failure) invalidRequest() *Error {
	named := make([]string, len(f.violations))
	for index, one := range f.violations {
		named[index] = one.Field + ": " + one.Description
	}
	said := strings.Join(named, "; ")
	if said == "" {
		said = f.detail
	}
	return &Error{Kind: InvalidRequest, Message: "the request is not valid: " + said, Violations: f.violations}
}

func (f failure) refusedResumePoint() *Error {
	why := resumeAdvice[f.reason]
	if why == "" {
		why = f.detail
	}
	refused := &Error{
		Kind: ResumePointRefused, Oldest: f.number("oldest"), Current: f.number("current"), Epoch: f.metadata["epoch"],
	}
	held := "epoch not told"
	if refused.Epoch != "" {
		held = "epoch " + refused.Epoch
	}
	if refused.Oldest != nil && refused.Current != nil {
		held += fmt.Sprintf(": oldest %d, newest %d", *refused.Oldest, *refused.Current)
	}
	refused.Message = fmt.Sprintf("cannot resume there: %s (%s); start without a resume point, and take what came before "+
		"as lost", why, held)
	return refused
}

func (f failure) number(key string) *uint64 {
	number, err := strconv.ParseUint(f.metadata[key], 10, 64)
	if err != nil {
		return nil
	}
	return &number
}

func failureOf(err error, trailer metadata.MD, address string) failure {
	told, _ := status.FromError(err)
	failed := failure{code: told.Code(), detail: told.Message(), address: address}
	if failed.detail == "" {
		failed.detail = "no details given"
	}
	failed.detail = failed.detail[:min(len(failed.detail), longestDetail)]
	for _, detail := range told.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == errorDomain {
				failed.reason, failed.metadata = detail.GetReason(), detail.GetMetadata()
			}
		case *errdetails.RetryInfo:
			failed.retryAfter = detail.GetRetryDelay().AsDuration()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				failed.violations = append(failed.violations, FieldViolation{violation.GetField(), violation.GetDescription()})
			}
		}
	}
	if failed.reason == "" { // where a proxy has taken the details away, or another server never sent any
		failed.reason, failed.metadata = reasonInText(trailer)
	}
	if told := failed.number("retry_after_ms"); failed.retryAfter == 0 && told != nil {
		failed.retryAfter = time.Duration(min(*told, uint64(longestAskedWait.Milliseconds()))) * time.Millisecond
	}
	return failed
}

func reasonInText(trailer metadata.MD) (reason string, told map[string]string) {
	told = map[string]string{}
	for key, values := range trailer {
		value := values[len(values)-1]
		if unescaped, err := url.PathUnescape(value); err == nil {
			value = unescaped
		}
		if key == reasonTrailer {
			reason = value
		} else if name, isTold := strings.CutPrefix(key, metadataPrefix); isTold {
			told[name] = value
		}
	}
	return reason, told
}
