"""The residents process: which services it hosts, and what they need before they start."""

from __future__ import annotations

from services.residents.interests.service import InterestsService
from services.residents.registry.service import RegistryService, prepare

SERVICES = (RegistryService, InterestsService)

__all__ = ["SERVICES", "prepare"]
