"""Which epochs the log of a shadow has, and what it remembers where it says nothing."""

from __future__ import annotations

from dataclasses import replace

import redis.asyncio
from advice import NOW_MS, advice
from claimed import claim_on
from server.revisions.said_advice import times

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.drawdown_guard import GuardState
from strategic_memory_server.advice.settings_by_variable import CAME_LATER, settings_by_variable
from strategic_memory_server.revisions.beside import Beside
from strategic_memory_server.revisions.shadow_publisher import ShadowPublisher, epochs_of

SETTINGS = settings_by_variable(AdviceSettings())


def test_a_server_that_does_not_know_a_setting_which_changes_nothing_goes_on_in_the_epoch() -> None:
    for later in CAME_LATER:
        older = {name: value for name, value in SETTINGS.items() if name != later}
        assert epochs_of(older) == epochs_of(SETTINGS)


def test_another_setting_begins_another_epoch() -> None:
    for other in (AdviceSettings(leverage_guard=True), AdviceSettings(minimum_samples=4)):
        assert epochs_of(settings_by_variable(other)) != epochs_of(SETTINGS)


async def test_what_the_guard_has_taken_in_while_nothing_is_said_is_written_down(
    async_client: redis.asyncio.Redis,
) -> None:
    """No note of the long memory goes with it: the service writes that one."""
    claim = await claim_on(async_client)
    shadow = ShadowPublisher(async_client, "quantum", 100, SETTINGS, is_guarded=True)
    first = GuardState(results=1, squares=4.0, largest=4.0, weight=1.0, recent=4.0, recent_largest=4.0)
    await shadow.publish(claim, advice("BULL"), times(), NOW_MS, Beside(guard=first))
    for results in (2, 3):
        after = replace(first, results=results)
        await shadow.withdraw(claim, NOW_MS, beside=Beside(guard=after))
        assert await shadow.guard(claim) == after
