package org.vit4j.train;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.vit4j.compute.Engine;
import org.vit4j.config.Section;

/**
 * How a network is trained.
 *
 * @param clip largest L2 norm of the gradient by all weights
 * @param checkpointSteps steps between checkpoints within an epoch; there is one at every epoch's end besides
 * @param freezeNorm batch normalisations go by the running statistics they have and leave them; scale and shift learn
 *     on. For fine-tuning, where batches are too small or too few for statistics of their own
 * @param distill a teacher, for a student with two heads
 * @param engine what the network runs on; {@code auto} takes the fastest there is
 */
public record TrainConfig(
        int epochs,
        int batch,
        long seed,
        Optimizer optimizer,
        Schedule schedule,
        double labelSmoothing,
        OptionalDouble clip,
        int checkpointSteps,
        boolean freezeNorm,
        Optional<Distill> distill,
        Engine engine) {

    public TrainConfig {
        check(epochs >= 1, "epochs (%d) must be at least 1", epochs);
        check(batch >= 1, "batch (%d) must be at least 1", batch);
        check(checkpointSteps >= 1, "checkpoint_steps (%d) must be at least 1", checkpointSteps);
        check(
                labelSmoothing >= 0 && labelSmoothing < 1,
                "loss.label_smoothing (%s) must be at least 0 and below 1",
                labelSmoothing);
        if (clip.isPresent()) check(clip.getAsDouble() > 0, "clip (%s) must be above 0", clip.getAsDouble());
    }

    /** The words of {@code train.loss.name}. */
    private enum LossName {
        CROSS_ENTROPY
    }

    static Optional<TrainConfig> read(Section s) {
        int epochs = s.intAt("epochs", 100);
        int batch = s.intAt("batch", 64);
        long seed = s.longAt("seed", 0);
        Optional<? extends Optimizer> optimizer = Optimizer.read(s.section("optimizer"));
        double lr = optimizer.map(Optimizer::lr).orElse(1.0);
        Optional<Schedule> schedule = Schedule.read(s.section("schedule"), lr, epochs);
        Section loss = s.section("loss");
        loss.oneOf("name", LossName.class, LossName.CROSS_ENTROPY);
        double smoothing = loss.doubleAt("label_smoothing", 0);
        loss.done();
        OptionalDouble clip = s.doubleIf("clip");
        int checkpointSteps = s.intAt("checkpoint_steps", 1000);
        boolean freezeNorm = s.boolAt("freeze_norm", false);
        Optional<Distill> distill = s.sectionIf("distill").flatMap(Distill::read);
        Engine engine = s.oneOf("engine", Engine.class, Engine.AUTO);
        return s.build(() -> new TrainConfig(
                epochs,
                batch,
                seed,
                optimizer.orElseThrow(),
                schedule.orElseThrow(),
                smoothing,
                clip,
                checkpointSteps,
                freezeNorm,
                distill,
                engine));
    }

    private static void check(boolean holds, String rule, Object... values) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, values));
    }
}
