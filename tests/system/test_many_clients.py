"""Many clients of one address in a process: one stream and one thread for those that follow, each with its own end."""

from __future__ import annotations

import gc
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from client.transports.test_client_processes import run_python
from conftest import StartService
from faults.free_ports import HOST, free_port
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_json

from strategic_memory_client import (
    Backoff,
    ClientClosedError,
    ClientOptions,
    Feedback,
    FeedbackStatus,
    StrategicMemoryClient,
)

pytestmark = pytest.mark.system

OPTIONS = ClientOptions(heartbeat_interval_s=10.0, timeout_s=30.0, backoff=Backoff(0.02, 0.2))
"""A process that stands still for some seconds is neither taken for gone nor given up."""

ENVIRONMENT = {"STRATEGIC_MEMORY_VALIDITY": "600", "STRATEGIC_MEMORY_LEASE": "0.5"}
CLIENTS = 64


@pytest.fixture
def service(start_service: StartService, redis_client: redis.Redis) -> ServiceProcess:
    """One that has advice."""
    # One of the ports that are for outgoing connections could be another's while the service is away.
    address = {"STRATEGIC_MEMORY_GRPC_ADDRESS": f"{HOST}:{free_port()}"}
    service = start_service(sync_interval_s=300, env=ENVIRONMENT | address)
    publish(redis_client, service)
    return service


def publish(client: redis.Redis, service: ServiceProcess) -> int:
    """Make observations until there is a further revision, which is returned."""
    known = get_feedback(service).revision

    def is_further() -> int:
        add_regime(client, "BULL", 0.1 + known / 100)
        return revision if (revision := get_feedback(service).revision) > known else 0

    return eventually(is_further)


def subscribers(service: ServiceProcess) -> int:
    found: int = get_json(service)["metrics"]["feedback"]["subscribers"]
    return found


def following(service: ServiceProcess, number: int) -> list[StrategicMemoryClient]:
    clients = [StrategicMemoryClient(service.grpc_address, options=OPTIONS) for _ in range(number)]
    for client in clients:
        client.follow()
    return clients


def is_active(feedback: Feedback, revision: int = 0) -> bool:
    return feedback.status is FeedbackStatus.ACTIVE and feedback.revision >= revision


def own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("strategic-memory")]


def test_they_share_a_stream_and_a_thread_through_a_kill_and_each_has_its_own_end(
    service: ServiceProcess, start_service: StartService, redis_client: redis.Redis
) -> None:
    before = threading.active_count()
    clients = following(service, CLIENTS)
    assert all(is_active(client.wait_for_newest()) for client in clients)
    assert threading.active_count() <= before + 4
    assert eventually(lambda: subscribers(service) == 1)
    closed, *others = clients
    closed.close()
    revision = publish(redis_client, service)
    assert eventually(lambda: all(is_active(client.newest, revision) for client in others))
    with pytest.warns(RuntimeWarning, match="the client was closed"):
        assert closed.newest.status is FeedbackStatus.STALE
    with pytest.raises(ClientClosedError):
        closed.follow()
    service.send_signal(signal.SIGKILL)
    service.wait()
    late = StrategicMemoryClient(service.grpc_address, options=OPTIONS)
    late.follow()
    there_again = {"STRATEGIC_MEMORY_GRPC_ADDRESS": service.grpc_address}
    again = start_service(sync_interval_s=300, env=ENVIRONMENT | there_again)
    revision = publish(redis_client, again)
    assert late.wait_for_newest().revision > 0
    assert eventually(lambda: all(is_active(client.newest, revision) for client in [*others, late]))
    assert eventually(lambda: subscribers(again) == 1)
    for client in [*others, late]:
        client.close()
    assert eventually(lambda: not own_threads() and subscribers(again) == 0)


def test_what_they_do_not_have_in_common_is_not_shared(service: ServiceProcess) -> None:
    others = ClientOptions(heartbeat_interval_s=20.0, timeout_s=30.0)
    with (
        StrategicMemoryClient(service.grpc_address, options=OPTIONS) as one,
        StrategicMemoryClient(service.grpc_address, options=others) as other,
    ):
        for client in (one, other):
            client.follow()
            assert is_active(client.wait_for_newest())
        assert eventually(lambda: subscribers(service) == 2)


def test_clients_that_come_and_go_in_several_threads_leave_nothing(service: ServiceProcess) -> None:
    def come_and_go(seed: int) -> None:
        dice, kept = random.Random(seed), list[StrategicMemoryClient]()
        for _ in range(25):
            client = StrategicMemoryClient(service.grpc_address, options=OPTIONS)
            if dice.random() < 0.9:
                client.follow()
                assert is_active(client.wait_for_newest())
            if dice.random() < 0.3:
                client.get_feedback()
            if dice.random() < 0.2:
                next(client.stream_feedback())
            kept.append(client)
            if dice.random() < 0.7:
                left = kept.pop(dice.randrange(len(kept)))
                if dice.random() < 0.5:
                    left.close()  # the others are dropped as they are

    gc.collect()
    threads, descriptors = threading.active_count(), open_descriptors()
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(come_and_go, seed) for seed in range(8)]:
            done.result()
    gc.collect()
    assert eventually(lambda: threading.active_count() <= threads)
    assert eventually(lambda: subscribers(service) == 0)
    assert eventually(lambda: open_descriptors() <= descriptors)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_signal_handler_may_close_one_while_another_begins_or_ends(service: ServiceProcess) -> None:
    done = run_python(
        """
        import signal, sys, threading
        from strategic_memory_client import StrategicMemoryClient
        ended = 0
        def close_one(*_):
            global ended
            if older:
                older.pop().close()
            ended += 1
        signal.signal(signal.SIGALRM, close_one)
        older = []
        for step in range(150):
            client = StrategicMemoryClient(sys.argv[1])
            client.follow()
            older.append(client)
            signal.setitimer(signal.ITIMER_REAL, 0.00002 * (step % 60) + 0.00001)
            with StrategicMemoryClient(sys.argv[1]) as other:
                other.follow()
                other.wait_for_newest(30)
                if other.newest.status != "ACTIVE":
                    print("lost", step, other.newest.status)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for client in older:
            client.close()
        print(ended > 100)
        """,
        service.grpc_address,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_a_forked_process_is_told_by_each_of_them_and_its_parent_goes_on(service: ServiceProcess) -> None:
    done = run_python(
        """
        import os, sys, warnings
        os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
        warnings.simplefilter("always")
        from strategic_memory_client import ClientClosedError, StrategicMemoryClient
        def make():
            client = StrategicMemoryClient(sys.argv[1])
            client.follow()
            return client
        clients = [make(), make()]
        print({client.wait_for_newest(30).status for client in clients}, flush=True)
        if (child := os.fork()) == 0:
            for client in clients:
                print(client.newest.status, flush=True)
                try:
                    client.follow()
                except ClientClosedError as error:
                    print("before this process was forked off" in str(error), flush=True)
                client.close()
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        print({client.newest.status for client in clients})
        for client in clients:
            client.close()
        """,
        service.grpc_address,
    )
    active = "{<FeedbackStatus.ACTIVE: 'ACTIVE'>}"
    assert done.stdout.splitlines() == [active, *["STALE", "True"] * 2, "0", active], done.stderr
    assert done.stderr.count("make one in each process") == 2
