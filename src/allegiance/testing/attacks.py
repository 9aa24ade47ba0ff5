"""Attacks on a bundle, each with the step of verification that must catch it.

Every attacker computes anew what follows from the change (digests, pins, the number, its words, the log's root if
the log was changed) and seals the bundle: only the rule that was broken can give it away. What no bundle can show
by itself, a log that was written anew as a whole, needs a checkpoint that was published (`evidence.policies`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from allegiance.evidence.bundle import to_members
from allegiance.evidence.material import Material
from allegiance.records.claim import Claim
from allegiance.testing import forgeries_draws as draws
from allegiance.testing import forgeries_labels as labels
from allegiance.testing import forgeries_log as log
from allegiance.testing import forgeries_words as words
from allegiance.testing.forging import Forged


class Attack(NamedTuple):
    """How a bundle is forged.

    Attributes:
        forge: The forgery.
        step: The step that must fail.
        also: Steps that rest on the same thing and fail too.
        on: The claim that it is made on: ``rate`` of a uniform draw with a search and a reading, ``looked`` with a
            look at some of the labels, ``skipped`` with a rank that nobody labelled, ``open`` and extended,
            ``weighted``, ``strata``, ``domain`` by a rater's answers, ``census``, ``gap``, ``no_gap``, ``upper``,
            ``precision``, ``quote``, ``told`` (a quote from memory), ``planned``.
    """

    forge: Callable[[Claim, Material], Forged]
    step: str
    also: tuple[str, ...] = ()
    on: str = "rate"


def forged(attack: Attack, claim: Claim, material: Material) -> dict[str, bytes]:
    """The members of the forged bundle."""
    return to_members(*attack.forge(claim, material))


POPULATION: Mapping[str, Attack] = {
    "the claim is of another format": Attack(log.name_another_format, "population"),
    "the frame is trimmed": Attack(log.trim_the_frame, "population", ("log",)),
    "the frame is miscounted": Attack(log.miscount_the_frame, "population", ("number",), on="census"),
    "a column is altered": Attack(log.alter_a_column, "population", on="census"),
    "the filter is rewritten": Attack(log.rewrite_the_filter, "population", on="gap"),
    "the manifest is rewritten": Attack(log.rewrite_the_manifest, "population", on="census"),
    "the manifest is recounted": Attack(log.recount_the_manifest, "population", on="census"),
    "a transcript is listed twice": Attack(log.list_a_transcript_twice, "population", on="census"),
    "a transcript is exchanged": Attack(log.exchange_a_transcript, "population", on="census"),
    "an answer of the domain is altered": Attack(draws.alter_the_domain, "population", on="domain"),
}
LOG: Mapping[str, Attack] = {
    "an event is dropped": Attack(log.drop_an_event, "log", ("words",)),
    "an event is dropped and leaves a gap": Attack(log.leave_a_gap, "log"),
    "the size of the log is misstated": Attack(log.misstate_the_size, "log"),
    "an event is rewritten": Attack(log.rewrite_an_event, "log"),
    "an event is renamed": Attack(log.rename_an_event, "log"),
    "the version was never entered": Attack(log.forget_the_version, "log", on="census"),
    "a status is changed": Attack(log.change_a_status, "log", ("draw",)),
}
DRAW: Mapping[str, Attack] = {
    "the seed is chosen": Attack(draws.choose_the_seed, "draw"),
    "the seed is chosen in the bundle": Attack(draws.choose_the_seed_in_the_bundle, "draw"),
    "another seed is announced": Attack(draws.announce_another_seed, "draw"),
    "there is no such algorithm": Attack(draws.name_another_algorithm, "draw"),
    "the draw is hidden": Attack(draws.hide_the_draw, "draw"),
    "another draw is named": Attack(draws.name_another_draw, "draw"),
    "the draw is of another population": Attack(draws.widen_the_filter, "draw"),
    "the draw is renumbered": Attack(draws.renumber_the_draw, "draw"),
    "an extension was never logged": Attack(draws.forget_an_extension, "draw", on="open"),
    "an extension is by other items": Attack(draws.extend_by_others, "draw", on="open"),
    "a score is changed": Attack(draws.change_a_score, "draw", ("ranks", "number"), on="weighted"),
    "scores are dropped": Attack(draws.drop_scores, "draw", ("ranks", "number"), on="weighted"),
    "scores came after the draw": Attack(draws.score_after_the_draw, "draw", on="weighted"),
    "a stratum is trimmed": Attack(draws.drop_a_stratum, "draw", ("ranks", "number"), on="strata"),
    "less is drawn from a stratum": Attack(
        draws.draw_less_from_a_stratum, "draw", ("order of events",), on="strata"
    ),
}
RANKS: Mapping[str, Attack] = {
    "drawn items are swapped": Attack(draws.swap_drawn_items, "ranks"),
    "scores are changed and pinned": Attack(draws.change_a_score_and_pin_it, "ranks", ("draw",), on="weighted"),
}
ORDER: Mapping[str, Attack] = {
    "the draw is moved after a reading": Attack(log.move_the_draw, "order of events"),
    "the labels are moved before the draw": Attack(labels.label_before_the_draw, "order of events"),
    "the version is moved after the draw": Attack(draws.draw_before_the_import, "order of events"),
    "an extension is moved after a reading": Attack(draws.extend_after_reading, "order of events", on="open"),
    "a reading was of another rank": Attack(log.read_another_rank, "order of events"),
    "a reading is renumbered": Attack(log.renumber_a_reading, "order of events"),
    "a hit was read that no search showed": Attack(log.read_another_rank, "order of events", on="precision"),
    "looks are put in another order": Attack(log.look_before_the_labels, "order of events", on="looked"),
    "a look was at more labels": Attack(log.look_at_more, "order of events", on="looked"),
    "a citation was read earlier": Attack(words.cite_earlier, "order of events", on="quote"),
    "a citation from memory was earlier": Attack(words.cite_earlier, "order of events", on="told"),
    "a citation had another rank": Attack(words.cite_another_rank, "order of events", on="quote"),
}
LABELS: Mapping[str, Attack] = {
    "a label is flipped": Attack(labels.flip_a_label, "labels"),
    "a label and its batch are changed": Attack(labels.flip_a_label_and_its_batch, "labels"),
    "a label is dropped": Attack(labels.drop_a_label, "labels"),
    "a batch is dropped": Attack(labels.drop_a_batch, "labels", on="looked"),
    "a label is changed after the claim": Attack(labels.answer_again_after_the_claim, "labels"),
    "a revision is skipped": Attack(labels.skip_a_revision, "labels"),
    "an answer is off the menu": Attack(labels.answer_off_the_menu, "labels"),
    "a label is saved twice": Attack(labels.save_a_label_twice, "labels", on="looked"),
    "a label is borrowed": Attack(labels.borrow_a_label, "labels"),
    "other labels are pinned": Attack(labels.pin_other_labels, "labels"),
    "the question is edited": Attack(labels.edit_the_question, "labels"),
    "the question is put in NFD": Attack(labels.decompose_the_question, "labels"),
    "the question is entered late": Attack(labels.enter_the_question_late, "labels"),
}
NUMBER: Mapping[str, Attack] = {
    "an unwelcome label is dropped": Attack(labels.drop_an_unwelcome_label, "number"),
    "the number is nudged": Attack(words.nudge_the_number, "number"),
    "the interval is narrowed": Attack(words.narrow_the_interval, "number"),
    "a line beside the number is improved": Attack(words.improve_a_line_beside, "number"),
    "alpha is loosened": Attack(words.loosen_alpha, "number"),
    "the kind is changed": Attack(words.change_the_kind, "number", on="upper"),
    "a bound is tightened": Attack(words.tighten_the_bound, "number", on="upper"),
    "a bound is added": Attack(words.add_a_bound, "number"),
    "a margin is tightened": Attack(words.tighten_the_margin, "number", on="no_gap"),
    "a rank is skipped": Attack(words.skip_a_rank, "number", on="skipped"),
    "two raters share a name": Attack(words.share_a_name, "number"),
    "the exact interval is taken after a look": Attack(log.forget_the_look, "number", on="looked"),
    "hits are put in another order": Attack(words.reorder_the_hits, "number", on="precision"),
    "hits are left out": Attack(words.leave_hits_out, "number", on="precision"),
}
WORDS: Mapping[str, Attack] = {
    "the statement is forged": Attack(words.forge_the_statement, "words"),
    "a margin is loosened": Attack(words.loosen_the_margin, "words", on="no_gap"),
    "a search is not counted": Attack(words.hide_a_search, "words"),
    "a look is not counted": Attack(words.hide_a_look, "words", on="looked"),
    "the basis is improved": Attack(words.improve_the_basis, "words"),
    "a plan is claimed": Attack(words.claim_a_plan, "words"),
    "a plan is named": Attack(words.name_a_plan, "words"),
    "the plan was registered late": Attack(words.register_late, "words", on="planned"),
    "a quote answers a question": Attack(words.question_a_quote, "words", on="quote"),
    "a citation is moved": Attack(words.move_the_citation, "words", on="quote"),
}
TRANSCRIPTS: Mapping[str, Attack] = {
    "a transcript's text is altered": Attack(words.alter_a_transcript, "transcripts"),
    "a transcript is put in NFD": Attack(words.decompose_a_transcript, "transcripts"),
    "a transcript's status is altered": Attack(words.alter_a_status, "transcripts"),
    "some words are left out": Attack(words.ship_some_words, "transcripts"),
    "other words are added": Attack(words.ship_other_words, "transcripts"),
    "a stranger is withdrawn": Attack(words.withdraw_a_stranger, "transcripts"),
    "what is quoted is not shipped": Attack(words.ship_no_words, "transcripts", on="quote"),
    "a citation points past the end": Attack(words.cite_past_the_end, "transcripts", on="quote"),
    "a citation counts from the end": Attack(words.cite_from_the_end, "transcripts", on="quote"),
}
ATTACKS: Mapping[str, Attack] = {
    **POPULATION, **LOG, **DRAW, **RANKS, **ORDER, **LABELS, **NUMBER, **WORDS, **TRANSCRIPTS,
}  # fmt: skip
"""Every attack, by what it does, in the order of the steps that catch it."""
