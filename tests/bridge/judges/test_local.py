"""The embedded model as a judge: end to end, in the form that was asked for, and of no use."""

from __future__ import annotations

import pytest

from allegiance.bridge.judges.opening import EMBEDDED, opened
from allegiance.bridge.local_model import cached
from allegiance.errors import UnknownName, UsageError
from allegiance.rating.judging.judge import Judge
from allegiance.rating.judging.runner import Judging
from allegiance.records.question import Question
from allegiance.testing import tiny_corpus

pytest.importorskip("xllamacpp")


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.skipif(cached() is None, reason="the embedded model is not in the cache")
def test_the_local_model_answers_in_the_form_with_the_code_of_its_call() -> None:
    judge = Judge(
        question=Question(name="q", text="Does it say REPLACE?"), model=EMBEDDED, view="answer", limit=500
    )
    [item] = tiny_corpus(1, 1)[:1]
    with opened(EMBEDDED, max_tokens=200, chances=True) as asker:
        [batch] = Judging(judge, asker, twins=0).batches([(item.name, item)])
    assert batch.parses == {"ok": 1}
    assert batch.labels[0].value in ("yes", "no", "unsure")
    assert 0 <= (batch.labels[0].score or 0.0) <= 1


def test_there_is_no_other_local_model_by_name() -> None:
    with pytest.raises(UnknownName), opened("allegiance/other"):
        pass


def test_a_key_is_for_a_server_that_is_named() -> None:
    with pytest.raises(UsageError, match="--direct only"), opened("mockllm/model", key="NAME"):
        pass
