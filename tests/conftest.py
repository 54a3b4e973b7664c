pytest_plugins = ["tests.support.lending"]
