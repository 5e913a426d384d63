package org.vit4j.model;

import java.util.List;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageGeometry;

/** Views of an image whose predicted probabilities are averaged. */
public enum TestTimeAugmentation {
    /** The center crop of the preprocessing only. */
    NONE(1) {
        @Override
        List<Image> crops(Preprocessing preprocessing, Image image) {
            return List.of(preprocessing.view(image));
        }
    },

    /** The center crop, and it mirrored horizontally. */
    FLIP(2) {
        @Override
        List<Image> crops(Preprocessing preprocessing, Image image) {
            Image center = preprocessing.view(image);
            return List.of(center, ImageGeometry.flipHorizontally(center));
        }
    },

    /**
     * The four corners and the center of the resized image, in the order of torchvision's {@code FiveCrop}. An image that
     * already has the size of the input is resized too. With a {@code crop_pct} of 1, the crops of a square image are equal.
     */
    FIVE_CROP(5) {
        @Override
        List<Image> crops(Preprocessing preprocessing, Image image) {
            Image resized = preprocessing.resized(image);
            int height = preprocessing.height();
            int width = preprocessing.width();
            int bottom = resized.height() - height;
            int right = resized.width() - width;
            return List.of(
                    ImageGeometry.crop(resized, 0, 0, height, width),
                    ImageGeometry.crop(resized, 0, right, height, width),
                    ImageGeometry.crop(resized, bottom, 0, height, width),
                    ImageGeometry.crop(resized, bottom, right, height, width),
                    ImageGeometry.centerCrop(resized, height, width));
        }
    };

    private final int views;

    TestTimeAugmentation(int views) {
        this.views = views;
    }

    /** Number of views of an image, V. */
    public int views() {
        return views;
    }

    /** Preprocesses an image of any size -> the views, [V, H, W, C]. */
    public float[] apply(Preprocessing preprocessing, Image image) {
        int size = preprocessing.height() * preprocessing.width() * preprocessing.channels();
        float[] all = new float[views * size];
        List<Image> crops = crops(preprocessing, image);
        for (int i = 0; i < crops.size(); i++) preprocessing.apply(crops.get(i), all, i * size);
        return all;
    }

    /** Crops of the size of the network's input. */
    abstract List<Image> crops(Preprocessing preprocessing, Image image);
}
