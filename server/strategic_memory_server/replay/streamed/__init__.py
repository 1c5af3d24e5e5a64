"""Figures of trades that are read several times instead of being held: the same as `figures`, to about 1e-9.

Sums are those of pieces, added up; they differ from the sums of whole columns in their last digits. Only the intervals
by block bootstrap rest on something else beyond 131,072 trades, see `cell_bootstrap.py`.
"""
