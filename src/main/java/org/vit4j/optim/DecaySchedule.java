package org.vit4j.optim;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.vit4j.config.Section;

/** How the learning rate falls after the warm-up; the formulas are those of timm's schedulers (v0.9.16). */
public sealed interface DecaySchedule
        permits DecaySchedule.CosineDecay,
                DecaySchedule.PolynomialDecay,
                DecaySchedule.StepDecay,
                DecaySchedule.MultiStepDecay,
                DecaySchedule.ConstantDecay,
                PlateauDecay {
    /**
     * The rate.
     *
     * @param t epochs, fractions included
     * @param lr the highest one
     * @param seen what the finished epochs after the warm-up scored
     */
    double at(double t, double lr, List<? extends ValidationMetrics> seen);

    /** The lowest rate there is. */
    double minLr();

    /** The words of {@code train.schedule.name}. */
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
                double every = s.doubleAt("decay_epochs", 90);
                double rate = s.doubleAt("decay_rate", 0.1);
                yield build(s, () -> new StepDecay(every, rate, minLr));
            }
            case MULTI_STEP -> {
                List<Double> at = s.doublesAt("milestones", List.of());
                double rate = s.doubleAt("decay_rate", 0.1);
                yield build(s, () -> new MultiStepDecay(at, rate, minLr));
            }
            case CONSTANT -> Optional.of(new ConstantDecay(minLr));
            case PLATEAU -> PlateauDecay.read(s, minLr);
        };
    }

    /** As {@link Section#build}, for a section that is read further. */
    static <T> Optional<T> build(Section s, java.util.function.Supplier<T> record) {
        try {
            return Optional.of(record.get());
        } catch (IllegalArgumentException rule) {
            s.reject("name", rule.getMessage());
            return Optional.empty();
        }
    }

    static void check(boolean holds, String rule, Object... values) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, values));
    }

    /**
     * A run that is cut into falls of the rate.
     *
     * @param epochs of all of them together
     * @param count of falls
     * @param mul each lasts so many times as long as the one before
     * @param decay each begins at so many times the rate of the one before
     */
    record DecayCycles(double epochs, int count, double mul, double decay) {
        public DecayCycles {
            check(count >= 1, "cycles (%d) must be at least 1", count);
            check(mul > 0, "cycle_mul (%s) must be above 0", mul);
            check(decay > 0 && decay <= 1, "cycle_decay (%s) must be above 0 and at most 1", decay);
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

        /** The shape of one fall, from 1 at 0 to 0 at 1. */
        private interface DecayShape {
            double at(double part);
        }

        private double at(double t, double lr, double minLr, DecayShape fall) {
            for (int i = 0; i < count; i++) {
                double length = length(i);
                if (t < length) return minLr + (lr * Math.pow(decay, i) - minLr) * fall.at(t / length);
                t -= length;
            }
            return minLr;
        }
    }

    record CosineDecay(DecayCycles cycles, double minLr) implements DecaySchedule {
        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> seen) {
            return cycles.at(t, lr, minLr, part -> 0.5 * (1 + Math.cos(Math.PI * part)));
        }
    }

    record PolynomialDecay(DecayCycles cycles, double power, double minLr) implements DecaySchedule {
        public PolynomialDecay {
            check(power > 0, "power (%s) must be above 0", power);
        }

        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> seen) {
            return cycles.at(t, lr, minLr, part -> Math.pow(1 - part, power));
        }
    }

    /** Every so many epochs the rate is multiplied. */
    record StepDecay(double every, double rate, double minLr) implements DecaySchedule {
        public StepDecay {
            check(every > 0, "decay_epochs (%s) must be above 0", every);
            check(rate > 0 && rate <= 1, "decay_rate (%s) must be above 0 and at most 1", rate);
        }

        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> seen) {
            return Math.max(minLr, lr * Math.pow(rate, Math.floor(t / every)));
        }
    }

    /**
     * After each of these epochs the rate is multiplied, as {@code torch.optim.lr_scheduler.MultiStepLR}. timm's scheduler
     * does so an epoch earlier.
     */
    record MultiStepDecay(List<Double> at, double rate, double minLr) implements DecaySchedule {
        public MultiStepDecay {
            at = List.copyOf(at);
            check(!at.isEmpty(), "milestones is missing: the epochs after which the rate falls");
            check(at.equals(at.stream().sorted().toList()), "milestones (%s) must rise", at);
            check(rate > 0 && rate <= 1, "decay_rate (%s) must be above 0 and at most 1", rate);
        }

        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> seen) {
            int passed = (int) at.stream().filter(milestone -> t >= milestone).count();
            return Math.max(minLr, lr * Math.pow(rate, passed));
        }
    }

    /** @param minLr has no say, but may stand there where schedules are compared */
    record ConstantDecay(double minLr) implements DecaySchedule {
        @Override
        public double at(double t, double lr, List<? extends ValidationMetrics> seen) {
            return lr;
        }
    }
}
