"""Uploads files and folders, and keeps a base in step with a folder."""
