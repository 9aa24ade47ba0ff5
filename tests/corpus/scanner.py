"""A scanner of Scout's, in a module of its own, since Scout looks at its annotations and is slow to load."""

from inspect_scout import Result, Scanner, Transcript, scanner


@scanner(messages="all")
def says_yes() -> Scanner[Transcript]:
    async def look(transcript: Transcript) -> Result:
        return Result(value="Yes" in transcript.messages[-1].text, explanation="looked")

    return look
