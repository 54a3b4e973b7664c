pytest_plugins = ["tests.support.lending", "tests.support.service"]
