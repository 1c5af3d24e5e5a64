"""The variables of Redis: where it is, who asks, and for how long an answer is waited for."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from strategic_memory_server.configuration.environment_values import Seconds, read_key_prefix, read_redis_url
from strategic_memory_server.configuration.plain_numbers import PlainNumbers
from strategic_memory_server.redis_access.redis_settings import RedisSettings


class RedisEnvironment(PlainNumbers):
    """How Redis is reached."""

    redis_url: Annotated[str, AfterValidator(read_redis_url)] = Field(
        "redis://redis:6379/0", validation_alias="REDIS_URL"
    )
    key_prefix: Annotated[str, AfterValidator(read_key_prefix)] = "quantum"
    redis_password_file: str | None = None
    redis_ca: str | None = None
    redis_cert: str | None = None
    redis_key: str | None = None
    redis_sentinel_username: str | None = None
    redis_sentinel_password: str | None = Field(None, repr=False)
    redis_sentinel_password_file: str | None = None
    redis_connect_timeout: Seconds = 2.0
    redis_command_timeout: Seconds = 3.0

    def redis_settings(self) -> RedisSettings:
        """The settings of Redis."""
        return RedisSettings(
            url=self.redis_url,
            key_prefix=self.key_prefix,
            connect_timeout_s=self.redis_connect_timeout,
            command_timeout_s=self.redis_command_timeout,
            password_file=self.redis_password_file,
            ca_file=self.redis_ca,
            certificate_file=self.redis_cert,
            key_file=self.redis_key,
            sentinel_username=self.redis_sentinel_username,
            sentinel_password=self.redis_sentinel_password,
            sentinel_password_file=self.redis_sentinel_password_file,
        )
