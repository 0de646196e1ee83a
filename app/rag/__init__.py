"""Retrieve, prompt, answer, cite. Knows neither the database nor HTTP."""
