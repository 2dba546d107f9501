"""Are awaitables timed as they should be? The tests of the benchmarks, apart from those of the checks."""
