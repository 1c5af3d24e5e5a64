#!/usr/bin/env bash
# nodejs-order-book 10.1.1 (npm): after a restart from its snapshot the first sale, at 99, sets off every stop below it: a stop at 50 sells at 98.
#
# Guessed: the snapshot is "the state of the order book", with its stop orders, so a book that is restored from it does with the next order what the
# book itself does: a sale at 99 passes no stop at 95 or 50.
# Seen: the last price is not in the snapshot, and is 0 in the book that is restored. A stop is set off where it lies between the price before a
# trade and that of the trade, and all lie between 0 and 99. New stops are judged by 0 as well: one to sell at 95 is refused, one to buy at 5, with
# bids at 99, is taken. A book that is restored from its journal alone has the price.
# What follows: a simulation that goes on from a snapshot has stopped out each long at its first trade, and what is learned of their policies is
# a loss that no market gave. Trade once with the stops taken out, or replay the whole journal.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund nodejs-order-book@10.1.1
cat >test.js <<'JS'
const assert = require("node:assert");
const { OrderBook } = require("nodejs-order-book");

function filled() {
  const book = new OrderBook({ enableJournaling: true });
  const journal = [];
  const did = ({ log, err }) => {
    assert.equal(err, null);
    journal.push(log);
  };
  // A trade at 100, then bids from 99 down to 90, and two stops of longs.
  did(book.limit({ side: "buy", id: "first", size: 1, price: 100 }));
  did(book.market({ side: "sell", size: 1 }));
  for (let price = 99; price >= 90; price--) did(book.limit({ side: "buy", id: `bid-${price}`, size: 1, price }));
  did(book.stopMarket({ side: "sell", size: 1, stopPrice: 95 }));
  did(book.stopMarket({ side: "sell", size: 1, stopPrice: 50 }));
  return { book, journal };
}

const { book, journal } = filled();
const snapshot = JSON.parse(JSON.stringify(book.snapshot()));
const books = { "the book itself": book, "its journal": new OrderBook({ journal }), "its snapshot": new OrderBook({ snapshot }) };
const seen = {};
for (const [name, each] of Object.entries(books)) {
  const before = each.marketPrice;
  const { activated } = each.market({ side: "sell", size: 1 });
  const bids = each.depth()[1].map(([price]) => price);
  seen[name] = [before, activated.map(({ stopPrice }) => stopPrice), Math.max(...bids)];
  console.log(`${name}: last price ${before}, a sale at 99 sets off the stops [${seen[name][1]}], best bid then ${seen[name][2]}`);
}
const restored = new OrderBook({ snapshot });
const refused = restored.stopMarket({ side: "sell", size: 1, stopPrice: 95 }).err !== null;
const taken = restored.stopMarket({ side: "buy", size: 1, stopPrice: 5 }).err === null;
console.log(`restored: a stop to sell at 95 is refused: ${refused}; a stop to buy at 5 is taken: ${taken}`);
assert.deepEqual(seen["the book itself"], [100, [], 98]);
assert.deepEqual(seen["its journal"], [100, [], 98]);
assert.deepEqual(seen["its snapshot"], [0, [50, 95], 96], "the snapshot holds the last price now");
assert.deepEqual([refused, taken], [true, true]);
JS
node test.js
