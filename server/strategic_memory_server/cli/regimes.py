"""Flags and help of `strategic-memory-server regimes`."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from strategic_memory_server.cli.installed import imported
from strategic_memory_server.cli.written_options import declared, written_options
from strategic_memory_server.regimes.label import Detector
from strategic_memory_server.regimes.label_file import write_labels
from strategic_memory_server.regimes.labelling import TimedLabel, timed_labels
from strategic_memory_server.regimes.live_closes import closes_of_files
from strategic_memory_server.regimes.price_files import KNOWN_NAMES, read_prices
from strategic_memory_server.regimes.prices import Prices, PricesError, Stamps, symbols_told
from strategic_memory_server.regimes.threshold_detector import ThresholdDetector
from strategic_memory_server.replay.written.ways import Declared

_BY_SYMBOL = "{symbol}"


@click.command()
@click.argument(
    "files",
    nargs=-1,
    metavar="PRICES...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file of labels. With {symbol} in its name: one for each symbol.",
)
@click.option(
    "--detector",
    type=click.Choice(["thresholds", "hidden-markov"]),
    default="thresholds",
    show_default=True,
    help="hidden-markov needs the extra `regimes`.",
)
@click.option(
    "--stamps",
    type=click.Choice([stamps.value for stamps in Stamps]),
    default=Stamps.OPENING.value,
    show_default=True,
    help="What the time of a candle is. A label is stamped at the close in any case.",
)
@click.option("--symbol", metavar="NAME", help="Which symbol is read, where the files hold several.")
@click.option("--map", "names", multiple=True, metavar="OURS=THEIRS", help="time=, close=, symbol=: names of columns.")
@written_options
@click.option("--publish", is_flag=True, help="Publish the newest label, and each that comes, until interrupted.")
@click.option("--from-stream", metavar="KEY", help="With --publish: a Redis stream of closes, in place of PRICES.")
@click.option(
    "--redis-url", envvar="REDIS_URL", default="redis://redis:6379/0", help="Where Redis is. [env: REDIS_URL]"
)
@click.option(
    "--key-prefix",
    envvar="STRATEGIC_MEMORY_KEY_PREFIX",
    default="quantum",
    help="What every Redis key starts with. [env: STRATEGIC_MEMORY_KEY_PREFIX; default: quantum]",
)
@click.pass_context
def regimes(
    context: click.Context,
    files: tuple[Path, ...],
    out: Path | None,
    detector: str,
    stamps: str,
    symbol: str | None,
    names: tuple[str, ...],
    decimal: str | None,
    dates: str | None,
    zone: str | None,
    from_stream: str | None,
    redis_url: str,
    key_prefix: str,
    *,
    publish: bool,
) -> None:
    """Tell the regimes of a market from its candles.

    They are for `replay` and for the service. PRICES are files of candles of any kind that replay reads: CSV, Parquet,
    the feather files of freqtrade's data folder. No label knows a price that came after it. docs/regimes.md says how
    the detectors work.

    With --publish the labels go into the stream meta.regime instead, as candles end: from files that grow, or from a
    Redis stream whose entries have a field close.

    Exit codes: 0 done, and with --publish interrupted, 1 failed, 2 wrong flag, 130 interrupted.
    """
    if bool(files) == bool(from_stream) or publish == (out is not None) or (from_stream and not publish):
        raise click.UsageError("give PRICES with --out FILE or --publish, or --from-stream KEY with --publish")
    columns = _names(names)
    try:
        written = declared(decimal, dates, zone)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        if out is not None:
            _write_files(files, columns, written, symbol, out, detector, Stamps(stamps))
        else:
            # Imports redis, which files do not need.
            publishing = imported("strategic_memory_server.cli.publish_regimes")
            closes = (
                publishing.stream_of(redis_url, from_stream, symbol)
                if from_stream
                else closes_of_files(files, lambda: _one(read_prices(files, columns, written), symbol), Stamps(stamps))
            )
            with contextlib.suppress(KeyboardInterrupt):
                publishing.publish(closes, _detector(detector), redis_url, key_prefix)
    except (PricesError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    context.exit(0)


def _write_files(
    files: tuple[Path, ...],
    columns: dict[str, str],
    written: Declared,
    symbol: str | None,
    out: Path,
    detector: str,
    stamps: Stamps,
) -> None:
    chosen = _chosen(read_prices(files, columns, written), symbol, out)
    for how in next(iter(chosen.values())).written:
        click.echo(how)
    for target, prices in _targets(chosen, out).items():
        _require_own(target, files)
        labels = list(timed_labels(_detector(detector), prices, stamps))
        summary = _summary(prices, labels)
        try:
            write_labels(target, labels)
        except OSError as error:
            raise PricesError(f"{target}: cannot be written: {error.strerror or error}") from None
        click.echo(f"{target}: {summary}")


def _targets(chosen: dict[str, Prices], out: Path) -> dict[Path, Prices]:
    """Return the prices by the file of their labels, each of which is that of one symbol."""
    symbols: dict[Path, str] = {}
    for of_symbol in chosen:
        target = Path(str(out).replace(_BY_SYMBOL, of_symbol.replace("/", "_")))
        if (other := symbols.setdefault(target, of_symbol)) != of_symbol:
            raise PricesError(f"{target} would be that of {other} and of {of_symbol}: choose one with --symbol")
    return {target: chosen[of_symbol] for target, of_symbol in symbols.items()}


def _require_own(target: Path, files: tuple[Path, ...]) -> None:
    """Refuse to write in the place of what is read, or of a device, which would be gone."""
    if target.exists() and any(file.exists() and target.samefile(file) for file in files):
        raise PricesError(f"--out {target} is one of the files that are read: give another name")
    if target.exists() and not target.is_file():
        raise PricesError(f"--out {target} is no file: give the name of one")


def _one(found: dict[str, Prices], symbol: str | None) -> Prices:
    (prices,) = _chosen(found, symbol, Path()).values()
    return prices


def _names(texts: tuple[str, ...]) -> dict[str, str]:
    names: dict[str, str] = {}
    for pair in (pair.strip() for text in texts for pair in text.split(",")):
        ours, separator, theirs = (part.strip() for part in pair.partition("="))
        if not separator or not theirs or ours not in KNOWN_NAMES:
            raise click.BadParameter(f"{pair!r}: give one of {', '.join(f'{known}=<column>' for known in KNOWN_NAMES)}")
        names[ours] = theirs
    return names


def _chosen(found: dict[str, Prices], symbol: str | None, out: Path) -> dict[str, Prices]:
    some = symbols_told(found)
    if symbol is not None:
        alike = {name: prices for name, prices in found.items() if name.upper() == symbol.upper()}
        chosen = {symbol: alike[symbol]} if symbol in alike else alike
        if not chosen:
            raise PricesError(f"--symbol {symbol}: the files hold {some or 'none that has a name'}")
        return chosen
    if len(found) > 1 and _BY_SYMBOL not in str(out):
        raise PricesError(
            f"the files hold {len(found)} symbols, {some}: choose one with --symbol, or write a file for each with "
            f"--out 'regimes-{_BY_SYMBOL}.csv'"
        )
    return found


def _detector(name: str) -> Detector:
    if name == "thresholds":
        return ThresholdDetector()
    made: Detector = imported("strategic_memory_server.regimes.hidden_markov_detector").HiddenMarkovDetector()
    return made


def _summary(prices: Prices, labels: list[TimedLabel]) -> str:
    if not labels:
        raise PricesError(f"{len(prices.closes)} closes are too few for a label: give a longer history")
    counts = Counter(timed.label.regime for timed in labels)
    shares = ", ".join(f"{name} {count / len(labels):.0%}" for name, count in counts.most_common())
    span = " to ".join(_shown(timed.time_ms) for timed in (labels[0], labels[-1]))
    repeated = f"; {prices.repeated} closes were given twice, the later row counts" if prices.repeated else ""
    left_out = "".join(f"; {count} rows left out: {reason}" for reason, count in sorted(prices.left_out.items()))
    jumps = f"; {prices.jumps} closes are 3 times the one before or a third of it: right?" if prices.jumps else ""
    return f"{len(labels)} labels from {len(prices.closes)} closes, {span}: {shares}{repeated}{left_out}{jumps}"


def _shown(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000.0, UTC).strftime("%Y-%m-%d %H:%M")
