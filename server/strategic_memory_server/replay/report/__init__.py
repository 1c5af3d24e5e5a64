"""The findings as report.json, and as one page with plots."""
