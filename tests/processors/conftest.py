"""Property tests here are seeded and have no opinion on the machine's speed."""

from hypothesis import settings

settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")
