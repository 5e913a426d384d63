package com.example.user;

import java.util.SplittableRandom;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.Transform;

/** A user's transform: adds a random value to all pixels. */
record Brighten(double most) implements Transform {
    @Override
    public Image apply(Image image, SplittableRandom random) {
        float value = (float) (most * (2 * random.nextDouble() - 1));
        float[] pixels = image.pixels().clone();
        for (int i = 0; i < pixels.length; i++) pixels[i] = Math.max(0, Math.min(255, pixels[i] + value));
        return new Image(image.height(), image.width(), image.channels(), pixels);
    }
}
