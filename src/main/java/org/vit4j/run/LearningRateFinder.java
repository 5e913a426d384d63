package org.vit4j.run;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.vit4j.config.Checks;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.data.ForwardingBatchSource;
import org.vit4j.io.RunException;
import org.vit4j.machine.CpuThreads;
import org.vit4j.model.Network;
import org.vit4j.optim.Schedule;
import org.vit4j.train.Callback;
import org.vit4j.train.TeacherModel;
import org.vit4j.train.TrainConfig;
import org.vit4j.train.TrainLoop;
import org.vit4j.train.Trainer;

/**
 * Trains a network for some steps while the learning rate rises exponentially (Smith 2017, arXiv:1506.01186). Ends when the
 * smoothed loss is four times its minimum, or is not finite. Writes nothing.
 *
 * @param min rate of the first step
 * @param max rate of the last step
 * @param steps number of optimizer steps
 */
public record LearningRateFinder(double min, double max, int steps) {
    private static final double DIVERGED = 4;

    public LearningRateFinder {
        Checks.positive("min-lr", min);
        Checks.check(max > min, "max-lr", max, "must be above min-lr (" + min + ")");
        Checks.check(Double.isFinite(max), "max-lr", max, "must be finite");
        Checks.check(steps >= 20, "steps", steps, "must be at least 20");
    }

    /**
     * Trains and records rates and losses.
     *
     * @param progress called after each step
     * @param stop ends the training early
     */
    public RateCurve run(RunConfig config, Callback progress, BooleanSupplier stop) {
        TrainData data = TrainData.open(config);
        TrainRun.check(config, data.classes().size());
        return CpuThreads.with(config.train().threads(), () -> run(config, data, progress, stop));
    }

    private RateCurve run(RunConfig config, TrainData data, Callback progress, BooleanSupplier stop) {
        TrainConfig train = config.train();
        Optional<TeacherModel> teacher = TrainRun.teacher(config, data.classes());
        try (Network network = Network.create(config.model(), train.seed())) {
            train.init().ifPresent(init -> init.load(config.name(), network));
            return run(train, network, data, teacher, progress, stop);
        } finally {
            teacher.ifPresent(TeacherModel::close);
        }
    }

    private RateCurve run(
            TrainConfig train,
            Network network,
            TrainData data,
            Optional<TeacherModel> teacher,
            Callback progress,
            BooleanSupplier stop) {
        // One batch more than needed, so that the epoch and its validation are never reached.
        if ((long) steps * train.accumulate() >= Integer.MAX_VALUE)
            throw new ConfigError("--steps " + steps + ": too many for batches of train.accumulate="
                    + train.accumulate() + "; expected at most " + (Integer.MAX_VALUE - 1) / train.accumulate());
        int batches = steps * train.accumulate() + 1;
        Schedule rates = (epoch, lr, history) -> rate((int) Math.round(epoch * batches / train.accumulate()));
        SweepRecorder recorder = new SweepRecorder();
        Trainer trainer = Trainer.of(network).config(train).schedule(rates).callbacks(recorder, progress);
        teacher.ifPresent(trainer::teacher);
        int epochs = train.init().map(init -> Math.max(1, init.headEpochs())).orElse(1);
        try (TrainLoop loop =
                trainer.loop(new EndlessBatches(data.training(), batches), data.validation(), data.classes(), epochs)) {
            loop.run(() -> recorder.ended(steps) || stop.getAsBoolean());
        } catch (RunException e) {
            if (recorder.losses.isEmpty()) throw e; // otherwise the loss diverged, which is the end of the sweep
        }
        return new RateCurve(recorder.rates, recorder.losses);
    }

    private double rate(int step) {
        return min * Math.pow(max / min, (double) step / (steps - 1));
    }

    /** Collects rates and losses. */
    private static final class SweepRecorder implements Callback {
        private final List<Double> rates = new ArrayList<>();
        private final List<Double> losses = new ArrayList<>();

        @Override
        public void step(int step, double loss, double lr) {
            rates.add(lr);
            losses.add(loss);
        }

        boolean ended(int steps) {
            if (losses.isEmpty()) return false;
            List<Double> means = new RateCurve(rates, losses).smoothed();
            double lowest = means.stream().mapToDouble(x -> x).min().orElseThrow();
            return losses.size() >= steps || means.get(means.size() - 1) > DIVERGED * lowest;
        }
    }

    /** The batches of consecutive epochs as one epoch. */
    private static final class EndlessBatches extends ForwardingBatchSource {
        private final int batchesPerEpoch;

        EndlessBatches(BatchSource source, int batchesPerEpoch) {
            super(source);
            this.batchesPerEpoch = batchesPerEpoch;
        }

        @Override
        public int batchesPerEpoch() {
            return batchesPerEpoch;
        }

        @Override
        public BatchIterator epoch(int epoch, int skipBatches) {
            return new ForwardingBatches() {
                private BatchIterator current = source().epoch(0, skipBatches);
                private int epochs = 1;
                private int left = batchesPerEpoch - skipBatches;

                @Override
                protected BatchIterator batches() {
                    return current;
                }

                @Override
                public boolean hasNext() {
                    return left > 0;
                }

                @Override
                public Batch next() {
                    if (!hasNext()) throw new NoSuchElementException();
                    left--;
                    if (!current.hasNext()) {
                        current.close();
                        current = source().epoch(epochs++, 0);
                    }
                    return super.next();
                }
            };
        }
    }
}
