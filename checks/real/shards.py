"""Tar shards of webdataset and Parquet files of datasets and pyarrow; predictions read by pyarrow, pandas and datasets."""

import io
import tarfile

import datasets
import numpy as np
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import webdataset as wds
from PIL import Image

from real.common import one_line_error, vit4j, vit4j_json

datasets.disable_progress_bars()
CLASSES = ["cat", "dog", "fish"]
TINY = ["model.dim=16", "model.depth=1", "model.heads=2", "train.epochs=1", "train.batch=16", "model.classes=3",
        "data.shuffle_buffer=10"]
CODECS = ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]


def examples():
    """60 small PNG files, with the class in the brightness."""
    random = np.random.default_rng(0)
    for i in range(60):
        pixels = random.integers(0, 80, (8, 8)) + 80 * (i % 3)
        out = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(out, "PNG")
        yield out.getvalue(), i % 3


def train(run, dataset, data, *sets, code=0):
    options = [o for s in (*TINY, f"data.dataset={dataset}", f"data.path={data}", *sets) for o in ("--set", s)]
    return vit4j("train", "digits-vit", *options, "--run", run, code=code)


def write_tars(folder, **options):
    folder.mkdir(parents=True)
    data = list(examples())
    for split, part in (("train", data[:45]), ("val", data[45:])):
        with wds.ShardWriter(f"{folder}/pets-{split}-%06d.tar", maxcount=20, verbose=0, **options) as writer:
            for i, (png, label) in enumerate(part):
                writer.write({"__key__": f"{i:05d}", "png": png, "cls": label, "json": {"word": CLASSES[label]}})


def table(rows, names):
    image = pa.array([png for png, _ in rows], pa.binary())
    return pa.table({"image": image, "label": pa.array([names[k] for _, k in rows])})


def cases(tmp):
    data = list(examples())
    model = tmp / "tar" / "model.keras"

    def tars():
        write_tars(tmp / "wds")
        train(tmp / "tar", "webdataset", tmp / "wds")
        for path in (tmp / "wds", f"{tmp}/wds/pets-val-{{000000..000000}}.tar", f"{tmp}/wds/*val*.tar"):
            scores = vit4j_json("eval", model, "--data", path)
            assert scores["count"] == 15, (path, scores["count"])
        config = vit4j_json("eval", model, "--data", tmp / "tar" / "config.yaml")
        assert config["loss"] == scores["loss"], (config["loss"], scores["loss"])

    yield "shards of webdataset", tars

    def same_images():
        folder = tmp / "folder"
        for i, (png, label) in enumerate(data[45:]):
            (folder / str(label)).mkdir(parents=True, exist_ok=True)
            (folder / str(label) / f"{i}.png").write_bytes(png)
        of_folder = vit4j_json("eval", model, "--data", folder)
        of_shards = vit4j_json("eval", model, "--data", tmp / "wds")
        assert abs(of_folder["loss"] - of_shards["loss"]) < 1e-6, (of_folder["loss"], of_shards["loss"])
        assert of_folder["confusion"] == of_shards["confusion"]

    yield "a folder of the same images has the same scores", same_images

    def formats():
        for name, form in (("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT), ("ustar", tarfile.USTAR_FORMAT)):
            folder = tmp / name
            folder.mkdir()
            with tarfile.open(folder / "val.tar", "w", format=form) as out:
                for i, (png, label) in enumerate(data[45:]):
                    key = f"{'d' * 60}/{'ü' if name != 'ustar' else 'u'}{'k' * 60}{i:03d}"
                    for extension, content in (("cls", str(label).encode()), ("png", png)):
                        member = tarfile.TarInfo(f"{key}.{extension}")
                        member.size = len(content)
                        out.addfile(member, io.BytesIO(content))
            assert vit4j_json("eval", model, "--data", folder)["count"] == 15

    yield "tar files in the GNU, PAX and ustar formats", formats

    def refused():
        write_tars(tmp / "gz", compress=True)
        first = sorted((tmp / "gz").iterdir())[0]
        if not first.name.endswith(".gz"):
            first.rename(first.with_suffix(".tar.gz"))
        one_line_error(train(tmp / "no", "webdataset", tmp / "gz", code=2), "is compressed")
        whole = (tmp / "wds" / "pets-val-000000.tar").read_bytes()
        (tmp / "cut").mkdir()
        (tmp / "cut" / "val.tar").write_bytes(whole[: len(whole) // 2])
        done = vit4j("eval", model, "--data", tmp / "cut", code=2)
        one_line_error(done, "val.tar", "truncated")

    yield "compressed and truncated shards are refused", refused

    def hugging_face():
        features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=CLASSES)})
        (tmp / "hf" / "data").mkdir(parents=True)
        for split, rows, parts in (("train", data[:45], 3), ("validation", data[45:], 1)):
            images = [{"bytes": png, "path": f"{i}.png"} for i, (png, _) in enumerate(rows)]
            whole = datasets.Dataset.from_dict({"image": images, "label": [k for _, k in rows]}, features=features)
            for i in range(parts):
                name = f"{split}-{i:05d}-of-{parts:05d}.parquet"
                whole.shard(parts, i, contiguous=True).to_parquet(tmp / "hf" / "data" / name)
        train(tmp / "parquet", "parquet", tmp / "hf")
        scores = vit4j_json("eval", tmp / "parquet" / "model.keras", "--data", tmp / "hf")
        assert scores["labels"] == CLASSES, scores["labels"]
        assert scores["count"] == 15

    yield "Parquet files of datasets, with class names", hugging_face

    def codecs():
        expected = vit4j_json("eval", model, "--data", tmp / "wds")["loss"]
        for i, codec in enumerate(CODECS):
            folder = tmp / f"codec-{codec}"
            folder.mkdir()
            options = {"use_dictionary": i % 2 == 0, "data_page_version": ("1.0", "2.0")[i // 2 % 2]}
            pq.write_table(table(data[45:], ["0", "1", "2"]), folder / "val.parquet", compression=codec,
                           row_group_size=7, data_page_size=300, write_batch_size=2, **options)
            loss = vit4j_json("eval", model, "--data", folder)["loss"]
            assert abs(loss - expected) < 1e-6, (codec, loss, expected)

    yield "codecs, page versions and dictionaries of pyarrow", codecs

    def mistakes():
        folder = tmp / "columns"
        folder.mkdir()
        rows = table(data, CLASSES).rename_columns(["image", "labels"])
        for name in ("train", "val"):
            pq.write_table(rows, folder / f"{name}.parquet")
        done = train(tmp / "no", "parquet", folder, code=2)
        one_line_error(done, "no column 'label', did you mean 'labels'?", "data.label_column")

    yield "a column of another name is suggested", mistakes

    def answers():
        photos = tmp / "folder"
        out = tmp / "answers.parquet"
        vit4j("predict", model, photos, "-o", out, "--logits", "--features", "--top", "2")
        expected = {row["file"]: row for row in vit4j_json("predict", model, photos, "--logits", "--top", "2")}
        for read in (pandas.read_parquet(out), pq.read_table(out).to_pandas(),
                     datasets.Dataset.from_parquet(str(out), cache_dir=tmp / "cache").to_pandas()):
            assert len(read) == 15
            assert list(read.columns) == ["path", "index", "label", "probability", "index_2", "label_2", "probability_2",
                                          "logits", "features"], list(read.columns)
            for row in read.itertuples():
                answer = expected[row.path]
                assert row.label == answer["predictions"][0]["label"]
                assert row.probability == answer["predictions"][0]["probability"]
                assert np.allclose(row.logits, answer["logits"], atol=1e-6), (row.logits, answer["logits"])
                assert len(row.features) == 16

    yield "predictions in Parquet, read by pyarrow, pandas and datasets", answers
