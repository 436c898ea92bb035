"""The cases of the contract, as what is timed."""
