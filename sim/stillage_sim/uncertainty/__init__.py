"""Declared distributions and recorded series, and the sampling that makes replicas of them."""
