"""Texts of every length are found and compared by all of their bytes."""

from __future__ import annotations

import json
import random
from pathlib import Path

from actas.engine.wasm.instance import Instance
from wasm_support import module_of

SOURCE = """\
package actas.decision

decision := {
	"found": [input.object[text] | some text in input.texts],
	"absent": [text | some text in input.others; input.object[text]],
	"member": count({text | some text in input.texts} & {text | some text in array.concat(input.texts, input.others)}),
	"interned": [text | some text in input.texts; text in {"", "urn:ietf", "urn:ietf:params:oauth:grant-type:x"}],
	"sorted": sort(array.concat(input.texts, input.others)),
}
"""
LITERALS = ["", "urn:ietf", "urn:ietf:params:oauth:grant-type:x"]


def test_texts_are_told_apart_by_every_byte(tmp_path: Path) -> None:
    """Eight bytes are taken at a time: the last ones count as much, and texts of the policy are those of the input."""
    draw = random.Random(8)
    texts = [*LITERALS, *("".join(draw.choices("aé\0z/", k=length)) for length in range(1, 41) for _ in range(4))]
    texts = sorted(set(texts))
    others = {text[:at] + "b" + text[at + 1 :] for text in texts for at in range(len(text))}
    others |= {text + "\0" for text in texts} - set(texts)
    few = draw.sample(sorted(others), 400)
    question = {"texts": texts, "others": few, "object": {text: at for at, text in enumerate(texts)}}
    answer = json.loads(Instance(module_of(tmp_path, SOURCE), b"{}").run(json.dumps(question).encode(), seconds=10.0))

    assert answer[0]["result"] == {
        "found": list(range(len(texts))),
        "absent": [],
        "member": len(texts),
        "interned": LITERALS,
        "sorted": sorted([*texts, *few], key=str.encode),
    }
