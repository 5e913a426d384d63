"""Opens .keras files in stock Keras and compares the logits with those of the reference.

    KERAS_BACKEND=jax python check_keras.py DIRECTORY [--train]

DIRECTORY holds NAME.keras, NAME.input.npy (NHWC) and NAME.logits.npy; `mvn test -Dtest='Keras*Test'
-Dgoldens=GOLDENS` writes them to target/keras; checks/keras/run.sh does everything. Needs keras, a backend, h5py and numpy.
Prints one line per model: Keras, backend, name, largest error divided by the largest logit, parameters, helpers and copies among
them. With --train every model is also trained for three epochs, saved by Keras and opened again, and the helpers must be
unchanged. Exits with 1 if a model fails.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile
import warnings
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax")

import h5py
import keras
import numpy as np

TOLERANCE = 1e-5


def relative(actual, expected):
    return float(np.abs(np.asarray(actual) - expected).max() / np.abs(expected).max())


def index(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("vit4j/weights.json"))


def count(variables):
    return sum(int(np.prod(variable["shape"])) for variable in variables)


def datasets(path, directory):
    with zipfile.ZipFile(path) as archive:
        archive.extract("model.weights.h5", directory)
    found = {}
    with h5py.File(directory + "/model.weights.h5", "r") as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def datasets_of(path):
    with tempfile.TemporaryDirectory() as directory:
        return datasets(path, directory)


def trained(path, model, images):
    """Trains the model in Keras, saves it and opens it again. Returns the problem, or None."""
    labels = np.zeros(len(images), "int32")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.AdamW(1e-2, weight_decay=1e-2), loss=loss)
    before = model.predict(images, verbose=0)
    model.fit(images, labels, epochs=3, verbose=0)
    after = model.predict(images, verbose=0)
    if np.array_equal(before, after):
        return "training does not change the logits"
    with tempfile.TemporaryDirectory() as directory:
        saved = directory + "/saved.keras"
        model.save(saved)
        again = keras.models.load_model(saved, compile=False)
        if relative(again.predict(images, verbose=0), after) > TOLERANCE:
            return "the logits change when Keras saves and opens the model"
        values = datasets(saved, directory)
        original = {name: value for name, value in datasets(path, directory).items() if name.startswith("layers/")}
        helpers = index(path)["helpers"]
        frozen = [variable.numpy() for layer in model.layers if not layer.trainable for variable in layer.variables]
        if set(original) - set(values):
            return "Keras saves weights under other names"
        changed = [name for name in helpers if not np.array_equal(values[name], original[name])]
        unchanged = [name for name in original if name not in helpers and np.array_equal(values[name], original[name])]
        unchanged = [name for name in unchanged if not any(np.array_equal(original[name], array) for array in frozen)]
        if changed or unchanged:
            return f"changed helpers: {changed}, unchanged weights: {unchanged}"
    return None


def check(path, train):
    images = np.load(path.with_suffix(".input.npy"))
    expected = np.load(path.with_suffix(".logits.npy"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = keras.models.load_model(path, compile=False)
    # Batches of two sizes: the batch axis must be free.
    error = max(
        relative(model.predict(images, verbose=0), expected),
        relative(model.predict(images[:1], verbose=0), expected[:1]),
    )
    extra = count(index(path)["helpers"].values())
    copies = count(index(path)["copies"].values())
    table = datasets_of(path)
    wrong = [n for n, h in index(path)["helpers"].items() if "value" in h and np.any(table[n] != np.float32(h["value"]))]
    own = count(place for place in index(path)["weights"].values() if place["path"].startswith("layers/"))
    problem = None if error <= TOLERANCE else f"error above {TOLERANCE}"
    if model.count_params() != own + extra + copies:
        problem = f"expected {own} parameters plus helpers and copies"
    if wrong:
        problem = f"helpers that differ from the index: {wrong}"
    if train and own and not problem:
        problem = trained(path, model, images)
    print(
        f"keras {keras.__version__:8} {keras.backend.backend():10} {path.stem:16} "
        f"error {error:.1e}  parameters {model.count_params()}  helpers {extra}  copies {copies}  {problem or 'ok'}"
    )
    return problem is None


def checked(path, train):
    try:
        return check(path, train)
    except Exception as error:  # continue with the other models if Keras rejects one
        print(f"keras {keras.__version__:8} {keras.backend.backend():10} {path.stem:16} {type(error).__name__}: {error}")
        return False


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("directory", type=pathlib.Path)
    arguments.add_argument("--train", action="store_true", help="train, save and reopen each model too")
    options = arguments.parse_args()
    models = sorted(options.directory.glob("*.keras"))
    if not models:
        sys.exit(f"no .keras file in {options.directory}")
    failed = [path.stem for path in models if not checked(path, options.train)]
    print(f"{len(models)} models, {len(failed)} failed" + "".join(f" {name}" for name in failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
