"""The machinery that knows no scenario: dynamics, ledger, power, randomness, environments."""
