"""Names of epochs."""

from __future__ import annotations

from advice import feedback

from strategic_memory_server.revisions.log_opening import mint_epoch


def test_minted_epochs_differ_and_fit_the_scripts() -> None:
    minted = {mint_epoch() for _ in range(1_000)}
    assert len(minted) == 1_000
    assert all(epoch.isalnum() and len(epoch) >= 16 for epoch in minted)
    assert feedback(1).epoch == "e1"
