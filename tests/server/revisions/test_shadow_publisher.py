"""Which epochs the log of a shadow has."""

from __future__ import annotations

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.settings_by_variable import CAME_LATER, settings_by_variable
from strategic_memory_server.revisions.shadow_publisher import epochs_of

SETTINGS = settings_by_variable(AdviceSettings())


def test_a_server_that_does_not_know_a_setting_which_changes_nothing_goes_on_in_the_epoch() -> None:
    for later in CAME_LATER:
        older = {name: value for name, value in SETTINGS.items() if name != later}
        assert epochs_of(older) == epochs_of(SETTINGS)


def test_another_setting_begins_another_epoch() -> None:
    for other in (AdviceSettings(leverage_guard=True), AdviceSettings(minimum_samples=4)):
        assert epochs_of(settings_by_variable(other)) != epochs_of(SETTINGS)
