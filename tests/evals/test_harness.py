"""The two scorers that are lm-evaluation-harness's own, against that harness, in an environment of its own.

ISUMP_LM_EVAL=/path/to/its/python pytest tests/evals/test_harness.py
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from evals.gsm8k import GSM8K_SCORERS
from evals.task import Item
from prompts.values import Question

PYTHON = os.environ.get("ISUMP_LM_EVAL")
HARNESS = """
import json, sys, yaml, lm_eval
from pathlib import Path
from types import SimpleNamespace
from lm_eval.api.metrics import exact_match_hf_evaluate
from lm_eval.filters import build_filter_ensemble
task = yaml.safe_load((Path(lm_eval.__file__).parent / "tasks/gsm8k/gsm8k.yaml").read_text())
options = {k: v for k, v in task["metric_list"][0].items() if k.startswith(("ignore", "regexes"))}
texts, golds = json.load(open(sys.argv[1]))
found = {}
for each in task["filter_list"]:
    steps = [(f["function"], {k: v for k, v in f.items() if k != "function"}) for f in each["filter"]]
    asked = [SimpleNamespace(resps=[text], doc={}, filtered_resps={}) for text in texts]
    build_filter_ensemble(each["name"], steps).apply(asked)
    said = [one.filtered_resps[each["name"]] for one in asked]
    pairs = [([a], [f"So it is. #### {b}"]) for a, b in zip(said, golds)]
    scores = [exact_match_hf_evaluate(*pair, **options)["exact_match"] for pair in pairs]
    found[each["name"]] = [said, list(map(float, scores))]
print(json.dumps(found))
"""
PIECES = ("#### ", "####", "The answer is ", "$", "-", "−", ",", ".", " ", "\n", "1", "72", "1,234", "18.00", "0.5",
          "3/4", "Answer: ", "[invalid]", "%", "é", "1e3", "..", "$-5", "\t", "#### -")  # fmt: skip


@dataclass(frozen=True)
class Said:
    completion: str
    answer: str | None = None


@pytest.mark.skipif(PYTHON is None, reason="ISUMP_LM_EVAL names no Python that has lm-evaluation-harness")
def test_extraction_and_score_are_those_of_the_harness_on_10000_texts(tmp_path: Path) -> None:
    random = Random(0)
    golds = random.choices(("72", "1", "-5", "1,234", "18", "0.5"), k=10_000)
    texts = ["".join(random.choices((*PIECES, gold, f"#### {gold}"), k=random.randrange(12))) for gold in golds]
    (tmp_path / "texts.json").write_text(json.dumps([texts, golds]))
    made = subprocess.run(
        [str(PYTHON), "-c", HARNESS, str(tmp_path / "texts.json")], capture_output=True, text=True, check=True
    )
    for name, (extracted, scores) in json.loads(made.stdout.strip().split("\n")[-1]).items():
        ours = [
            GSM8K_SCORERS[name](Item(Question("q", "?"), gold), Said(text), ())
            for text, gold in zip(texts, golds, strict=True)
        ]
        assert [score.extracted for score in ours] == extracted
        assert [score.value for score in ours] == scores
        assert 100 < sum(scores) < 9_900
