"""Notes: what was unusual about entries that were used, as stable names for reports."""

from __future__ import annotations

REGIME_INFERRED = "regime_inferred"
"""The entry had no regime and took the one observed by its opening, or by its close where the opening is not known."""

REGIME_AS_OF_CLOSE = "regime_as_of_close"
"""The entry had no regime and its opening is not known, where others tell theirs; the regime stream was asked as of its
close."""

REGIME_NOT_OBSERVED = "regime_not_observed"
"""The entry had no regime and none was observed by then; it counts as UNKNOWN."""

POLICY_UNRECOGNISED = "policy_unrecognised"
"""The trade names a policy that is none of the three; it counts for its regime and for no policy."""

ID_IN_FUTURE = "id_in_future"
"""The id is later than the clock of Redis by more than a minute: it orders the entry, and is no time."""

ID_IS_NO_TIME = "id_is_no_time"
"""The id lies before 1990 as milliseconds, and counts something else: it orders the entry, and is no time."""

CONFIDENCE_OUT_OF_RANGE = "confidence_out_of_range"
"""The observation gives a confidence that is not from 0 to 1; it counts as none."""

OBSERVED_WITHOUT_PNL = "observed_without_pnl"
"""The observation has no pnl: it tells the regime, and counts in no figure."""

TRADE_ID_REPEATED = "trade_id_repeated"
"""The trade has the `trade_id` of an earlier one of the window; it is left out."""

TRADE_ID_REUSED = "trade_id_reused"
"""The trade has the `trade_id` of an earlier one and another pnl: it is left out, and may well be another trade."""

TRADE_ID_HASHED = "trade_id_hashed"
"""The `trade_id` is above 64 characters, or no printable UTF-8: trades are told apart by a digest of it."""

NUMPY_SCALAR = "numpy_scalar"
"""A field holds what numpy writes for one of its scalars, such as np.float64(0.3); it was read as what it means."""

TRIMMED_BEFORE_READ = "trimmed_before_read"
"""Entries that were added and trimmed away between two readings, so that they were never seen."""

PERHAPS_TRIMMED_BEFORE_READ = "perhaps_trimmed_before_read"
"""The same, where Redis (before version 7) does not tell whether there were any, and how many: 1."""

COUNTED_AS_OTHER = "counted_as_other"
"""The regime of the entry is not among those that are kept apart; it counts as OTHER."""

LEVERAGE_CAP_LIFTED = "leverage_cap_lifted"
"""The source had a cap on leverage lately; its key is gone, its object is without the field, or it is above 2 now."""

LEVERAGE_CAP_MISSPELT = "leverage_cap_perhaps_misspelt"
"""The object has no cap on leverage, but a field whose name looks like a misspelt one."""
