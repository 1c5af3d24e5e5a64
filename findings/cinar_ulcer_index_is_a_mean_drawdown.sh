#!/usr/bin/env bash
# cinar/indicator v2.1.16 (Go): one day of 14 at -30 % has the Ulcer index of 13 days at -2.3 %, 2.14; right is 8.02 and 2.22.
#
# Guessed: the Ulcer index is the root of the mean of squared drawdowns, as its docs have it too, so that a deep fall counts more than a long
# shallow one: one day of 14 at -30 % is 30 / sqrt(14) = 8.02, 13 of 14 at -2.31 % are 2.31 sqrt(13 / 14) = 2.22.
# Seen (and in the newest source): the mean of the drawdowns is squared and its root taken, which is the mean itself: 2.14 for both. So no
# path is worse than another of the same mean. Where falls are all alike it is right, so a test with a steady fall does not show it.
# What follows: a ratio by it (Martin's) or a limit on leverage lets a market that crashes seldom pass for one that hardly falls, and is too low
# by a factor of 3.7 for a single crash; take closes from the greatest one and square them oneself.
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

	"github.com/cinar/indicator/v2/helper"
	"github.com/cinar/indicator/v2/volatility"
)

// The last 14 of the closes, each against the greatest of the 14 that end with it.
func byHand(closes []float64) float64 {
	sum := 0.0
	for row := len(closes) - 14; row < len(closes); row++ {
		high := 0.0
		for _, before := range closes[row-13 : row+1] {
			high = max(high, before)
		}
		sum += math.Pow(100*(closes[row]/high-1), 2)
	}
	return math.Sqrt(sum / 14)
}

func main() {
	crash, shallow, rest := make([]float64, 40), make([]float64, 40), make([]float64, 40)
	for row := range crash {
		crash[row], shallow[row], rest[row] = 100, 100, 100
		// The high of 100 in row 26 is one of the last 14.
		if row > 26 {
			shallow[row] = 100 - 30.0/13
		}
	}
	crash[33] = 70
	for name, closes := range map[string][]float64{"one day at -30 %": crash, "13 of 14 days at -2.3 %": shallow, "none": rest} {
		told := helper.ChanToSlice(volatility.NewUlcerIndex[float64]().Compute(helper.SliceToChan(closes)))
		fmt.Printf("%s: Ulcer index %.2f, root of the mean square %.2f\n", name, told[len(told)-1], byHand(closes))
	}
}
GO
printf 'module finding\n\ngo 1.22\n\nrequire github.com/cinar/indicator/v2 v2.1.16\n' >go.mod
export GOFLAGS=-mod=mod GOMODCACHE="$folder/modules"
go run . | sort | tee told
grep -qx "one day at -30 %: Ulcer index 2.14, root of the mean square 8.02" told
grep -qx "13 of 14 days at -2.3 %: Ulcer index 2.14, root of the mean square 2.22" told
