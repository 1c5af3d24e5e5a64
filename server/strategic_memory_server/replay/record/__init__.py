"""From pages to one record: entries in the order of their times, each with its regime."""
