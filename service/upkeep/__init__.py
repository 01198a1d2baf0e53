"""Looking after a store: moving it, keeping copies of it, and proving that it is what it says."""
