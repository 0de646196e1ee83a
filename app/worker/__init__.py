"""The worker: `python -m app.worker`.

Several processes. The first only watches the queue and weighs little (`watch.py`). When there is
something to ingest it starts a reader (`reader.py`) that loads the embedder, empties the queue,
waits a while for more and ends: so an idle service does not hold a second copy of the model, and a
file that kills its reader kills only that process. Its job is then released and tried again.
"""
