"""The things of consuming services that access is decided about, and how they lie in each other."""
