"""Writes the inputs of Strategic Memory Sync: regimes that were observed, trades that ended, what the portfolio earned.

`TraceWriter("redis://127.0.0.1:6379/0").record_trade(0.4, policy="BALANCED", trade_id="17")` is all of it;
`AsyncTraceWriter` is the same for programs with an event loop, `BackgroundWriter` for those that must never wait.
"""

from importlib.util import find_spec

if find_spec("redis") is None:
    raise ModuleNotFoundError(
        "strategic_memory_producer needs redis-py: pip install 'strategic-memory[producer]'", name="redis"
    )

from strategic_memory_producer.async_trace_writer import AsyncTraceWriter
from strategic_memory_producer.background_writer import BackgroundWriter
from strategic_memory_producer.entry import Entry
from strategic_memory_producer.errors import EntryRefusedError, TraceError, UnwrittenError
from strategic_memory_producer.trace_writer import TraceWriter
from strategic_memory_producer.traces import portfolio_entry, regime_observation, trade_result
from strategic_memory_producer.writer_settings import WriterSettings

__all__ = [
    "AsyncTraceWriter",
    "BackgroundWriter",
    "Entry",
    "EntryRefusedError",
    "TraceError",
    "TraceWriter",
    "UnwrittenError",
    "WriterSettings",
    "portfolio_entry",
    "regime_observation",
    "trade_result",
]
