"""Adds the models of the catalogue to a CycloneDX bill of materials: standard input to standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.models.catalogue import CATALOGUE, Model


def component(model: Model) -> dict[str, Any]:
    """A model as a component, with its hash and where it comes from."""
    sources = [("hub", str(model.hub))] if model.hub else []
    sources += [("wheel", wheel.requirement) for wheel in model.wheels]
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{model.name}",
        "name": model.name,
        "description": model.description,
        "hashes": [{"alg": "SHA-256", "content": model.sha256}],
        "licenses": [{"license": {"id": model.licence, "acknowledgement": "declared"}}],
        "properties": [{"name": f"isump:source:{kind}", "value": name} for kind, name in sources],
    }


def main() -> None:
    """Read a bill, add the models, write it."""
    bill = json.load(sys.stdin)
    models = [component(model) for model in CATALOGUE.values()]
    bill["components"] += models
    bill["dependencies"] += [{"ref": model["bom-ref"]} for model in models]
    json.dump(bill, sys.stdout, indent=1)


main()
