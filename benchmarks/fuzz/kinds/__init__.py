"""The kinds of input that are mutated, one per file."""

from benchmarks.fuzz.kinds.caches import CACHES
from benchmarks.fuzz.kinds.datasets import DATASETS
from benchmarks.fuzz.kinds.features import FEATURES
from benchmarks.fuzz.kinds.models import MODELS
from benchmarks.fuzz.kinds.raw_files import RAW_FILES
from benchmarks.fuzz.kinds.results import RESULTS
from benchmarks.fuzz.kinds.values import VALUES

KINDS = {
    kind.name: kind for kind in (VALUES, DATASETS, FEATURES, RAW_FILES, CACHES, MODELS, RESULTS)
}
