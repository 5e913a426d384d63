package org.vit4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextTableTest {
    private static final List<List<String>> ROWS =
            List.of(List.of("run", "top-1", "state"), List.of("long name", "9", ""), List.of("b", "10.5", "done"));

    @Test
    void columnsAreAlignedWithoutTrailingSpaces() {
        assertThat(TextTable.leftAligned(ROWS))
                .isEqualTo("run        top-1  state\nlong name  9\nb          10.5   done");
        assertThat(TextTable.rightAligned(ROWS))
                .isEqualTo("run        top-1  state\nlong name      9\nb           10.5   done");
    }
}
