"""Advices that a publisher is told to say, by a label, and what of a publication tests look at."""

from __future__ import annotations

from advice import NOW_MS, advice
from claimed import ClaimedPublisher

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.revisions.feedback_publisher import Publication


def times(now_ms: int = NOW_MS, valid_ms: int = 180_000) -> Times:
    return Times(now_ms, now_ms - 1_000, now_ms + valid_ms)


async def say(publisher: ClaimedPublisher, label: object, now_ms: int = NOW_MS) -> Publication:
    return await publisher.publish(advice(label), times(now_ms), now_ms)


def place(publication: Publication) -> tuple[str, int, bool]:
    return publication.feedback.epoch, publication.feedback.revision, publication.is_new
