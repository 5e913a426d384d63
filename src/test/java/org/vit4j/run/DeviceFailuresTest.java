package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Batches that are suggested when the memory of a device is exhausted. */
class DeviceFailuresTest {
    private static final long GIB = 1L << 30;
    private final RunConfig config = RunConfig.open("vit_base_patch16_224", List.of("train.batch=768"));

    @Test
    void theSuggestedBatchFitsAndDividesTheBatch() {
        // 0.8 x 40 GiB; an example needs about 0.15 GiB, the parameters 1.3 GiB.
        int fitting = DeviceFailures.fittingBatch(config, 40 * GIB, 1).orElseThrow();
        assertThat(768 % fitting).isZero();
        assertThat(fitting).isBetween(64, 256);
        assertThat(DeviceFailures.fittingBatch(config, 40 * GIB, 2).orElseThrow())
                .isGreaterThan(fitting);
    }

    @Test
    void anUnknownCapacityHalvesTheBatchAndATinyOneFitsNone() {
        assertThat(DeviceFailures.fittingBatch(config, 0, 1)).hasValue(384);
        assertThat(DeviceFailures.fittingBatch(config, GIB / 8, 1)).isEmpty();
    }

    @Test
    void activationsInBfloat16FitInALargerBatchThanInFloat32() {
        RunConfig halved = RunConfig.open("vit_base_patch16_224", List.of("train.batch=768", "train.precision=bf16"));
        int floats = DeviceFailures.fittingBatch(config, 40 * GIB, 1).orElseThrow();
        int bfloats = DeviceFailures.fittingBatch(halved, 40 * GIB, 1).orElseThrow();
        assertThat(bfloats).isGreaterThan(floats);
        assertThat(RunMemory.estimate(halved, bfloats, 1).bytes()).isLessThan(32 * GIB);
        assertThat(RunMemory.estimate(config, bfloats, 1).bytes()).isGreaterThan(32 * GIB);
    }

    @Test
    void otherExceptionsAreReturned() {
        RuntimeException defect = new IllegalStateException("a defect");
        assertThat(DeviceFailures.explained(defect, config, 1)).isSameAs(defect);
    }
}
