"""The engine: compilation, packing, randomness and the ledger; the only place that knows numba."""
