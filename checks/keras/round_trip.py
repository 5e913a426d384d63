"""Opens .keras files in stock Keras, changes every weight there, saves them: the half of the way back that is Keras'.

    KERAS_BACKEND=numpy python round_trip.py ORIGINALS SAVED NAME...

ORIGINALS holds NAME.keras, NAME.input.npy (NHWC), NAME.logits.npy and NAME.double.npy (ours in float64). For each a line:
name, largest error over the largest logit, verdict. SAVED gets NAME.keras as Keras saves it and NAME.logits.npy, what Keras
then computes; KerasBack reads them in Java.

Logits may differ by 1e-5 of the largest; where the network amplifies its own rounding, by three times what the reference in
float32 differs from float64.
"""

import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "numpy")

import keras
import numpy as np

TOLERANCE = 1e-5


def relative(actual, expected):
    return float(np.abs(np.asarray(actual, "float64") - expected).max() / np.abs(expected).max())


def change(model):
    """As training would, helpers included; what is frozen stays."""
    random = np.random.default_rng(5)
    for layer in model.layers:
        if not layer.trainable:
            continue
        for variable in layer.variables:
            value = np.asarray(variable)
            noise = random.normal(size=value.shape).astype("float32")
            # Variances stay positive.
            variable.assign(value * (1 + 0.02 * np.abs(noise)) + (0 if "variance" in variable.name else 0.01 * noise))


def check(originals, saved, name):
    path = originals / f"{name}.keras"
    images = np.load(originals / f"{name}.input.npy")
    expected = np.load(originals / f"{name}.logits.npy")
    double = np.load(originals / f"{name}.double.npy")
    model = keras.models.load_model(path, compile=False)
    error = max(relative(model(images), expected), relative(model(images[:1]), expected[:1]))
    rounding = relative(expected, double)
    limit = max(TOLERANCE, 3 * rounding) if np.isfinite(rounding) else TOLERANCE
    change(model)
    model.save(saved / f"{name}.keras")
    np.save(saved / f"{name}.logits.npy", np.asarray(model(images), "float32"))
    good = error <= limit
    print(f"{name} {error:.1e} {'ok' if good else 'FAILED'}", flush=True)
    return good


def main():
    originals, saved = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    saved.mkdir(parents=True, exist_ok=True)
    failed = [name for name in sys.argv[3:] if not check(originals, saved, name)]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
