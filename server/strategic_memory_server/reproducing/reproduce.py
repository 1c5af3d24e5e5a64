"""Computes a revision again: the same parts as the sync loop, fed with the inputs as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import redis.asyncio as redis

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.feedback import Advice, FeedbackStatus
from strategic_memory_server.advice.guarded_advice import guarded
from strategic_memory_server.advice.held_advice import hold
from strategic_memory_server.advice.hysteresis import Moment
from strategic_memory_server.advice.intervention import Intervention, intervene
from strategic_memory_server.advice.other_policies import advice_by_policy
from strategic_memory_server.advice.override import without_override
from strategic_memory_server.advice.probe import Completed
from strategic_memory_server.advice.reinforcement_feedback import NoAdvice, ReinforcementFeedback
from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.evidence.cautions import Caution
from strategic_memory_server.long_memory.exploration_document import read_exploration
from strategic_memory_server.memory.leverage_cap import by_source
from strategic_memory_server.memory.override import OVERRIDE_CAP
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS
from strategic_memory_server.reproducing.inputs_then import InputsThen
from strategic_memory_server.reproducing.log_entry import EntryForeignError, EntryGoneError, LogEntry, read_entry
from strategic_memory_server.reproducing.reproduction import FieldDifference, Gone, Outcome, Reproduction
from strategic_memory_server.revisions.feedback_json import encode_feedback

_SHOWN = 200


async def reproduce(
    client: redis.Redis, prefix: str, settings: AdviceSettings, revision: int, epoch: str | None = None
) -> Reproduction:
    """Compute a revision again.

    Args:
        client: how Redis is reached; it must return bytes.
        prefix: what the keys start with.
        settings: upon what to advise.
        revision: its number.
        epoch: its epoch; None: whichever the log holds.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    try:
        entry = await read_entry(client, prefix, revision, epoch)
    except EntryGoneError as error:
        return Reproduction(Outcome.INPUT_GONE, revision, epoch or "", (Gone("log", str(error)),))
    except EntryForeignError as error:
        wrong = FieldDifference("entry", str(error), "")
        return Reproduction(Outcome.DIFFERS, revision, epoch or "", differences=(wrong,))
    if _has_borrowed(entry.feedback.advice):
        gone = (Gone("group", "what the other portfolios of its group remembered then is not kept with a revision"),)
        return Reproduction(Outcome.INPUT_GONE, revision, entry.feedback.epoch, gone, length=len(entry.document))
    if (freeze := entry.feedback.advice.freeze) is not None:
        held = f"what revision {freeze.revision} of epoch {freeze.epoch} said, whatever the inputs were"
        gone = (Gone("freeze", f"an operator held {held}: compute that one again"),)
        return Reproduction(Outcome.INPUT_GONE, revision, entry.feedback.epoch, gone, length=len(entry.document))
    inputs = InputsThen(client, prefix, settings, entry.basis)
    computed = await _computed(entry, inputs, settings)
    if settings.hysteresis.is_on and entry.is_before_gone and entry.document not in computed:
        sentence = f"it holds no revision {revision - 1} any more, which hysteresis went on from"
        inputs.gone.append(Gone("log", sentence))
    found = revision, entry.feedback.epoch, tuple(inputs.gone)
    length = len(entry.document)
    if entry.document in computed:
        return Reproduction(Outcome.IDENTICAL, *found, length=length)
    differences = tuple(_differences(entry.document, computed[0])) if computed else ()
    return Reproduction(Outcome.INPUT_GONE if inputs.gone else Outcome.DIFFERS, *found, differences, length)


def _has_borrowed(advice: Advice) -> bool:
    return advice.evidence is not None and Caution.BORROWED.value in advice.evidence.cautions


async def _computed(entry: LogEntry, inputs: InputsThen, settings: AdviceSettings) -> list[bytes]:
    """Compute the document; several where the log does not say what was in force before, none without advice."""
    feedback, basis = entry.feedback, entry.basis
    caps = tuple(cap for cap in feedback.advice.leverage_caps if cap.source != OVERRIDE_CAP)
    analysis, results = await inputs.windows(caps)
    sums = await inputs.sums()
    advice = ReinforcementFeedback(settings.minimum_samples).recommend(analysis)
    if isinstance(advice, NoAdvice):
        return []
    completed = EvidenceFeedback(settings.evidence).complete(
        advice,
        analysis,
        sums,
        settings.rules,
        read_exploration(basis.exploration.encode()),
        may_begin=basis.may_explore,
    )
    if (guard := feedback.advice.guard) is not None:
        completed = replace(completed, advice=guarded(completed.advice, guard))
    times = replace(feedback.times, data_as_of_ms=_as_of_ms(feedback.times.data_as_of_ms, analysis.data_as_of_ms))
    override = feedback.advice.override
    intervention = Intervention(override=override and replace(override, without=None))
    said = [intervene(each, intervention, caps) for each in _held(completed, entry, results, settings)]
    return [encode_feedback(replace(feedback, advice=each, times=times)).encode() for each in said]


def _as_of_ms(told_ms: int | None, newest_ms: int | None) -> int | None:
    """Return what the data was as of: the clock then, which nothing else tells, where the newest id was ahead of it."""
    if told_ms is None or newest_ms is None:
        return None
    return told_ms if told_ms < newest_ms <= told_ms + CLOCK_TOLERANCE_MS else newest_ms


def _held(completed: Completed, entry: LogEntry, results: IndexColumn, settings: AdviceSettings) -> Iterator[Advice]:
    """Let risk that was added wait, where it had to: after what was said before, whether or not that still held."""
    advice, computed_ms, before = completed.advice, entry.feedback.times.computed_at_ms, entry.before
    if not settings.hysteresis.is_on or computed_ms is None:
        yield advice
        return
    by_policy = advice_by_policy(completed.estimates, by_source(advice.leverage_caps))
    stale = before and replace(before, status=FeedbackStatus.ACTIVE).at((before.times.valid_until_ms or 0) + 1)
    for said in (before, stale, None):
        moment = Moment(computed_ms, results)
        rules_said = without_override(said.advice) if said else None
        yield hold(advice, by_policy, rules_said, settings.hysteresis, moment).advice


def _differences(in_log: bytes, computed: bytes) -> Iterator[FieldDifference]:
    """Tell the fields that differ; where all are equal, the order or the spelling of the document."""
    ours, theirs = json.loads(computed), json.loads(in_log)
    names = [name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)]
    for name in names:
        yield FieldDifference(name, _shown(theirs.get(name)), _shown(ours.get(name)))
    if not names:
        yield FieldDifference("document", "written otherwise: other spacing, order or digits", "")


def _shown(value: object) -> str:
    return json.dumps(value)[:_SHOWN]
