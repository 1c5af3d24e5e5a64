#!/usr/bin/env bash
# ta 0.5.0 (Rust): the RSI of a price near 1 that only rises is 50 after 14 rows and 78 after 50; of the same price in another unit, 100.
#
# Guessed: RSI(14) is a share of gains in gains and losses, so a price that never falls has 100, whatever its unit, as with TA-Lib.
# Seen: the averages of gains and of losses both begin at 0.1, in units of the price, and are forgotten by 2/15 a row. A rate of 1.0850 that gains
# 0.0002 a row has 50.3, 53.4 and 78.1 after 14, 30 and 50 rows; in points (10,850) it has 99.1 after 14, and a token's price of 0.00001
# is at 50 after 80 rows still. 2/15 is the pace of an exponential mean of 14; Wilder's, which others take, is 1/14.
# What follows: a regime or a stop by RSI is told nothing for the first rows of a market with a small price, and something that looks like
# "neutral"; feed 100 rows and more before it counts, or prices in points.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cd "$folder"
cat >Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.1.0"
edition = "2021"
[dependencies]
ta = "=0.5.0"
TOML
cat >src/main.rs <<'RUST'
use ta::{indicators::RelativeStrengthIndex, Next};

fn main() {
    for first in [10_850.0, 1.0850, 0.00001] {
        let mut index = RelativeStrengthIndex::new(14).unwrap();
        // Each row gains 2 of 10,850 parts of the first price.
        let told: Vec<String> = (0..200)
            .map(|row| index.next(first * (1.0 + f64::from(row) * 2.0 / 10_850.0)))
            .enumerate()
            .filter(|(row, _)| [14, 30, 50, 80, 199].contains(row))
            .map(|(row, value)| format!("{row}: {value:.1}"))
            .collect();
        println!("from {first}: {}", told.join(", "));
    }
}
RUST
CARGO_TARGET_DIR="$folder/target" cargo run --quiet | tee seen
grep -qx 'from 10850: 14: 99.2, 30: 99.9, 50: 100.0, 80: 100.0, 199: 100.0' seen
grep -qx 'from 1.085: 14: 50.3, 30: 53.4, 50: 78.1, 80: 99.5, 199: 100.0' seen
grep -qx 'from 0.00001: 14: 50.0, 30: 50.0, 50: 50.0, 80: 50.0, 199: 100.0' seen
