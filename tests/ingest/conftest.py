"""Property tests here are about what is true, not about how fast this machine is today."""

from hypothesis import settings

settings.register_profile("without_deadline", deadline=None)
settings.load_profile("without_deadline")
