"""Graphs of ProsQA: a random graph of what is what, and a question about two of its leaves (Coconut, 2412.06769).

Algorithm 1 of that paper, with what it leaves open chosen so that nodes, edges, names and path lengths have the
distribution of the released files (tests/evals/test_prosqa.py): a depth counts the edges from the nearest node without
parents, such nodes are rare, and the target is a leaf of the root's family as far from the root as any.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import exp
from random import Random

from prompts.checks.relations import Edge, distances

PEOPLE = "Alex Bob Carol Davis Eva Fae Gabriel Jack Max Oliver Polly Rex Sally Sam Stella Tom Wren".split()  # noqa: SIM905
KINDS = (  # noqa: SIM905
    "bompus boompus brimpus chorpus dumpus felpus fompus gerpus gorpus grimpus gwompus hilpus impus jelpus jompus "
    "kerpus lempus lorpus numpus quimpus rempus rompus rorpus scrompus shumpus sterpus storpus terpus timpus tumpus "
    "vumpus worpus wumpus yerpus yimpus yumpus zhorpus zumpus"
).split()
MORE_KINDS = ("".join(parts) + "pus" for parts in product("bdfglmnrtv", "aeiou", "lnrst"))
ALL_KINDS = tuple(dict.fromkeys((*KINDS, *MORE_KINDS)))
MAX_NODES = 240
USUAL_NODES = (18, 28)
"""Fewest and most nodes drawn, where no number is given."""
MAX_TRIES = 2000


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph and its question: is ``root`` a ``target`` or a ``other``; ``path`` is a shortest one to the target."""

    edges: tuple[Edge, ...]
    people: frozenset[str]
    root: str
    target: str
    other: str
    path: tuple[Edge, ...]

    def sentence(self, edge: Edge) -> str:
        """An edge in words."""
        return f"{edge[0]} is a {edge[1]}." if edge[0] in self.people else f"Every {edge[0]} is a {edge[1]}."


def build(random: Random, nodes: int | None = None, steps: int = 3) -> Graph | None:
    """A graph whose shortest path to the target has at least ``steps`` edges; ``None`` when many tries gave none."""
    for _ in range(MAX_TRIES):
        if graph := _graph(random, nodes or random.randint(*USUAL_NODES), steps):
            return graph
    return None


def _graph(random: Random, nodes: int, steps: int) -> Graph | None:
    label, depth, edges = {0: 1, 1: 2}, {0: 0, 1: 0}, list[tuple[int, int]]()
    people = {0, 1}
    for node in range(2, nodes):
        parents = _parents(random, node, label, depth)
        if not parents and len(people) == len(PEOPLE):
            parents = _drawn(random, list(label), depth, 1)
        people |= set() if parents else {node}
        edges += [(parent, node) for parent in parents]
        label[node] = 0
        for parent in parents:
            label[node] |= label[parent]
        depth[node] = 1 + min((depth[parent] for parent in parents), default=-1)
    names = _names(random, nodes, people)
    has_children = {parent for parent, _ in edges}
    root = random.choice((1, 2))
    family = [node for node in range(2, nodes) if label[node] == root and node not in has_children]
    others = [node for node in range(2, nodes) if label[node] == 3 - root and node not in has_children]
    if not family or not others:
        return None
    far = distances(root - 1, edges)
    target = max(family, key=lambda node: (far[node], random.random()))
    named = tuple((names[one], names[other]) for one, other in edges)
    path = shortest_path(names[root - 1], names[target], named)
    if len(path) < steps:
        return None
    said = frozenset(names[node] for node in people)
    return Graph(named, said, names[root - 1], names[target], names[random.choice(others)], path)


def _parents(random: Random, node: int, label: dict[int, int], depth: dict[int, int]) -> list[int]:
    count = _poisson(random, 1.5)
    if not count and random.random() >= 0.25:
        count = 2 if random.random() < 0.3 else 1
    families = random.choices(((0, 1), (0, 2), (0, 1, 2, 3)), (0.35, 0.35, 0.3))[0]
    return _drawn(random, [other for other in range(node) if label[other] in families], depth, count)


def _drawn(random: Random, candidates: list[int], depth: dict[int, int], count: int) -> list[int]:
    """So many of the candidates, the deeper ones more likely."""
    keys = {node: random.random() ** (1 / (1.5 * depth[node] + 1)) for node in candidates}
    return sorted(sorted(candidates, key=lambda node: -keys[node])[:count])


def _poisson(random: Random, mean: float) -> int:
    """Knuth's method."""
    count, left = 0, random.random()
    while left > exp(-mean):
        count, left = count + 1, left * random.random()
    return count


def _names(random: Random, nodes: int, people: set[int]) -> list[str]:
    kinds = ALL_KINDS[: max(len(KINDS), nodes)]
    people_names, kind_names = random.sample(PEOPLE, len(PEOPLE)), random.sample(kinds, len(kinds))
    return [people_names.pop() if node in people else kind_names.pop() for node in range(nodes)]


def shortest_path(start: str, end: str, edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """A shortest path; empty where there is none."""
    far, path = distances(start, edges), list[Edge]()
    while far.get(end):
        path.append(next(edge for edge in edges if edge[1] == end and far.get(edge[0]) == far[end] - 1))
        end = path[-1][0]
    return tuple(reversed(path))
