package org.vit4j.data.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares orders with {@code sorted(names, key=timm.utils.misc.natural_key)} (timm 1.0; checks/real/folders.py). */
class NaturalOrderTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0 1 2 3 9 10 11 20 100",
                "n01440764 n01443537 n02102040 n11939491",
                "a A1 a2 A10 b",
                "1 1a 1a2 1a10 1b 2 a",
                "img img1 img1.png img2.png img10.png img_1.png",
                "2021-9-1 2021-10-1 2021-10-02 2021-10-3",
                "99999999999999999998 99999999999999999999 100000000000000000000",
                "1 -1 -2 -10",
                "ab1 abc",
                "٣ 4 ١٠",
                "Zebra ähre"
            })
    void orderEqualsTimms(String ordered) {
        List<String> expected = Arrays.asList(ordered.split(" "));
        List<String> names = new ArrayList<>(expected);
        Collections.shuffle(names, new Random(1));
        names.sort(NaturalOrder.INSTANCE);
        assertThat(names).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1 01 001", "a A", "x007 x7"})
    void namesWithEqualKeysHaveADeterministicOrder(String text) {
        List<String> names = new ArrayList<>(Arrays.asList(text.split(" ")));
        names.sort(NaturalOrder.INSTANCE);
        List<String> reversed = new ArrayList<>(names);
        Collections.reverse(reversed);
        reversed.sort(NaturalOrder.INSTANCE);
        assertThat(reversed).isEqualTo(names);
    }
}
