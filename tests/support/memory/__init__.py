"""Every port in memory; each adapter passes the contract suite of its port."""
