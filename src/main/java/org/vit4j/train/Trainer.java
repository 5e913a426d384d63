package org.vit4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.vit4j.backend.Backend;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.config.Checks;
import org.vit4j.data.BatchSource;
import org.vit4j.data.DataLoader;
import org.vit4j.data.Mixup;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.Transform;
import org.vit4j.machine.CpuThreads;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.Metric;
import org.vit4j.model.Network;
import org.vit4j.optim.ClipConfig;
import org.vit4j.optim.EmaConfig;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.Schedule;

/**
 * Trains a {@link Network}.
 *
 * <pre>{@code
 * Trainer.of(net)
 *         .optimizer(new AdamW(1e-3, 0.05)).schedule(Cosine.over(30).warmup(5))
 *         .callbacks(new EarlyStopping(5))
 *         .fit(train, validation, 30);
 * }</pre>
 *
 * <p>Defaults: AdamW with a rate of 1e-3, a constant schedule, cross entropy, batches of 64 images, seed 0. The command
 * line trains by the same class: {@link #config} sets everything from a {@code train:} section.
 */
public final class Trainer {
    private final Network network;
    private final TrainSettings settings = new TrainSettings();
    private final List<Callback> callbacks = new ArrayList<>();
    private final List<Metric> metrics = new ArrayList<>();
    private AugmentConfig augment = AugmentConfig.NONE;
    private CheckpointStore checkpoints = CheckpointStore.NONE;
    private Optional<TeacherModel> teacher = Optional.empty();
    private Optional<GradientWorkers> workers = Optional.empty();
    private Optional<ProcessGroup> group = Optional.empty();

    private Trainer(Network network) {
        this.network = network;
    }

    /** Starts the configuration of a training run. */
    public static Trainer of(Network network) {
        return new Trainer(network);
    }

    /**
     * Sets everything from a {@code train:} section, except the number of epochs. Initial weights ({@code train.init}) are
     * loaded by {@link Network#load}, a teacher ({@code train.distill}) is passed by {@link #teacher}.
     */
    public Trainer config(TrainConfig config) {
        settings.set(config);
        config.earlyStop().ifPresent(callbacks::add);
        return this;
    }

    public Trainer optimizer(Optimizer optimizer) {
        settings.optimizer = optimizer;
        return this;
    }

    /** Sets the learning rate as a function of the epoch; its peak is the rate of the optimizer. */
    public Trainer schedule(Schedule schedule) {
        settings.schedule = schedule;
        return this;
    }

    public Trainer loss(Loss loss) {
        settings.loss = loss;
        return this;
    }

    /** Adds callbacks. They are called in the order in which they were added. */
    public Trainer callbacks(Callback... more) {
        callbacks.addAll(List.of(more));
        return this;
    }

    /** Adds metrics of the validation set; see {@link EpochMetrics#metrics}. */
    public Trainer metrics(Metric... more) {
        for (Metric metric : more) {
            String name = Objects.requireNonNull(metric.name(), "the name of a metric");
            Checks.require(
                    metrics.stream().noneMatch(other -> other.name().equals(name)),
                    "two metrics have the name %s",
                    name);
            metrics.add(metric);
        }
        return this;
    }

    /** Sets the seed of shuffling, augmentation and dropout. */
    public Trainer seed(long seed) {
        settings.seed = seed;
        return this;
    }

    /** Sets the number of images in a batch. */
    public Trainer batch(int images) {
        settings.batch = images;
        return this;
    }

    /** Sets the number of batches whose gradients are averaged for one optimizer step. */
    public Trainer accumulate(int batches) {
        settings.accumulate = batches;
        return this;
    }

    /** Sets the transforms of training images, applied in order before preprocessing. */
    public Trainer augment(Transform... transforms) {
        return augment(AugmentConfig.of(List.of(transforms)));
    }

    public Trainer augment(AugmentConfig config) {
        augment = config;
        return this;
    }

    /** Mixes the images of a batch and their labels. */
    public Trainer mixup(Mixup mixup) {
        settings.mixup = Optional.of(mixup);
        return this;
    }

    public Trainer clip(ClipConfig clip) {
        settings.clip = Optional.of(clip);
        return this;
    }

    /** Keeps a moving average of the weights. */
    public Trainer average(EmaConfig average) {
        settings.ema = Optional.of(average);
        return this;
    }

    public Trainer backend(Backend backend) {
        settings.backend = backend;
        return this;
    }

    /** Keeps checkpoints of the run. */
    public Trainer checkpoints(CheckpointStore store) {
        checkpoints = store;
        return this;
    }

    /** Distills from a teacher, by {@link TrainConfig#distill} of {@link #config}. */
    public Trainer teacher(TeacherModel model) {
        teacher = Optional.of(model);
        return this;
    }

    /** Computes gradients by other processes. */
    public Trainer workers(GradientWorkers processes) {
        workers = Optional.of(processes);
        return this;
    }

    /**
     * Trains together with other processes, each of which computes the gradients of its part of a batch. They need a {@link
     * DataLoader}, and call {@link TrainLoop#share} first.
     */
    public Trainer group(ProcessGroup processes) {
        group = Optional.of(processes);
        return this;
    }

    /**
     * Trains on a dataset; the network gets the names of its classes, and keeps the weights after the last epoch.
     *
     * @return metrics of the epochs
     * @throws org.vit4j.io.RunException if loss, gradient or weights become NaN or infinite
     * @throws IllegalArgumentException if the numbers of classes of network and data differ, or the classes of the datasets, or
     *     if there are no images
     * @throws java.util.concurrent.CancellationException if the thread is interrupted; its flag stays set
     */
    public List<EpochMetrics> fit(Dataset train, Dataset validation, int epochs) {
        Checks.require(train.size() > 0, "the training set has no images");
        DatasetSplits data = new DatasetSplits(train, validation);
        Preprocessing preprocess = network.description().preprocess();
        int batch = Math.min(settings.batch, train.size());
        int threads = settings.build(epochs).loadThreads();
        BatchSource training =
                new DataLoader(train, augment, preprocess, batch, true, settings.dropLast, settings.seed, threads);
        BatchSource validating = new DataLoader(
                data.validation(),
                AugmentConfig.NONE,
                preprocess,
                settings.valBatch.orElse(settings.batch),
                false,
                false,
                0,
                threads);
        return fit(training, validating, train.classes(), epochs);
    }

    /** Trains on batches, such as those of a DL4J iterator; see {@link #fit(Dataset, Dataset, int)}. */
    public List<EpochMetrics> fit(BatchSource training, BatchSource validation, List<String> classes, int epochs) {
        return CpuThreads.with(settings.threads, () -> {
            try (TrainLoop loop = loop(training, validation, classes, epochs)) {
                network.classes(classes).multiLabel(training.labelLists().isPresent());
                loop.run(() -> false);
                return loop.state().history();
            }
        });
    }

    /**
     * Makes the loop, for callers that resume or stop it; the caller closes it. The number of threads of a config is applied
     * by {@link #fit} only.
     */
    public TrainLoop loop(BatchSource training, BatchSource validation, List<String> classes, int epochs) {
        Checks.require(
                classes.size() == network.model().classes(),
                "%d classes, expected %d, the number of the network's logits",
                classes.size(),
                network.model().classes());
        Checks.require(training.batchesPerEpoch() > 0, "the source of training batches has no batches");
        Checks.require(validation.batchesPerEpoch() > 0, "the source of validation batches has no batches");
        TrainConfig config = settings.build(epochs).forClasses(classes, training.classCounts());
        Checks.require(config.distill().isEmpty() || teacher.isPresent(), "teacher is missing; train.distill needs it");
        Checks.require(
                config.distill().isEmpty() || training.labelLists().isEmpty(),
                "distillation is for images with one label");
        Checks.require(
                config.backend().devices().size() == 1,
                "backend is on %d devices; select one by Backend.inGroup",
                config.backend().devices().size());
        Checks.require(
                group.isEmpty() || training instanceof DataLoader,
                "several processes need a DataLoader, which can load a part of a batch");
        return new TrainLoop(
                config,
                network,
                training,
                validation,
                classes,
                new TrainLoop.LoopPartners(
                        List.copyOf(callbacks), List.copyOf(metrics), checkpoints, teacher, workers, group));
    }
}
