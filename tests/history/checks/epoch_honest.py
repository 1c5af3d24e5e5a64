"""EPOCH_HONEST: the revision grows by one within an epoch, a lost history changes the epoch, and no stream outlives
its epoch (contract 5.1, 5.5)."""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, final_position, streams
from history.model import Position, Stream
from history.promises import Promise, Violation
from history.server_view import position_of


def epoch_honest(evidence: Evidence) -> Iterator[Violation]:
    """Find places where history was lost or rewritten and the epoch did not tell."""
    for where, what in _log(evidence):
        yield Violation(Promise.EPOCH_HONEST, where, what)
    for where, what in _servers(evidence):
        yield Violation(Promise.EPOCH_HONEST, where, what)
    for where, _, stream in streams(evidence.history):
        for what in _passed_over(stream):
            yield Violation(Promise.EPOCH_HONEST, where, what)
    for where, what in _left_behind(evidence):
        yield Violation(Promise.EPOCH_HONEST, where, what)


def _log(evidence: Evidence) -> Iterator[tuple[str, str]]:
    newest: dict[str, int] = {}
    for publish in evidence.history.publishes:
        position = publish.feedback.position
        before = newest.setdefault(position.epoch, position.revision)
        if before == position.revision:
            continue
        if position.revision < before:
            yield "the log", f"revision {position} was published after {before}"
        missing = Position(position.epoch, before + 1)
        if position.revision > missing.revision and not evidence.log.may_have_been_missed(missing, publish.seen_ms):
            yield "the log", f"revision {position} was published after {before}: it does not grow by one"
        newest[position.epoch] = max(before, position.revision)
    yield from _regrowth(evidence)


def _regrowth(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Find a log that fell back and then grew again under the same epoch."""
    highest: dict[str, int] = {}
    fallen_to: dict[str, int] = {}
    for sample in evidence.history.samples:
        epoch, newest = sample.epoch, sample.newest
        if epoch in fallen_to and newest > fallen_to[epoch]:
            what = f"fell from revision {highest[epoch]} to {fallen_to[epoch]} and grew again in epoch {epoch}"
            yield "the log", f"{what}: history was lost and the epoch did not change"
            fallen_to[epoch] = newest
        elif newest < highest.get(epoch, 0):
            fallen_to[epoch] = newest
        highest[epoch] = max(highest.get(epoch, 0), newest)


def _servers(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Find answers that fall behind what the same server had said before it was asked."""
    for answer in evidence.history.answers:
        here = answer.feedback.position
        told = evidence.servers.told_before(answer.address, answer.asked_ms)
        # A server that was started again knows nothing until it has read the log, and says so: epoch "".
        if evidence.log.knows(here.epoch) and evidence.log.rank(here) < evidence.log.rank(told):
            yield f"GetFeedback at {answer.address}", f"went back to revision {here} after {told}"


def _passed_over(stream: Stream) -> Iterator[str]:
    before: Position | None = None
    for message in stream.messages:
        here = position_of(message)
        if before is not None and before.revision and here.epoch != before.epoch:
            yield f"went on with revision {here} after {before} without ending"
        before = here


def _left_behind(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Find subscribers that were still in an epoch that was over when all had settled."""
    newest = evidence.log.newest
    if evidence.history.settled_ms is None or not newest.revision:
        return
    for subscriber in evidence.history.subscribers:
        final = final_position(subscriber)
        if final is not None and final.revision and final.epoch not in ("", newest.epoch):
            yield subscriber.name, f"is left at revision {final}, and the log has come to {newest}"
