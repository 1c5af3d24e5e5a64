package strategicmemory

import (
	"testing"
	"time"
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
