from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from dataclasses import astuple, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from each_case import each_case

from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    Backoff,
    ClientOptions,
    ResumePoint,
    StrategicMemoryClient,
    TlsOptions,
)
from strategic_memory_client.streams.subscription_settings import following_settings
from strategic_memory_client.transports.channel_settings import channel_arguments
from strategic_memory_client.values.option_checks import LONGEST_S, checked_addresses

NO_ADDRESSES: list[Any] = [
    "localhost",
    "50051",
    ":50051",
    "host:",
    "host:x",
    "host:0",
    "host:65536",
    "",
    [],
    ["h:1", ""],
]
NO_ADDRESSES += ["http://host:1", "::1:50051", "host:1,other:2", "a b:1", "h\n:1", "host:٣", "h:" + "9" * 5000, "[]:1"]
NO_ADDRESSES += [[], ["h:1", ""], b"host:1", None, 5, [None], [b"host:1"], [("host", 1)]]


@each_case("address", NO_ADDRESSES)
def test_what_is_no_address_is_refused(address: str) -> None:
    for made in (StrategicMemoryClient, AsyncStrategicMemoryClient):
        with pytest.raises(ValueError, match=r"^address: .*127\.0\.0\.1:50051"):
            made(address)


def test_one_address_or_several() -> None:
    assert checked_addresses("h:1") == ("h:1",)
    assert checked_addresses(["h:1", "[::1]:2"]) == ("h:1", "[::1]:2")


@each_case(
    "wrong",
    [
        {"timeout_s": 0.0},
        {"timeout_s": "5"},
        {"timeout_s": math.inf},
        {"connect_timeout_s": -1.0},
        {"catch_up_s": -1.0},
        {"keepalive_timeout_s": math.nan},
        {"keepalive_time_s": 19.9},
        {"keepalive_time_s": math.inf},
        {"heartbeat_interval_s": 0.09},
        {"heartbeat_interval_s": 3601.0},
        {"heartbeat_interval_s": math.nan},
        {"heartbeat_interval_s": None},
        {"missed_heartbeats": 0},
        {"missed_heartbeats": 1.5},
        {"missed_heartbeats": True},
        {"max_message_bytes": 0},
        {"max_message_bytes": 2**31},
        {"backoff": 1.0},
        {"tls": True},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name} must be"):
        ClientOptions(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"heartbeat_interval_s": 0.0},
        {"heartbeat_interval_s": "1"},
        {"give_up_after_s": -1.0},
        {"give_up_after_s": math.nan},
        {"delivery": "SOME"},
        {"resume_after": 5},
        {"resume_after": (1, "e")},
    ],
    ids=str,
)
def test_arguments_of_a_stream_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    for made in (StrategicMemoryClient, AsyncStrategicMemoryClient):
        with pytest.raises(ValueError, match=f"^{name} must be"):
            made().stream_events(**wrong)


@pytest.mark.parametrize("timeout_s", [-1.0, 0.0, math.nan, "1"])
async def test_a_timeout_that_cannot_work_is_refused(timeout_s: float) -> None:
    with pytest.raises(ValueError, match=r"^timeout_s must be"):
        StrategicMemoryClient().get_feedback(timeout_s=timeout_s)
    with pytest.raises(ValueError, match=r"^timeout_s must be"):
        await AsyncStrategicMemoryClient().get_feedback(timeout_s=timeout_s)


def test_a_certificate_needs_its_key() -> None:
    with pytest.raises(ValueError, match="both or neither"):
        TlsOptions(certificate_chain=Path("x"))


@pytest.mark.parametrize("name", ["root_certificates", "certificate_chain", "private_key"])
def test_a_tls_file_that_cannot_serve_is_told_at_once_and_by_the_option(name: str, tmp_path: Path) -> None:
    good, missing, no_pem = tmp_path / "good.pem", tmp_path / "missing.pem", tmp_path / "no.pem"
    good.write_text("-----BEGIN CERTIFICATE-----")
    no_pem.write_bytes(b"\x30\x82")
    files = TlsOptions(root_certificates=good, certificate_chain=good, private_key=good)
    with_missing: dict[str, Any] = {name: missing}
    with_no_pem: dict[str, Any] = {name: no_pem}
    for made in (StrategicMemoryClient, AsyncStrategicMemoryClient):
        with pytest.raises(FileNotFoundError, match=rf"tls\.{name} cannot be read.*missing\.pem"):
            made(options=ClientOptions(tls=replace(files, **with_missing)))
        with pytest.raises(OSError, match=rf"tls\.{name} is not a PEM file.*no\.pem"):
            made(options=ClientOptions(tls=replace(files, **with_no_pem)))


def test_connections_keep_to_what_the_service_permits() -> None:
    arguments = dict(channel_arguments(ClientOptions()))
    assert int(arguments["grpc.keepalive_time_ms"]) >= 20_000
    assert arguments["grpc.max_receive_message_length"] == 64 * 1024 * 1024


def test_the_longest_and_the_shortest_times_that_are_taken_can_be_waited_for() -> None:
    times = ("connect_timeout_s", "keepalive_time_s", "keepalive_timeout_s")
    for options in (
        ClientOptions(**dict.fromkeys(times, LONGEST_S), missed_heartbeats=2**31 - 1),  # type: ignore[arg-type]
        ClientOptions(connect_timeout_s=1e-9, keepalive_timeout_s=1e-9),
    ):
        milliseconds = [value for name, value in channel_arguments(options) if name.endswith("_ms")]
        assert all(1 <= int(value) < 2**31 for value in milliseconds)
        with grpc.insecure_channel("127.0.0.1:1", options=channel_arguments(options)):
            assert following_settings(("127.0.0.1:1",), options).silence_timeout_s < threading.TIMEOUT_MAX


def test_delays_grow_up_to_their_limit_and_are_drawn() -> None:
    backoff = Backoff(initial_s=1.0, max_s=5.0, factor=2.0)
    source = random.Random(3)
    for earlier, bound_s in [(0, 1), (1, 2), (2, 4), (3, 5), (4, 5), (10_000, 5)]:
        delays = [backoff.delay_s(earlier, source) for _ in range(200)]
        assert all(bound_s / 2 <= delay_s <= bound_s for delay_s in delays)
        assert max(delays) - min(delays) > bound_s / 4


@pytest.mark.parametrize(("factor", "bound_s"), [(1.0, 1.0), (1.0 + 1e-15, 2.718), (2.0, 5.0)])
def test_a_delay_is_found_at_once_however_many_came_before(factor: float, bound_s: float) -> None:
    assert bound_s / 2 <= Backoff(1.0, 5.0, factor).delay_s(10**15, random.Random(3)) <= bound_s * 1.2


@pytest.mark.parametrize(
    ("initial_s", "max_s", "factor", "named"),
    [
        (0.0, 1.0, 2.0, "initial_s"),
        (2.0, 1.0, 2.0, "initial_s"),
        (1.0, math.inf, 2.0, "max_s"),
        (1.0, 2.0, 0.5, "factor"),
        (1.0, 2.0, math.nan, "factor"),
    ],
)
def test_a_backoff_that_does_not_back_off_is_refused(initial_s: float, max_s: float, factor: float, named: str) -> None:
    with pytest.raises(ValueError, match=f"^backoff.{named} must be"):
        Backoff(initial_s, max_s, factor)


@pytest.mark.parametrize("revision", [-1, 2**64, 1.5, "7", None])
def test_a_revision_that_cannot_be_is_refused(revision: int) -> None:
    with pytest.raises(ValueError, match=f"^revision must be .* is {revision!r}"):
        ResumePoint(revision)


def test_an_epoch_that_cannot_be_is_refused() -> None:
    epoch: Any = 5
    with pytest.raises(ValueError, match=r"^epoch must be a text, is 5"):
        ResumePoint(1, epoch)
    with pytest.raises(ValueError, match=r"^epoch must be a text that can be sent"):
        ResumePoint(1, "\ud800")


HIDDEN = "smt_hidden"


def test_a_token_goes_to_this_machine_or_over_tls_and_is_never_shown(tmp_path: Path) -> None:
    for made in (StrategicMemoryClient, AsyncStrategicMemoryClient):
        for options in (ClientOptions(token=HIDDEN), ClientOptions(token_file=tmp_path / "none")):
            for address in ("memory.example:50051", ["127.0.0.1:1", "10.0.0.1:1"]):
                with pytest.raises(ValueError, match="over plain text: give tls"):
                    made(address, options=options)
        with pytest.raises(FileNotFoundError, match="token_file cannot be read"):
            made(options=ClientOptions(token_file=tmp_path / "none"))
        with pytest.raises(FileNotFoundError, match="give its path, not what is in it") as given:
            made(options=ClientOptions(token_file=Path(HIDDEN)))
        assert "hidden" not in str(given.value)
        pem = TlsOptions(certificate_chain=Path("x"), private_key=Path("-----BEGIN hidden"))
        with pytest.raises(FileNotFoundError, match=r"tls\.private_key .*give its path") as given:
            made(options=ClientOptions(tls=pem))
        assert "hidden" not in str(given.value)
    (tmp_path / "two").write_text("smt_hidden smt_hidden")
    with pytest.raises(OSError, match="must hold a token as its only line") as refused:
        StrategicMemoryClient(options=ClientOptions(token_file=tmp_path / "two"))
    assert "hidden" not in str(refused.value)
    assert "hidden" not in repr(ClientOptions(token=HIDDEN))
    for wrong in ("", "two words", "smt_\n", "x" * 513, 5):
        with pytest.raises(ValueError, match="token must be") as error:
            ClientOptions(token=wrong)  # type: ignore[arg-type]
        assert "two words" not in str(error.value)
    with pytest.raises(ValueError, match="say the same"):
        ClientOptions(token=HIDDEN, token_file=tmp_path / "none")


@pytest.mark.parametrize("kind", [np.int64, np.float32, Fraction])
def test_whatever_is_a_number_of_seconds_is_kept_as_a_float(kind: Callable[[int], Any]) -> None:
    number = kind(30)
    names = [field.name for field in fields(ClientOptions) if field.name.endswith("_s")]
    options = ClientOptions(**dict.fromkeys(names, number), backoff=Backoff(number, number, number))
    kept = [getattr(options, name) for name in names] + list(astuple(options.backoff))
    assert [type(each) for each in kept] == [float] * len(kept)
    assert set(kept) == {30.0}


@pytest.mark.parametrize("kind", [np.int64, np.uint64])
def test_whole_numbers_of_numpy_are_kept_as_those_of_python(kind: Callable[[int], Any]) -> None:
    options = ClientOptions(missed_heartbeats=kind(2), max_message_bytes=kind(9))
    kept = (options.missed_heartbeats, options.max_message_bytes, ResumePoint(kind(7)).revision)
    assert kept == (2, 9, 7)
    assert [type(each) for each in kept] == [int] * len(kept)


WRONG_KINDS: list[tuple[Callable[..., object], dict[str, Any], str]] = [
    (ClientOptions, {"timeout_s": 10**400}, "timeout_s must be a finite number"),
    (Backoff, {"factor": Fraction(1, 3)}, "backoff.factor must be at least 1"),
    (ClientOptions, {"token_file": b"t"}, "token_file must be the path of a file, is bytes"),
    (TlsOptions, {"root_certificates": b"-----BEGIN"}, "tls.root_certificates must be the path"),
    (TlsOptions, {"private_key": "a\0", "certificate_chain": "b"}, "tls.private_key must be the path"),
    (TlsOptions, {"server_name": 5}, "tls.server_name must be a text"),
    (TlsOptions, {"server_name": ""}, "tls.server_name must be a name"),
    (StrategicMemoryClient, {"options": {"token": "secret"}}, r"options must be ClientOptions.* type dict$"),
    (AsyncStrategicMemoryClient, {"options": 0}, r"options must be ClientOptions.* type int$"),
]


@each_case(("kind", "given", "named"), WRONG_KINDS)
def test_what_is_of_the_wrong_type_is_named_when_it_is_given(
    kind: Callable[..., object], given: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        kind(**given)
