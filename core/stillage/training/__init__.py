"""Training networks: one seed decides everything, and an interruption changes nothing."""
