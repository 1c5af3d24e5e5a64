"""SyncParts: what the loop runs, put together by whoever opens the service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.advice.reinforcement_feedback import ReinforcementFeedback
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.input_watcher import InputWatcher
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.long_memory.group_memory import GroupMemory
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.redis_access.shared_trips import Ask
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.interventions import Interventions
from strategic_memory_server.revisions.leadership import Leadership
from strategic_memory_server.sync.shadow import Shadow
from strategic_memory_server.sync.sync_pace import CAPS_S
from strategic_memory_server.tracing.tracing import OFF, Tracing


@dataclass(frozen=True, slots=True)
class SyncParts:
    """What the loop runs: load, analyze, recommend, publish; what wakes it, and who is told of revisions and work."""

    loader: MemoryLoader
    watcher: InputWatcher
    analyzer: PatternAnalyzer
    feedback: ReinforcementFeedback
    publisher: FeedbackPublisher
    leadership: Leadership
    long_memory: LongMemory
    evidence: EvidenceFeedback
    interventions: Interventions
    ask: Ask
    problems: Problems = field(default_factory=Problems)
    published: Callable[[Feedback], None] = lambda feedback: None
    tracing: Tracing = OFF
    portfolio: str = ""
    shadow: Shadow | None = None
    looks_s: Callable[[], float] = lambda: CAPS_S
    group: GroupMemory | None = None
    heed_caps: Callable[[bool], None] = lambda could_not_publish: None
