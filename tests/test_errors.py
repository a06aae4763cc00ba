import pickle

import pytest

from graphfuse import list_strategies
from graphfuse._synonyms import SYNONYMS
from graphfuse._wording import count, verb
from graphfuse.bench.runner import BACKENDS
from graphfuse.data.schema import TASKS
from graphfuse.encoders import list_encoders
from graphfuse.encoders.networks import networks
from graphfuse.errors import UnknownNameError
from graphfuse.fusion import strategies
from graphfuse.graph import relations
from graphfuse.raw.columns import KINDS
from graphfuse.training import check_metric


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("late", "did you mean 'mean_prob', 'weighted_sum' or 'stacking'?"),
        ("Early Fusion", "did you mean 'concat_early' or 'concat'?"),
        ("gat", "did you mean 'graph:gatv2' or 'graph:rgat'?"),
        ("concatt", "did you mean 'concat'?"),
    ],
)
def test_the_usual_name_of_a_strategy_leads_to_the_name_here(given, wanted):
    with pytest.raises(UnknownNameError) as raised:
        strategies.get(given)
    assert wanted in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


def test_a_model_leads_to_the_encoder_that_takes_it():
    error = UnknownNameError("image encoder", "resnet18", ["histogram", "patches", "timm"])
    assert "did you mean 'timm:resnet18'? Known" in str(error)


def test_every_synonym_leads_to_a_name_that_exists():
    known = {*list_strategies(), *networks.names(), *relations.names(), *TASKS, *KINDS}
    known |= {encoder.name for encoder in list_encoders()}
    known |= {metric for task in TASKS for metric in metric_names(task)}
    known |= {"unimodal", *BACKENDS}
    for given, same in SYNONYMS.items():
        for name in same:
            assert name in known or name.partition(":")[0] in known, (given, name)


def metric_names(task):
    with pytest.raises(UnknownNameError) as raised:
        check_metric("no such metric", task)
    return raised.value.choices


@pytest.mark.parametrize(
    ("n", "noun", "wanted"),
    [(1, "sample", "1 sample"), (2, "class", "2 classes"), (0, "copy", "0 copies")],
)
def test_counts_have_the_right_plural(n, noun, wanted):
    assert count(n, noun) == wanted


def test_verbs_go_with_their_count():
    assert [verb(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
