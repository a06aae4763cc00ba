"""Synonyms: other names that users may type for strategies, encoders, metrics and so on."""

from __future__ import annotations

SYNONYMS: dict[str, tuple[str, ...]] = {
    # strategies
    "late": ("mean_prob", "weighted_sum", "stacking"),
    "late_fusion": ("mean_prob", "weighted_sum", "stacking"),
    "decision": ("mean_prob", "weighted_sum", "stacking"),
    "average": ("mean_prob", "mean_logit"),
    "mean": ("mean_prob", "mean_logit", "mae"),
    "voting": ("majority_vote", "weighted_vote"),
    "vote": ("majority_vote", "weighted_vote"),
    "product": ("log_opinion_pool", "multiplicative"),
    "early": ("concat_early", "concat"),
    "early_fusion": ("concat_early", "concat"),
    "concatenate": ("concat", "concat_early"),
    "concatenation": ("concat", "concat_early"),
    "feature": ("concat", "concat_early"),
    "intermediate": ("concat", "gated", "token_transformer"),
    "attention_fusion": ("multi_head_attention", "component_attention"),
    "cross_attention": ("cross_modal_transformer",),
    "mult": ("cross_modal_transformer",),
    "transformer": ("token_transformer", "cross_modal_transformer", "transformers"),
    "mbt": ("bottleneck",),
    "tfn": ("tensor",),
    "tensor_fusion": ("tensor", "low_rank_tensor"),
    "lmf": ("low_rank_tensor",),
    "misa": ("shared_private",),
    "mvae": ("product_of_experts_vae",),
    "dcca": ("deep_cca",),
    "clip": ("contrastive",),
    "dst": ("dempster_shafer",),
    "single": ("unimodal",),
    "baseline": ("linear", "boosted_trees", "majority"),
    "logistic": ("linear", "linear_late"),
    "logistic_regression": ("linear", "linear_late"),
    "logreg": ("linear", "linear_late"),
    "ridge": ("linear", "linear_late"),
    "trees": ("boosted_trees",),
    "gradient_boosting": ("boosted_trees",),
    "xgboost": ("boosted_trees",),
    "lightgbm": ("boosted_trees",),
    "dummy": ("majority",),
    "gnn": ("graph:hgt", "graph:typed_attention", "graph:rgcn"),
    "graph": ("graph:hgt", "graph:typed_attention", "graph:rgcn"),
    "gat": ("graph:gatv2", "graph:rgat"),
    "gatv2": ("graph:gatv2",),
    "graph:gat": ("graph:gatv2", "graph:rgat"),
    "gcn": ("graph:rgcn", "graph:gcnii"),
    "graph:gcn": ("graph:rgcn", "graph:gcnii"),
    "gcn2": ("graph:gcnii",),
    "graphsage": ("graph:sage",),
    "mmgcn": ("graph:gcnii", "graph:rgcn"),
    "hgt": ("graph:hgt",),
    "hetero": ("graph:hgt", "graph:rgcn"),
    # metrics
    "acc": ("accuracy", "subset_accuracy", "acc2_has0", "acc2_non0"),
    "accuracy": ("subset_accuracy", "acc2_has0", "acc2_non0"),
    "acc2": ("acc2_has0", "acc2_non0"),
    "acc-2": ("acc2_has0", "acc2_non0"),
    "acc_2": ("acc2_has0", "acc2_non0"),
    "has0_acc_2": ("acc2_has0",),
    "non0_acc_2": ("acc2_non0",),
    "has0_f1_score": ("f1_has0",),
    "non0_f1_score": ("f1_non0",),
    "acc-7": ("acc7",),
    "acc_7": ("acc7",),
    "mult_acc_7": ("acc7",),
    "balanced_acc": ("balanced_accuracy",),
    "bacc": ("balanced_accuracy",),
    "f1": ("f1_macro", "f1_weighted", "f1_micro", "f1_has0", "f1_non0"),
    "f1_score": ("f1_macro", "f1_weighted", "f1_micro", "f1_has0", "f1_non0"),
    "precision": ("precision_macro", "precision_weighted", "precision_micro"),
    "recall": ("recall_macro", "recall_weighted", "recall_micro"),
    "auc": ("roc_auc", "roc_auc_macro", "roc_auc_micro"),
    "auroc": ("roc_auc", "roc_auc_macro", "roc_auc_micro"),
    "roc_auc": ("roc_auc_macro", "roc_auc_micro"),
    "map": ("mean_average_precision", "average_precision"),
    "ap": ("average_precision", "mean_average_precision"),
    "mcc": ("matthews_correlation",),
    "cross_entropy": ("log_loss",),
    "nll": ("log_loss",),
    "mse": ("rmse",),
    "corr": ("pearson",),
    "r": ("pearson",),
    # tasks
    "classification": ("multiclass", "binary"),
    "categorical": ("multiclass", "category"),
    "multi-label": ("multilabel",),
    "multi-class": ("multiclass",),
    "numeric": ("regression", "number"),
    # encoders and networks
    "resnet": ("timm:resnet18",),
    "resnet18": ("timm:resnet18",),
    "resnet50": ("timm:resnet50",),
    "vit": ("timm:vit_base_patch16_224",),
    "efficientnet": ("timm:tf_efficientnet_lite0",),
    "bert": ("transformers:bert-base-uncased",),
    "roberta": ("transformers:roberta-base",),
    "wav2vec2": ("transformers:facebook/wav2vec2-base",),
    "whisper": ("transformers:openai/whisper-tiny",),
    "bow": ("ngrams", "tfidf"),
    "bag_of_words": ("ngrams", "tfidf"),
    "lstm": ("token_gru", "gru"),
    "rnn": ("token_gru", "gru"),
    "spectrogram": ("mel",),
    # relations
    "knn": ("k_nearest",),
    "fully_connected": ("complete",),
    "full": ("complete",),
    "pmi": ("co_occurrence",),
    "cooccurrence": ("co_occurrence",),
    "granger": ("causal",),
    # backends
    "multiprocessing": ("loky",),
    "joblib": ("loky",),
}
"""By another name, in lower case, the names here; of these, an error lists those that fit."""


def meant_by(given: object, choices: list[str]) -> list[str]:
    """Return the choices that another name stands for.

    A choice that takes a model after a colon, such as ``timm:resnet18``, fits where the part
    before the colon is a choice.

    Example:
        >>> meant_by("Late", ["concat", "mean_prob"]), meant_by("resnet18", ["cnn", "timm"])
        (['mean_prob'], ['timm:resnet18'])
    """
    same = SYNONYMS.get(str(given).strip().lower().replace(" ", "_"), ())
    return [name for name in same if name in choices or name.partition(":")[0] in choices]
