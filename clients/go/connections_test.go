package strategicmemory

import (
	"context"
	"strings"
	"testing"
	"time"

	pb "github.com/strategic-memory/strategic-memory/clients/go/strategicmemoryv1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestAConnectionOnWhichTwoCallersInARowWaitedInVainIsGivenUp(t *testing.T) {
	client := clientOf(t, Options{}, nowhere)
	call := func(isAnswered bool) (used *grpc.ClientConn) {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		_ = client.connections.callServer(ctx, nowhere, time.Minute, func(
			ctx context.Context, on *grpc.ClientConn, _ grpc.CallOption, _ string,
		) error {
			used = on
			if isAnswered {
				return nil
			}
			leave()
			return status.FromContextError(ctx.Err()).Err()
		})
		return used
	}
	first := call(false)
	equal(t, call(false), first) // it may still be being made
	equal(t, call(true), first)
	equal(t, call(false), first)
	equal(t, call(true), first)
	equal(t, call(false), first)
	equal(t, call(false), first)
	equal(t, call(true) == first, false)
}

func TestACallThatAServerCancelsAsItEndsIsMadeAtTheNextOne(t *testing.T) {
	client := clientOf(t, Options{}, "127.0.0.1:1", "127.0.0.1:2")
	asked := func(ctx context.Context, leave func()) (addresses []string, kind Kind) {
		err := client.connections.call(ctx, func(_ context.Context, _ *grpc.ClientConn, _ grpc.CallOption, address string) error {
			addresses = append(addresses, address)
			leave()
			return status.Error(codes.Canceled, "CANCELLED")
		})
		return addresses, kindOf(err)
	}
	addresses, kind := asked(t.Context(), func() {})
	equal(t, addresses, []string{"127.0.0.1:1", "127.0.0.1:2"})
	equal(t, kind, CallCancelled)
	ctx, leave := context.WithCancel(t.Context())
	addresses, kind = asked(ctx, leave)
	equal(t, addresses, []string{"127.0.0.1:1"})
	equal(t, kind, CallCancelled)
}

func TestACallThatAServerDoesNotKnowIsMadeAtTheNextOne(t *testing.T) {
	client := clientOf(t, Options{}, "127.0.0.1:1", "127.0.0.1:2")
	var addresses []string
	err := client.connections.call(t.Context(), func(_ context.Context, _ *grpc.ClientConn, _ grpc.CallOption, address string) error {
		addresses = append(addresses, address)
		return status.Error(codes.Unimplemented, "of a later version")
	})
	equal(t, addresses, []string{"127.0.0.1:1", "127.0.0.1:2"})
	equal(t, kindOf(err), UnsupportedOperation)
	err = client.connections.call(t.Context(), func(_ context.Context, _ *grpc.ClientConn, _ grpc.CallOption, address string) error {
		if address == addresses[0] {
			return status.Error(codes.Unimplemented, "of a later version")
		}
		return status.Error(codes.Unavailable, "gone")
	})
	equal(t, kindOf(err), ServiceUnavailable)
	equal(t, strings.Contains(err.Error(), "gone"), true)
	equal(t, strings.Contains(err.Error(), "of a later version"), true)
}

func TestAnAddressOfALinkIsDialled(t *testing.T) {
	_, err := clientOf(t, Options{}, "[::1%lo]:1").GetFeedback(t.Context())
	equal(t, kindOf(err), ServiceUnavailable)
}

func TestAnAnswerThatIsNotUsedIsToldAsWhatItIs(t *testing.T) {
	client := clientOf(t, Options{}, nowhere)
	for _, not := range []*Error{
		requirePortfolio("", "alpha", nowhere),
		requireWithinContract(&pb.Feedback{LeverageHint: 50}, nowhere),
	} {
		err := client.connections.callServer(t.Context(), nowhere, time.Minute, func(
			context.Context, *grpc.ClientConn, grpc.CallOption, string,
		) error {
			return not
		})
		equal(t, err, error(not))
	}
}

func TestAnAnalysisIsAboutThePortfolioOfTheClient(t *testing.T) {
	of := func(own, asked string) string {
		request, err := clientOf(t, Options{Portfolio: own}, nowhere).ofPortfolio(&pb.AnalyzeRequest{Portfolio: asked})
		if err != nil {
			return string(kindOf(err))
		}
		return request.GetPortfolio()
	}
	equal(t, []string{of("", ""), of("alpha", ""), of("alpha", "alpha")}, []string{"", "alpha", "alpha"})
	equal(t, []string{of("", "alpha"), of("beta", "alpha")}, []string{string(InvalidRequest), string(InvalidRequest)})
	_, err := clientOf(t, Options{Portfolio: "alpha"}, nowhere).Analyze(t.Context(), nil)
	equal(t, kindOf(err), ServiceUnavailable)
}
