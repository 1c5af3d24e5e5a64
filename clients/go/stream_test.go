//go:build linux

package strategicmemory

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// whileStopped says something once this process is stopped, and lets it go on after that.
const whileStopped = `until grep -q "^State:.T" /proc/%d/status; do sleep 0.01; done; sleep 0.5; echo said; kill -CONT %[1]d`

func TestWhatCameWhileTheProgramStoodStillIsNoSilence(t *testing.T) {
	other := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf(whileStopped, os.Getpid()))
	says, _ := other.StdoutPipe()
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	waiting := &stream{silence: 200 * time.Millisecond, cancel: func() {}}
	err := waiting.withinSilence(func() error {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		_, err := says.Read(make([]byte, len("said\n")))
		for came := time.Now(); time.Since(came) < 50*time.Millisecond; {
			runtime.Gosched() // it goes through the goroutines of gRPC, between which others come
		}
		return err
	})
	equal(t, []any{err, waiting.isSilent.Load()}, []any{error(nil), false})
	_ = other.Wait()
	brief := &stream{silence: 50 * time.Millisecond, cancel: func() {}}
	_ = brief.withinSilence(func() error {
		time.Sleep(brief.silence + lookEvery) // as where it stood still for no longer than that
		return nil
	})
	equal(t, brief.isSilent.Load(), false)
	ended := make(chan struct{})
	waiting.cancel = func() { close(ended) }
	_ = waiting.withinSilence(func() error {
		<-ended
		return nil
	})
	equal(t, waiting.isSilent.Load(), true)
}
