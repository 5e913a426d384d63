package org.vit4j.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.ParameterStore;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Parameter;
import org.vit4j.io.AtomicFiles;
import org.vit4j.keras.KerasFile;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.ValidationMetrics;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;

/**
 * Mean of the weights of saved models and of checkpoints of runs, as timm's {@code avg_checkpoints.py}: computed in double,
 * running statistics included.
 *
 * @param inputs saved models, or {@code step-N.safetensors} of the checkpoints of a run; {@code .json} files are ignored
 * @param best averages only so many checkpoints, those with the best metric of their last finished epoch
 * @param useAverage takes the moving average of the weights from checkpoints that have one
 */
public record ModelAverage(List<Path> inputs, OptionalInt best, boolean useAverage) {
    private static final String CHECKPOINT = ".safetensors";
    private static final String AVERAGE = "ema/";

    public ModelAverage {
        inputs = inputs.stream()
                .filter(file -> !file.toString().endsWith(".json"))
                .toList();
    }

    /** A model, or a checkpoint with the metrics of its last finished epoch. */
    private record AveragedModel(Path file, ModelDescription description, Optional<ValidationMetrics> epoch) {
        BestMetric metric() {
            return BestMetric.ofConfig(Config.values(description.config(), file.toString()));
        }
    }

    /**
     * Writes the averaged model.
     *
     * @return the files that were averaged
     * @throws ConfigError if a file cannot be read, or the models differ
     */
    public List<Path> write(Path output) {
        List<AveragedModel> models = new ArrayList<>();
        for (Path file : inputs) models.add(open(file));
        if (models.size() < 2) throw new ConfigError("average: expected at least two models or checkpoints");
        AveragedModel first = models.get(0);
        models.forEach(model -> checkAgrees(first, model));
        List<AveragedModel> used = selected(models);
        ParameterStore parameters = mean(first.description, used);
        List<Path> files = used.stream().map(AveragedModel::file).toList();
        Map<String, String> provenance = new LinkedHashMap<>(first.description.provenance());
        provenance.put("averaged", files.toString());
        SavedModel.write(output, first.description.with(provenance), parameters);
        return files;
    }

    private AveragedModel open(Path file) {
        if (!Files.isRegularFile(file)) throw new ConfigError(file + ": does not exist or is not a file");
        if (isCheckpoint(file)) return checkpoint(file);
        return new AveragedModel(file, SavedModel.describe(file), Optional.empty());
    }

    private static boolean isCheckpoint(Path file) {
        return file.toString().endsWith(CHECKPOINT);
    }

    private AveragedModel checkpoint(Path file) {
        Path directory = file.toAbsolutePath().normalize().getParent();
        Path run = Objects.requireNonNull(directory).getParent();
        Path model = run == null ? file : run.resolve("last.keras");
        if (!Files.exists(model)) {
            throw new ConfigError(
                    file + ": expected a checkpoint of a run with a finished epoch, RUN/checkpoints/step-N" + CHECKPOINT
                            + " and RUN/last.keras");
        }
        ModelDescription description = SavedModel.describe(model);
        List<EpochMetrics> history = manifest(file).state().history();
        Optional<ValidationMetrics> epoch =
                history.isEmpty() ? Optional.empty() : Optional.of(metrics(history.get(history.size() - 1)));
        return new AveragedModel(file, description, epoch);
    }

    private ValidationMetrics metrics(EpochMetrics epoch) {
        return useAverage ? epoch.ema().orElse(epoch) : epoch;
    }

    private static CheckpointManifest manifest(Path file) {
        try {
            CheckpointManifest manifest = CheckpointManifest.read(CheckpointDirectory.manifestOf(file));
            if (!CheckpointDirectory.sha256(file).equals(manifest.sha256())) throw new IOException("wrong checksum");
            return manifest;
        } catch (IOException e) {
            throw new ConfigError(file + ": damaged (" + AtomicFiles.reason(e) + ")", e);
        }
    }

    /** Rejects models with other networks, classes or preprocessing. */
    private static void checkAgrees(AveragedModel a, AveragedModel b) {
        String files = a.file + " and " + b.file;
        if (a.description.multiLabel() != b.description.multiLabel())
            throw new ConfigError(files + ": one has several labels per image, the other a single one");
        if (!a.description.model().equals(b.description.model())) checkSameNetwork(a, b, files);
        if (!a.description.classes().equals(b.description.classes()))
            throw new ConfigError(files + ": different classes; they must be equal and in the same order");
        if (!a.description.preprocess().equals(b.description.preprocess()))
            throw new ConfigError(files + ": different preprocessing: " + a.description.preprocess() + " and "
                    + b.description.preprocess());
    }

    private static void checkSameNetwork(AveragedModel a, AveragedModel b, String files) {
        Map<String, String> first = Config.values(a.description.config(), a.file.toString());
        Map<String, String> second = Config.values(b.description.config(), b.file.toString());
        TreeSet<String> keys = new TreeSet<>(first.keySet());
        keys.addAll(second.keySet());
        for (String key : keys) {
            if (!key.startsWith("model.") || Objects.equals(first.get(key), second.get(key))) continue;
            throw new ConfigError(
                    files + ": different networks: " + key + " is " + first.get(key) + " and " + second.get(key));
        }
    }

    private List<AveragedModel> selected(List<AveragedModel> models) {
        if (best.isEmpty()) return models;
        List<AveragedModel> finished = models.stream()
                .filter(model -> model.epoch.isPresent() || !isCheckpoint(model.file)) // others: of the first epoch
                .toList();
        List<AveragedModel> checked = finished.isEmpty() ? models : finished;
        checked.stream().filter(model -> model.epoch.isEmpty()).findFirst().ifPresent(model -> {
            throw new ConfigError(
                    model.file + ": has no metric, so the best cannot be selected; --best is for checkpoints"
                            + " of runs with a finished epoch");
        });
        Comparator<ValidationMetrics> bestFirst = metric(finished).bestFirst();
        return finished.stream()
                .sorted(Comparator.comparing((AveragedModel model) -> model.epoch.orElseThrow(), bestFirst)
                        .thenComparing(model -> model.file.toString()))
                .limit(best.getAsInt())
                .toList();
    }

    private static BestMetric metric(List<AveragedModel> models) {
        AveragedModel first = models.get(0);
        for (AveragedModel model : models) {
            if (model.metric().equals(first.metric())) continue;
            throw new ConfigError(first.file + " and " + model.file + ": different train.best, so the best"
                    + " cannot be selected; average the checkpoints of each run with --best");
        }
        return first.metric();
    }

    private ParameterStore mean(ModelDescription description, List<AveragedModel> models) {
        ParameterStore parameters =
                new ParameterStore(description.model().graph().parameters(), DataType.FLOAT);
        Map<String, double[]> sums = new LinkedHashMap<>();
        for (AveragedModel model : models) add(model, parameters.parameters(), sums);
        for (Parameter parameter : parameters.parameters()) {
            double[] sum = sums.get(parameter.name());
            float[] mean = new float[sum.length];
            for (int i = 0; i < mean.length; i++) mean[i] = (float) (sum[i] / models.size());
            var array = parameters.array(parameter.name());
            array.assign(Nd4j.createFromArray(mean).reshape('c', array.shape()));
        }
        return parameters;
    }

    private void add(AveragedModel model, Iterable<Parameter> parameters, Map<String, double[]> sums) {
        if (!isCheckpoint(model.file)) {
            try (KerasFile file = KerasFile.read(model.file)) {
                for (Parameter parameter : parameters) add(sums, parameter.name(), file.values(parameter.name()));
            }
            return;
        }
        Map<String, SafeTensors.NamedValues> arrays = SafeTensors.read(model.file);
        for (Parameter parameter : parameters) {
            String averaged = AVERAGE + parameter.name();
            String name = useAverage && arrays.containsKey(averaged) ? averaged : parameter.name();
            if (!arrays.containsKey(name)) throw new ConfigError(model.file + ": missing array '" + name + "'");
            add(sums, parameter.name(), arrays.get(name).values());
        }
    }

    private static void add(Map<String, double[]> sums, String name, float[] values) {
        double[] sum = sums.computeIfAbsent(name, any -> new double[values.length]);
        for (int i = 0; i < values.length; i++) sum[i] += values[i];
    }
}
