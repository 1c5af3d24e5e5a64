"""Which portfolios borrow from each other."""

from __future__ import annotations

from dataclasses import replace

import redis.asyncio
from syncing import SETTINGS

from strategic_memory_server.configuration.portfolio_settings import PortfolioSettings
from strategic_memory_server.portfolios.groups import MOST_READ, Groups
from strategic_memory_server.revisions.log_settings import LogSettings


def told(name: str, group: str = "fx") -> PortfolioSettings:
    advice = replace(SETTINGS.advice, group=group)
    return PortfolioSettings(f"quantum:{name}", replace(SETTINGS, advice=advice), LogSettings())


def others(groups: Groups, name: str, client: redis.asyncio.Redis, group: str = "fx") -> list[str]:
    return list(groups.others(name, replace(SETTINGS.advice, group=group), client))


async def test_they_are_those_of_the_same_group_but_oneself(async_client: redis.asyncio.Redis) -> None:
    groups = Groups(told("default", "fx"))
    groups.take(
        {"beta": told("beta"), "alpha": told("alpha"), "other": told("other", "metals"), "alone": told("x", "")}
    )
    assert others(groups, "alpha", async_client) == ["", "beta"]
    assert others(groups, "", async_client) == ["alpha", "beta"]
    assert others(groups, "other", async_client, "metals") == []


async def test_they_come_and_go(async_client: redis.asyncio.Redis) -> None:
    groups = Groups(told("default", ""))
    groups.take({"alpha": told("alpha"), "beta": told("beta")})
    assert others(groups, "alpha", async_client) == ["beta"]
    groups.take({"alpha": told("alpha"), "gamma": told("gamma")})
    assert others(groups, "alpha", async_client) == ["gamma"]


async def test_of_very_many_the_first_by_name_are_read(async_client: redis.asyncio.Redis) -> None:
    groups = Groups(told("default", ""))
    groups.take({f"p{number:03}": told(f"p{number:03}") for number in range(MOST_READ + 10)})
    assert others(groups, "p000", async_client) == [f"p{number:03}" for number in range(1, MOST_READ + 1)]


async def test_one_that_decays_otherwise_is_not_read_whatever_it_remembered_before(
    async_client: redis.asyncio.Redis,
) -> None:
    beta = told("beta")
    evidence = replace(beta.sync.advice.evidence, decay=0.99)
    otherwise = replace(beta, sync=replace(beta.sync, advice=replace(beta.sync.advice, evidence=evidence)))
    groups = Groups(told("default", ""))
    groups.take({"alpha": told("alpha"), "beta": otherwise, "gamma": told("gamma")})
    assert others(groups, "alpha", async_client) == ["gamma"]
