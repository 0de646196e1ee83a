"""Makes the environment in which Zhiwen runs: `install.sh` chooses a Python, `__main__.py` begins.

Runs before anything is installed, so everything in this package uses the standard library alone.
"""
