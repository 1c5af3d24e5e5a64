"""How numbers of settings are written, by a variable, a flag or the section of a portfolio alike."""

from __future__ import annotations

from typing import get_args

from pydantic import ValidationInfo, field_validator
from pydantic_settings import BaseSettings


class PlainNumbers(BaseSettings):
    """Settings whose numbers are digits: Python would read 1_0 as 10, where 1.0 may have been meant."""

    @field_validator("*", mode="before")
    @classmethod
    def _has_no_underscores(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, str) and "_" in value and _is_number(cls.model_fields[info.field_name or ""].annotation):
            raise ValueError("give the number in digits, without underscores")
        return value


def _is_number(annotation: object) -> bool:
    return annotation in (int, float) or any(_is_number(part) for part in get_args(annotation))
