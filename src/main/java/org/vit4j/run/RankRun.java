package org.vit4j.run;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.vit4j.backend.Backend;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.config.ConfigError;
import org.vit4j.machine.CpuThreads;
import org.vit4j.machine.Environment;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.Network;
import org.vit4j.train.Callback;
import org.vit4j.train.TeacherModel;
import org.vit4j.train.TrainLoop;
import org.vit4j.train.Trainer;

/**
 * Training by several processes, one for each device. Process 0 writes the run directory and validates; the others compute
 * gradients and apply the same optimizer steps.
 */
public final class RankRun {
    private RankRun() {}

    /**
     * Trains in process 0, like {@link TrainRun#run}.
     *
     * @throws ConfigError for user errors
     */
    public static TrainRun.RunResult first(
            RunConfig config,
            ProcessGroup.Membership membership,
            Path directory,
            boolean resume,
            Callback progress,
            BooleanSupplier stop) {
        TrainData data = TrainData.open(config);
        Backend backend = TrainRun.check(config, data, membership);
        try (ProcessGroup group = backend.join(membership)) {
            return TrainRun.session(
                    config, data, directory, resume, progress, stop, Optional.empty(), Optional.of(group));
        }
    }

    /**
     * Trains in another process, until process 0 stops.
     *
     * @return true if the run is finished
     */
    public static boolean other(RunConfig config, ProcessGroup.Membership membership) {
        return CpuThreads.with(config.train().threads(), () -> train(config, membership));
    }

    private static boolean train(RunConfig config, ProcessGroup.Membership membership) {
        TrainData data = TrainData.open(config);
        Backend backend = TrainRun.check(config, data, membership);
        Optional<TeacherModel> teacher = TrainRun.teacher(config, data.classes());
        try (ProcessGroup group = backend.join(membership);
                Network network = network(config, data)) {
            Trainer trainer =
                    Trainer.of(network).config(config.train()).backend(backend).group(group);
            teacher.ifPresent(trainer::teacher);
            try (TrainLoop loop = trainer.loop(
                    data.training(),
                    data.validation(),
                    data.classes(),
                    config.train().epochs())) {
                loop.share();
                return loop.run(() -> false);
            }
        } finally {
            teacher.ifPresent(TeacherModel::close);
        }
    }

    static Network network(RunConfig config, TrainData data) {
        ModelDescription description = new ModelDescription(
                config.name(),
                config.model(),
                config.resolved(),
                data.classes(),
                config.data().preprocess(),
                Environment.describe());
        boolean multiLabel = data.validation().labelLists().isPresent(); // also of a dataset given by a Java program
        return Network.create(
                description.withMultiLabel(multiLabel), config.train().seed());
    }
}
