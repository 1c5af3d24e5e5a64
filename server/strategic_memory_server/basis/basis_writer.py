"""BasisWriter: says what a revision rests on that is about to be published."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.analysis.analysis import Analysis
from strategic_memory_server.basis.basis import (
    Basis,
    MemoryMark,
    digest_of_analysis,
    digest_of_settings,
    digest_of_sums,
    windows_of,
)
from strategic_memory_server.evidence.exploration import NOTHING_TRIED
from strategic_memory_server.inputs.stretch import Stretch
from strategic_memory_server.long_memory.exploration_document import exploration_text
from strategic_memory_server.long_memory.long_memory import Gathered


class BasisWriter:
    """Writes for one server.

    Args:
        settings: upon what it advises.
    """

    def __init__(self, settings: AdviceSettings) -> None:
        self._settings = digest_of_settings(settings)
        self._explores = settings.evidence.explore
        self._change = settings.evidence.change

    def text_of(self, stretches: Callable[[], Mapping[str, Stretch]], analysis: Analysis, gathered: Gathered) -> str:
        """Write what an advice rests on.

        Args:
            stretches: tells which entries the windows hold.
            analysis: what follows from them.
            gathered: the long memory.
        """
        sums = gathered.kept.sums
        # Of the one regime that is advised upon: a thousand would stand in each entry of the log.
        tried = gathered.stored.exploration.of(analysis.current_regime) if self._explores else NOTHING_TRIED
        return Basis(
            windows_of(stretches()),
            digest_of_analysis(analysis),
            MemoryMark(gathered.kept.read_up_to, sums.observations, digest_of_sums(sums, change=self._change)),
            self._settings,
            exploration_text(tried).decode(errors="replace"),
            may_explore=gathered.is_complete or not self._explores,
        ).as_text()
