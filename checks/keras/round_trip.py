"""Opens .keras files in stock Keras, changes every weight and saves them: the Keras half of the round trip.

    KERAS_BACKEND=numpy python round_trip.py ORIGINALS SAVED NAME...

ORIGINALS holds NAME.keras, NAME.input.npy (NHWC), NAME.logits.npy and NAME.double.npy (vit4j's logits in float64). Prints one line
per network: name, largest error divided by the largest logit, verdict. Writes NAME.keras, saved by Keras, and NAME.logits.npy, the
logits Keras computes with the changed weights, to SAVED; KerasReadBack reads them in Java.

Logits may differ by 1e-5 of the largest or, if the network amplifies rounding, by three times the difference between the float32
and float64 logits of the reference.
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
    """Changes all trainable weights as training would, helpers included."""
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
