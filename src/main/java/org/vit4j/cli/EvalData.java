package org.vit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigCatalog;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;
import org.vit4j.config.UserPath;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.FolderReader;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.data.datasets.LabelFile;
import org.vit4j.data.datasets.LocalDirectories;
import org.vit4j.data.datasets.MultiLabelFolder;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.datasets.RelabeledDataset;
import org.vit4j.data.datasets.TextLines;
import org.vit4j.data.shards.ShardConfig;
import org.vit4j.data.shards.ShardDatasets;
import org.vit4j.data.shards.ShardFormat;
import org.vit4j.data.shards.ShardedImages;
import org.vit4j.model.ModelDescription;
import org.vit4j.run.RunConfig;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of {@code eval} that select labeled images and their classes. */
final class EvalData {
    @Option(
            names = "--data",
            required = true,
            paramLabel = "CONFIG|PATH",
            description =
                    "A config, to evaluate its validation images, .tar shards or .parquet files (a directory, a file or a"
                            + " quoted pattern), or a directory that contains one directory per class, directly"
                            + " or in val, validation, valid or test.")
    private String data;

    @Mixin
    private OverrideOption overrides;

    @Option(
            names = "--class-map",
            paramLabel = "FILE",
            description = "Text file with the names of the class directories, one per line, in the order of the model's"
                    + " classes, or of --valid-labels if it has as many lines"
                    + " (timm's format).")
    private Optional<Path> classMap = Optional.empty();

    @Option(
            names = "--valid-labels",
            paramLabel = "FILE",
            description = "Text file with some of the model's classes, one index or name per line. The other logits and"
                    + " images of other classes are ignored.")
    private Optional<Path> validLabels = Optional.empty();

    @Option(
            names = "--labels",
            paramLabel = "FILE",
            description =
                    "For a model of several labels per image and a directory of images: CSV file with the labels, as"
                            + " data.labels. If it has a column split or is_valid, its validation images are evaluated, otherwise"
                            + " all.")
    private Optional<Path> labels = Optional.empty();

    @Option(
            names = "--label-separator",
            paramLabel = "TEXT",
            description = "Separator of the class names in the column labels of --labels (default: a space).")
    private Optional<String> separator = Optional.empty();

    @Mixin
    private MaxPixelsOption maxPixels;

    /** Value of {@code --data}, for messages. */
    String name() {
        return data;
    }

    /** Classes to which the evaluation of a model is limited. */
    Optional<ClassSubset> subset(ModelDescription model) {
        if (validLabels.isPresent() && model.multiLabel())
            throw new ConfigError(
                    "eval: --valid-labels does not support models of several labels per image; remove it");
        return validLabels.map(file -> ClassSubset.read(file, model.classes()));
    }

    /** Opens the images with the labels of a model, or of a subset of its classes. */
    Dataset open(ModelDescription model, Optional<ClassSubset> subset) {
        List<String> directories = classMap.map(TextLines::distinct).orElse(List.of());
        checkLabels(model);
        if (subset.isEmpty()) return open(model, model.classes(), directories);
        ClassSubset some = subset.get();
        boolean ofSubset = directories.size() == some.indices().size()
                && directories.size() < model.classes().size();
        if (ofSubset) return open(model, some.names(model.classes()), directories);
        return some.select(data, open(model, model.classes(), directories));
    }

    private void checkLabels(ModelDescription model) {
        if (labels.isEmpty() && separator.isPresent())
            throw new ConfigError("eval: --label-separator is for --labels; for a config, set data.label_separator");
        if (labels.isEmpty()) return;
        if (!model.multiLabel()) throw oneLabel("--labels " + labels.get());
        if (!Files.isDirectory(UserPath.of(data)))
            throw new ConfigError("eval: --labels requires a directory as --data; for a config, set data.labels");
        if (separator().isEmpty()) throw new ConfigError("--label-separator: must not be empty");
    }

    private String separator() {
        return separator.orElse(" ");
    }

    private static ConfigError oneLabel(String source) {
        return new ConfigError(
                source + ": the images have several labels, but the model was trained on images with one;"
                        + " expected a model that was trained, or imported, with data.labels");
    }

    private Dataset open(ModelDescription model, List<String> classes, List<String> directories) {
        Path path = UserPath.of(data);
        Optional<ShardFormat> format = ShardDatasets.format(data);
        if (format.isPresent() && labels.isPresent())
            throw new ConfigError("--labels: is for directories of images; --data " + data + " has shards");
        if ((format.isPresent() || Files.isDirectory(path))
                && !overrides.values().isEmpty())
            throw new ConfigError("eval: --set changes the config named by --data; " + data + " is not a config");
        if (format.isPresent()) return shards(format.get(), model, classes, directories);
        if (Files.isDirectory(path)) {
            int channels = model.model().image().channels();
            if (labels.isPresent()) {
                if (directories.size() > classes.size()) throw RelabeledDataset.tooManyNames(directories, classes);
                LabelFile file = new LabelFile(labels.get(), separator());
                List<String> names = directories.isEmpty() ? classes : directories;
                return new MultiLabelFolder(file.evaluation(path, names), classes, channels, maxPixels.limit());
            }
            FolderReader reader = new FolderReader(new LocalDirectories(), directories);
            return new ImageFolder(
                    reader.evaluationFiles(path.toString(), classes), channels, OnCorrupt.FAIL, maxPixels.limit());
        }
        if (!Files.exists(path) && !Config.exists(data)) {
            throw new ConfigError("--data " + data + ": does not exist; expected a directory with one directory per"
                    + " class, a YAML file, or the name of a packaged config"
                    + Suggestions.hint(data, ConfigCatalog.names()));
        }
        Dataset validation = RunConfig.open(data, overrides.values())
                .data()
                .open(OnCorrupt.FAIL)
                .validation();
        if (validation.labelLists().isPresent() && !model.multiLabel()) throw oneLabel("--data " + data);
        return new RelabeledDataset(data, validation, classes, directories);
    }

    private Dataset shards(ShardFormat format, ModelDescription model, List<String> classes, List<String> directories) {
        int channels = model.model().image().channels();
        Dataset images = ShardDatasets.evaluation(
                format,
                data,
                ShardConfig.DEFAULTS,
                directories.isEmpty() ? classes : directories,
                directories.isEmpty()
                        ? "in the model (--class-map names the classes of the files)"
                        : "in the class map",
                new ShardedImages.ImageReading(channels, OnCorrupt.FAIL, maxPixels.limit()));
        return new RelabeledDataset(data, images, classes, directories);
    }
}
