package strategicmemory

import (
	"context"
	"errors"
	"time"
)

// Kind says what went wrong, as the caller sees it.
type Kind string

// The kinds of errors.
const (
	// ServiceUnavailable: the server cannot be reached, goes away, or cannot answer yet.
	ServiceUnavailable Kind = "ServiceUnavailable"
	// SilentServer: a stream was open, but nothing was heard on it for several heartbeats.
	SilentServer Kind = "SilentServer"
	// DeadlineExceeded: the server did not answer within the timeout.
	DeadlineExceeded Kind = "DeadlineExceeded"
	// ServerFault: the server failed in a way it did not expect.
	ServerFault Kind = "ServerFault"
	// CallCancelled: the call was cancelled before it was answered.
	CallCancelled Kind = "CallCancelled"
	// ResourceExhausted: a limit was reached.
	ResourceExhausted Kind = "ResourceExhausted"
	// MessageTooLarge: a request or an answer is larger than this client, the service or a proxy takes. It always is.
	MessageTooLarge Kind = "MessageTooLarge"
	// TooManySubscribers: the server has as many subscribers as it admits.
	TooManySubscribers Kind = "TooManySubscribers"
	// InvalidRequest: the request is not valid; Violations say why.
	InvalidRequest Kind = "InvalidRequest"
	// InvalidAnswer: the server said what the contract rules out, such as a leverage of 50. Nothing of it is used.
	InvalidAnswer Kind = "InvalidAnswer"
	// ResumePointRefused: the log cannot be continued from there; Oldest, Current and Epoch say where it is.
	ResumePointRefused Kind = "ResumePointRefused"
	// RevisionGap: every revision was asked for, but the server left some out.
	RevisionGap Kind = "RevisionGap"
	// UnknownPortfolio: the service has no portfolio of that name, or none any more; Nearest is the name that looks to be meant.
	UnknownPortfolio Kind = "UnknownPortfolio"
	// AccessDenied: the server does not accept who we are, or does not let us do this.
	AccessDenied Kind = "AccessDenied"
	// UnsupportedOperation: another program, or an older version, listens there.
	UnsupportedOperation Kind = "UnsupportedOperation"
	// ClientClosed: the client was closed before, or while, it was used.
	ClientClosed Kind = "ClientClosed"
)

var transientKinds = map[Kind]bool{
	ServiceUnavailable: true, SilentServer: true, DeadlineExceeded: true, ServerFault: true, CallCancelled: true,
	ResourceExhausted: true, TooManySubscribers: true, InvalidAnswer: true,
}

// Error is whatever went wrong with a request to the service: get it by errors.As. The status of gRPC, where there was
// one, is wrapped in it: status.Code(err) gives its code.
type Error struct {
	Kind Kind
	// Reason is the one that the service told: the name of an ErrorReason without its prefix, for example "DRAINING" or
	// "EPOCH_CHANGED". Empty: it told none. "BEHIND": the server knows less than was received, as this library found.
	Reason string
	// Message says what is wrong and what to do.
	Message string
	// Address is that of the server that was asked; empty when it did not come to that.
	Address string
	// Violations say, field by field, what is wrong with a request or an answer.
	Violations []FieldViolation
	// Oldest and Current are the oldest and newest revision of the log, of ResumePointRefused. Nil: not told.
	Oldest, Current *uint64
	// Epoch is that of the log, of ResumePointRefused. Empty: not told.
	Epoch string
	// Nearest is the name that looks to be meant, of UnknownPortfolio. Empty: none does.
	Nearest string
	// RetryAfter is the time before which the server would refuse it again, as it says, of ResourceExhausted and
	// TooManySubscribers. 0: it does not say.
	RetryAfter time.Duration
	cause      error
}

// FieldViolation is what is wrong with one field.
type FieldViolation struct {
	// Field is its path, for example "inline.trade_results.realized_pnl[3]".
	Field string
	// Description says what is wrong with it.
	Description string
}

// Error returns what is wrong and what to do.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the error of gRPC, if there was one.
func (e *Error) Unwrap() error { return e.cause }

// Is tells that a call which was cancelled or out of time is context.Canceled or context.DeadlineExceeded too.
func (e *Error) Is(target error) bool {
	return e.Kind == CallCancelled && target == context.Canceled ||
		e.Kind == DeadlineExceeded && target == context.DeadlineExceeded
}

// Transient tells whether the same request may succeed later or at another server.
func (e *Error) Transient() bool { return transientKinds[e.Kind] }

// isKind tells whether an error is one of this library of one of these kinds.
func isKind(err error, kinds ...Kind) bool {
	var failure *Error
	if !errors.As(err, &failure) {
		return false
	}
	for _, kind := range kinds {
		if failure.Kind == kind {
			return true
		}
	}
	return false
}

func closedClient() *Error {
	return &Error{Kind: ClientClosed, Message: "the client is closed: make a new one"}
}
