"""From a memory to an advice, as pure values: analysis, rules, evidence."""
