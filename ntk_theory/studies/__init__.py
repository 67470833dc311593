"""Where predictions meet measurements: questions, cells, statistics, verdicts."""
