"""Real processes on a real data folder, hurt at random moments: nothing acknowledged may be lost.

`python -m evals.torture 50 --seed 1`. Each cycle sends files, new versions and deletions to the
API while something happens to it: kill -9 of the API, the worker, the reader or all of them, a full
disk, an index folder that cannot be written, a snapshot that is truncated, changed or gone. Then
what is dead is started again, the queue runs empty, and everything is compared.
"""
