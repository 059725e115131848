"""Settings for generated tests on machines that have other things to do."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Takes a slow moment of the machine for no fault of the test."""
