"""Judging: verdicts, statistics, trends, the result of a study."""
