"""The sensor time series plugin."""
