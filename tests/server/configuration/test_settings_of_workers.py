"""What the environment says of several workers."""

from __future__ import annotations

import pytest

from strategic_memory_server.configuration.environment import SettingsError, read_environment


def test_several_workers_need_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert not read_environment({"workers": 1}).service_settings().http.is_port_shared
    with pytest.raises(SettingsError, match=r"^--workers: more than one worker needs Linux"):
        read_environment({"workers": 2})


def test_what_bounds_the_memory_of_all_workers_is_divided() -> None:
    def in_hand_mib(**given: int) -> tuple[int, int]:
        grpc = read_environment(given).service_settings().grpc
        return grpc.max_in_hand_bytes // 2**20, grpc.caller_in_hand_bytes // 2**20

    assert in_hand_mib() == in_hand_mib(workers=4) == (24, 24)
    assert in_hand_mib(max_in_hand_mib=100) == (100, 100)
    assert in_hand_mib(max_in_hand_mib=100, workers=4) == (25, 25)
    assert in_hand_mib(max_in_hand_mib=100, workers=4, caller_in_hand_mib=20) == (25, 20)
    # Each worker has room for the largest request.
    assert in_hand_mib(max_in_hand_mib=20, workers=4) == (16, 16)
