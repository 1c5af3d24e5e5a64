"""Replay: what the service would have said over recorded trades, at each moment of the record and no later.

Its rooms are stages: files -> record -> courses -> judging -> report.
"""
