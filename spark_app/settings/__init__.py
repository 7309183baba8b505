"""Typed settings: ``conf/base.yaml`` < overlay files < ``--set section.key=value``, merged key by key.

Every default stands in ``conf/base.yaml``; the models here hold types and limits only. A wrong key or value raises
``UsageError`` with its dotted path before Spark starts.
"""

from __future__ import annotations

from spark_app.settings.classify import ClassifySettings
from spark_app.settings.load import conf_folder, load_settings
from spark_app.settings.resolved import Settings
from spark_app.settings.sections import CurateSettings, SourceSettings

__all__ = ["ClassifySettings", "CurateSettings", "Settings", "SourceSettings", "conf_folder", "load_settings"]
