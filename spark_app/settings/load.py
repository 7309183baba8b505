"""Settings from files and assignments; what is wrong with them is said before Spark starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import ValidationError

from spark_app.errors import UsageError
from spark_app.settings.base import Section
from spark_app.settings.resolved import Settings
from spark_app.stores import is_reachable

_NOT_IN_ROOTS = "%[]^|\\?#"  # delta-rs does not find tables or their history below such folders, or panics
_OVERLAY_FORM = "Write sections with their keys below, such as 'similar:' and on the next line '  k: 20'."


def conf_folder() -> Any:
    """The folder ``conf``: beside the package in a checkout or a code zip, inside it in a wheel."""
    package = resources.files("spark_app")
    inside = package / "conf"
    return inside if (inside / "base.yaml").is_file() else package.parent / "conf"  # type: ignore[attr-defined]


def load_settings(overlays: Iterable[str] = (), assignments: Iterable[str] = ()) -> Settings:
    """Settings from the base file, overlay files and ``section.key=value`` assignments, in that order.

    Args:
        overlays: Paths of YAML files that hold differences.
        assignments: ``section.key=value``; the value of a text setting is taken as it stands, but for blanks around
            it or YAML's quotes; that of any other is read as YAML.

    Raises:
        UsageError: An unreadable file, an unknown key (with the nearest names), or a value out of its limits.
    """
    merged: dict[str, Any] = yaml.safe_load((conf_folder() / "base.yaml").read_text(encoding="utf-8"))
    for overlay in overlays:
        merged = _merge(merged, _read_overlay(overlay))
    for assignment in assignments:
        merged = _merge(merged, _parse_assignment(assignment))
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise UsageError(*_explain(error, merged)) from None
    _check_root(settings.root)
    return settings


def _check_root(root: str) -> None:
    remedy = "Name another folder: --set tables.root=FOLDER"
    if not is_reachable(root):
        raise UsageError(f"tables cannot lie in {root}: neither a path nor file:, s3:// or s3a://", remedy)
    folder = root if "://" in root else str(Path(root).absolute())
    wrong = [character for character in _NOT_IN_ROOTS if character in folder]
    if wrong:
        raise UsageError(f"tables cannot lie in {folder}: its name holds {' and '.join(wrong)}", remedy)


def _read_overlay(path: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"cannot read the settings file {path}: {error.strerror}", "Name a local YAML file: --conf FILE"
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8: byte {error.start} begins no character of it", "Save the file as UTF-8."
        ) from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a day that no calendar has
        raise UsageError(f"{path} is not valid YAML: {_yaml_fault(error)}", _OVERLAY_FORM) from None
    if values is not None and not isinstance(values, dict):
        raise UsageError(f"{path} holds no sections", _OVERLAY_FORM)
    return values or {}


def _yaml_fault(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    fault = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}: {fault}" if mark else fault


def _parse_assignment(assignment: str) -> dict[str, Any]:
    dotted, equals, text = assignment.partition("=")
    if not equals or not dotted.strip():
        raise UsageError(f"--set {assignment} is no assignment", "Write section.key=value, such as --set similar.k=20")
    parts = dotted.strip().split(".")
    value: Any = _text(text.strip()) if _type_of(parts) is str else _from_yaml(text)
    for part in reversed(parts):
        value = {part: value}
    return dict(value)


def _type_of(parts: Iterable[str]) -> Any:
    """The declared type of a setting; None where there is no such setting."""
    kind: Any = Settings
    for part in parts:
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif isinstance(kind, type) and issubclass(kind, Section) and part in kind.model_fields:
            kind = kind.model_fields[part].annotation
        else:
            return None
    return kind


def _text(text: str) -> str:
    """The text itself; without its quotes where it is one quoted text of YAML."""
    quoted = len(text) > 1 and text[0] in "'\"" and text[0] == text[-1]
    value = _from_yaml(text) if quoted else text
    return value if isinstance(value, str) else text


def _from_yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text) if text.strip() else ""
    except (yaml.YAMLError, ValueError):  # ValueError: a day that no calendar has
        return text  # the check of the settings says what should stand there


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _explain(error: ValidationError, values: Mapping[str, Any]) -> tuple[str, str]:
    first = error.errors(include_url=False, include_input=False)[0]
    dotted = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"setting {dotted}: {first['msg']}", "conf/base.yaml lists every setting with its limits."
    section: Any = values
    for part in first["loc"][:-1]:
        section = section[part]
    near = difflib.get_close_matches(str(first["loc"][-1]), [k for k in section if k != first["loc"][-1]], n=3)
    prefix = ".".join(str(part) for part in first["loc"][:-1])
    names = ", ".join(f"{prefix}.{name}" if prefix else name for name in near)
    return f"there is no setting {dotted}", f"Did you mean {names}?" if near else "See: spark-app config"
