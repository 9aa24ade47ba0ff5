"""Every rule of the steps is needed: without it, some attack would pass the step that must catch it."""

from __future__ import annotations

import ast
import inspect
import sys
from types import ModuleType

import pytest
from tests.evidence.bases import base

from allegiance.errors import VerificationFailed
from allegiance.evidence import ordering, requiring, steps
from allegiance.evidence.bundle import unseal
from allegiance.evidence.verify import run_steps
from allegiance.testing.attacks import ATTACKS, forged

MODULES = (steps, ordering)
Rule = tuple[str, int]


def rules(module: ModuleType) -> list[Rule]:
    """Where a module demands something: its name, and the first line of each call."""
    calls = (node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call))
    lines = [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "require"]
    return [(module.__name__, line) for line in lines]


def failed_without(rule: Rule | None, name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[set[str], set[Rule]]:
    """Which steps an attack fails if a rule is left out, and the rules that say so."""
    spoke: set[Rule] = set()

    def require(holds: bool, otherwise: str) -> None:
        frame = sys._getframe(1)
        here = (frame.f_globals["__name__"], frame.f_lineno)
        if not holds and here != rule:
            spoke.add(here)
            raise VerificationFailed(otherwise)

    with monkeypatch.context() as patch:
        for module in MODULES:
            patch.setattr(module, "require", require)
        attack = ATTACKS[name]
        claim, material = unseal(forged(attack, *base(attack.on)))
        return {check.name for check in run_steps(claim, material) if not check.passed}, spoke


def test_every_rule_catches_an_attack_that_no_other_of_its_step_does(monkeypatch: pytest.MonkeyPatch) -> None:
    caught: dict[Rule, list[str]] = {}
    for name in ATTACKS:
        for rule in failed_without(None, name, monkeypatch)[1]:
            caught.setdefault(rule, []).append(name)
    idle = [
        rule
        for module in MODULES
        for rule in rules(module)
        if not any(
            ATTACKS[name].step not in failed_without(rule, name, monkeypatch)[0] for name in caught.get(rule, [])
        )
    ]
    assert idle == []


def test_the_rules_are_found_by_reading_the_steps() -> None:
    assert requiring.require is steps.require
    assert sum(len(rules(module)) for module in MODULES) > 40
