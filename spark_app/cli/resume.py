"""What a resumed run takes over from the run that did not end: its settings and the steps that were done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spark_app.errors import UsageError
from spark_app.jobs.results import StepResult
from spark_app.settings import Settings, load_settings

_MAY_DIFFER = "run.build"  # names the place where the run is found, in another way perhaps
_MASK = "***"


def resumed_settings(earlier: Mapping[str, Any], asked: Settings) -> Settings:
    """The settings of the run that is resumed.

    Args:
        earlier: Its ``run_results.json``, which holds no password.
        asked: Resolved from the command line of the retry.

    Raises:
        UsageError: The command line asks for another value than the run had: steps done and steps to come would
            not belong together.
    """
    stored = dict(_flat(earlier["settings"]))
    defaults = dict(_flat(load_settings().model_dump(mode="json")))
    wanted = dict(_flat(asked.model_dump(mode="json")))
    other = [
        name
        for name, value in wanted.items()
        if value != defaults[name] and value != stored.get(name) and _MASK not in str(stored.get(name))
    ]
    if changed := [name for name in other if name != _MAY_DIFFER]:
        raise UsageError(
            f"a run is resumed with the settings it had; it had another {' and '.join(changed)}",
            f"Begin anew with what you want: spark-app {earlier['command']} --set {changed[0]}=…",
        )
    values = dict(earlier["settings"])
    if _MASK in values["tracking"]["uri"]:
        values["tracking"] = {**values["tracking"], "uri": asked.tracking.uri}
    return Settings.model_validate(values)


def finished_steps(earlier: Mapping[str, Any]) -> list[StepResult]:
    """The steps that were done before, so that the next retry knows of them as well."""
    return [StepResult(**step) for step in earlier["steps"] if step["status"] != "ERROR"]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
