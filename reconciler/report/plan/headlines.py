"""A model's plan in one line: its order among others, its mark and what will happen and why."""

from __future__ import annotations

from reconciler.core.artifact.journal import Action
from reconciler.core.plan.plan import ModelPlan, Plan
from reconciler.core.status_codes import ResultStatus
from reconciler.report.layout.blocks import Literal
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.text_layout import Tone

SYMBOLS = {
    Action.TRAIN: "+",
    Action.VERIFY: "*",
    Action.DEPLOY: ">",
    Action.RESTORE: "~",
    Action.RETIRE: "-",
    Action.REFRESH: "+",
    Action.NONE: "=",
}
OUTCOMES = {
    ResultStatus.FAILED: "failed",
    ResultStatus.INVALID: "invalid",
    ResultStatus.DENIED: "refused",
    ResultStatus.CONFLICT: "skipped",
    ResultStatus.DAMAGED: "integrity",
    ResultStatus.PENDING: "waits",
    ResultStatus.INTERRUPTED: "interrupted",
}
WORST_FIRST = [
    ResultStatus.DAMAGED,
    ResultStatus.FAILED,
    ResultStatus.INVALID,
    ResultStatus.CONFLICT,
    ResultStatus.DENIED,
    ResultStatus.PENDING,
    ResultStatus.CLEAN,
]
_BADGES = {
    ResultStatus.CLEAN: "⚪ none",
    ResultStatus.PENDING: "🔵 change",
    ResultStatus.DENIED: "❌ refused",
    ResultStatus.CONFLICT: "🟠 skipped",
}
_TONES = {ResultStatus.PENDING: Tone.GOOD, ResultStatus.DENIED: Tone.WARN, ResultStatus.CONFLICT: Tone.WARN}


def ordered(plan: Plan) -> list[ModelPlan]:
    """Return the models' plans, worst first, then by name."""
    return sorted(plan.models, key=lambda model: (WORST_FIRST.index(model.status), is_unchanged(model), model.model))


def is_unchanged(model: ModelPlan) -> bool:
    """Tell whether nothing will happen to the model and there is nothing to say about it."""
    return model.status is ResultStatus.CLEAN and not (model.detail.notes or model.findings)


def summary(plan: Plan, others: int = 0) -> str:
    """Return `2 to change, 1 blocked, 7 unchanged`, and how many wait, if any do. `others` are unchanged, too."""
    waiting = sum(model.waits for model in plan.models)
    blocked = sum(model.blocked is not None for model in plan.models) - waiting
    changing = sum(model.blocked is None and bool(model.steps) for model in plan.models)
    unchanged = len(plan.models) + others - changing - blocked - waiting
    waits = f", {waiting} waiting" if waiting else ""
    return f"{changing} to change, {blocked} blocked{waits}, {unchanged} unchanged"


def headline(model: ModelPlan) -> str:
    """Return what will happen to the model and why, without its name."""
    actions = ", ".join(dict.fromkeys(step_name(model, position) for position in range(len(model.steps))))
    if model.blocked is not None:
        outcome = OUTCOMES.get(model.blocked.status, "skipped")
        reasons = f"{outcome}: {'; '.join(plain(reason) for reason in model.blocked.reasons)}"
        return f"{reasons}; meanwhile {actions}: {plain(model.steps[0].reason)}" if model.steps else reasons
    return f"{actions or 'no change'}: {plain(model.reason)}"


def step_name(model: ModelPlan, position: int) -> str:
    """Name a step as the plan shows it."""
    step = model.steps[position]
    if step.action is Action.TRAIN and step.adopts:
        return "reuse an earlier build"
    if step.action is Action.VERIFY and step.target:
        return f"verify for {plain(step.target)}"
    return step.action.value


def symbol(model: ModelPlan) -> str:
    """Return the mark of the model's line on a terminal."""
    if model.blocked is not None:
        return "." if model.waits else "!"
    return SYMBOLS[model.steps[0].action] if model.steps else SYMBOLS[Action.NONE]


def badge(model: ModelPlan) -> Literal:
    """Return the mark of the model's row in a document."""
    return Literal("⏳ waits" if model.waits else _BADGES.get(model.status, "🔴 error"))


def tone(model: ModelPlan) -> Tone:
    """Return the tone of a model's headline."""
    if model.status is ResultStatus.CLEAN:
        return Tone.WARN if model.detail.notes or model.findings else Tone.DIM
    return _TONES.get(model.status, Tone.BAD)
