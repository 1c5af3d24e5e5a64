"""Who may do what: lines of the access file, tokens and certificates, and a file that changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strategic_memory_server.faults.errors import OutOfScopeError, UnauthenticatedError
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.identity.access import ENDS_SOON_S, LONGEST_TOKEN, Access
from strategic_memory_server.identity.access_file import (
    AccessFileError,
    digest_of,
    new_token,
    read_access_file,
    until_s,
)
from strategic_memory_server.identity.grants import ALL
from strategic_memory_server.identity.scope import Scope

SPIFFE = "spiffe://desk/ops"


def line(name: str, token: str, scopes: str = "read", until: str = "") -> str:
    return f"{name} {scopes} sha256:{digest_of(token).hex()} {until}\n"


def test_a_caller_is_known_by_token_or_certificate_and_gets_what_the_line_says(tmp_path: Path) -> None:
    one, two = new_token(), new_token()
    file = tmp_path / "access"
    file.write_text(
        f"# all of them\n\n{line('agent', one)}{line('quant', two, 'read,analyze')}ops read san:{SPIFFE} # us\n"
    )
    access = Access(file, Problems())
    assert access.permitted(Scope.READ, f"Bearer {one}", ()).name == "agent"
    assert access.permitted(Scope.ANALYZE, f"bearer {two}", ()).name == "quant"
    assert access.permitted(None, None, ["other", SPIFFE]).name == "ops"
    with pytest.raises(OutOfScopeError, match="agent may not do this: it takes the scope analyze"):
        access.permitted(Scope.ANALYZE, f"Bearer {one}", ())
    # A token decides, whatever the certificate says.
    with pytest.raises(UnauthenticatedError, match="is unknown"):
        access.permitted(Scope.READ, "Bearer another", [SPIFFE])


@pytest.mark.parametrize(
    ("authorization", "names", "said"),
    [
        (None, (), "the token is missing"),
        (None, ("stranger",), "no name in the certificate is known"),
        ("", (), "not of the form: Bearer TOKEN"),
        ("Bearer ", (), "not of the form: Bearer TOKEN"),
        ("Basic YTpi", (), "not of the form: Bearer TOKEN"),
        (f"Bearer {'x' * (LONGEST_TOKEN + 1)}", (), "not of the form: Bearer TOKEN"),
        ("Bearer smt_guess", (), "is unknown"),
    ],
)
def test_whoever_shows_nothing_that_holds_is_refused_and_what_they_showed_is_not_repeated(
    authorization: str | None, names: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    (tmp_path / "access").write_text(line("agent", new_token()))
    with pytest.raises(UnauthenticatedError, match=said) as refused:
        Access(tmp_path / "access", Problems()).permitted(Scope.READ, authorization, names)
    assert "guess" not in str(refused.value)
    assert "YTpi" not in str(refused.value)


def test_a_name_with_a_number_sign_is_for_no_other_certificate(tmp_path: Path) -> None:
    digest = line("agent", "smt_a").split()[2]
    (tmp_path / "access").write_text(f"ops read san:{SPIFFE}#web # us\nagent read {digest}#theirs since 2026\n")
    access = Access(tmp_path / "access", Problems())
    assert access.permitted(Scope.READ, None, [f"{SPIFFE}#web"]).name == "ops"
    assert access.permitted(Scope.READ, "Bearer smt_a", ()).name == "agent"
    with pytest.raises(UnauthenticatedError):
        access.permitted(Scope.READ, None, [SPIFFE])


def test_a_scope_for_one_portfolio_is_for_no_other_and_not_for_all_together(tmp_path: Path) -> None:
    token = new_token()
    (tmp_path / "access").write_text(line("desk", token, "read@alpha,read@(default),admin@beta,analyze"))
    access = Access(tmp_path / "access", Problems())
    given = {(Scope.READ, "alpha"), (Scope.READ, ""), (Scope.ADMIN, "beta")} | {
        (Scope.ANALYZE, portfolio) for portfolio in ("", "alpha", "beta", ALL)
    }
    for scope in Scope:
        access.permitted(scope, f"Bearer {token}", ())
        for portfolio in ("", "alpha", "beta", ALL, "Alpha", "alph"):
            if (scope, portfolio) in given or scope is Scope.ANALYZE:
                access.permitted(scope, f"Bearer {token}", (), portfolio)
            else:
                with pytest.raises(OutOfScopeError, match="desk may not do this"):
                    access.permitted(scope, f"Bearer {token}", (), portfolio)
    with pytest.raises(OutOfScopeError, match="it takes the scope admin or admin@alpha, which"):
        access.permitted(Scope.ADMIN, f"Bearer {token}", (), "alpha")
    with pytest.raises(OutOfScopeError, match="it takes the scope read for all portfolios, which"):
        access.permitted(Scope.READ, f"Bearer {token}", (), ALL)


def test_a_token_ends_with_its_day(tmp_path: Path) -> None:
    token, now_s = new_token(), [1_801_180_799.0]  # 2027-01-28 23:59:59 UTC
    (tmp_path / "access").write_text(line("agent", token, until="2027-01-28"))
    access = Access(tmp_path / "access", Problems(), lambda: now_s[0])
    access.permitted(Scope.READ, f"Bearer {token}", ())
    now_s[0] += 1
    with pytest.raises(UnauthenticatedError, match="has ended"):
        access.permitted(Scope.READ, f"Bearer {token}", ())


def test_the_last_day_that_there_is_does_not_come(tmp_path: Path) -> None:
    token = new_token()
    (tmp_path / "access").write_text(line("agent", token, until="9999-12-31"))
    access = Access(tmp_path / "access", Problems(), lambda: 1e11)
    assert access.permitted(Scope.READ, f"Bearer {token}", ()).name == "agent"


@pytest.mark.parametrize("until", ["2027-01-31 12:00:00Z", "2027-01-31\t12:00", "", " "])
def test_an_end_is_one_field_of_a_line(until: str) -> None:
    with pytest.raises(AccessFileError, match="UNTIL is a day"):
        until_s(until)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    token = new_token()
    (tmp_path / "access").write_text(line("agent", token), encoding="utf-8-sig")
    assert Access(tmp_path / "access", Problems()).permitted(Scope.READ, f"Bearer {token}", ()).name == "agent"


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path, tmp_path / "nothing"):
        with pytest.raises(AccessFileError, match=r"cannot be read: .* is not (a file|there)"):
            read_access_file(place)


def test_a_file_that_comes_back_as_it_was_is_no_problem_any_more(tmp_path: Path) -> None:
    file, problems, token = tmp_path / "access", Problems(), new_token()
    file.write_text(line("agent", token))
    access = Access(file, problems)
    file.rename(tmp_path / "away")
    access.look()
    assert "is not there" in problems.standing["access_file"]
    (tmp_path / "away").rename(file)
    access.look()
    assert not problems.standing
    access.permitted(Scope.READ, f"Bearer {token}", ())


def test_without_a_file_whoever_shows_a_trusted_certificate_may_do_all() -> None:
    access = Access(None, Problems())
    access.permitted(Scope.ANALYZE, None, ["anybody"])
    for authorization in (None, "Bearer x"):
        with pytest.raises(UnauthenticatedError):
            access.permitted(Scope.READ, authorization, ())


def test_a_changed_file_is_taken_and_a_broken_one_is_not(tmp_path: Path) -> None:
    file, problems = tmp_path / "access", Problems()
    one, two = new_token(), new_token()
    file.write_text(line("agent", one))
    access = Access(file, problems)
    (tmp_path / "next").write_text(line("agent", one) + line("agent", two))
    (tmp_path / "next").replace(file)
    access.look()
    assert {access.permitted(Scope.READ, f"Bearer {token}", ()).name for token in (one, two)} == {"agent"}
    file.write_text("agent read\n")
    access.look()
    access.permitted(Scope.READ, f"Bearer {one}", ())
    assert "line 1: has 2 fields" in problems.standing["access_file"]
    file.unlink()
    access.look()
    access.permitted(Scope.READ, f"Bearer {one}", ())
    file.write_text(line("agent", two))
    access.look()
    assert not problems.standing
    with pytest.raises(UnauthenticatedError, match="taken back"):
        access.permitted(Scope.READ, f"Bearer {one}", ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no line"),
        ("# nothing\n", "has no line"),
        ("agent read\n", "line 1: has 2 fields; wanted are NAME SCOPES CREDENTIAL"),
        ("\na/b read san:x\n", "line 2: a name has 1 to 64"),
        ("agent read,write san:x\n", "scopes are read, analyze"),
        ("agent read@ san:x\n", r"for the default one read@\(default\)"),
        ("agent read@* san:x\n", "for one portfolio alone read@NAME"),
        ("agent @alpha san:x\n", "scopes are read, analyze"),
        ("agent write@alpha san:x\n", "scopes are read, analyze"),
        ("agent read@alpha@beta san:x\n", "for one portfolio alone read@NAME"),
        ("agent read sha256:abc\n", "with 64 digits"),
        ("agent read smt_secret\n", "holds a token itself"),
        (line("agent", ""), "line 1: holds the SHA-256 of nothing"),
        ("agent read san:x 31.1.2027\n", "UNTIL is a day"),
        ("agent read san:x\nother read san:x\n", "line 2: its credential stands in a line above"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_by_line_and_no_credential_is(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "access").write_text(text)
    with pytest.raises(AccessFileError, match=said) as refused:
        read_access_file(tmp_path / "access")
    assert "smt_secret" not in str(refused.value)


def test_a_name_whose_last_line_is_about_to_end_is_told_while_there_is_time_and_nobody_is_named(tmp_path: Path) -> None:
    file, problems, now_s = tmp_path / "access", Problems(), until_s("2027-01-31T12:00:00Z")
    clock = [now_s - ENDS_SOON_S]
    old, new = line("agent", "smt_a", until="2027-01-31T12:00:00Z"), line("agent", "smt_b", until="2027-06-30")
    file.write_text(old + line("ops", "smt_c"))
    access = Access(file, problems, lambda: clock[0])
    access.report_ends()
    assert not problems.standing
    clock[0] += 1.0
    access.report_ends()
    said = problems.standing["access_ends"]
    assert f"of the 2 names in {file} 1 has no line that holds a week from now" in said
    assert "the first ends at 2027-01-31 12:00:00 UTC" in said
    assert "agent" not in said
    clock[0] = now_s
    access.report_ends()
    assert "the first ended at 2027-01-31 12:00:00 UTC" in problems.standing["access_ends"]
    file.write_text(old + new + line("ops", "smt_c"))
    access.look()
    access.report_ends()
    assert not problems.standing


def test_what_never_ends_and_the_last_day_that_there_is_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "access").write_text(line("agent", "smt_a", until="9999-12-31") + line("ops", "smt_c"))
    problems = Problems()
    Access(tmp_path / "access", problems).report_ends()
    Access(None, problems).report_ends()
    assert not problems.standing
