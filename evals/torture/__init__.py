"""Crash tests of real processes on real data: acknowledged changes must not be lost.

`python -m evals.torture 50 --seed 1`, on one data folder with SQLite; `--two-by-two`, with two API
processes and two workers on one PostgreSQL, and searches and questions beside the changes.

Each cycle sends files, new versions and deletions to the API while it injects a fault: kill -9 of
the API, the worker, the reader or all of them, a full disk, a read-only index folder, or a
truncated, corrupted or missing snapshot. Then it restarts the dead processes, waits until the queue
is empty, and compares everything.
"""
