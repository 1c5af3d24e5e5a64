"""What counts as a copy of a master: nothing that was true of another one before."""

from __future__ import annotations

from pathlib import Path

from faults.free_ports import HOST, free_port
from faults.redis_process import RedisProcess
from faults.replication import has_copied, replication
from faults.waiting import wait

DATA = ("save ''", "repl-diskless-sync yes", "repl-diskless-sync-delay 0")
WITHIN_S = 30.0


def test_a_copy_of_another_master_is_none_however_far_it_has_come(tmp_path: Path) -> None:
    with (
        RedisProcess(tmp_path / "old", free_port(), DATA) as old,
        RedisProcess(tmp_path / "new", free_port(), DATA) as new,
        RedisProcess(tmp_path / "copy", free_port(), (*DATA, f"replicaof {HOST} {old.port}")) as copy,
        copy.client() as client,
    ):
        with old.client() as writing:
            writing.set("key", "x" * 100_000)
        wait(lambda: has_copied(old, copy), WITHIN_S, "the first copy", [copy])
        assert replication(copy)["slave_repl_offset"] > replication(new)["master_repl_offset"]
        assert not has_copied(new, copy)
        assert not has_copied(old, new)
        client.replicaof(HOST, new.port)
        wait(lambda: has_copied(new, copy), WITHIN_S, "the second copy", [copy])
        assert client.get("key") is None
        assert not has_copied(old, copy)
