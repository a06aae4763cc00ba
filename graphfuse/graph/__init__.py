"""Relations that draw edges, the builder that puts them together, and pictures of the result."""

from graphfuse.graph.ablation import ABLATIONS, shuffle_edges
from graphfuse.graph.attention import Attention
from graphfuse.graph.builder import GraphBuilder, default_relations
from graphfuse.graph.co_occurrence import CoOccurrence
from graphfuse.graph.complete import Complete
from graphfuse.graph.draw import draw
from graphfuse.graph.given import Given
from graphfuse.graph.k_nearest import KNearest
from graphfuse.graph.relation import Relation, build_relation, relations
from graphfuse.graph.spatial import Spatial
from graphfuse.graph.temporal import Temporal

__all__ = [
    "ABLATIONS",
    "Attention",
    "CoOccurrence",
    "Complete",
    "Given",
    "GraphBuilder",
    "KNearest",
    "Relation",
    "Spatial",
    "Temporal",
    "build_relation",
    "default_relations",
    "draw",
    "relations",
    "shuffle_edges",
]
