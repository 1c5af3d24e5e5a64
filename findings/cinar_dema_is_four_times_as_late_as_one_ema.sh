#!/usr/bin/env bash
# cinar/indicator v2.1.16 (Go): DEMA of 20 rows is 38 rows behind a price that rises, an EMA of 20 is 9.5 behind.
#
# Guessed: DEMA, 2 EMA - EMA of EMA, is made to lag less than an EMA, and on a straight line it has no lag: 2 (t - 9.5) - (t - 19) = t.
# Seen (and in the newest source): the first value of the EMA is paired with the first of the EMA of EMA, which is of 19 rows later, so it is
# 2 (t - 19 - 9.5) - (t - 19) = t - 38; MACD and TEMA of the same library skip what they must. APO has the same and so the wrong sign, -8 for +8
# (mended after this version, #292). DemaStrategy compares DEMA of 5 and of 35, which are 8 and 68 rows late: of a market that rises for 80 rows
# and falls for 80 it holds 49 of the rising rows and 31 of the falling, where DEMA as it should be holds 78 and 2.
# What follows: what is learned of a policy by DEMA is that of a slow mean; take EMA twice and pair their last values oneself.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/cinar/indicator/v2/asset"
	"github.com/cinar/indicator/v2/helper"
	"github.com/cinar/indicator/v2/strategy"
	strategies "github.com/cinar/indicator/v2/strategy/trend"
	"github.com/cinar/indicator/v2/trend"
)

func of(prices []float64) <-chan float64 { return helper.SliceToChan(prices) }

func demas(prices []float64, period int) []float64 {
	dema := trend.NewDema[float64]()
	dema.Ema1.Period, dema.Ema2.Period = period, period
	return helper.ChanToSlice(dema.Compute(of(prices)))
}

func right(prices []float64, period int) []float64 {
	once := helper.ChanToSlice(trend.NewEmaWithPeriod[float64](period).Compute(of(prices)))
	twice := helper.ChanToSlice(trend.NewEmaWithPeriod[float64](period).Compute(of(once)))
	once = once[len(once)-len(twice):]
	for row := range twice {
		once[row] = 2*once[row] - twice[row]
	}
	return once
}

func main() {
	line, wave, days := []float64{}, []float64{}, []*asset.Snapshot{}
	for row := range 800 {
		line = append(line, 100+float64(row))
		wave = append(wave, 100+float64(min(row%160, 160-row%160)))
		days = append(days, &asset.Snapshot{Close: wave[row]})
	}
	last := func(values []float64) float64 { return values[len(values)-1] }
	ema := helper.ChanToSlice(trend.NewEmaWithPeriod[float64](20).Compute(of(line)))
	fmt.Printf("price %.0f: EMA %.1f, DEMA %.1f, right %.1f\n", last(line), last(ema), last(demas(line, 20)), last(right(line, 20)))
	fast, slow := right(wave, 5), right(wave, 35)
	told, held := helper.ChanToSlice(strategies.NewDemaStrategy().Compute(helper.SliceToChan(days))), [2][2]int{}
	// The last of five waves: all that comes first has passed.
	for row := 640; row < 800; row++ {
		half := row % 160 / 80
		if told[row] == strategy.Buy {
			held[0][half]++
		}
		if fast[row-8] > slow[row-68] {
			held[1][half]++
		}
	}
	for by, name := range []string{"told", "right"} {
		fmt.Printf("%s: holds %d of 80 rows of the rise, %d of the fall\n", name, held[by][0], held[by][1])
	}
}
GO
printf 'module finding\n\ngo 1.22\n\nrequire github.com/cinar/indicator/v2 v2.1.16\n' >go.mod
export GOFLAGS=-mod=mod GOMODCACHE="$folder/modules"
go run . | tee told
grep -q "^price 899: EMA 889.5, DEMA 861.0, right 899.0$" told
grep -q "^told: holds 49 of 80 rows of the rise, 31 of the fall$" told
grep -q "^right: holds 78 of 80 rows of the rise, 2 of the fall$" told
