"""How properties are tried: how long an example takes is the machine's affair, and no fault of what is tested."""

from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
