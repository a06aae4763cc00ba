"""Relations that draw edges, the builder that combines them, and drawings of the graph."""

from graphfuse.graph.ablation import ABLATIONS, shuffle_edges
from graphfuse.graph.attention import Attention
from graphfuse.graph.builder import GraphBuilder, default_relations
from graphfuse.graph.causal import Causal
from graphfuse.graph.co_occurrence import CoOccurrence
from graphfuse.graph.complete import Complete
from graphfuse.graph.draw import draw
from graphfuse.graph.given import Given
from graphfuse.graph.k_nearest import KNearest
from graphfuse.graph.line import Line
from graphfuse.graph.prune import Prune
from graphfuse.graph.relation import Relation, build_relation, plain, relations
from graphfuse.graph.spatial import Spatial
from graphfuse.graph.temporal import Temporal
from graphfuse.graph.union import Union

__all__ = [
    "ABLATIONS",
    "Attention",
    "Causal",
    "CoOccurrence",
    "Complete",
    "Given",
    "GraphBuilder",
    "KNearest",
    "Line",
    "Prune",
    "Relation",
    "Spatial",
    "Temporal",
    "Union",
    "build_relation",
    "default_relations",
    "draw",
    "plain",
    "relations",
    "shuffle_edges",
]
