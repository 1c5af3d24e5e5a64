"""Portfolio governance: proposes which policy is to be in force, by the advice for the present regime.

    python examples/governance.py --redis redis://127.0.0.1:6379/0             # proposes, and writes nothing
    python examples/governance.py --redis redis://127.0.0.1:6379/0 --write     # sets quantum:governance:policy

A bolder policy is proposed once one was advised without a break for `--hold` seconds, with a confidence of `--enter` or
more: the least bold of those that were. A more careful one is proposed at once, and CONSERVATIVE where the confidence
falls below `--leave`; between the two nothing changes. Advice that is not ACTIVE, or a probe, proposes nothing. A
policy that somebody else sets meanwhile is left alone.

It needs the extra `producer`: pip install 'strategic-memory[producer]'.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from strategic_memory_client import Feedback, FeedbackStatus, Policy, StrategicMemoryClient

BOLDNESS = (Policy.CONSERVATIVE, Policy.BALANCED, Policy.AGGRESSIVE)
KEY = "governance:policy"
AWAY = "Redis cannot be used, trying again"
LOOK_S = 0.2
UNSEEN_S = 2.0
"""What was advised before is not held any more where nobody has looked at the advice for so long."""


@dataclass
class Governor:
    """Decides when advice is worth a change of policy.

    Attributes:
        hold_s: seconds for which a bolder policy has to be advised.
        enter: confidence that a bolder policy needs.
        leave: confidence below which only CONSERVATIVE is borne.
    """

    hold_s: float
    enter: float
    leave: float
    bolder: Policy | None = None
    bolder_since_s: float = 0.0
    looked_s: float = 0.0

    def looks(self, now_s: float) -> None:
        """Take that the advice is looked at: it may change and change back while Redis is away."""
        if now_s - self.looked_s > UNSEEN_S:
            self.bolder = None
        self.looked_s = now_s

    def proposal(self, advice: Feedback, in_force: Policy, now_s: float) -> Policy | None:
        """Return the policy to change to now; None: the one in force stays. `now_s` is of a clock that nobody sets."""
        current = advice.current
        if advice.status is not FeedbackStatus.ACTIVE or current is None or current.is_probe:
            self.bolder = None
            return None
        if BOLDNESS.index(current.policy) <= BOLDNESS.index(in_force):
            self.bolder = None
            careful = current.policy if current.confidence_boost >= self.leave else Policy.CONSERVATIVE
            return None if careful is in_force else careful
        if current.confidence_boost < self.enter:
            self.bolder = None
            return None
        if self.bolder is None or BOLDNESS.index(self.bolder) <= BOLDNESS.index(in_force):
            self.bolder, self.bolder_since_s = current.policy, now_s
        self.bolder = min(self.bolder, current.policy, key=BOLDNESS.index)
        return self.bolder if now_s - self.bolder_since_s >= self.hold_s else None


class PolicyKey:
    """The key in Redis that says which policy is in force."""

    def __init__(self, url: str, prefix: str) -> None:
        self.name = f"{prefix}:{KEY}"
        self._redis = redis.Redis.from_url(url, decode_responses=True, encoding_errors="replace", socket_timeout=2.0)
        # What we have set, or was there when we last set it, and then what Redis has not answered for yet.
        self._ours: tuple[object, ...] = ()
        self.has_arrived = False
        """Whether the last look was the first to find what was written without an answer."""

    def read(self) -> tuple[Policy | None, bool]:
        """Return the policy in force (None: the key holds none), and whether somebody else has set it since we did."""
        held = self._redis.get(self.name)
        self.has_arrived = held in self._ours[1:]
        if self.has_arrived:
            # What was there before is not ours any more.
            self._ours = (held,)
        return self._policy_of(held), bool(self._ours) and held not in self._ours

    def connect_anew(self) -> None:
        """Let go of a Redis that has become a replica: its address may lead to the new primary by now."""
        self._redis.connection_pool.disconnect()

    def _policy_of(self, held: object) -> Policy | None:
        named = Policy.CONSERVATIVE.value if held is None else str(held).strip().upper()
        return Policy(named) if named in [*Policy] else None

    def write(self, policy: Policy, in_place_of: Policy) -> bool:
        """Set the policy; False where it has just become another one."""
        is_tried = is_there = False
        before = self._ours

        def change(changes: redis.client.Pipeline) -> None:
            nonlocal is_tried, is_there
            held = changes.get(self.name)
            # Where no answer comes in time, redis-py calls this again, and Redis may have set it.
            is_there = is_tried and held == policy.value
            changes.multi()
            if self._policy_of(held) is in_place_of:
                # Until Redis says that it has, each may be what it holds, and none is somebody else's.
                is_tried, self._ours = True, (held, policy.value, *({*before[1:]} - {policy.value}))
                changes.set(self.name, policy.value)

        if not self._redis.transaction(change, self.name) and not is_there:
            # Somebody else's, and so is what we tried to set, should they set it.
            self._ours = before or self._ours[:1]
            return False
        self._ours = (policy.value,)
        return True


def govern(client: StrategicMemoryClient, key: PolicyKey, governor: Governor, *, writes: bool, until_s: float) -> None:
    """Look at the newest advice again and again, and say or write what follows from it."""
    said = ""
    while time.monotonic() < until_s:
        sentence = said
        try:
            sentence = looked(lambda: client.newest, key, governor, writes=writes) or back(said)
        except redis.RedisError as error:
            sentence = f"{AWAY}: {error}"
            # A replica that serves no stale data refuses the look already.
            if isinstance(error, redis.ReadOnlyError | redis.exceptions.MasterDownError):
                key.connect_anew()
        if sentence != said:
            said = sentence
            print(sentence, flush=True)
        time.sleep(LOOK_S)


def back(said: str) -> str:
    """Return what is so still of what was said last, now that Redis can be used."""
    return "Redis can be used again" if said.startswith(AWAY) else said


def looked(newest: Callable[[], Feedback], key: PolicyKey, governor: Governor, *, writes: bool) -> str:
    """Return what there is to say after one look; empty where there is nothing."""
    in_force, is_of_others = key.read()
    # Redis may have taken its time, in which advice becomes another one or lapses.
    advice, now_s = newest(), time.monotonic()
    if in_force is None:
        return f"{key.name} holds no policy: set it to one of {', '.join(BOLDNESS)}, or delete it"
    if key.has_arrived:
        return f"wrote {in_force}, as was proposed before: Redis gave no answer to it then"
    governor.looks(now_s)
    proposed = governor.proposal(advice, in_force, now_s)
    if advice.status is not FeedbackStatus.ACTIVE:
        return f"advice is {advice.status}: nothing is proposed, {in_force} stays"
    if proposed is None or advice.current is None:
        return ""
    why = f"{advice.current.regime}, confidence {advice.current.confidence_boost:.2f}, revision {advice.revision}"
    change = f"{proposed} in place of {in_force} ({why})"
    if not writes:
        return f"proposes {change}; not written without --write"
    if is_of_others:
        return f"proposes {change}; somebody else has set {key.name} to {in_force}, so it is left alone"
    return f"wrote {change}" if key.write(proposed, in_force) else ""


def main() -> int:
    """Read the command line and govern; 2 where the address of Redis is none."""
    parser = argparse.ArgumentParser(description="Propose the policy in force by the advice for the present regime.")
    parser.add_argument("--address", default="127.0.0.1:50051", help="host:port of the service")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/0", help="URL of the service's Redis")
    parser.add_argument("--prefix", default="quantum", help="what its keys start with")
    parser.add_argument("--write", action="store_true", help="set the policy, rather than propose it")
    parser.add_argument("--hold", type=float, default=60.0, help="seconds for which a bolder policy has to be advised")
    parser.add_argument("--enter", type=float, default=0.6, help="confidence that a bolder policy needs")
    parser.add_argument("--leave", type=float, default=0.5, help="confidence below which all is CONSERVATIVE")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after that long")
    chosen = parser.parse_args()
    if not 0.0 <= chosen.leave <= chosen.enter <= 1.0 or not chosen.hold >= 0.0:
        parser.error("give 0 <= --leave <= --enter <= 1, and a --hold of 0 or more")
    try:
        key = PolicyKey(chosen.redis, chosen.prefix)
        client = StrategicMemoryClient(chosen.address)
    except ValueError as error:
        parser.error(str(error))
    governor = Governor(chosen.hold, chosen.enter, chosen.leave)
    with client:
        client.follow()
        try:
            govern(client, key, governor, writes=chosen.write, until_s=time.monotonic() + chosen.seconds)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
