"""How long a test waits for what must happen.

It ends tests that hang, and says nothing of speed: the machines that run them differ by a factor of
ten. What must happen fast is measured by `make bench`.
"""

PATIENCE_S = 120.0
