import signal

pytest_plugins = ["tests.support.failing", "tests.support.lending", "tests.support.service", "tests.support.pair"]

# Whoever is started in the background of a script ignores Ctrl-C, and so would every program that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
