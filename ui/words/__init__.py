"""Texts of the interface, in Chinese and English."""
