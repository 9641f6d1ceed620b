"""What a person decides about registered models: approve, refuse, promote despite the gate, roll back.

Each command looks first, verifies the bytes that it is about, and writes only if the champion is still the one it
looked at. A command that broke off is finished by repeating it, and repeating a finished one changes nothing.
"""

from collections.abc import Callable
from pathlib import Path

from foundation.child_process import OnLine
from foundation.fingerprint import fingerprint
from orchestration.configuration.load_config import PipelineConfig
from orchestration.registry.approvers import approver
from orchestration.registry.entries import Action, Draft, Entry, Evidence
from orchestration.registry.reigns import Model, Reigns
from orchestration.registry.succession import Succession
from orchestration.steps.release_steps import verify_release

Verify = Callable[[Succession, str, str, OnLine], object]
"""(registered models, version, digest, log); raises ValueError where the version is not what was exported."""


class Decider:
    """One person at one registered model."""

    def __init__(self, config: PipelineConfig, log: OnLine, verify: Verify = verify_release) -> None:
        self.config, self.log, self.verify = config, log, verify
        self.succession = Succession(config.tracking, config.approval)

    def approve(self, version: str, reason: str) -> Entry:
        """Make a model champion that passed the gate and waits.

        Raises:
            ValueError: it did not pass, or against another champion; no such version; its bytes changed.
        """
        return self._crown("approve", version, reason, despite_gate=False)

    def promote(self, version: str, reason: str, despite_gate: bool) -> Entry:
        """Make any registered model champion; what the gate did not let pass only where `despite_gate` says so.

        Raises:
            ValueError: as of `approve`.
        """
        return self._crown("promote", version, reason, despite_gate)

    def refuse(self, version: str, reason: str) -> Entry:
        """Rule a model out, until a person decides otherwise.

        Raises:
            ValueError: it is champion, or there is no such version.
        """
        seen = self.succession.look()
        model = self._model(version)
        if seen.champion == model:
            raise ValueError(f"version {model[1]} is champion: `graspline rollback --reason WHY` takes it back")
        newest = seen.newest_on(model[0])
        if newest is not None and newest.action == "refuse" and newest.by == "person":
            self.succession.follow()
            return newest
        now = seen.champion or (None, None)
        return self.succession.decide(self._draft("refuse", seen, model, now, reason), seen)

    def rollback(self, reason: str, to: str | None = None) -> Entry:
        """Make the champion before this one, or a version that led to it, champion again.

        A rollback that broke off is finished, no second step is taken.

        Raises:
            ValueError: there is nobody to go back to, or its bytes changed.
        """
        seen = self.succession.look()
        if to is not None and seen.reign and seen.champion == self._model(to):
            self.succession.follow()
            return seen.reign
        newest = seen.entries[-1] if seen.entries else None
        if to is None and newest and newest.action == "rollback" and self.succession.is_unfinished(seen):
            self.succession.follow()
            self.log(f"the {newest.told()} had broken off and is finished now; no second step was taken")
            return newest
        model = seen.to_restore(None if to is None else self._model(to)[1])
        draft = self._draft("rollback", seen, model, model, reason)
        self.verify(self.succession, model[1], model[0], self.log)
        return self.succession.decide(draft, seen)

    def _crown(self, action: Action, version: str, reason: str, despite_gate: bool) -> Entry:
        seen = self.succession.look()
        model = self._model(version)
        if seen.reign and seen.champion == model:
            self.succession.follow()
            return seen.reign
        if not despite_gate:
            _assert_passed(seen, model)
        draft = self._draft(action, seen, model, model, reason)
        self.verify(self.succession, model[1], model[0], self.log)
        return self.succession.decide(draft, seen)

    def _draft(
        self, action: Action, seen: Reigns, model: Model, after: Model | tuple[None, None], reason: str
    ) -> Draft:
        who, verdict, before = approver(self.config.approval, action), seen.verdict_on(model[0]), seen.champion
        receipts = Path(self.succession.models.receipts_of(model[1])).stem
        judged = verdict.evidence if verdict else Evidence()
        return Draft(
            action=action,
            by="person",
            actor=who.actor,
            known_by=who.known_by,
            candidate=model[0],
            version=model[1],
            champion_before=before and before[0],
            champion_version_before=before and before[1],
            champion=after[0],
            champion_version=after[1],
            verdict=verdict and verdict.verdict,
            against_gate=action in ("approve", "promote") and _not_passed(seen, model) is not None,
            evidence=judged.model_copy(
                update={"report": receipts, "configuration": fingerprint(self.config)},
            ),
            reason=_said(reason),
        )

    def _model(self, version: str) -> Model:
        number = self.succession.version_named(version)
        return self.succession.models.digest(number), number


def _assert_passed(seen: Reigns, model: Model) -> None:
    fault = _not_passed(seen, model)
    if fault is not None:
        raise ValueError(
            f"{fault}. `graspline promote {model[1]} --despite-gate --reason WHY` makes it champion nevertheless, and "
            "the verdict stays on record"
        )


def _not_passed(seen: Reigns, model: Model) -> str | None:
    """Why the gate has not let this model pass against the champion of now; None: it has."""
    verdict = seen.verdict_on(model[0])
    if verdict is None:
        return f"the gate never judged version {model[1]} in this registry"
    if not verdict.verdict:
        return f"the gate refused version {model[1]} at {verdict.time[:16].replace('T', ' ')} UTC: {verdict.reason}"
    if not seen.is_of_today(verdict):
        then, now = verdict.champion_version_before, seen.champion
        return (
            f"version {model[1]} passed against {f'champion {then}' if then else 'no champion'}, and now "
            f"{f'version {now[1]}' if now else 'nobody'} is champion: run again with its configuration, which judges "
            "it anew"
        )
    return None


def _said(reason: str) -> str:
    if not reason.strip():
        raise ValueError("a decision needs a reason: --reason WHY")
    return reason.strip()
