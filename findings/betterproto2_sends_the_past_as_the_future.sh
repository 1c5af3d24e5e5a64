#!/usr/bin/env bash
# betterproto2 0.10.0: a Duration of -0.25 s is sent as +0.75 s, and one of -1.25 s as -0.25 s.
#
# Guessed: a negative timedelta goes over the wire and comes back as it was; -1.25 s is seconds: -1, nanos: -250000000.
# Seen: seconds are cut towards 0 and the fraction is taken as Python keeps it, counted upwards, so that a second is lost: nanos are
# 750000000, which protobuf 7.36.2 for Python reads as -0.25 s, and so does betterproto2 itself. Whole seconds and positive ones come
# through. As JSON the same message is "-1.750s", a third time, and from_json refuses it, as it does all that begin with a minus.
# What follows: what is left of a validity that has run out, sent so, is time that is left; send a time, or whole numbers of milliseconds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check betterproto2==0.10.0 betterproto2-compiler==0.10.1 \
    grpcio-tools==1.85.1 protobuf==7.36.2
cd "$folder"
cat >probe.proto <<'PROTO'
syntax = "proto3";
package probe;
import "google/protobuf/duration.proto";
message Left { google.protobuf.Duration validity = 1; }
PROTO
mkdir made
PATH="$folder/venv/bin:$PATH" venv/bin/python -m grpc_tools.protoc -I. --python_betterproto2_out=made --python_out=. \
    probe.proto 2>/dev/null
venv/bin/python - <<'PYTHON'
from datetime import timedelta
from importlib.metadata import version

from made.probe import Left
from probe_pb2 import Left as Other

seen = {}
for seconds in (1.25, -1.0, -1.25, -0.25):
    left = Left(validity=timedelta(seconds=seconds))
    received = Other.FromString(bytes(left)).validity
    assert received.seconds + received.nanos / 1e9 == Left.parse(bytes(left)).validity.total_seconds()
    try:
        is_read = Left.from_json(left.to_json()) == left
    except ValueError as error:
        is_read = str(error)
    seen[seconds] = (received.seconds, received.nanos, left.to_json()[14:-2], is_read)
    print(f"betterproto2 {version('betterproto2')}: {seconds} s is sent as {received.seconds} s and {received.nanos} ns")
    print(f"    as JSON {seen[seconds][2]}, which is read: {is_read}")
assert seen == {
    1.25: (1, 250_000_000, "1.250s", True),
    -1.0: (-1, 0, "-1s", "Invalid duration string: -1s"),
    -1.25: (-1, 750_000_000, "-1.750s", "Invalid duration string: -1.750s"),
    -0.25: (0, 750_000_000, "0.750s", False),
}
PYTHON
