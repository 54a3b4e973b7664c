"""What the Makefile calls beside the tools of others."""
