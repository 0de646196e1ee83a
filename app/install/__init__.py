"""Creates the environment in which Zhiwen runs: `install.sh` chooses Python, `__main__.py` starts.

Runs before anything is installed, so this package uses only the standard library.
"""
