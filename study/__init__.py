"""What the evidence estimator is held to, measured on made-up worlds from seeds; see docs/evidence.md."""
