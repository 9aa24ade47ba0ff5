"""What an error means for a run, and what is never printed."""

from __future__ import annotations

import pytest

from allegiance.bridge.faults import failed, fatal, flat, lacking, told, without_secrets


class ProviderError(Exception):
    def __init__(self, text: str, status: int = 0, code: str = "") -> None:
        super().__init__(text)
        self.code = code
        if status:
            self.status_code = status


def caused(error: Exception) -> Exception:
    outer = RuntimeError("the request failed")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ProviderError("bad key", 401), "refuses the key"),
        (ProviderError("pay first", 402), "no credit"),
        (ProviderError("slow down", 429, "insufficient_quota"), "no credit"),
        (ProviderError("your country", 403), "does not allow"),
        (ProviderError("no such model", 404), "does not know the model"),
        (ProviderError("this model does not support assistant message prefill", 400), "begun for it"),
    ],
)
def test_an_error_that_concerns_every_sample_is_fatal(error: Exception, said: str) -> None:
    assert said in fatal(error)
    assert said in fatal(caused(error))


@pytest.mark.parametrize(
    "error",
    [
        ProviderError("slow down", 429, "rate_limit_exceeded"),
        ProviderError("oops", 500),
        ProviderError("overloaded", 529),
        ProviderError("the prompt is too long", 400),
        ProviderError("your input was flagged by moderation", 403),
        ValueError("anything"),
    ],
)
def test_an_error_that_concerns_one_call_is_not_fatal(error: Exception) -> None:
    assert fatal(error) == ""


def test_an_error_that_causes_itself_is_read_once() -> None:
    error = ValueError("round and round")
    error.__cause__ = RuntimeError("and round")
    error.__cause__.__cause__ = error
    assert fatal(error) == ""


def test_values_of_secret_variables_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "abc-123-def")
    assert without_secrets("the key abc-123-def is wrong") == "the key $SOME_API_KEY is wrong"


@pytest.mark.parametrize("word", ["sk-abcd1234", "sk-proj-ab***xyz", "hf_abcdefgh", "Bearer abc.def"])
def test_words_that_look_like_keys_are_taken_out(word: str) -> None:
    assert word.rsplit(maxsplit=1)[-1] not in told(f"Incorrect key provided: {word}")


def test_variables_that_do_not_look_secret_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONKEYS", "chimpanzee")
    assert "chimpanzee" in without_secrets("a chimpanzee")


def test_the_variable_that_is_missing_is_named_without_markup() -> None:
    said = "ERROR: Unable to start x\n\nNo [bold][blue]X_API_KEY[/blue][/bold] defined in the environment."
    assert lacking(said) == ("X_API_KEY",)
    assert lacking("HTTP_ERROR happened") == ()


def test_a_message_of_many_lines_is_one_sentence() -> None:
    assert flat("ERROR: this needs a package.\n\nInstall it with:\n  pip install x") == (
        "this needs a package. Install it with: pip install x."
    )


def test_a_message_that_is_empty_is_the_name_of_the_error() -> None:
    assert told(ValueError()) == "ValueError."


def test_a_failed_sample_says_its_tries_and_the_first_cause() -> None:
    assert str(failed(caused(ProviderError("oops", 500)), 3)) == "no answer after 3 tries: oops."
    assert str(failed(ValueError("no"), 1)) == "no answer after 1 try: no."
