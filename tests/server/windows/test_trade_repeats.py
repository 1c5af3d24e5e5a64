"""TradeRepeats against a list of all trades of the window."""

from __future__ import annotations

from random import Random

from each_case import each_case

from strategic_memory_server.windows.trade_repeats import TradeRepeats


def counting(window: list[tuple[int, str]]) -> set[int]:
    """Numbers of the trades that are the first of their id in the window, or have none."""
    seen: set[str] = set()
    found = set()
    for number, trade_id in window:
        if not trade_id or trade_id not in seen:
            found.add(number)
        seen.add(trade_id)
    return found


@each_case("seed", range(200))
def test_of_each_id_the_first_in_the_window_counts(seed: int) -> None:
    random = Random(seed)
    names = ["", *(f"T-{number}" for number in range(random.choice((1, 3, 20))))]
    repeats, window, counts = TradeRepeats(), list[tuple[int, str]](), set[int]()
    for _ in range(40):
        if random.random() < 0.6:
            start = window[-1][0] + 1 if window else 1_000
            new = [random.choice(names) for _ in range(random.randrange(6))]
            repeated = repeats.add(new)
            counts |= {start + place for place in range(len(new)) if place not in repeated}
            window += [(start + place, trade_id) for place, trade_id in enumerate(new)]
        elif window:
            count = random.randrange(1, len(window) + 1)
            dropped, window = window[:count], window[count:]
            counts -= {number for number, _ in dropped}
            counts |= {window[place][0] for place in repeats.drop([trade_id for _, trade_id in dropped])}
        if not window:
            repeats = TradeRepeats()
        assert counts == counting(window)
        assert repeats.count == len(window) - len(counts)
        ids = [trade_id for _, trade_id in window]
        again = [bool(trade_id) and trade_id in ids[place + 1 :] for place, trade_id in enumerate(ids)]
        assert repeats.replaceable(ids) == (again.index(False) if False in again else len(again))
