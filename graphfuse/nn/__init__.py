"""Layers to use in your own models: dense typed convs, readouts and the fusion core."""

from graphfuse.nn._typed import HeadedConv, TypedConv
from graphfuse.nn.attention_readout import AttentionReadout
from graphfuse.nn.attention_weights import AttentionWeights, EdgeAttention
from graphfuse.nn.concat_readout import ConcatReadout
from graphfuse.nn.dense_gatv2_conv import DenseGATv2Conv
from graphfuse.nn.dense_gcn2_conv import DenseGCN2Conv
from graphfuse.nn.dense_hgt_conv import DenseHGTConv
from graphfuse.nn.dense_hypergraph_conv import DenseHypergraphConv
from graphfuse.nn.dense_mtgat_conv import DenseMTGATConv
from graphfuse.nn.dense_rgat_conv import DenseRGATConv
from graphfuse.nn.dense_rgcn_conv import DenseRGCNConv
from graphfuse.nn.dense_sage_conv import DenseSAGEConv
from graphfuse.nn.dense_transformer_conv import DenseTransformerConv
from graphfuse.nn.edge_learner import EdgeLearner
from graphfuse.nn.graph_fusion import GraphFusion
from graphfuse.nn.hub_module import HubModule
from graphfuse.nn.m3net_conv import M3NetConv
from graphfuse.nn.mean_readout import MeanReadout
from graphfuse.nn.node_encoder import NodeEncoder
from graphfuse.nn.readout import Readout
from graphfuse.nn.typed_attention_conv import TypedAttentionConv

__all__ = [
    "AttentionReadout",
    "AttentionWeights",
    "ConcatReadout",
    "DenseGATv2Conv",
    "DenseGCN2Conv",
    "DenseHGTConv",
    "DenseHypergraphConv",
    "DenseMTGATConv",
    "DenseRGATConv",
    "DenseRGCNConv",
    "DenseSAGEConv",
    "DenseTransformerConv",
    "EdgeAttention",
    "EdgeLearner",
    "GraphFusion",
    "HeadedConv",
    "HubModule",
    "M3NetConv",
    "MeanReadout",
    "NodeEncoder",
    "Readout",
    "TypedAttentionConv",
    "TypedConv",
]
