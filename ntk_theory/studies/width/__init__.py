"""Studies of width: what a wider network gains after training, and which part of the error keeps it."""
