"""Which portfolios there are, and what each is told: variables and the file."""

from itertools import product
from pathlib import Path

import pytest
from documented_commands import blocks
from each_case import each_case

from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.configuration.portfolio_file import PortfolioFileError, read_portfolio_file
from strategic_memory_server.configuration.portfolio_settings import NOTHING_ELSE, PortfolioSettings
from strategic_memory_server.configuration.portfolios_environment import OF_PORTFOLIO

FILE = """
[portfolios.alpha]

[portfolios.beta]
rules = "evidence"
trade_window = 100
interval = 10
validity = 25

[portfolios."desk.7"]
key_prefix = "desk7"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "portfolios.toml"
    written.write_text(FILE)
    return written


def told(file: Path, **variables: object) -> dict[str, PortfolioSettings]:
    settings = read_environment({"portfolio_file": file, **variables}).service_settings().portfolios
    assert settings is not None
    return {name: settings.settings_of(name, section) for name, section in read_portfolio_file(file).items()}


def test_a_section_says_what_is_otherwise_than_of_the_service(file: Path) -> None:
    found = told(file, regime_window=77)
    assert {name: each.key_prefix for name, each in found.items()} == {
        "alpha": "quantum:alpha",
        "beta": "quantum:beta",
        "desk.7": "desk7",
    }
    alpha, beta = found["alpha"].sync, found["beta"].sync
    assert (alpha.advice.rules, alpha.advice.windows.trades, alpha.interval_s) == (Rules.REFERENCE, 30, 60)
    assert (beta.advice.rules, beta.advice.windows.trades, beta.interval_s) == (Rules.EVIDENCE, 100, 10)
    assert (beta.validity_s, beta.advice.windows.regime, alpha.advice.windows.regime) == (25, 77, 77)


def test_the_file_that_the_documentation_shows_is_one(tmp_path: Path) -> None:
    shown = tmp_path / "portfolios.toml"
    (block,) = (each for each in blocks() if each.kind == "toml")
    shown.write_text("\n".join(block.lines))
    assert told(shown)["desk.7"].key_prefix == "desk7"


def test_the_keys_of_a_portfolio_follow_the_template(file: Path) -> None:
    found = told(file, portfolio_prefix="{q:{portfolio}}:")
    assert found["alpha"].key_prefix == "{q:alpha}"


def test_a_list_names_them() -> None:
    settings = read_environment({"portfolios": "alpha, beta", "portfolio_metrics": "7"}).service_settings().portfolios
    assert settings is not None
    assert (settings.names, settings.most_labelled) == (("alpha", "beta"), 7)
    assert settings.settings_of("alpha", NOTHING_ELSE).key_prefix == "quantum:alpha"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"portfolios": "a b"}, ("--portfolios", "'a b'", "1 to 64 letters")),
        ({"portfolios": "a,a"}, ("a is named twice",)),
        ({"portfolios": "a", "portfolio_set": "q:names"}, ("PORTFOLIOS and", "PORTFOLIO_SET", "give one of them")),
        ({"portfolio_prefix": "quantum:portfolio"}, ("STRATEGIC_MEMORY_PORTFOLIO_PREFIX", "has no {portfolio}")),
        ({"portfolio_prefix": "a b:{portfolio}"}, ("STRATEGIC_MEMORY_PORTFOLIO_PREFIX", "without spaces")),
        ({"portfolio_prefix": "q" * 100 + "{portfolio}"}, ("PORTFOLIO_PREFIX", "64 characters in it")),
        (
            {"portfolios": "a", "key_prefix": "quantum:a", "portfolio_prefix": "quantum:{portfolio}"},
            ("a has the key prefix quantum:a, as the default portfolio has",),
        ),
        (
            {"portfolios": "a", "portfolio_file": "/nowhere.toml"},
            ("each say which", "STRATEGIC_MEMORY_PORTFOLIO_FILE: cannot be read: /nowhere.toml is not there"),
        ),
        ({"portfolio_file": "/nowhere.toml"}, ("STRATEGIC_MEMORY_PORTFOLIO_FILE", "/nowhere.toml is not there")),
        (
            {"redis_url": "redis+cluster://h:1", "key_prefix": "{q}", "portfolio_prefix": "q:{portfolio}"},
            ("STRATEGIC_MEMORY_PORTFOLIO_PREFIX", "hash tag", "{q:{portfolio}}"),
        ),
    ],
)
def test_wrong_variables_are_refused_at_the_start(variables: dict[str, object], words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as refused:
        read_environment(variables)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[portfolios.a]\n[portfolios.a]", ("cannot be read",)),
        ("[portfolio.a]", ("portfolio is not known", "[portfolios.NAME]")),
        ("portfolios = 3", ("portfolios is no table",)),
        ("[portfolios]\na = 3", ("a is no table",)),
        ("[portfolios.'a b']", ("'a b' is no name",)),
        ("[portfolios.desk.7]", ('[portfolios."desk.7"]',)),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    file = tmp_path / "portfolios.toml"
    file.write_text(text)
    with pytest.raises(PortfolioFileError) as refused:
        read_portfolio_file(file)
    for word in (str(file), *words):
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[portfolios.a]\nredis_url = 'redis://x'", ("portfolio a: redis_url is none of its settings",)),
        ("[portfolios.a]\ntrade_window = 0", ("portfolio a: trade_window: ",)),
        ("[portfolios.a]\ntrade_window = '1_0'", ("portfolio a: trade_window: give the number in digits",)),
        ("[portfolios.a]\nrules = 'best'", ("portfolio a: rules: ",)),
        ("[portfolios.a]\ninterval = 60\nvalidity = 1", ("portfolio a: ", "STRATEGIC_MEMORY_VALIDITY is 1 s")),
        ("[portfolios.a]\nkey_prefix = 'x'\n[portfolios.b]\nkey_prefix = 'x:'", ("b has the key prefix x, as a has",)),
    ],
)
def test_a_section_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    file = tmp_path / "portfolios.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as refused:
        read_environment({"portfolio_file": file})
    for word in ("STRATEGIC_MEMORY_PORTFOLIO_FILE", *words):
        assert word in str(refused.value)


@each_case("name, value", product(sorted(OF_PORTFOLIO), ("true", "false", "[5]", "2026-01-01", "nan", "-1")))
def test_what_is_no_value_of_a_setting_is_refused_by_file_portfolio_and_name(
    tmp_path: Path, name: str, value: str
) -> None:
    file = tmp_path / "portfolios.toml"
    file.write_text(f"[portfolios.desk]\n{name} = {value}")
    is_number = value in {"nan", "-1"}
    with pytest.raises(SettingsError if is_number else PortfolioFileError) as refused:
        # What is neither number nor text is found before it is known what it should be.
        read_environment({"portfolio_file": file}) if is_number else read_portfolio_file(file)
    said = str(refused.value)
    for word in (str(file), "portfolio desk: ", name):
        assert word in said, said
    if value in {"true", "false"}:
        assert f'{name} is no number and no text, but {value}; give a number, or "on" or "off"' in said
