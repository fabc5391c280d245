"""A run of fit on disk: after each epoch, all that the next one needs, in one file that is replaced as a whole."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxml import files
from jaxml._arguments import describe, key_data, refuse

ENTRY = "run of fit"  # in the file's metadata


class Course(NamedTuple):
    """A run between two epochs."""

    state: Any
    losses: list[np.ndarray]  # of each epoch, (steps,)
    scores: list[float]  # on the validation data, after each epoch
    best: Any = None  # with patience, the state after the epoch with the lowest score; it is not gone on from

    def has_stalled(self, patience: int | None) -> bool:
        """Whether none of the last `patience` scores is lower than the lowest before them."""
        return patience is not None and len(self.scores) > int(np.argmin([*self.scores, np.inf])) + patience


def description(loss: Any, optimizer_state: Any, key: jax.Array, batch_size: int | None, named: dict[str, Any]) -> dict[str, Any]:
    """What must be the same for a run to go on, as JSON: names, numbers and shapes, not the data themselves."""
    words: dict[str, Any] = {name: [_in_words(leaf) for leaf in jax.tree.leaves(value)] for name, value in named.items()}
    words |= {"loss": f"{getattr(loss, '__module__', '')}.{_in_words(loss)}", "batch_size": batch_size}
    # what the optimizer's state is made of: some hold no numbers
    words |= {"key": np.asarray(key_data(key)).tolist(), "optimizer": str(jax.tree.map(lambda _: 0, optimizer_state))}
    return json.loads(json.dumps(words))


def _in_words(value: Any) -> Any:
    """A number or a word as it is, an array by dtype and shape, a function by name."""
    if isinstance(value, (bool, int, float, str)):
        return value
    if getattr(value, "shape", None) == () and value.dtype.kind in "fiub":
        return value.item()
    return describe(value) if hasattr(value, "shape") else getattr(value, "__qualname__", type(value).__name__)


def write(path: Any, course: Course, words: dict[str, Any]) -> None:
    """Replaces the file at `path` by one of this course."""
    steps = np.array([len(epoch) for epoch in course.losses])
    history = {"losses": np.concatenate(course.losses), "steps": steps, "scores": np.array(course.scores)}
    tensors = files.named("fit", "checkpoint", history | _states(course))
    files.write("fit", "checkpoint", path, tensors, {ENTRY: words})


def _states(course: Course) -> dict[str, Any]:
    """The part of a course that keeps its form; the losses of the last epoch are in the history too."""
    return {"state": course.state._replace(losses=()), "best": course.best and course.best._replace(losses=())}


def read(path: Any, start: Course, words: dict[str, Any], epochs: int) -> Course:
    """The course of the run that was saved at `path`; `start`, if nothing is there yet.  Refuses another run's, by what differs."""
    path = files.checked_path("fit", "checkpoint", path)
    if not path.exists():
        if not path.parent.is_dir():  # better now than after an epoch
            refuse("fit", "checkpoint", "lies in no folder", str(path), "make the folder first", FileNotFoundError)
        return start
    tensors, about = files.read("fit", "checkpoint", path)
    if ENTRY not in about:
        refuse("fit", "checkpoint", "is no checkpoint of fit", str(path), "pass the name of one, or of a file that is not there yet")
    then = about[ENTRY]
    _refuse_another(path, then, {name: said for name, said in words.items() if name != "optimizer"})
    losses, steps, scores = (tensors.pop(name) for name in ("losses", "steps", "scores"))
    # arrays tell two optimizers apart more plainly than words
    states = files.as_tree("fit", "checkpoint", path, tensors, jax.tree.map(jnp.asarray, _states(start)))
    _refuse_another(path, then, words)
    if len(steps) > epochs:
        refuse("fit", "checkpoint", "is of a longer run", f"{len(steps)} epochs in {path}", f"ask for {len(steps)} epochs or more")
    states = {name: state and state._replace(losses=start.state.losses) for name, state in states.items()}
    return Course(losses=np.split(losses, np.cumsum(steps)[:-1]), scores=scores.tolist(), **states)


def _refuse_another(path: Any, then: dict[str, Any], now: dict[str, Any]) -> None:
    for name, said in now.items():
        if then.get(name) != said:
            got, wanted = (text if len(text) <= 80 else text[:77] + "..." for text in (json.dumps(then.get(name)), json.dumps(said)))
            wanted = f"now it is {wanted}: use another checkpoint, or call fit as then"
            refuse("fit", "checkpoint", f"is of a run with another {name}", f"{got} in {path}", wanted)
