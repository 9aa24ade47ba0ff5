"""A small corpus with known answers."""

from __future__ import annotations

from allegiance.records.transcript import Transcript
from allegiance.scenarios import load, stage
from allegiance.testing.scripted import ScriptedModel, ScriptedRun


def tiny_corpus(
    requests: int = 6,
    samples: int = 2,
    *,
    trained: float = 0.75,
    untrained: float = 0.25,
    faults: float = 0.0,
    garbled: float = 0.0,
    seed: int = 0,
) -> tuple[Transcript, ...]:
    """Transcripts of the scenario ``repair-desk`` by a scripted model; the same for the same arguments.

    Args:
        requests: How many requests, at most 20.
        samples: Repeats of each request in each of the two tiers.
        trained, untrained: Probability of the answer REPLACE in each tier.
        faults: Probability that a sample is an error.
        garbled: Probability that a reply has no answer.
        seed: Seed of the scripted model.

    Returns:
        ``requests × 2 × samples`` transcripts with distinct names.
    """
    chances = {"trained": trained, "untrained": untrained}
    model = ScriptedModel(comply=chances, faults=faults, garbled=garbled, seed=seed)
    return tuple(ScriptedRun(model=model, samples=samples)(stage(load("repair-desk"), requests=requests)))
