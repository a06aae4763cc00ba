"""Helpers of networks with pretrained weights: which weights are trained, and how fast."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError, check_integer

TRAIN = ("all", "last", "none")
SAVED = "saved"
"""In place of weights: they come with the strategy that is loaded."""
RATE = 0.1
"""Learning rate of pretrained weights as a share of the recipe's."""


def outside(option: str, given: object, wanted: str) -> InputError:
    """Return the error of a saved model that reads something outside of its folder."""
    return InputError(
        f"{option} of a network of a saved model must be {wanted}, as all that it reads lies in "
        f"its folder; got {given!r}: the configuration was edited, save the model again"
    )


def choose_trained(
    network: nn.Module, train: str, lora: int, is_last: Callable[[str], bool], what: str
) -> None:
    """Train all weights, those of the last block, none, or only low-rank additions.

    Raises:
        UnknownNameError: another value of ``train``.
        InputError: ``lora`` with ``train="last"`` or "none", or no layer to add to.
    """
    check_integer(f"lora of network {what!r}, the rank of what is added,", lora, 0)
    if train not in TRAIN:
        raise UnknownNameError(f"value of train of network {what!r}", train, TRAIN)
    if lora:
        if train != "all":
            raise InputError(
                f"network {what!r}: lora={lora} trains additions to a frozen network, so that "
                f"train={train!r} says nothing; leave one of them out"
            )
        add_low_rank(network, lora, what)
        return
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(train == "all" or (train == "last" and is_last(name)))


def add_low_rank(network: nn.Module, rank: int, what: str) -> None:
    """Freeze a network and add products of two narrow matrices to its layers, which begin at 0.

    LoRA, Hu et al. 2021, https://arxiv.org/abs/2106.09685, to all linear layers and all
    convolutions that are not grouped.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise MissingDependencyError("peft", "peft", "lora") from None
    layers = [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.groups == 1)
    ]
    if not layers:
        raise InputError(f"network {what!r} has no layer that lora can add to; leave lora out")
    network.requires_grad_(False)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=layers)
    inject_adapter_in_model(config, network)


def keep_norms(network: nn.Module) -> None:
    """Leave the statistics of batch normalisation as they were pretrained.

    Statistics of small batches are noisy, and a sample would affect others of its batch.
    """
    for layer in network.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.eval()
