"""Service accounts: what programs of an organization are granted something as."""
