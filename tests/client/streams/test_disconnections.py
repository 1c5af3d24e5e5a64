"""When an outage is told: as it begins, and each hour that it lasts, with what stands in the way by then."""

from __future__ import annotations

from strategic_memory_client.streams.disconnections import Disconnections


def test_an_outage_is_told_as_it_begins_and_each_hour_that_it_lasts() -> None:
    """Of a server that went away, and came back with a certificate that had ended, no more was said."""
    outage = Disconnections()
    assert [now_s for now_s in range(0, 7_205, 5) if outage.is_to_be_told(float(now_s))] == [0, 3_600, 7_200]
    outage.heard()
    assert [now_s for now_s in (7_210, 7_215) if outage.is_to_be_told(float(now_s))] == [7_210]
