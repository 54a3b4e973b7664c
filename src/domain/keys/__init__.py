"""The keys that sign access tokens: published before they sign, kept until nothing they signed is left."""
