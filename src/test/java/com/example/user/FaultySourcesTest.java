package com.example.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.data.BatchSource;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.image.Image;
import org.vit4j.model.Network;
import org.vit4j.model.SavedModel;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.Model;
import org.vit4j.train.Trainer;

/** Batch sources and datasets of a program that break their contract, and workspaces that it has opened. */
class FaultySourcesTest {
    private static final Stripes STRIPES = new Stripes(16, 1);
    private static final Model MODEL = Model.of(new StripeNet(new ImageSpec(Stripes.SIDE, Stripes.SIDE, 3), 3, 16, 2));

    private static FixedBatches batches(int promised, int actual) {
        return new FixedBatches(promised, actual, new int[] {0, 1});
    }

    private static void fit(BatchSource training, BatchSource validation) {
        try (Network net = Network.create(MODEL, 1)) {
            Trainer.of(net).batch(2).fit(training, validation, STRIPES.classes(), 1);
        }
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertFailure(
            BatchSource training, BatchSource validation) {
        return assertThatThrownBy(() -> fit(training, validation));
    }

    @Test
    void sourcesWithoutBatchesAreRejected() {
        FixedBatches good = batches(3, 3);
        for (int count : new int[] {0, -1}) {
            assertFailure(batches(count, 0), good)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the source of training batches has no batches");
            assertFailure(good, batches(count, 0)).hasMessage("the source of validation batches has no batches");
        }
    }

    @Test
    void sourcesThatEndEarlyAreNamed() {
        assertFailure(batches(5, 3), batches(3, 3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the source of training batches has 5 batches per epoch, but ended after 3");
    }

    @Test
    void batchesOfAnotherShapeAreRejected() {
        int side = Stripes.SIDE;
        assertFailure(new FixedBatches(3, 3, side / 2, 2 * side, new int[] {0, 1}), batches(3, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("batch of images [H, W, C] of ");
    }

    @Test
    void interruptedThreadsStopTraining() {
        Thread.currentThread().interrupt();
        try {
            assertFailure(batches(3, 3), batches(3, 3)).isInstanceOf(CancellationException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    private static <E extends Throwable> RuntimeException undeclared(Throwable problem) throws E {
        @SuppressWarnings("unchecked")
        E thrown = (E) problem;
        throw thrown;
    }

    /** Images of which one throws a checked exception that is not declared, as in other languages than Java. */
    private record Undeclared(int size, List<String> classes) implements Dataset {
        @Override
        public Image image(int index) {
            if (index == 3) throw FaultySourcesTest.<RuntimeException>undeclared(new IOException("disk"));
            return STRIPES.image(index);
        }

        @Override
        public int label(int index) {
            return STRIPES.label(index);
        }

        @Override
        public String name(int index) {
            return "undeclared/" + index;
        }
    }

    @Test
    void undeclaredCheckedExceptionsEndTraining() {
        Dataset faulty = new Undeclared(STRIPES.size(), STRIPES.classes());
        try (Network net = Network.create(MODEL, 1)) {
            for (Dataset training : List.of(faulty, STRIPES)) {
                Dataset validation = training == faulty ? STRIPES : faulty;
                assertThatThrownBy(() -> Trainer.of(net).batch(8).fit(training, validation, 1))
                        .hasStackTraceContaining("IOException: disk");
            }
        }
    }

    @Test
    @SuppressWarnings("try") // the workspaces are only closed
    void modelsAreNotInTheWorkspacesOfTheirCaller(@TempDir Path directory) {
        Path file = directory.resolve("model.keras");
        INDArray images = Nd4j.rand(2, 3, Stripes.SIDE, Stripes.SIDE);
        try (Network net = Network.create(MODEL, 1)) {
            Trainer.of(net).batch(8).fit(STRIPES, STRIPES, 1);
            net.save(file);
        }
        SavedModel model;
        INDArray expected;
        try (MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace("user")) {
            model = SavedModel.load(file, MODEL);
            expected = model.logits(images).detach();
        }
        try (model;
                MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace("user")) {
            Nd4j.ones(1 << 16);
            assertThat(model.logits(images)).isEqualTo(expected);
        }
    }
}
