package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Values that the backward pass computes again instead of keeping them, with kernels in Java. */
class RecomputationTest {
    private final JavaMemory memory = new JavaMemory();
    private final Tape tape = new Tape(true, null, memory);
    private final TapeValue x = new TapeValue(memory.range(StridedArray.temporary(2, 3)), true, -1);

    /** y = 2 x, computed again in the backward pass. */
    private TapeValue twice() {
        StridedArray to = x.array().like();
        tape.emit(memory.scale(x.array(), 2, null, to));
        return tape.value(to, true)
                .setRecomputation(new Recomputation(to, again -> tape.emit(memory.scale(x.array(), 2, null, again))));
    }

    /** The array that the backward pass of a consumer reads. */
    private StridedArray backward(TapeValue y) {
        StridedArray[] read = new StridedArray[2];
        for (int i = 0; i < 2; i++) {
            int at = i;
            tape.onBackward(() -> read[at] = y.saved());
        }
        tape.backward();
        tape.steps().forEach(KernelStep::run);
        assertThat(read[0].buffer()).isSameAs(read[1].buffer());
        return read[0];
    }

    private List<String> kinds() {
        return tape.steps().stream().map(KernelStep::kind).toList();
    }

    @Test
    void backwardReadsTheSameValuesFromMemoryOfItsOwn() {
        TapeValue y = twice();
        StridedArray read = backward(y);
        assertThat(read.buffer()).isNotSameAs(y.array().buffer());
        assertThat(memory.values(read)).isEqualTo(memory.values(y.array()));
        assertThat(kinds()).as("one step for both readers").containsExactly("scale", "scale");
    }

    @Test
    void viewsAreRecomputedAsViews() {
        TapeValue y = tape.permute(tape.reshape(twice(), 3, 2), 1, 0);
        assertThat(memory.values(backward(y))).isEqualTo(memory.values(y.array()));
        assertThat(kinds()).containsExactly("scale", "scale");
    }

    @Test
    void copiesAreKept() {
        TapeValue y = tape.copy(twice());
        assertThat(backward(y)).isSameAs(y.array());
    }

    @Test
    void nothingIsRecomputedWithoutReaders() {
        twice();
        tape.backward();
        assertThat(kinds()).containsExactly("scale");
    }
}
