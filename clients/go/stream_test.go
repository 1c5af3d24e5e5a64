//go:build unix

package strategicmemory

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"
)

func TestWhatCameWhileTheProgramStoodStillIsNoSilence(t *testing.T) {
	own := strconv.Itoa(os.Getpid())
	others := exec.CommandContext(t.Context(), "sh", "-c", "read begun; kill -STOP $0; sleep 0.5; echo said; kill -CONT $0", own)
	begins, _ := others.StdinPipe()
	says, _ := others.StdoutPipe()
	if err := others.Start(); err != nil {
		t.Fatal(err)
	}
	waiting := &stream{silence: 200 * time.Millisecond, cancel: func() {}}
	err := waiting.withinSilence(func() error {
		_, _ = begins.Write([]byte("\n"))
		_, err := says.Read(make([]byte, len("said\n")))
		for came := time.Now(); time.Since(came) < 100*time.Millisecond; {
			runtime.Gosched() // it goes through the goroutines of gRPC, between which others come
		}
		return err
	})
	equal(t, []any{err, waiting.isSilent.Load()}, []any{error(nil), false})
	_ = others.Wait()
	ended := make(chan struct{})
	waiting.cancel = func() { close(ended) }
	_ = waiting.withinSilence(func() error {
		<-ended
		return nil
	})
	equal(t, waiting.isSilent.Load(), true)
}
