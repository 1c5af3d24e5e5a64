"""LogKeys: names of everything that this service keeps in Redis."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Names of the outputs in Redis.

    Attributes:
        feedback: the newest feedback as JSON, for as long as it may be acted upon.
        log: the stream of revisions.
        events: the pub/sub channel; empty: nothing is sent.
        state: the hash that says where the log stands.
        pulse: the short stream of changes of the state.
        lease: who may write, as "<fencing token> <holder>"; it ends by itself.
        fencing_token: the last token that was minted.
        other_settings: a server that stands back since its settings differ, and these; it ends by itself.
        interventions: the stream of what operators have said about the advice.
    """

    feedback: str
    log: str
    events: str
    state: str
    pulse: str
    lease: str
    fencing_token: str
    other_settings: str
    interventions: str

    def of(self, *names: str) -> dict[str, str]:
        """Return some of the names, by what they are called here."""
        return {name: getattr(self, name) for name in names}

    @classmethod
    def of_shadow(cls, prefix: str) -> LogKeys:
        """Return the names of what a shadow says: a log of its own, under the lease of the service, and no events."""
        ours = cls.under(prefix)
        return replace(
            ours,
            feedback=f"{ours.feedback}:shadow",
            log=f"{ours.log}:shadow",
            events="",
            state=f"{ours.feedback}:shadow:state",
            pulse=f"{ours.log}:shadow:pulse",
            other_settings=f"{ours.feedback}:shadow:other_settings",
        )

    @classmethod
    def under(cls, prefix: str) -> LogKeys:
        """Return the names under a key prefix."""
        return cls(
            feedback=f"{prefix}:feedback:strategic_memory",
            log=f"{prefix}:stream:strategic_feedback",
            events=f"{prefix}:events:strategic_feedback",
            state=f"{prefix}:feedback:strategic_memory:state",
            pulse=f"{prefix}:stream:strategic_feedback:pulse",
            lease=f"{prefix}:feedback:strategic_memory:lease",
            fencing_token=f"{prefix}:feedback:strategic_memory:fencing_token",
            other_settings=f"{prefix}:feedback:strategic_memory:other_settings",
            interventions=f"{prefix}:stream:strategic_feedback:override",
        )
