"""What an operator is told when the log in Redis is not what was said: by `Problems` and in the log."""

from __future__ import annotations

import structlog

from strategic_memory_server.faults.problems import TOLD_FOR_S, Problems
from strategic_memory_server.revisions.log_opening import Begun
from strategic_memory_server.revisions.log_state import LogState

logger = structlog.get_logger(__name__)


def report_new_epoch(problems: Problems, now: LogState, begun: Begun, known: int) -> None:
    """Tell why the log has got another epoch.

    Args:
        problems: where to tell it.
        now: where the log stands under the new epoch.
        begun: why.
        known: highest revision that this server knows to have been said; 0: none.
    """
    goes_on = f"epoch {now.epoch} goes on above revision {now.revision}"
    log = logger.info if begun is Begun.FIRST and not known else logger.warning
    log("Feedback log has a new epoch", epoch=now.epoch, above=now.revision, why=begun.value)
    if begun is Begun.FOREIGN:
        sentence = (
            f"another program has written to the feedback log; {goes_on}. Find out who may write there, see "
            "docs/redis.md, Who may write"
        )
        problems.state("feedback_log_foreign", sentence, for_s=TOLD_FOR_S)
    elif begun is Begun.UNREADABLE or (begun is Begun.FIRST and known):
        sentence = (
            "Redis has lost where the feedback log stands (keys were deleted, evicted or overwritten, or all were); "
            f"{goes_on}. See docs/redis.md, Loss"
        )
        problems.state("feedback_log_lost", sentence, for_s=TOLD_FOR_S)


def report_other_history(problems: Problems, found: LogState, above: int) -> None:
    """Tell that Redis holds another history than was said, and that another epoch is to begin above a revision.

    Whoever tells so may be deposed before it has begun one, and the next to lead may know of no other history.
    """
    logger.warning("Feedback log is to get a new epoch", in_place_of=found.epoch, above=above, why="replaced")
    sentence = (
        f"Redis held another history than was said (revision {found.revision} of epoch {found.epoch}): the data set "
        "was replaced or set back, or another program has written to the log or its state; whoever leads and has heard "
        f"what was said begins another epoch above revision {above}. See docs/redis.md, Loss"
    )
    problems.state("feedback_log_replaced", sentence, for_s=TOLD_FOR_S)


def report_lost_entries(problems: Problems, now: LogState) -> None:
    """Tell that entries of the log are gone that should be there."""
    sentence = (
        f"the entry of revision {now.revision} of the feedback log is gone (deleted, trimmed or evicted by somebody "
        "else): subscribers that resume are told REVISION_COMPACTED. See docs/redis.md, Loss"
    )
    problems.state("feedback_log_entries_lost", sentence, for_s=TOLD_FOR_S)
