"""Many cases in one test: pytest counts it once, and a failure names its case.

For cases that are quick and share nothing but what pure code may share: fixtures are set up once for all of them. What
needs a Redis that is empty each time stays with `pytest.mark.parametrize`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Test = Callable[..., Any]


def each_case(names: str | tuple[str, ...], cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Call the test for each case in turn, up to the first that fails.

    Args:
        names: of its arguments that a case gives, as `pytest.mark.parametrize` takes them.
        cases: their values; tuples where there are several names.
    """
    several = tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names
    named = [dict(zip(several, case if len(several) > 1 else (case,), strict=True)) for case in cases]
    assert named, "a test without cases shows nothing"

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)
        if inspect.iscoroutinefunction(test):

            @functools.wraps(test)
            async def each_awaited(**fixtures: object) -> None:
                __tracebackhide__ = True
                for case in named:
                    with _naming(case):
                        await test(**fixtures, **case)

            decorated: Test = each_awaited
        else:

            @functools.wraps(test)
            def each(**fixtures: object) -> None:
                __tracebackhide__ = True
                for case in named:
                    with _naming(case):
                        test(**fixtures, **case)

            decorated = each
        others = [parameter for name, parameter in signature.parameters.items() if name not in several]
        vars(decorated)["__signature__"] = signature.replace(parameters=others)
        return decorated

    return decorate


@contextmanager
def _naming(case: dict[str, Any]) -> Iterator[None]:
    __tracebackhide__ = True
    try:
        yield
    except BaseException as error:
        error.add_note("case: " + ", ".join(f"{name}={value!r}" for name, value in case.items()))
        raise
