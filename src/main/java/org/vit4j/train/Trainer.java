package org.vit4j.train;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.eval.Evaluator;
import org.vit4j.eval.Scores;
import org.vit4j.graph.Graph;
import org.vit4j.io.Failure;
import org.vit4j.model.Description;
import org.vit4j.model.SavedModel;
import org.vit4j.report.Environment;
import org.vit4j.samediff.GradientStep;
import org.vit4j.samediff.Inference;
import org.vit4j.samediff.Lowering;
import org.vit4j.samediff.Parameters;

/**
 * The training loop: gradient, clipping, one optimizer step over all weights, validation after each epoch.
 *
 * <p>Everything random follows from (seed, epoch, step), so a run that was stopped and resumed is bit for bit the run
 * that was not.
 */
public final class Trainer implements AutoCloseable {
    /** What a run tells while it goes on. */
    public interface Progress {
        void batch(TrainState state, int batches, double imagesPerSecond);

        void epoch(EpochMetrics metrics, int epochs);
    }

    private final TrainConfig train;
    private final RunDirectory run;
    private final Progress progress;
    private final BatchSource training;
    private final BatchSource validation;
    private final List<String> classes;
    private final Optional<Teacher> teacher;
    private final Description description;
    private final Parameters parameters;
    private final Optimizer.State optimizer;
    private final Schedule schedule;
    private final String images;
    private final String logits;
    private final GradientStep gradients;
    private final Inference inference;
    private final Checkpoint checkpoint;
    private TrainState state = TrainState.START;

    Trainer(RunConfig config, TrainData data, Optional<Teacher> teacher, RunDirectory run, Progress progress) {
        this.train = config.train();
        this.run = run;
        this.progress = progress;
        this.training = data.training();
        this.validation = data.validation();
        this.classes = data.classes();
        this.teacher = teacher;
        this.description = describe(config, classes);
        Graph graph = config.model().build();
        this.parameters = new Parameters(graph.weights(), Nd4j.dataType());
        parameters.initialise(train.seed());
        this.optimizer = train.optimizer().start(parameters.trained(), parameters.decayed());
        this.schedule = train.schedule().fitted();
        this.images = graph.tensors().iterator().next().name();
        this.logits = graph.outputs().get("logits").name();
        Lowering.Mode mode = train.freezeNorm() ? Lowering.Mode.FINE_TUNING : Lowering.Mode.TRAINING;
        GradientStep.Wanted wanted =
                new GradientStep.Wanted(network -> Objective.loss(network, train.distill()), List.of(logits));
        this.gradients = train.engine().step(graph, parameters, mode, wanted);
        this.inference = train.engine().inference(graph, parameters);
        this.checkpoint = new Checkpoint(run.checkpoints(), config.output().keep());
    }

    private static Description describe(RunConfig config, List<String> classes) {
        return new Description(
                config.name(),
                config.model(),
                config.resolved(),
                classes,
                config.data().preprocess(),
                Environment.describe());
    }

    /** Goes on from the newest whole checkpoint, when there is one. */
    boolean resume() {
        Optional<TrainState> found = checkpoint.resume(parameters, optimizer);
        found.ifPresent(kept -> state = kept);
        return found.isPresent();
    }

    TrainState state() {
        return state;
    }

    /**
     * Trains to the last epoch, or until {@code stop} says so, which is asked after every step.
     *
     * @return whether the run is finished
     * @throws Failure when the loss is no number any more; the checkpoints before stay
     */
    boolean train(BooleanSupplier stop) {
        while (state.epoch() < train.epochs()) {
            if (!epoch(stop)) {
                checkpoint.save(state, parameters, optimizer);
                return false;
            }
        }
        return true;
    }

    private boolean epoch(BooleanSupplier stop) {
        int steps = training.batchesPerEpoch();
        try (BatchIterator batches = training.epoch(state.epoch(), state.batches())) {
            long start = System.nanoTime();
            while (batches.hasNext()) {
                step(batches.next(), steps, start);
                start = System.nanoTime();
                if (state.batches() < steps && state.step() % train.checkpointSteps() == 0) {
                    checkpoint.save(state, parameters, optimizer);
                }
                if (stop.getAsBoolean() && state.batches() < steps) return false;
            }
        }
        finish(schedule.at(state.epoch() + (steps - 1.0) / steps));
        return !stop.getAsBoolean() || state.epoch() == train.epochs();
    }

    /** One optimizer step; {@code start} is when waiting for the batch began. */
    private void step(Batch batch, int steps, long start) {
        double lr = schedule.at(state.epoch() + (double) state.batches() / steps);
        Map<String, INDArray> inputs = new HashMap<>();
        INDArray pixels = images(batch);
        inputs.put(images, pixels);
        teacher.ifPresent(t -> inputs.put(Objective.TEACHER, t.logits(pixels)));
        inputs.put(Objective.TARGETS, Targets.smoothed(batch.labels(), classes.size(), train.labelSmoothing()));
        Masks.draw(gradients.masks(), train.seed(), state.step(), batch.size(), inputs);
        gradients.run(inputs);
        double loss = gradients.loss();
        check(loss);
        long hits = Evaluator.hits(gradients.tensor(logits), batch.labels());
        clip(gradients.flat());
        optimizer.step(gradients.flat(), lr);
        gradients.updateStatistics();
        double seconds = (System.nanoTime() - start) / 1e9;
        state = state.afterBatch(loss, hits, batch.size(), seconds);
        progress.batch(state, steps, batch.size() / seconds);
    }

    private void check(double loss) {
        if (Double.isFinite(loss)) return;
        throw new Failure(String.format(
                "the loss became %s in step %d (epoch %d); try a lower train.optimizer.lr, a longer warm-up or train.clip."
                        + " The last good checkpoint is in %s",
                loss, state.step() + 1, state.epoch() + 1, run.checkpoints()));
    }

    /** Scales the gradient down to the given L2 norm, as PyTorch's {@code clip_grad_norm_}. */
    private void clip(INDArray gradient) {
        if (train.clip().isEmpty()) return;
        double norm = gradient.norm2Number().doubleValue();
        double largest = train.clip().getAsDouble();
        if (norm > largest) gradient.muli(largest / (norm + 1e-6));
    }

    private void finish(double lr) {
        long start = System.nanoTime();
        Scores scores = Evaluator.evaluate(inference, validation, classes);
        double seconds = state.seconds() + (System.nanoTime() - start) / 1e9;
        EpochMetrics metrics = new EpochMetrics(
                state.epoch() + 1,
                lr,
                state.lossSum() / state.seen(),
                (double) state.correct() / state.seen(),
                scores.loss(),
                scores.top1(),
                state.seen() / state.seconds(),
                seconds);
        boolean best = state.best().map(metrics::betterThan).orElse(true);
        TrainState after = state.afterEpoch(metrics);
        SavedModel.write(run.last(), description, parameters);
        if (best) SavedModel.write(run.model(), description, parameters);
        state = after;
        checkpoint.save(state, parameters, optimizer);
        run.metrics(state.history());
        progress.epoch(metrics, train.epochs());
    }

    private static INDArray images(Batch batch) {
        return Nd4j.createFromArray(batch.images())
                .reshape('c', batch.size(), batch.height(), batch.width(), batch.channels());
    }

    @Override
    public void close() {
        gradients.close();
        inference.close();
    }
}
