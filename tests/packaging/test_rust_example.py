"""The Rust example gives each field of its request: prost takes none with a field left out."""

from __future__ import annotations

import re

from processes import REPOSITORY

from strategic_memory.v1 import service_pb2


def test_each_field_of_its_request_is_given() -> None:
    source = (REPOSITORY / "examples" / "rust" / "src" / "main.rs").read_text()
    request = re.search(r"= StreamFeedbackRequest \{\n(.*?)\n {8}\};", source, re.DOTALL)
    assert request

    given = re.findall(r"^ {12}(\w+):", request[1], re.MULTILINE)
    assert given == [field.name for field in service_pb2.StreamFeedbackRequest.DESCRIPTOR.fields]
