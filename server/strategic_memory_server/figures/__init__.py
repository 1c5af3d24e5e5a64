"""Figures that describe past results beside the advice: how much there is, what it earned, at what risk, how surely.

Each is a pure function of plain columns, oldest first, and returns values. What is not defined is None, never 0 and
never NaN. `performance.py` gathers the figures of one group of trades, `breakdown.py` those of all groups.
"""
