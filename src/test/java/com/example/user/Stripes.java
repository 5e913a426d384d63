package com.example.user;

import java.util.List;
import java.util.SplittableRandom;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.image.Image;

/** A user's dataset: noisy stripes, drawn on access. */
record Stripes(int size, long seed) implements Dataset {
    static final int SIDE = 16;

    @Override
    public Image image(int index) {
        SplittableRandom random = new SplittableRandom(seed + index);
        float[] pixels = new float[SIDE * SIDE * 3];
        for (int i = 0; i < pixels.length; i++) {
            int along = label(index) == 0 ? i / 3 / SIDE : i / 3 % SIDE;
            boolean bright = label(index) == 2 ? (i / 3 / SIDE + i / 3 % SIDE) % 8 < 4 : along % 8 < 4;
            pixels[i] = (bright ? 160 : 60) + random.nextInt(40);
        }
        return new Image(SIDE, SIDE, 3, pixels);
    }

    @Override
    public int label(int index) {
        return index % 3;
    }

    @Override
    public String name(int index) {
        return "stripes " + index;
    }

    @Override
    public List<String> classes() {
        return List.of("horizontal", "vertical", "diagonal");
    }
}
