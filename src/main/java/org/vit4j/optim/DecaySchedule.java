package org.vit4j.optim;

import org.vit4j.metrics.ValidationMetrics;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** Learning rate decay after the warm-up, with the formulas of timm's schedulers (v0.9.16). */
public sealed interface DecaySchedule
        permits DecaySchedule.CosineDecay,
                DecaySchedule.PolynomialDecay,
                DecaySchedule.StepDecay,
                DecaySchedule.MultiStepDecay,
                DecaySchedule.ConstantDecay,
                PlateauDecay {
    /**
     * Computes the learning rate at a point of the run.
     *
     * @param t epochs, fractions included
     * @param lr peak learning rate
     * @param history validation metrics of the finished epochs after the warm-up
     */
    double at(double t, double lr, List<? extends ValidationMetrics> history);

    /** The lowest learning rate. */
    double minLr();

    /** Values of {@code train.schedule.name}. */
    enum DecayName {
        COSINE,
        STEP,
        MULTI_STEP,
        POLYNOMIAL,
        CONSTANT,
        PLATEAU
    }

    static Optional<? extends DecaySchedule> read(Section s, DecayName name, int epochs) {
        double minLr = s.doubleAt("min_lr", 0);
        return switch (name) {
            case COSINE -> DecayCycles.read(s, epochs).flatMap(c -> build(s, () -> new CosineDecay(c, minLr)));
            case POLYNOMIAL -> {
                double power = s.doubleAt("power", 1);
                yield DecayCycles.read(s, epochs).flatMap(c -> build(s, () -> new PolynomialDecay(c, power, minLr)));
            }
            case STEP -> {
                double interval = s.doubleAt("decay_epochs", 90);
                double factor = s.doubleAt("decay_rate", 0.1);
                yield build(s, () -> new StepDecay(interval, factor, minLr));
            }
            case MULTI_STEP -> {
                List<Double> milestones = s.doublesAt("milestones", List.of());
                double factor = s.doubleAt("decay_rate", 0.1);
                yield build(s, () -> new MultiStepDecay(milestones, factor, minLr));
            }
            case CONSTANT -> Optional.of(new ConstantDecay(minLr));
            case PLATEAU -> PlateauDecay.read(s, minLr);
        };
    }

    /**
     * Like {@link Section#build}, but does not reject unknown keys, because the caller reads further keys of the
     * section.
     */
    static <T> Optional<T> build(Section s, Supplier<T> record) {
        try {
            return Optional.of(record.get());
        } catch (IllegalArgumentException rule) {
            s.reject("name", rule.getMessage());
            return Optional.empty();
        }
    }

    /**
     * Decay cycles (warm restarts) that divide a run.
     *
     * @param epochs total length of all cycles
     * @param count number of cycles
     * @param mul length of a cycle relative to the previous one
     * @param decay initial rate of a cycle relative to the previous one
     */
    record DecayCycles(double epochs, int count, double mul, double decay) {
        public DecayCycles {
            Checks.check(count >= 1, "cycles", count, "must be at least 1");
            Checks.positive("cycle_mul", mul);
            Checks.check(decay > 0 && decay <= 1, "cycle_decay", decay, "must be in (0, 1]");
        }

        private static Optional<DecayCycles> read(Section s, int epochs) {
            int count = s.intAt("cycles", 1);
            double mul = s.doubleAt("cycle_mul", 1);
            double decay = s.doubleAt("cycle_decay", 1);
            return build(s, () -> new DecayCycles(epochs, count, mul, decay));
        }

        private double length(int cycle) {
            double unit =
                    IntStream.range(0, count).mapToDouble(i -> Math.pow(mul, i)).sum();
            return epochs / unit * Math.pow(mul, cycle);
        }

        /** Shape of one cycle, from 1 at progress 0 to 0 at progress 1. */
        private interface DecayShape {
            double at(double progress);
        }

        private double at(double t, double lr, double minLr, DecayShape shape) {
            for (int i = 0; i < count; i++) {
                double length = length(i);
                if (t < length) return minLr + (lr * Math.pow(decay, i) - minLr) * shape.at(t / length);
                t -= length;
            }
            return minLr;
        }
    }

    record CosineDecay(DecayCycles cycles, double minLr) implements DecaySchedule {
        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> history) {
            return cycles.at(t, lr, minLr, progress -> 0.5 * (1 + Math.cos(Math.PI * progress)));
        }
    }

    record PolynomialDecay(DecayCycles cycles, double power, double minLr) implements DecaySchedule {
        public PolynomialDecay {
            Checks.positive("power", power);
        }

        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> history) {
            return cycles.at(t, lr, minLr, progress -> Math.pow(1 - progress, power));
        }
    }

    /** Multiplies the rate by {@code factor} every {@code interval} epochs. */
    record StepDecay(double interval, double factor, double minLr) implements DecaySchedule {
        public StepDecay {
            Checks.positive("decay_epochs", interval);
            Checks.check(factor > 0 && factor <= 1, "decay_rate", factor, "must be in (0, 1]");
        }

        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> history) {
            return Math.max(minLr, lr * Math.pow(factor, Math.floor(t / interval)));
        }
    }

    /**
     * Multiplies the rate by {@code factor} after each milestone epoch, as {@code
     * torch.optim.lr_scheduler.MultiStepLR}. timm's scheduler does so one epoch earlier.
     */
    record MultiStepDecay(List<Double> milestones, double factor, double minLr) implements DecaySchedule {
        public MultiStepDecay {
            milestones = List.copyOf(milestones);
            Checks.require(
                    !milestones.isEmpty(), "milestones is missing: a list of epochs after which the rate decreases");
            List<Double> sorted = milestones.stream().sorted().toList();
            Checks.check(milestones.equals(sorted), "milestones", milestones, "must be in ascending order");
            Checks.check(factor > 0 && factor <= 1, "decay_rate", factor, "must be in (0, 1]");
        }

        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> history) {
            int passed = (int)
                    milestones.stream().filter(milestone -> t >= milestone).count();
            return Math.max(minLr, lr * Math.pow(factor, passed));
        }
    }

    /** @param minLr ignored; accepted so that a config can switch between schedules */
    record ConstantDecay(double minLr) implements DecaySchedule {
        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> history) {
            return lr;
        }
    }
}
