"""Inspect's mock provider with a script: ``--model mockllm/model -M script=FILE``. Needs no network and no key.

The script is JSON (see `records.script`). What is asked, in which condition and for which time, is read from the
sample, so that the same sample has the same reply however many are under way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from inspect_ai.model import ModelOutput, ModelUsage
from inspect_ai.solver._task_state import sample_state

from allegiance.bridge.naming import KEY
from allegiance.errors import InputError
from allegiance.records.script import FORMAT, Script

SETTING = "script"
_USAGE = ModelUsage(input_tokens=0, output_tokens=0, total_tokens=0)
"""Said, since the mock provider else fetches a tokenizer to count."""


def with_script(model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a model; for the mock provider, the name of a script is replaced by what it says.

    Raises:
        InputError: The script cannot be read.
    """
    given = dict(settings)
    if model.startswith("mockllm/") and SETTING in given:
        given["custom_outputs"] = _speaking(_read(Path(str(given.pop(SETTING)))))
    return given


def _read(path: Path) -> Script:
    advice = "Write one with allegiance.testing.ScriptedStandings, or see docs/standing.md."
    try:
        script = msgspec.json.decode(path.read_bytes(), type=Script)
    except OSError as error:
        raise InputError(f"the script cannot be read: {error.strerror}.", where=str(path), next=advice) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"this is not a script: {error}.", where=str(path), next=advice) from None
    if script.format != FORMAT:
        what = f"the format is {script.format!r}; this version reads {FORMAT!r}."
        raise InputError(what, where=str(path), next=advice)
    return script


def _speaking(script: Script) -> Callable[..., ModelOutput]:
    def answer(*_: object) -> ModelOutput:
        state = sample_state()
        note: dict[str, Any] = state.metadata.get(KEY, {}) if state else {}
        levels = note.get("condition", {}).get("levels", {})
        text = script.reply(str(note.get("request", "")), levels, int(note.get("sample", 0)))
        if text is None:
            raise ValueError("the script lets this call fail")
        output = ModelOutput.from_content("mockllm", text)
        output.usage = _USAGE
        return output

    return answer
