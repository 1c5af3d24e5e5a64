"""The feedback log: revisions written, followed, kept at hand and handed to subscribers."""
