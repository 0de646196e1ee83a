"""Trains a LoRA adapter: `python -m app.tuning.trainer FOLDER`, by the Python of `make train-env`.

A process of its own in an environment of its own. It reads `plan.json` and `rows.jsonl` in the
folder and leaves `adapter/` and `report.json` there; `progress.jsonl` grows meanwhile. It imports
nothing of Zhiwen but this package, so that its environment needs nothing of Zhiwen's.
"""
