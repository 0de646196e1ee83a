"""Bulk ingestion on a Ray cluster: nodes read and embed, this process claims and commits.

    claim → bytes → [read → embed] → commit       brackets: on a node, by the pipeline of the worker

Nodes hold neither database nor files. What a node holds when it dies is read again by another,
under the claim that this process keeps.
"""
