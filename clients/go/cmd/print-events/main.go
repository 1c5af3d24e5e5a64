// Command print-events follows a service and prints what comes, one JSON object a line; it ends when its standard input
// does.
//
//	print-events '{"addresses": ["127.0.0.1:50051"], "delivery": "EVERY", "heartbeatMs": 1000, "newestEveryMs": 20}'
//
// With newestEveryMs it prints what Newest returns so often beside. After an error that ends what it follows it starts
// afresh.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"os"
	"sync"
	"time"

	strategicmemory "github.com/strategic-memory/strategic-memory/clients/go"
)

type asked struct {
	Addresses     []string
	Delivery      string
	HeartbeatMs   int
	NewestEveryMs int
}

var printing sync.Mutex

func main() {
	var asked asked
	if len(os.Args) > 1 {
		if err := json.Unmarshal([]byte(os.Args[1]), &asked); err != nil {
			log.Fatal(err)
		}
	}
	client, err := strategicmemory.New(strategicmemory.Options{
		HeartbeatInterval: time.Duration(asked.HeartbeatMs) * time.Millisecond,
		Logger:            slog.New(slog.DiscardHandler),
	}, asked.Addresses...)
	if err != nil {
		log.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
	if asked.NewestEveryMs > 0 {
		go printNewest(ctx, client, time.Duration(asked.NewestEveryMs)*time.Millisecond)
	}
	options := strategicmemory.FollowOptions{}
	if asked.Delivery == "EVERY" {
		options.Delivery = strategicmemory.Every
	}
	for ctx.Err() == nil {
		for event, err := range client.FollowEvents(ctx, options) {
			if err != nil {
				write("ended", told(err))
			} else {
				printEvent(event)
			}
		}
	}
	client.Close()
}

func printNewest(ctx context.Context, client *strategicmemory.Client, every time.Duration) {
	for ctx.Err() == nil {
		write("newest", map[string]any{"feedback": client.Newest()})
		time.Sleep(every)
	}
}

func printEvent(event strategicmemory.Event) {
	switch event := event.(type) {
	case strategicmemory.FeedbackReceived:
		write("feedback", map[string]any{"feedback": event.Feedback})
	case strategicmemory.HeartbeatReceived:
		write("heartbeat", map[string]any{"heartbeat": event.Heartbeat})
	case strategicmemory.EpochChanged:
		write("epochChanged", map[string]any{"oldEpoch": event.OldEpoch, "newEpoch": event.NewEpoch})
	case strategicmemory.Disconnected:
		what := told(event.Err)
		what["retryInMs"] = float64(event.RetryIn) / float64(time.Millisecond)
		write("disconnected", what)
	}
}

func told(err error) map[string]any {
	var failure *strategicmemory.Error
	if !errors.As(err, &failure) {
		log.Fatal(err)
	}
	return map[string]any{"error": string(failure.Kind) + "Error", "reason": failure.Reason, "message": failure.Message}
}

func write(event string, what map[string]any) {
	what["event"] = event
	line, err := json.Marshal(what)
	if err != nil {
		log.Fatal(err)
	}
	printing.Lock()
	defer printing.Unlock()
	_, _ = os.Stdout.Write(append(line, '\n'))
}
