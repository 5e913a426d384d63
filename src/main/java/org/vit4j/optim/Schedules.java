package org.vit4j.optim;

import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** The built-in schedules, and the reader of {@code train.schedule}. */
public final class Schedules {
    /** Values of {@code train.schedule.name}, one line each. */
    private enum ScheduleName {
        COSINE(Cosine::read),
        TANH(TanhDecay::read),
        STEP(StepDecay::read),
        MULTI_STEP(MultiStepDecay::read),
        POLYNOMIAL(Polynomial::read),
        CONSTANT(ConstantRate::read),
        PLATEAU(PlateauDecay::read);

        @SuppressWarnings("ImmutableEnumChecker") // method references without state
        private final ScheduleReader reader;

        ScheduleName(ScheduleReader reader) {
            this.reader = reader;
        }
    }

    /** Reads the keys of a schedule; {@code epochs} is the length of the run. */
    private interface ScheduleReader {
        Optional<? extends Schedule> read(Section s, int epochs, double minLr);
    }

    private Schedules() {}

    /**
     * Reads {@code train.schedule}.
     *
     * @param lr learning rate of the optimizer
     * @param epochs length of the run
     */
    public static Optional<Schedule> read(Section s, double lr, int epochs) {
        ScheduleName name = s.enumAt("name", ScheduleName.class, ScheduleName.COSINE);
        double warmup = s.doubleUnlessOff("warmup_epochs", 0);
        double warmupLr = s.doubleAt("warmup_lr", 1e-6);
        double minLr = s.doubleAt("min_lr", 0);
        Optional<? extends Schedule> decay = name.reader.read(s, epochs, minLr);
        boolean prefix = s.boolAt("warmup_prefix", false);
        return s.build(() -> check(new Warmup(decay.orElseThrow(), warmup, warmupLr, prefix), lr));
    }

    /**
     * Returns the schedule.
     *
     * @param lr learning rate of the optimizer
     * @throws IllegalArgumentException if the lowest learning rate is not between 0 and {@code lr}
     */
    public static Schedule check(Schedule schedule, double lr) {
        double minLr = schedule.minLr();
        Checks.check(
                minLr >= 0 && minLr <= lr, "min_lr", minLr, "must be between 0 and the optimizer's lr (" + lr + ")");
        return schedule;
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
}
