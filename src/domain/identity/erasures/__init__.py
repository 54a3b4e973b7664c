"""People who were erased: what is left to do, and who has confirmed it."""
