"""Measures of service and client, each beside the bare thing that does the same work; see docs/benchmarks.md."""
