package strategicmemory

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	pb "github.com/strategic-memory/strategic-memory/clients/go/strategicmemoryv1"
	"google.golang.org/grpc"
)

func TestAnOutageIsToldAsItBeginsAndEachHourThatItLasts(t *testing.T) {
	var outage disconnections
	told := map[int]bool{}
	for _, minutes := range []int{0, 1, 59, 60, 61, 119, 120} {
		told[minutes] = outage.isToBeTold(begin.Add(time.Duration(minutes) * time.Minute))
	}
	for minutes, isTold := range told {
		equal(t, isTold, minutes%60 == 0)
	}
	outage.heard()
	equal(t, outage.isToBeTold(begin.Add(121*time.Minute)), true)
	equal(t, outage.isToBeTold(begin.Add(122*time.Minute)), false)
}

// saysItAgain says the same revision on each stream, and ends it.
type saysItAgain struct {
	pb.UnimplementedStrategicMemoryServiceServer
}

func (saysItAgain) StreamFeedback(
	_ *pb.StreamFeedbackRequest, on grpc.ServerStreamingServer[pb.StreamFeedbackResponse],
) error {
	said := active()
	said.Revision, said.Epoch = 1, "e1"
	return on.Send(&pb.StreamFeedbackResponse{Event: &pb.StreamFeedbackResponse_Feedback{Feedback: said}})
}

func TestAMessageThatSaysNothingNewEndsAnOutageToo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterStrategicMemoryServiceServer(server, saysItAgain{})
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	var written bytes.Buffer
	client, err := New(Options{Logger: slog.New(slog.NewTextHandler(&written, nil))}, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	lost := 0
	for event, err := range client.FollowEvents(t.Context(), FollowOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, isLost := event.(Disconnected); isLost {
			lost++
		}
		if lost == 2 {
			break
		}
	}
	equal(t, strings.Count(written.String(), "no stream"), 2)
}
