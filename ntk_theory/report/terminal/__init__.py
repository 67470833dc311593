"""Terminal: what the commands print."""
