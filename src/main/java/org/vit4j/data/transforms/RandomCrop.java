package org.vit4j.data.transforms;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.vit4j.config.Section;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageGeometry;

/**
 * Pads every side, then crops at a random position.
 *
 * @param size of the crop; empty: the image's size before padding
 * @param padding pixels on each side
 */
public record RandomCrop(List<Integer> size, int padding, double fill) implements Transform {
    public RandomCrop {
        size = size.isEmpty() ? List.of() : TransformChecks.size(size);
        TransformChecks.padding(padding);
        TransformChecks.fill(fill);
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        int height = size.isEmpty() ? image.height() : size.get(0);
        int width = size.isEmpty() ? image.width() : size.get(size.size() - 1);
        Image padded = ImageGeometry.pad(image, padding, padding, padding, padding, fill);
        // As torchvision with pad_if_needed: too small images are padded on both sides.
        int down = Math.max(0, height - padded.height());
        int across = Math.max(0, width - padded.width());
        Image large = ImageGeometry.pad(padded, down, across, down, across, fill);
        int top = random.nextInt(large.height() - height + 1);
        int left = random.nextInt(large.width() - width + 1);
        return ImageGeometry.crop(large, top, left, height, width);
    }

    static Optional<RandomCrop> read(Section s, TransformDefaults defaults) {
        List<Integer> size = s.has("size") ? s.intsAt("size", defaults.size()) : List.of();
        int padding = s.intAt("padding", 0);
        double fill = s.doubleAt("fill", 0);
        return s.build(() -> new RandomCrop(size, padding, fill));
    }
}
