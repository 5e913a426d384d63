"""Writes src/test/resources/train/numbers.json: losses, gradients and metrics of PyTorch and scikit-learn, in double.

    python tools/training_numbers.py

Made with torch 2.15.0 and scikit-learn 1.9.1.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import average_precision_score, f1_score, precision_recall_fscore_support
from sklearn.utils.class_weight import compute_class_weight

OUT = pathlib.Path(__file__).parent.parent / "src/test/resources/train/numbers.json"


def random(*shape, seed, scale=2.0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * scale


def result(loss, logits):
    (gradient,) = torch.autograd.grad(loss, logits)
    return {"loss": loss.item(), "gradient": gradient.tolist()}


def deit(student, labels, teacher, kind, alpha, tau, smoothing, divisor):
    """DistillationLoss.forward of facebookresearch/deit (losses.py, 7e160fe) with outputs_kd = outputs."""
    base = F.cross_entropy(student, labels, label_smoothing=smoothing)
    if kind == "soft":
        divergence = F.kl_div(
            F.log_softmax(student / tau, dim=1),
            F.log_softmax(teacher / tau, dim=1),
            reduction="sum",
            log_target=True,
        )
        distillation = divergence * (tau * tau) / divisor
    else:
        distillation = F.cross_entropy(student, teacher.argmax(dim=1))
    return base * (1 - alpha) + distillation * alpha


def distillation():
    cases = []
    for seed, (alpha, tau, smoothing) in enumerate([(0.5, 3.0, 0.0), (0.1, 1.0, 0.1), (0.9, 2.0, 0.1)]):
        student = random(4, 5, seed=seed).requires_grad_()
        teacher = random(4, 5, seed=100 + seed)
        labels = torch.tensor([1, 4, 0, 2])
        case = {"alpha": alpha, "temperature": tau, "label_smoothing": smoothing, "labels": labels.tolist()}
        case |= {"student": student.tolist(), "teacher": teacher.tolist()}
        for kind in ("soft", "hard"):
            for form, divisor in (("deit", student.numel()), ("vit_pytorch", student.shape[0])):
                loss = deit(student, labels, teacher, kind, alpha, tau, smoothing, divisor)
                case[f"{form}_{kind}"] = result(loss, student)
        cases.append(case)
    return cases


def class_weights():
    labels = torch.tensor([0, 0, 0, 1, 2, 2])
    weights = torch.tensor([0.5, 2.0, 1.25], dtype=torch.float64)
    logits = random(6, 3, seed=7).requires_grad_()
    one_hot = F.one_hot(labels, 3).double()
    cases = {"labels": labels.tolist(), "weights": weights.tolist(), "logits": logits.tolist()}
    cases["balanced"] = compute_class_weight("balanced", classes=np.arange(3), y=labels.numpy()).tolist()
    cases["cross_entropy"] = result(F.cross_entropy(logits, labels, weight=weights), logits)
    smoothed = F.cross_entropy(logits, labels, weight=weights, label_smoothing=0.1)
    cases["label_smoothing"] = result(smoothed, logits)
    cases["bce"] = result(F.binary_cross_entropy_with_logits(logits, one_hot, weight=weights), logits)
    return cases


def averages(actual, predicted):
    values = {}
    for average in ("macro", "micro"):
        precision, recall, f1, _ = precision_recall_fscore_support(actual, predicted, average=average, zero_division=0)
        values.update({f"precision_{average}": precision, f"recall_{average}": recall, f"f1_{average}": f1})
    return values


def multi_label():
    labels = [[0, 2], [], [1], [0, 1, 2], [2], [0], [2, 1], [0]]
    targets = torch.zeros(8, 4, dtype=torch.float64)
    for row, of_image in enumerate(labels):
        targets[row, of_image] = 1
    logits = random(8, 4, seed=11)
    logits[5] = logits[6]  # ties
    logits[2, 1] = logits[3, 1]
    logits.requires_grad_()
    scores, actual = logits.detach().numpy(), targets.numpy()
    present = actual.sum(0) > 0
    return {
        "labels": labels,
        "logits": logits.tolist(),
        "bce": result(F.binary_cross_entropy_with_logits(logits, targets), logits),
        "average_precision": [average_precision_score(actual[:, k], scores[:, k]) for k in range(4) if present[k]],
        "map": average_precision_score(actual[:, present], scores[:, present], average="macro"),
        "f1": f1_score(actual, scores > 0, average=None, zero_division=0).tolist(),
        "map_micro": average_precision_score(actual, scores, average="micro"),
        "at_threshold": {str(p): averages(actual, 1 / (1 + np.exp(-scores)) > p) for p in (0.5, 0.3, 0.8)},
    }


def valley(losses):
    """fastai.callback.schedule.valley, the index."""
    n = len(losses)
    max_start, max_end = 0, 0
    lds = [1] * n
    for i in range(1, n):
        for j in range(0, i):
            if (losses[i] < losses[j]) and (lds[i] < lds[j] + 1):
                lds[i] = lds[j] + 1
            if lds[max_end] < lds[i]:
                max_end = i
                max_start = max_end - lds[max_end]
    sections = (max_end - max_start) / 3
    return max_start + int(sections) + int(sections / 2)


def rate_curve():
    steps = 80
    rates = 1e-6 * (1e6) ** (np.arange(steps) / (steps - 1))
    noise = np.random.default_rng(3).normal(0, 0.03, steps)
    losses = 2.3 - 1.5 / (1 + (3e-3 / rates) ** 1.5) + 40 * rates**3 + noise
    mean, smoothed = 0.0, []
    for i, loss in enumerate(losses):  # fastai's AvgSmoothLoss with the correction of its Recorder
        mean = mean * 0.98 + loss * 0.02
        smoothed.append(mean / (1 - 0.98 ** (i + 1)))
    inner_rates, inner = rates[steps // 10 : -5], np.array(smoothed[steps // 10 : -5])
    return {
        "rates": rates.tolist(),
        "losses": losses.tolist(),
        "smoothed": smoothed,
        "valley": inner_rates[valley(inner)],
        "steepest": inner_rates[np.gradient(inner).argmin()],
        "minimum": inner_rates[inner.argmin()],
    }


numbers = {"distillation": distillation(), "class_weights": class_weights(), "multi_label": multi_label()}
numbers["rate_curve"] = rate_curve()
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps(numbers, indent=1) + "\n")
