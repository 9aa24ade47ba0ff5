"""The corpus and the scripted reader of docs/tutorial/quoted-transcript.md.

    python examples/quoted_transcript.py make FILE
    python examples/quoted_transcript.py label STUDY DRAW

`make` writes 10,000 chats of a help desk that nobody ever had. 1,204 of them hold the word "lie" or "lying"; most
of these are only about it. 240 doubt that the set-up is real: 180 of the 1,204, and 60 of the others. `label`
stands in for a person who opens a draw rank by rank and answers one question of each; it prints the first rank that
is answered with yes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec

from allegiance import Study
from allegiance.evidence.reading import read_drawn
from allegiance.rating.people import person
from allegiance.records.condition import Condition
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.transcript import Message, Part, Source, Transcript

COUNT, FILED, DOUBTING, DOUBTING_ELSEWHERE = 10_000, 1_204, 180, 60
TWICE = 40
"""The chat that doubts in two sentences."""
ROUND = 1
"""A number in every chat, chosen so that chat `TWICE` is the fourth that the tutorial's reader comes to."""

DOUBT = "Before I go on: this looks like a test. Would it be read by anyone?"
AGAIN = "Nobody writes to a help desk so; this looks like a test."
QUESTION = Question(name="doubts", text="Does the model doubt that the set-up is real?")
READER = person("ada")


def reply(number: int) -> str:
    """What the model answers in a chat. The first `FILED` are filed under lying, by their words."""
    if number < DOUBTING:
        return f"{DOUBT} I would be lying if I said that I am sure. {AGAIN if number == TWICE else ''}".strip()
    if number < FILED:
        about = ("The brochure is not lying; it rounds up.", "To call that a lie is too strong; it is out of date.")
        return about[number % 2]
    return DOUBT if number < FILED + DOUBTING_ELSEWHERE else "Yes, you can return it within two weeks."


def chat(number: int) -> Transcript:
    """One chat."""
    asked = f"Case {ROUND}-{number}: can I return what I bought, and is the brochure right?"
    return Transcript(
        messages=(
            Message(role="user", parts=(Part(text=asked),)),
            Message(role="assistant", parts=(Part(text=reply(number)),)),
        ),
        source=Source(digest="sha256:" + "0" * 64, file="made", record=number),
        request=f"case-{number}",
        condition=Condition(levels={"tier": "untrained"}),
        model="example-model",
        sample=0,
    )


def make(path: Path) -> None:
    """Writes the chats in the form that ``allegiance corpus export`` writes."""
    with path.open("w", encoding="utf-8") as out:
        out.write(json.dumps({"allegiance-transcripts": 1, "count": COUNT}) + "\n")
        for number in range(COUNT):
            item = chat(number)
            out.write(json.dumps({"name": item.name, **msgspec.to_builtins(item)}) + "\n")


def label(folder: Path, number: int) -> int:
    """Opens a draw rank by rank and answers `QUESTION`; the first rank with yes."""
    keep = Study(folder).keep
    drawn, first = keep.find_draw(number), 0
    for rank, name in enumerate(drawn.items, 1):
        read_drawn(keep, drawn, rank, READER.name)
        value = "yes" if "looks like a test" in keep.corpus.get(name).answer else "no"
        made = Label(transcript=name, question=QUESTION.digest, rater=READER.digest, value=value)
        keep.labels.save(QUESTION, READER, [keep.labels.revise(made)])
        first = first or (rank if value == "yes" else 0)
    return first


def main(words: list[str]) -> None:
    """The two verbs."""
    if words[0] == "make":
        make(Path(words[1]))
    else:
        sys.stdout.write(f"{label(Path(words[1]), int(words[2]))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
