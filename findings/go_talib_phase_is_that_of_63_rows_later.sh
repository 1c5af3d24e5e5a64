#!/usr/bin/env bash
# go-talib v0.0.0-20250114000313 (Go, markcheno): HtDcPhase tells the phase of 63 rows later, and 0 in the last 63 rows.
#
# Guessed: the phase of the dominant cycle at a row is made from that row and those before it, as in TA-Lib, of which it is a port.
# Seen: another price in row 213 changes the phase in row 150, one in row 214 does not. The sine of each phase is what HtSine of the same library
# has 63 rows later: the rows that it needs before its first value are left out, so the first value stands in row 0. The newest rows, which
# a live program reads, hold 0, which is a phase, too. HtSine, HtDcPeriod and HtTrendMode are in their place.
# What follows: a regime by the phase knows a quarter of what comes in a test, and is a constant live; take HtSine, or move it down by 63 rows.
set -euo pipefail
folder=$(mktemp -d)
# Go keeps its modules read-only.
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"math"

	talib "github.com/markcheno/go-talib"
)

func closes() []float64 {
	prices := make([]float64, 300)
	for row := range prices {
		prices[row] = 100 + 5*math.Sin(2*math.Pi*float64(row)/20) + math.Sin(float64(row*row))
	}
	return prices
}

func sines(prices []float64) []float64 {
	sine, _ := talib.HtSine(prices)
	return sine
}

func main() {
	phase, sine := talib.HtDcPhase(closes()), sines(closes())
	for _, later := range []int{0, 1, 30, 63, 64} {
		other := closes()
		other[150+later] += 3
		fmt.Printf("another price %d rows later: phase changed %v, sine changed %v\n", later,
			talib.HtDcPhase(other)[150] != phase[150], sines(other)[150] != sine[150])
	}
	same, last := 0, 0
	for row := 0; row < 237; row++ {
		if math.Abs(math.Sin(phase[row]*math.Pi/180)-sine[row+63]) < 1e-9 {
			same++
		}
	}
	for row := 237; row < 300; row++ {
		if phase[row] == 0 {
			last++
		}
	}
	fmt.Printf("rows whose phase has the sine of 63 rows later: %d of 237; of the last 63, at 0: %d\n", same, last)
}
GO
export GOMODCACHE="$folder/modules"
go mod init probe 2>init
go get github.com/markcheno/go-talib@v0.0.0-20250114000313-ec55a20c902f 2>get
go run . | tee seen
grep -qx 'another price 0 rows later: phase changed true, sine changed true' seen
grep -qx 'another price 1 rows later: phase changed true, sine changed false' seen
grep -qx 'another price 63 rows later: phase changed true, sine changed false' seen
grep -qx 'another price 64 rows later: phase changed false, sine changed false' seen
grep -qx 'rows whose phase has the sine of 63 rows later: 237 of 237; of the last 63, at 0: 63' seen
