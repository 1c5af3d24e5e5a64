"""Input streams that change at random as producers, operators and failovers change them, with what is in them known."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random
from typing import Any

import redis
from input_streams import MALFORMED, START_MS, Entry, Id, Streams, random_opening, written_opening
from redis_inputs import portfolio_stream, read_stream, regime_stream, trade_stream

REGIMES = ("BULL", "BEAR", "RANGE", "UNKNOWN")
POLICIES = ("", "AGGRESSIVE", "BALANCED", "CONSERVATIVE")
STRATEGIES = ("", "carry", "momentum")
PNL = (-0.5, 0.25, 1.0, 0.1, -0.1, 1e-300, 3e14, 0.0)
KINDS = ("regimes", "portfolio", "trades")


@dataclass(slots=True)
class ChangingStreams:
    """Three streams on a real Redis.

    `random` decides everything. Ids of one stream grow, and lag behind those of the others at times; a regime is left
    out of about `unplaced` of the portfolio entries and trades.
    """

    client: redis.Redis
    random: Random
    unplaced: float = 0.5
    malformed: float = 0.2
    known: dict[tuple[str, Id], Entry] = field(default_factory=dict)
    now_ms: int = START_MS + 1_000
    last: dict[str, Id] = field(default_factory=lambda: dict.fromkeys(KINDS, (0, 0)))
    dumps: list[dict[str, Any]] = field(default_factory=list)

    def change(self) -> None:
        """Do one thing to one stream."""
        kind = self.random.choice(KINDS)
        weights = {self._add: 12, self._burst: 2, self._trim: 2, self._delete: 2, self._drop: 1, self._retype: 1}
        weights |= {self._remember: 1, self._bring_back: 1}
        self.random.choices(list(weights), list(weights.values()))[0](kind)

    def contents(self) -> Streams:
        """What the streams hold now."""
        found = {kind: [self.known[kind, entry_id] for entry_id in self.ids(kind)] for kind in KINDS}
        return Streams(**found)

    def ids(self, kind: str) -> list[Id]:
        """Ids of the entries of a stream; none when the key has another type."""
        if self.client.type(key_of(kind)) != b"stream":
            return []
        return [_id_of(entry_id) for entry_id, _ in read_stream(self.client, key_of(kind))]

    def _add(self, kind: str) -> None:
        if self.client.type(key_of(kind)) not in (b"stream", b"none"):
            return
        self.now_ms += self.random.choice((0, 0, 1, 1, 5))
        time_ms, sequence = self.last[kind]
        chosen = max(self.now_ms - self.random.choice((0, 0, 0, 1, 3, 20)), time_ms)
        entry_id = (chosen, sequence + 1 if chosen == time_ms else self.random.choice((0, 0, 2)))
        entry = self._entry(kind, entry_id)
        self.known[kind, entry_id] = entry
        self.last[kind] = entry_id
        self.client.xadd(key_of(kind), dict(entry.fields.items()), id="{}-{}".format(*entry_id))

    def _burst(self, kind: str) -> None:
        for _ in range(self.random.randint(2, 25)):
            self._add(kind)

    def _trim(self, kind: str) -> None:
        if self.client.type(key_of(kind)) == b"stream":
            left = self.random.choice((0, 1, 2, 5, 10, 20))
            self.client.xtrim(key_of(kind), maxlen=left, approximate=False)

    def _delete(self, kind: str) -> None:
        ids = self.ids(kind)
        for entry_id in self.random.sample(ids, min(len(ids), self.random.randint(1, 3))):
            self.client.xdel(key_of(kind), "{}-{}".format(*entry_id))

    def _drop(self, kind: str) -> None:
        self.client.delete(key_of(kind))

    def _retype(self, kind: str) -> None:
        self.client.delete(key_of(kind))
        self.client.set(key_of(kind), "text")

    def _remember(self, kind: str) -> None:
        self.dumps = [{of: self.client.dump(key_of(of)) for of in KINDS}]

    def _bring_back(self, kind: str) -> None:
        """A failover to a replica that had not received what was written last."""
        for dump in self.dumps:
            for of, value in dump.items():
                self.client.delete(key_of(of))
                if value is not None:
                    self.client.restore(key_of(of), 0, value)

    def _entry(self, kind: str, entry_id: Id) -> Entry:
        random = self.random
        if random.random() < self.malformed:
            return Entry(entry_id, random.choice(MALFORMED), usable=False)
        pnl = random.choice(PNL)
        if kind == "regimes":
            regime, confidence = random.choice(REGIMES), random.choice((None, 0.1, 0.7))
            fields = {b"regime": regime.lower().encode(), b"pnl": repr(pnl).encode()}
            if confidence is not None:
                fields[b"confidence"] = repr(confidence).encode()
            if random.random() < 0.2:
                del fields[b"pnl"]
                return Entry(entry_id, fields, regime, math.nan, confidence=confidence)
            return Entry(entry_id, fields, regime, pnl, confidence=confidence)
        regime = "" if random.random() < self.unplaced else random.choice(REGIMES)
        opened_ms = random_opening(random, entry_id[0])
        opened = {} if opened_ms is None else {b"opened_at": written_opening(random, opened_ms)}
        if kind == "portfolio":
            fields = {b"pnl": repr(pnl).encode()} | ({b"regime": regime.encode()} if regime else {}) | opened
            return Entry(entry_id, fields, regime, pnl, opened_ms=opened_ms)
        policy, strategy = random.choice(POLICIES), random.choice(STRATEGIES)
        named = {b"market_regime": regime, b"policy": policy or random.choice(("", "YOLO")), b"strategy": strategy}
        fields = {b"realized_pnl": repr(pnl).encode()} | {name: text.encode() for name, text in named.items() if text}
        trade_id = random.choice(("", "", f"T-{random.randrange(12)}", f"T-{random.randrange(1_000)}", "long" * 20))
        if trade_id:
            fields[b"trade_id"] = f" {trade_id} ".encode()
        return Entry(entry_id, fields | opened, regime, pnl, policy=policy, strategy=strategy, opened_ms=opened_ms)


def key_of(kind: str) -> str:
    """The key of a stream."""
    return {"regimes": regime_stream, "portfolio": portfolio_stream, "trades": trade_stream}[kind]()


def _id_of(text: bytes) -> Id:
    time_ms, sequence = text.split(b"-")
    return int(time_ms), int(sequence)
