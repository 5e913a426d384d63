"""Reference values of FewClassesTest: loss and accuracy of PyTorch and timm on fixed logits."""

import torch
from timm.utils import accuracy

CASES = {
    "one class": ([[3.5], [-2.0], [0.0]], [0, 0, 0]),
    "two classes": ([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]], [1, 1, 0]),
    "four classes, one without images": (
        [[0.1, 0.9, 0.3, -1.0], [2.0, 1.0, 0.0, -1.0], [0.0, 0.0, 4.0, 1.0], [-1.0, -2.0, -3.0, -0.5]],
        [1, 1, 2, 0],
    ),
    "five classes": ([[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0]], [4, 4]),
    "seven classes, four without images": (
        [[7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], [0.0, 9.0, 1.0, 2.0, 3.0, 4.0, 5.0]],
        [5, 2, 1],
    ),
}

for name, (logits, labels) in CASES.items():
    rows, targets = torch.tensor(logits), torch.tensor(labels)
    loss = torch.nn.functional.cross_entropy(rows.double(), targets)
    top1, top5 = accuracy(rows, targets, topk=(1, 5))
    print(name, loss.item(), top1.item() / 100, top5.item() / 100)
