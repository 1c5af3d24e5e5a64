"""What stands for a value that an entry of a stream gives more than once, and differently."""

GIVEN_AGAIN = b"\x00, given again: "
"""Stands between the values. No number and no name has it."""
