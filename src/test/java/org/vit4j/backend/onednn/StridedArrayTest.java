package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Views of strided arrays, without native libraries. */
class StridedArrayTest {
    private final JavaMemory memory = new JavaMemory();

    /** A row-major array with values 0, 1, 2, ... */
    private StridedArray range(long... dims) {
        return memory.range(StridedArray.temporary(dims));
    }

    private float[] values(StridedArray array) {
        return memory.values(array);
    }

    @Test
    void newArraysAreDense() {
        StridedArray x = StridedArray.temporary(2, 3, 4);
        assertThat(x.isDense()).isTrue();
        assertThat(x.isCompact()).isTrue();
        assertThat(x.size()).isEqualTo(24);
        assertThat(x).hasToString("[2, 3, 4][12, 4, 1]");
    }

    @Test
    void alignedRowsBeginAtMultiplesOf16Elements() {
        StridedArray x = StridedArray.alignedRows(ElementType.BF16, 2, 3, 40);
        assertThat(x).hasToString("BF16[2, 3, 40][144, 48, 1]");
        assertThat(x.hasAlignedRows()).isTrue();
        assertThat(x.isCompact()).isFalse();
        assertThat(x.like(ElementType.F32)).hasToString("[2, 3, 40][144, 48, 1]");
        assertThat(x.rows().orElseThrow()).hasToString("BF16[6, 40][48, 1]");
    }

    @Test
    void gapsOfASliceBelongToOthers() {
        StridedArray x = StridedArray.temporary(3, 32).slice(1, 0, 20);
        assertThat(x.stride(0))
                .isEqualTo(StridedArray.alignedRows(ElementType.F32, 3, 20).stride(0));
        assertThat(x.hasAlignedRows()).isFalse();
        assertThat(x.like().isDense()).isTrue();
    }

    @Test
    void slicesAreViews() {
        StridedArray x = range(2, 3, 4);
        StridedArray middle = x.slice(1, 1, 3).slice(2, 2, 3);
        assertThat(middle.buffer()).isSameAs(x.buffer());
        assertThat(values(middle)).containsExactly(6, 10, 18, 22);
        assertThat(middle.isDense()).isFalse();
        assertThat(middle.isCompact()).isFalse();
    }

    @Test
    void slicesOfTheOutermostAxisAreDense() {
        StridedArray last = range(3, 2, 2).slice(0, 2, 3);
        assertThat(last.isDense()).isTrue();
        assertThat(values(last)).containsExactly(8, 9, 10, 11);
    }

    @Test
    void permutedArraysAreCompactButNotDense() {
        StridedArray x = range(2, 3, 4);
        StridedArray y = x.permute(2, 0, 1);
        assertThat(y.dims()).containsExactly(4, 2, 3);
        assertThat(y.isDense()).isFalse();
        assertThat(y.isCompact()).isTrue();
        assertThat(values(y)).startsWith(0, 4, 8, 12, 16, 20, 1, 5);
        assertThat(values(y.permute(1, 2, 0))).containsExactly(values(x));
        assertThat(values(y.flat())).containsExactly(values(x)); // in memory order
    }

    @Test
    void aRowWithGapsIsAColumnMajorMatrixForProducts() {
        StridedArray x = range(2, 5, 6).slice(2, 3, 4).swap(1, 2);
        assertThat(x.forMatmul()).hasToString("[2, 1, 5][30, 1, 6]");
        assertThat(values(x.forMatmul())).containsExactly(values(x));
        assertThat(range(2, 1, 5).forMatmul()).hasToString("[2, 1, 5][5, 5, 1]");
    }

    @Test
    void aPartOfABroadcastAxisIsTheArray() {
        StridedArray x = range(1, 3);
        assertThat(x.part(0, 2, 4)).isSameAs(x);
        assertThat(values(range(4, 1).part(0, 2, 4))).containsExactly(2, 3);
    }

    @Test
    void axesOfSizeOneDoNotBreakDensity() {
        StridedArray x = range(3, 1, 4);
        assertThat(x.permute(1, 0, 2).isDense()).isTrue();
        assertThat(x.swap(0, 2).isDense()).isFalse();
        assertThat(x.permute(1, 0, 2).hasLayoutOf(StridedArray.temporary(1, 3, 4)))
                .isTrue();
        assertThat(x.hasLayoutOf(StridedArray.temporary(3, 4, 1))).isFalse();
    }

    @Test
    void denseArraysCanBeReshapedToAnyShape() {
        StridedArray x = range(2, 3, 4);
        for (long[] to : new long[][] {{24}, {6, 4}, {2, 12}, {4, 6}, {1, 24, 1}, {2, 1, 3, 2, 2}}) {
            StridedArray view = x.reshape(to).orElseThrow();
            assertThat(view.isDense()).isTrue();
            assertThat(values(view)).containsExactly(values(x));
        }
    }

    @Test
    void stridedArraysCanBeReshapedWithinTheirContiguousGroupsOfAxes() {
        StridedArray rows = range(2, 4, 6).slice(2, 0, 2); // [2, 4, 2]
        StridedArray merged = rows.reshape(8, 2).orElseThrow();
        assertThat(merged.stride(0)).isEqualTo(6);
        assertThat(values(merged)).containsExactly(values(rows));
        StridedArray split = rows.reshape(2, 2, 2, 2).orElseThrow();
        assertThat(values(split)).containsExactly(values(rows));
        assertThat(rows.reshape(2, 8)).isEmpty();
        assertThat(rows.reshape(16)).isEmpty();
        assertThat(rows.rows()).isPresent();
    }

    @Test
    void permutedArraysCannotBeFlattened() {
        StridedArray x = range(2, 3, 4).permute(0, 2, 1);
        assertThat(x.reshape(2, 12)).isEmpty();
        assertThat(values(x.reshape(2, 2, 2, 3).orElseThrow())).containsExactly(values(x));
    }

    @Test
    void reshapesToAnotherSizeAreRejected() {
        assertThatThrownBy(() -> range(2, 3).reshape(7)).hasMessage("[2, 3] cannot be reshaped to [7]");
    }

    @Test
    void likeKeepsTheOrderOfAxesWithoutGaps() {
        StridedArray x = range(2, 3, 8).slice(2, 0, 4).permute(2, 0, 1);
        StridedArray copy = x.like();
        assertThat(copy.buffer()).isNotSameAs(x.buffer());
        assertThat(copy.isCompact()).isTrue();
        assertThat(copy).hasToString("[4, 2, 3][1, 12, 4]");
    }

    @Test
    void matrixProductsNeedContiguousRowsOrColumns() {
        StridedArray x = StridedArray.temporary(4, 6, 8);
        assertThat(x.hasUnitStride()).isTrue();
        assertThat(x.swap(1, 2).hasUnitStride()).isTrue();
        assertThat(x.swap(0, 2).hasUnitStride()).isFalse();
        assertThat(x.swap(0, 2).slice(2, 0, 1).hasUnitStride()).isTrue();
    }

    @Test
    void matrixProductsSeeNormalStridesOfAxesOfSizeOne() {
        StridedArray x = StridedArray.temporary(3, 5, 7).slice(1, 2, 3).swap(0, 1);
        assertThat(x).hasToString("[1, 3, 7][7, 35, 1]");
        assertThat(x.forMatmul()).hasToString("[1, 3, 7][105, 35, 1]");
    }
}
