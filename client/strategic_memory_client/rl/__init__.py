"""Advice for agents that learn: wrappers for Gymnasium, on live or on recorded advice.

Needs the extra `rl` (gymnasium, numpy): pip install 'strategic-memory[rl]'. docs/rl.md says how to use it.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("gymnasium") is None:
    raise ModuleNotFoundError(
        "strategic_memory_client.rl needs gymnasium: pip install 'strategic-memory[rl]'", name="gymnasium"
    )

from strategic_memory_client.rl.features import FEATURES_VERSION, Features
from strategic_memory_client.rl.held_advice import SAFE_ADVICE, HeldAdvice
from strategic_memory_client.rl.recorded import AdviceFileError, RecordedAdvice
from strategic_memory_client.rl.vector_wrapper import AdviceVectorWrapper
from strategic_memory_client.rl.wrapper import AdviceWrapper

__all__ = [
    "FEATURES_VERSION",
    "SAFE_ADVICE",
    "AdviceFileError",
    "AdviceVectorWrapper",
    "AdviceWrapper",
    "Features",
    "HeldAdvice",
    "RecordedAdvice",
]
