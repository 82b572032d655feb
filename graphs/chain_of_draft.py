"""Chain of draft (Xu et al., 2502.18600): a chain of thought with at most five words a step.

python -m app solve "..." --strategy chain_of_draft
"""

from graphs.cot import build
from graphs.strategy import Strategy
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings

STRATEGY = Strategy(
    "chain_of_draft",
    "one chain of thought with a few words for each step",
    build,
    Settings,
    PromptReasoner,
    templates="chain_of_draft",
)
