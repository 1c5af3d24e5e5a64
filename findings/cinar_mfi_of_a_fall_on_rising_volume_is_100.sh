#!/usr/bin/env bash
# cinar/indicator v2.1.16 (Go): the money flow index of a price that falls each day on a growing volume is 100, and of a rise on a shrinking one 0.
#
# Guessed: a day's money, typical price times volume, flows in where the typical price has risen and out where it has fallen, so MFI of a price
# that only falls is 0 whatever the volume does, and 100 of one that only rises. So it is in go-talib.
# Seen (and in the newest source): the sign is that of the change of the money, not of the price, and
# volume moves by tens of percent a day, the price by one.
# A sell-off has "bought too much" and a quiet rise "sold too much". MoneyFlowIndexStrategy, which sells from 80 and buys to 20, buys the rise on a
# shrinking volume, and with a volume that falls in a fall, which says 0 as it should, cannot be told from it.
# What follows: a regime by MFI is one by volume alone; a rule "sell at 80" sells at the end of the crash. Take another library's MFI.
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

	"github.com/cinar/indicator/v2/asset"
	"github.com/cinar/indicator/v2/helper"
	strategies "github.com/cinar/indicator/v2/strategy/volume"
	"github.com/cinar/indicator/v2/volume"
	talib "github.com/markcheno/go-talib"
)

func main() {
	// Each day the price moves by 1 %, the volume by 10 %.
	for _, moves := range [][2]float64{{-0.01, 0.1}, {0.01, -0.1}, {-0.01, -0.1}, {0.01, 0.1}} {
		var closes, highs, lows, volumes []float64
		var days []*asset.Snapshot
		for day := range 40 {
			price := 100 * math.Pow(1+moves[0], float64(day))
			traded := 1_000_000 * math.Pow(1+moves[1], float64(day))
			closes, highs, lows = append(closes, price), append(highs, 1.002*price), append(lows, 0.998*price)
			volumes = append(volumes, traded)
			days = append(days, &asset.Snapshot{High: 1.002 * price, Low: 0.998 * price, Close: price, Volume: traded})
		}
		of := func(values []float64) <-chan float64 { return helper.SliceToChan(values) }
		told := helper.ChanToSlice(volume.NewMfi[float64]().Compute(of(highs), of(lows), of(closes), of(volumes)))
		right := talib.Mfi(highs, lows, closes, volumes, 14)
		actions := helper.ChanToSlice(strategies.NewMoneyFlowIndexStrategy().Compute(helper.SliceToChan(days)))
		fmt.Printf("price %+.0f %%, volume %+.0f %% a day: MFI %.0f, by go-talib %.0f, strategy says %s\n",
			100*moves[0], 100*moves[1], told[len(told)-1], right[len(right)-1], actions[len(actions)-1].Annotation())
	}
}
GO
cat >go.mod <<'MOD'
module finding

go 1.22

require (
	github.com/cinar/indicator/v2 v2.1.16
	github.com/markcheno/go-talib v0.0.0-20250114000313-ec55a20c902f
)
MOD
export GOFLAGS=-mod=mod GOMODCACHE="$folder/modules"
go run . | tee told
grep -q "^price -1 %, volume +10 % a day: MFI 100, by go-talib 0, strategy says S$" told
grep -q "^price +1 %, volume -10 % a day: MFI 0, by go-talib 100, strategy says B$" told
grep -q "^price -1 %, volume -10 % a day: MFI 0, by go-talib 0, strategy says B$" told
grep -q "^price +1 %, volume +10 % a day: MFI 100, by go-talib 100, strategy says S$" told
