"""Named contexts: flags that need not be repeated, and what is said of files that cannot be used."""

from __future__ import annotations

import json
import stat
from functools import partial
from pathlib import Path

import pytest
from client.command_line import run, run_at_terminal
from client.feedback_samples import feedback_message
from client.scripted_peer import ScriptedPeer
from commands import Ended

from strategic_memory_client.cli.contexts import ContextError, Contexts, flags_in_use, write_contexts

pytestmark = pytest.mark.processes


def test_the_flags_of_the_context_in_use_stand_in_for_those_not_given(tmp_path: Path) -> None:
    kept = {"STRATEGIC_MEMORY_CONTEXTS": str(tmp_path / "folder" / "contexts.json")}

    def said(*arguments: str, **env: str) -> Ended:
        return run(*arguments, env={**kept, **env})

    with ScriptedPeer() as first, ScriptedPeer() as second:
        first.feedback, second.feedback = feedback_message(1), feedback_message(2)
        assert said("context", "add", "one", "--address", first.address, "--timeout", "30").code == 0
        assert said("context", "add", "two", "--address", second.address).code == 0
        assert json.loads(said("get").out)["revision"] == 1, "the first one is used at once"
        assert json.loads(said("get", "--context", "two").out)["revision"] == 2
        assert json.loads(said("get", STRATEGIC_MEMORY_CONTEXT="two").out)["revision"] == 2
        assert json.loads(said("get", "-a", second.address).out)["revision"] == 2, "what is given wins"
        assert json.loads(said("get", STRATEGIC_MEMORY_GRPC_ADDRESS=second.address).out)["revision"] == 2
        here = {"STRATEGIC_MEMORY_GRPC_ADDRESS": first.address}
        assert json.loads(said("get", "--context", "two", **here).out)["revision"] == 2, "it is given as well"
        assert json.loads(said("get", STRATEGIC_MEMORY_CONTEXT="two", **here).out)["revision"] == 1
        assert said("context", "use", "two").code == 0
        assert json.loads(said("get").out)["revision"] == 2
    listed = [json.loads(line) for line in said("context", "list").out.splitlines()]
    assert listed == [
        {"name": "one", "used": False, "address": [first.address], "timeout": 30.0},
        {"name": "two", "used": True, "address": [second.address]},
    ]
    assert stat.S_IMODE((tmp_path / "folder" / "contexts.json").stat().st_mode) == 0o600
    assert said("context", "remove", "two").code == 0
    assert [json.loads(line)["used"] for line in said("context", "list").out.splitlines()] == [False]


def test_what_was_given_in_place_of_a_file_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"STRATEGIC_MEMORY_CONTEXTS": str(tmp_path / "contexts.json")}
    ended = run("get", env={**kept, "STRATEGIC_MEMORY_TOKEN_FILE": "smt_hidden"})
    assert (ended.code, "give its path" in ended.err, "hidden" in ended.err) == (2, True, False)
    assert "/nowhere" in run("get", "--tls-root-ca", "/nowhere", env=kept).err
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    assert "'keys' is a directory" in run("get", "--tls-key", "keys", env=kept).err


def test_the_token_of_a_context_goes_to_no_other_address(tmp_path: Path) -> None:
    kept = {"STRATEGIC_MEMORY_CONTEXTS": str(tmp_path / "contexts.json")}
    for name in ("desk", "mine"):
        (tmp_path / name).write_text(f"smt_{name}\n")
    of_context, mine = ("--token-file", str(tmp_path / "desk")), str(tmp_path / "mine")

    def said(*arguments: str, **env: str) -> Ended:
        return run(*arguments, env={**kept, **env})

    with ScriptedPeer() as desk, ScriptedPeer() as other:
        desk.feedback = other.feedback = feedback_message(1)
        assert said("context", "add", "desk", "-a", desk.address, *of_context).code == 0
        assert said("get").code == 0
        assert said("get", "-a", other.address).code == 0
        assert said("get", STRATEGIC_MEMORY_GRPC_ADDRESS=other.address).code == 0
        assert said("get", "-a", other.address, STRATEGIC_MEMORY_CONTEXT="desk").code == 0
        both = said("get", "--context", "desk", "-a", other.address)
        assert both.code == 2
        assert "goes to its own addresses" in " ".join(both.err.split())
        assert (desk.tokens, other.tokens) == (["Bearer smt_desk"], ["", "", ""])
        # Nor does one of the environment go to a context; one of the command line is meant for it.
        assert said("get", STRATEGIC_MEMORY_TOKEN_FILE=mine).code == 0
        assert said("get", "--token-file", mine).code == 0
        assert desk.tokens[1:] == ["Bearer smt_desk", "Bearer smt_mine"]
        assert said("context", "add", "bare", "-a", other.address).code == 0
        assert said("get", "--context", "bare", STRATEGIC_MEMORY_TOKEN_FILE=mine).code == 0
        assert said("get", "-a", other.address, STRATEGIC_MEMORY_TOKEN_FILE=mine).code == 0
        assert other.tokens[3:] == ["", "Bearer smt_mine"]


def test_the_portfolio_of_the_environment_counts_unless_a_context_that_is_named_has_one(tmp_path: Path) -> None:
    kept = {"STRATEGIC_MEMORY_CONTEXTS": str(tmp_path / "contexts.json")}
    beta = {**kept, "STRATEGIC_MEMORY_PORTFOLIO": "beta"}
    with ScriptedPeer() as peer:
        peer.feedback = feedback_message(1)
        for name, flags in (("desk", ["--portfolio", "alpha"]), ("bare", [])):
            assert run("context", "add", name, "-a", peer.address, *flags, env=kept).code == 0
        for words, env, asked in (
            ([], kept, "alpha"),
            ([], beta, "beta"),
            (["--context", "desk"], beta, "alpha"),
            (["--context", "bare"], beta, "beta"),
            (["--portfolio", "gamma"], beta, "gamma"),
        ):
            assert run("get", *words, env=env).code == 0
            assert peer.portfolios.pop() == asked, words


def test_what_cannot_be_used_is_said_in_a_sentence(tmp_path: Path) -> None:
    file, token = tmp_path / "contexts.json", tmp_path / "token"
    kept = {"STRATEGIC_MEMORY_CONTEXTS": str(file)}
    missing = run("get", "--context", "nowhere", env=kept)
    assert missing.code == 2
    assert "there is no context 'nowhere'" in missing.err
    assert run("context", "use", env=kept).code == 2
    nameless = run("context", "add", "", "-a", "127.0.0.1:1", env=kept)
    assert (nameless.code, "NAME: is empty" in nameless.err, file.exists()) == (2, True, False)
    token.write_text("smt_secret\n")
    assert run("context", "add", "here", "-a", "127.0.0.1:1", "--token-file", str(token), env=kept).code == 0
    assert "smt_secret" not in file.read_text()
    empty = run("get", "--context", "", env=kept)
    assert (empty.code, "there is no context ''" in empty.err) == (2, True), "it is not the one in use"
    token.unlink()
    gone = run("get", env=kept)
    assert gone.code == 2
    assert "the context in use" in gone.err
    file.write_text("{")
    broken = run("get", env=kept)
    assert broken.code == 2
    assert "is no file of contexts" in " ".join(broken.err.split())
    assert run("context", "add", "more", "-a", "127.0.0.1:1", env=kept).code == 1
    assert file.read_text() == "{", "what could not be read is not written over"


def test_what_a_later_version_has_kept_is_not_left_out_unseen(tmp_path: Path) -> None:
    """As one of before there were portfolios asked about the default one in place of that of the context."""
    file = tmp_path / "contexts.json"
    kept = {"STRATEGIC_MEMORY_CONTEXTS": str(file)}
    with ScriptedPeer() as peer:
        peer.feedback = feedback_message(1)
        desk = {"address": [peer.address], "proof": "by another way"}
        written = {"used": "desk", "contexts": {"desk": desk}, "groups": {"all": ["desk"]}}
        file.write_text(json.dumps(written))
        refused = run("get", env=kept)
        assert (refused.code, peer.unary_calls) == (2, 0)
        assert "has 'proof', which this version does not know" in " ".join(refused.err.split())
        assert run("get", "-a", peer.address, env=kept).code == 0
    assert run("context", "add", "more", "-a", "127.0.0.1:1", env=kept).code == 0
    assert run("context", "use", "more", env=kept).code == 0
    assert run("context", "remove", "more", env=kept).code == 0
    assert json.loads(file.read_text()) == {**written, "used": ""}


def test_there_are_none_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert "context add NAME" in run_at_terminal("context", "list").out


def test_a_user_without_a_home_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def home(_: type[Path]) -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("XDG_CONFIG_HOME", "STRATEGIC_MEMORY_CONTEXTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", classmethod(home))
    assert flags_in_use(None) is None
    for asking in (partial(flags_in_use, "desk"), partial(write_contexts, Contexts())):
        with pytest.raises(ContextError, match=r"no home .* name a file in STRATEGIC_MEMORY_CONTEXTS"):
            asking()


def test_what_a_file_system_over_a_network_has_moved_and_looks_for_again_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told as not written, and was there."""
    monkeypatch.setenv("STRATEGIC_MEMORY_CONTEXTS", str(tmp_path / "contexts.json"))
    replace = Path.replace

    def sent_again(what: Path, place: Path) -> Path:
        replace(what, place)
        return replace(what, place)

    monkeypatch.setattr(Path, "replace", sent_again)
    write_contexts(Contexts("desk", {"desk": {"address": ["127.0.0.1:1"]}}))
    assert flags_in_use(None) == {"address": ["127.0.0.1:1"]}
