"""Storage: files that are whole or absent, digests, and what a model was trained on."""
