"""Every format that is known by its columns."""

from __future__ import annotations

from collections.abc import Sequence

from strategic_memory_server.replay.formats import freqtrade
from strategic_memory_server.replay.formats.format import Format

FORMATS: Sequence[Format] = (freqtrade.BACKTEST, freqtrade.DATABASE, freqtrade.POINTER, freqtrade.ABOUT)
