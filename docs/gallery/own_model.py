"""
A graph in your own model
=========================

Put :class:`~graphfuse.nn.GraphFusion` in a model and a training loop of your own.
"""

# %%
# In ``planted/binding`` each modality is a set of six nodes, with a key and a value each. One key
# occurs in both modalities, and the label says whether its two values are the same. A model has to
# find the two nodes that belong together. Edges between nodes of similar keys show them.

import torch
from torch import nn
from torch.nn import functional as F

from graphfuse.data import load_dataset
from graphfuse.graph import GraphBuilder, KNearest, draw
from graphfuse.nn import GraphFusion

data = load_dataset("planted/binding", n=5000)
train, test = data.subset(range(4000)), data.subset(range(4000, 5000))

key = slice(0, 8)
builder = GraphBuilder([KNearest(k=1, on={"a": key, "b": key}, pairs="across")]).fit(train)
metadata = (data.schema.names, builder.edge_types(data.schema))
metadata

# %%
# One sample's graph. Each node has an edge from the node of the other modality whose key is nearest
# to its own; where two nodes have edges both ways, they chose each other.

figure = draw(builder.transform(test.batch([3])))

# %%
# The model: two layers of a heterogeneous graph transformer and a readout, then a linear map. Your
# own encoders would stand in front, your own losses behind.


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.fusion = GraphFusion({"a": 9, "b": 9}, 32, metadata, conv="hgt")
        self.head = nn.Linear(self.fusion.out_channels, 2)

    def forward(self, batch):
        embedding, _ = self.fusion(batch.x, batch.edges, batch.mask)
        return self.head(embedding)


# %%
# ``builder.attach`` draws the edges once and keeps them with the samples.


def accuracy(train, test):
    torch.manual_seed(0)
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(12):
        for rows in torch.randperm(len(train)).split(64):
            batch = train.batch(rows)
            loss = F.cross_entropy(model(batch), batch.y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    batch = test.batch(range(len(test)))
    with torch.no_grad():
        return float((model(batch).argmax(1) == batch.y).float().mean())


print(f"with edges     {accuracy(builder.attach(train), builder.attach(test)):.3f}")
print(f"without edges  {accuracy(train, test):.3f}")
print(f"at most        {data.bayes_accuracy:.3f}")
