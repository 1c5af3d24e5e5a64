"""What only shows in a process of its own: what importing loads, and how the interpreter ends."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from client.feedback_samples import feedback_message, feedback_response
from client.scripted_peer import ScriptedPeer, send
from processes import eventually

from strategic_memory.v1 import analysis_pb2

pytestmark = pytest.mark.processes


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_importing_the_library_loads_none_of_what_it_does_not_need() -> None:
    done = run_python("""
        import sys
        from strategic_memory_client import AsyncStrategicMemoryClient, StrategicMemoryClient
        unwanted = {"typer", "rich", "click", "redis", "numpy", "strategic_memory_server", "structlog"}
        with_a_client = {"google.protobuf", "grpc", "strategic_memory.v1"}
        print(sorted((unwanted | with_a_client) & sys.modules.keys()))
        StrategicMemoryClient().close()
        print(with_a_client <= sys.modules.keys(), sorted(unwanted & sys.modules.keys()))
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\nTrue []\n", "")


def test_what_analyses_are_made_of_is_imported_with_the_first_of_them() -> None:
    with ScriptedPeer(send(feedback_response(7))) as peer:
        peer.feedback, peer.analysis = feedback_message(7), analysis_pb2.Analysis()
        done = run_python(
            """
            import sys
            from strategic_memory_client import AsyncStrategicMemoryClient, StrategicMemoryClient
            def of_analyses():
                names = {name.rpartition(".")[2] for name in sys.modules if name.startswith("strategic_memory_client.")}
                return sorted(names & {"analysis", "figures", "past_advice", "analysis_from_wire", "analysis_to_wire"})
            with StrategicMemoryClient(sys.argv[1]) as client:
                client.follow()
                print(client.wait_for_newest(30).revision, client.get_feedback(timeout_s=30).revision, of_analyses())
                print(type(client.analyze(timeout_s=30)).__name__, len(of_analyses()))
            """,
            peer.address,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "7 7 []\nAnalysisResult 5\n", "")


LEFT_OPEN = {
    "a stream that is read no further": """
        events = client.stream_feedback()
        print(next(events).revision)
    """,
    "a client that follows": """
        client.follow()
        print(client.wait_for_newest(30).revision)
    """,
    "a thread that waits for the stream": """
        import threading
        seen = threading.Event()
        def read():
            for feedback in client.stream_feedback():
                print(feedback.revision, flush=True)
                seen.set()
        threading.Thread(target=read, daemon=True).start()
        seen.wait()
    """,
}


@pytest.mark.parametrize("left_open", list(LEFT_OPEN))
def test_the_interpreter_ends_quietly_with_a_client_that_was_not_closed(left_open: str) -> None:
    start = """
        import sys
        from strategic_memory_client import StrategicMemoryClient
        client = StrategicMemoryClient(sys.argv[1])
    """
    with ScriptedPeer(send(feedback_response(7))) as peer:
        done = run_python(textwrap.dedent(start) + textwrap.dedent(LEFT_OPEN[left_open]), peer.address)
        assert (done.returncode, done.stdout, done.stderr) == (0, "7\n", "")
        assert eventually(lambda: peer.open_streams == 0)


def test_the_interpreter_ends_quietly_with_an_asynchronous_client_that_was_not_closed() -> None:
    with ScriptedPeer(send(feedback_response(7))) as peer:
        done = run_python(
            """
            import asyncio, sys
            from strategic_memory_client import AsyncStrategicMemoryClient

            async def main():
                client = AsyncStrategicMemoryClient(sys.argv[1])
                client.follow()
                print((await client.wait_for_newest(30)).revision)

            asyncio.run(main())
            """,
            peer.address,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "7\n", "")


def test_the_example_in_the_package_s_documentation_runs() -> None:
    with ScriptedPeer(send(feedback_response(7))) as peer:
        done = run_python(
            """
            import sys, textwrap
            import strategic_memory_client
            lines = strategic_memory_client.__doc__.splitlines()
            example = textwrap.dedent("\\n".join(line for line in lines if line.startswith("    ")))
            example = example.replace("127.0.0.1:50051", sys.argv[1])
            steps = []
            def trading():
                return len(steps) < 3
            def step(leverage, policy):
                steps.append((leverage, str(policy)))
            exec(example)
            print(steps[0])
            """,
            peer.address,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("(1.")
