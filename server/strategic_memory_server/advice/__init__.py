"""From an analysis to an advice, as pure values: rules, evidence, leverage."""
