"""Seeded defects: what proves that the suite catches them also behind the shim. SPOOLPROOF_DEFECT names one."""

from __future__ import annotations

import os

DEFECT = os.environ.get("SPOOLPROOF_DEFECT", "")
