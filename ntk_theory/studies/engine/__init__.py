"""The engine of studies: cells, store, runner, workers, cost. It knows no kind of study."""
