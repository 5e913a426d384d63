package org.vit4j.data;

import java.util.List;
import org.vit4j.data.transforms.Interpolation;

/** Default preprocessing of each dataset: mean and standard deviation of its training pixels, and the crop. */
final class DatasetDefaults {
    private DatasetDefaults() {}

    static Preprocessing of(DataConfig.DatasetType dataset, int height, int width, int channels) {
        return switch (dataset) {
            // Measured on all 1,797 images, scaled to 0..255.
            case DIGITS -> of(height, width, channels, 1, List.of(0.3053), List.of(0.3759));
            case MNIST -> of(height, width, channels, 1, List.of(0.1307), List.of(0.3081));
            case FASHION_MNIST -> of(height, width, channels, 1, List.of(0.2860), List.of(0.3530));
            case CIFAR10 ->
                of(height, width, channels, 1, List.of(0.4914, 0.4822, 0.4465), List.of(0.2470, 0.2435, 0.2616));
            case CIFAR100 ->
                of(height, width, channels, 1, List.of(0.5071, 0.4865, 0.4409), List.of(0.2673, 0.2564, 0.2762));
            // ImageNet, and timm's default crop.
            case IMAGE_FOLDER, WEBDATASET, PARQUET, CUSTOM ->
                of(height, width, channels, 0.875, List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));
        };
    }

    private static Preprocessing of(
            int height, int width, int channels, double cropPct, List<Double> mean, List<Double> std) {
        List<Double> usedMean = channels == 1 ? gray(mean) : mean;
        List<Double> usedStd = channels == 1 ? gray(std) : std;
        return new Preprocessing(height, width, channels, cropPct, Interpolation.BICUBIC, usedMean, usedStd);
    }

    /** Converts RGB constants for a model with gray input. */
    private static List<Double> gray(List<Double> rgb) {
        if (rgb.size() == 1) return rgb;
        return List.of(luma(rgb));
    }

    /** Luma rounded to four digits, the precision of the constants. */
    static double luma(List<Double> rgb) {
        double luma = 0.299 * rgb.get(0) + 0.587 * rgb.get(1) + 0.114 * rgb.get(2);
        return Math.round(luma * 1e4) / 1e4;
    }
}
