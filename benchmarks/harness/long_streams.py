"""Input streams that are as long as the largest windows, filled inside Redis: a million entries take seconds."""

from __future__ import annotations

import json
import random

import redis

from benchmarks.harness.inputs import MAKERS
from strategic_memory_server.entries import input_keys as keys

_DIFFERENT_ENTRIES = 1_000
_ENTRIES_A_CALL = 10_000

# KEYS: 1 the stream. ARGV: 1 entries as JSON, each a flat list of names and values, 2 how many to add.
_REPEAT = """
local entries = cjson.decode(ARGV[1])
for at = 1, tonumber(ARGV[2]) do
  redis.call('XADD', KEYS[1], '*', unpack(entries[(at - 1) % #entries + 1]))
end
"""


def lengthen(client: redis.Redis, length: int, random_numbers: random.Random, prefix: str = "quantum") -> None:
    """Add entries to all three streams until each has `length`. They repeat after a thousand different ones."""
    repeat = client.register_script(_REPEAT)
    for source in keys.STREAM_SOURCES:
        key = keys.key_of(prefix, source)
        made = [MAKERS[source](random_numbers) for _ in range(_DIFFERENT_ENTRIES)]
        entries = json.dumps([[part for pair in entry.items() for part in pair] for entry in made])
        missing = length - int(client.xlen(key))
        while missing > 0:
            repeat(keys=[key], args=[entries, min(missing, _ENTRIES_A_CALL)])
            missing -= _ENTRIES_A_CALL
