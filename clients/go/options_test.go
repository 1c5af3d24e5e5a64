package strategicmemory

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhatCannotWorkIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "odd")
	if err := os.WriteFile(file, []byte("two words"), 0o600); err != nil {
		t.Fatal(err)
	}
	for begins, options := range map[string]Options{
		"Timeout must be above 0":                                 {Timeout: -1},
		"HeartbeatInterval must be from 100ms to 1h0m0s, is 10ms": {HeartbeatInterval: 10 * time.Millisecond},
		"KeepaliveTime must be at least 20s, is 10s":              {KeepaliveTime: 10 * time.Second},
		"MissedHeartbeats must be at least 1":                     {MissedHeartbeats: -1},
		"MaxMessageBytes must be at least 1":                      {MaxMessageBytes: -1},
		"Backoff.Factor must be at least 1":                       {Backoff: Backoff{Factor: 0.5}},
		"Backoff.Max must be at least 1m0s":                       {Backoff: Backoff{Initial: time.Minute}},
		"TLS.CertificateChain and TLS.PrivateKey go together":     {TLS: &TLSFiles{CertificateChain: "one"}},
		"TLS.RootCertificates cannot be read":                     {TLS: &TLSFiles{RootCertificates: "nowhere"}},
		"TLS.RootCertificates holds no certificate":               {TLS: &TLSFiles{RootCertificates: file}},
		"TokenFile cannot be read: a file of that name (give its": {TokenFile: "smt_hidden"},
		"TLS.CertificateChain or TLS.PrivateKey cannot be used: a file of that name": {
			TLS: &TLSFiles{CertificateChain: "-----BEGIN\n", PrivateKey: "-----BEGIN hidden\n"},
		},
		"Token and TokenFile say the same":     {Token: "a", TokenFile: file},
		"TokenFile must be 1 to 512 printable": {TokenFile: file},
		"Token must be 1 to 512 printable":     {Token: "two words"},
		"Portfolio must be 1 to 64 letters":    {Portfolio: "two words"},
	} {
		if _, err := New(options); err == nil || !strings.HasPrefix(err.Error(), begins) {
			t.Errorf("%s: %v", begins, err)
		}
	}
	for _, address := range []string{"", "host", "host:0", "host:70000", ":50051", "http://host:1", "a b:1", "::1:50051"} {
		if _, err := New(Options{}, address); err == nil || !strings.HasPrefix(err.Error(), "address ") {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := New(Options{Token: "secret"}, "127.0.0.1:1", "host:1"); err == nil || !strings.Contains(err.Error(), "host:1") {
		t.Error(err)
	}
}

func TestATokenIsNeverShown(t *testing.T) {
	options := Options{Token: "secret"}
	client, err := New(options, "localhost:1", "[::1]:1")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if shown := fmt.Sprintf("%v %+v %#v %+v %+v", options, options, options, client, client.connections); strings.Contains(shown, "secret") {
		t.Error(shown)
	}
}

func TestDelaysGrowUpToTheirBound(t *testing.T) {
	backoff := Backoff{100 * time.Millisecond, 2 * time.Second, 2}
	var delays []time.Duration
	for earlier := range 7 {
		delays = append(delays, backoff.delay(earlier, 1)/time.Millisecond)
	}
	equal(t, delays, []time.Duration{100, 200, 400, 800, 1600, 2000, 2000})
	equal(t, backoff.delay(1_000_000, 0), time.Second)
}

func TestAnyNumberOfMissingHeartbeatsCanBeWaitedFor(t *testing.T) {
	for _, missed := range []int{600_000_000, math.MaxInt} {
		options, err := Options{MissedHeartbeats: missed}.checked()
		if err != nil {
			t.Fatal(err)
		}
		equal(t, options.silence(options.HeartbeatInterval), longestSilence)
	}
}
