"""The projections' stores and what keeps them up with the log."""
