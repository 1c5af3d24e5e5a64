#!/usr/bin/env bash
# go-talib v0.0.0-20250114000313 (Go, markcheno): Correl of an exchange rate with itself is 0 where it varies by half a pip.
#
# Guessed: a correlation does not depend on the unit of the prices, and a deviation is a hundred times smaller where they are.
# Seen: Correl over 14 rows of a series with itself is 1 at a price of 100 that varies by 0.7 %, and at a rate of 1.0850 that varies by 0.0007. It
# is 0 in each row at a rate that varies by 0.00005, as in quiet minutes, and at 0.01 with 0.7 %: a product of sums of squares below 1e-14 is taken
# for none. StdDev of a token at 0.00001 is 0 in each row, so its Bollinger bands are its mean. In points (10,850) the same rate has 1.
# What follows: a hedge or a regime by correlation sees "unrelated" in two series that move as one; scale prices to thousands before.
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

func main() {
	for _, market := range []struct{ price, share float64 }{
		{100, 0.007}, {1.085, 0.00065}, {1.085, 0.000046}, {10_850, 0.000046}, {0.01, 0.007}, {0.00001, 0.007},
	} {
		closes := make([]float64, 300)
		for row := range closes {
			closes[row] = market.price * (1 + market.share*math.Sqrt2*math.Sin(float64(row*row)))
		}
		correlation, deviation := talib.Correl(closes, closes, 14), talib.StdDev(closes, 14, 1)
		one, none, still := 0, 0, 0
		for row := 13; row < 300; row++ {
			if math.Abs(correlation[row]-1) < 1e-3 {
				one++
			}
			if correlation[row] == 0 {
				none++
			}
			if deviation[row] == 0 {
				still++
			}
		}
		fmt.Printf("%g, varying by %.2g: of 287 rows, correlation 1 in %d and 0 in %d, deviation 0 in %d\n",
			market.price, market.price*market.share, one, none, still)
	}
}
GO
export GOMODCACHE="$folder/modules"
go mod init probe 2>init
go get github.com/markcheno/go-talib@v0.0.0-20250114000313-ec55a20c902f 2>get
go run . | tee seen
grep -qx '100, varying by 0.7: of 287 rows, correlation 1 in 287 and 0 in 0, deviation 0 in 0' seen
grep -qx '1.085, varying by 0.00071: of 287 rows, correlation 1 in 287 and 0 in 0, deviation 0 in 0' seen
grep -qx '1.085, varying by 5e-05: of 287 rows, correlation 1 in 0 and 0 in 287, deviation 0 in 0' seen
grep -qx '10850, varying by 0.5: of 287 rows, correlation 1 in 287 and 0 in 0, deviation 0 in 0' seen
grep -qx '0.01, varying by 7e-05: of 287 rows, correlation 1 in 0 and 0 in 287, deviation 0 in 0' seen
grep -qx '1e-05, varying by 7e-08: of 287 rows, correlation 1 in 0 and 0 in 287, deviation 0 in 287' seen
