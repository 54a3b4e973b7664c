"""Work done after the commit, at least once. The rows of `jobs` are the truth; brokers only carry their ids."""
