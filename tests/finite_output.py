"""Checks that an output of the service holds finite numbers only, and reads it as strictly as a strict reader would."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from google.protobuf.message import Message
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]


def strict_object(text: str | bytes) -> dict[str, Any]:
    """Read a JSON object that holds neither NaN nor an infinity, under whatever name."""
    document = json.loads(text, parse_constant=_refuse)
    assert isinstance(document, dict), text
    _check_json(document, "$")
    return document


def _refuse(name: str) -> NoReturn:
    raise AssertionError(f"{name} is no JSON")


def _check_json(value: object, path: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _check_json(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_json(item, f"{path}[{index}]")
    elif isinstance(value, float):
        assert math.isfinite(value), path


def assert_finite(message: Message, path: str = "") -> None:
    """Fail when a number anywhere in a message is not finite."""
    for field, value in message.ListFields():
        here = f"{path}.{field.name}"
        for item in _items(value):
            if isinstance(item, Message):
                assert_finite(item, here)
            elif isinstance(item, float):
                assert math.isfinite(item), here


def _items(value: object) -> list[object]:
    """The values of one field: of a map, of a repeated field, or the one that there is."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Message):
        return list(value)
    return [value]


def metric_samples(text: str) -> dict[tuple[str, Labels], float]:
    """Read the Prometheus text format; every value must be finite."""
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    for key, value in samples.items():
        assert math.isfinite(value), key
    return samples


def assert_safe_log(stdout: str) -> list[dict[str, Any]]:
    """Read a log: every line a JSON object in printable ASCII, which no terminal takes for a command."""
    lines = stdout.split("\n")
    assert lines.pop() == "", "the last line is whole"
    for line in lines:
        assert line.isascii(), line
        assert line.isprintable(), line
    return [strict_object(line) for line in lines]
