pytest_plugins = ["tests.support.failing", "tests.support.lending", "tests.support.service"]
