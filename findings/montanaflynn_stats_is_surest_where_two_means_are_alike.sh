#!/usr/bin/env bash
# montanaflynn/stats v0.14.0 (Go): two policies of 500 trades whose means differ by a ten thousandth of the error have p = 0.002, not 0.9999.
#
# Guessed: the p of TTest is 1 where t is 0 and falls as |t| grows; for t = 0.001 it is 0.999 whatever the number of trades.
# Seen: from t = 0.5 on it is right. Below that it falls towards 0 again: of two policies of 50 trades with t = 0.1 it is 0.92 (right), with 0.01
# 0.42, with 0.001 0.045, with 0.0001 0.004; of ten trades with 0.001 0.096. The fraction that is summed does not converge there in its 200 steps
# (its mirror image would), and nothing tells so. One sample against a mean is the same; t = 0 itself has p = 1.
# What follows: "significant at 5 %" takes the pairs that are most alike, as two policies that differ in one trade, or a shadow and its
# original; check |t| first, or take p from elsewhere.
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

	"github.com/montanaflynn/stats"
)

// Trades that win and lose 1 in turns, moved by what is given.
func trades(count int, mean float64) []float64 {
	pnls := make([]float64, count)
	for trade := range pnls {
		pnls[trade] = mean + 1 - 2*float64(trade%2)
	}
	return pnls
}

// What is left outside of -t to t of Student's density, by Simpson's rule.
func byHand(t, df float64) float64 {
	above, _ := math.Lgamma((df + 1) / 2)
	below, _ := math.Lgamma(df / 2)
	density := func(x float64) float64 {
		return math.Exp(above-below-(df+1)/2*math.Log1p(x*x/df)) / math.Sqrt(df*math.Pi)
	}
	steps, sum := 2_000, 0.0
	for step := 0; step < steps; step += 2 {
		left, width := t*float64(step)/float64(steps), t/float64(steps)
		sum += width / 3 * (density(left) + 4*density(left+width) + density(left+2*width))
	}
	return 1 - 2*sum
}

func main() {
	for _, count := range []int{10, 50, 500} {
		// The error of the difference of two means of such trades.
		spread := math.Sqrt(2 / float64(count-1))
		for _, t := range []float64{0.0001, 0.001, 0.01, 0.1, 0.5, 2} {
			told, p, err := stats.TTest(trades(count, t*spread), trades(count, 0), 0)
			if err != nil || math.Abs(told-t) > 1e-9 {
				panic(fmt.Sprint(told, err))
			}
			fmt.Printf("two policies of %d trades, t %g: p %.4f, by hand %.4f\n", count, t, p, byHand(t, float64(2*count-2)))
		}
	}
}
GO
printf 'module finding\n\ngo 1.22\n\nrequire github.com/montanaflynn/stats v0.14.0\n' >go.mod
export GOFLAGS=-mod=mod GOMODCACHE="$folder/modules"
go run . | tee told
grep -qx "two policies of 10 trades, t 0.001: p 0.0958, by hand 0.9992" told
grep -qx "two policies of 50 trades, t 0.001: p 0.0445, by hand 0.9992" told
grep -qx "two policies of 500 trades, t 0.0001: p 0.0023, by hand 0.9999" told
grep -qx "two policies of 500 trades, t 0.5: p 0.6172, by hand 0.6172" told
grep -qx "two policies of 500 trades, t 2: p 0.0458, by hand 0.0458" told
