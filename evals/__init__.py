"""Measures quality, speed, memory and crash safety."""
