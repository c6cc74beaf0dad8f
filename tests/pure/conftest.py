"""Properties are no measurements: how long an example takes is not asserted, however busy the machine is."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_USUAL = settings.get_profile(settings.get_current_profile_name())
settings.register_profile("patient", _USUAL, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
