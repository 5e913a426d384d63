package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.transforms.CenterCrop;
import org.vit4j.data.transforms.HorizontalFlip;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.data.transforms.RandomAffine;
import org.vit4j.data.transforms.RandomCrop;
import org.vit4j.data.transforms.RandomResizedCrop;
import org.vit4j.data.transforms.ResizeImage;
import org.vit4j.data.transforms.ValueRange;
import org.vit4j.data.transforms.VerticalFlip;

class DataConfigTest {

    @Test
    void digitsNeedNoOtherKeys() {
        DataConfig data = read("data: {dataset: digits}", 32, 1);
        assertThat(data.preprocess())
                .isEqualTo(new Preprocessing(32, 32, 1, 1, Interpolation.BICUBIC, List.of(0.3053), List.of(0.3759)));
        assertThat(data.open().train().size()).isBetween(1430, 1445);
    }

    @Test
    void allKeysAreReadAndTheResolvedConfigIsReadBackAsEqual() {
        String yaml = """
                data:
                  dataset: image-folder
                  path: ~/images
                  mean: 0.5
                  std: [0.2, 0.3, 0.4]
                  interpolation: bilinear
                  crop_pct: 0.9
                  on_corrupt: skip
                  max_pixels: 400000000
                  augment:
                    - {name: random_resized_crop, size: 224, scale: [0.1, 1.0], interpolation: nearest}
                    - {name: resize, size: [20, 30]}
                    - resize
                    - {name: center_crop, size: 28}
                    - {name: random_crop, padding: 4, fill: 128}
                    - horizontal_flip
                    - {name: vertical_flip, p: 0.1}
                    - {name: random_affine, degrees: 10, translate: 0.1, scale: [0.9, 1.1], shear: 5}
                """;
        DataConfig data = read(yaml, 64, 3);
        assertThat(data.path()).contains(Path.of(System.getProperty("user.home"), "images"));
        assertThat(data.onCorrupt()).isEqualTo(OnCorrupt.SKIP);
        assertThat(data.maxPixels()).isEqualTo(400_000_000);
        assertThat(data.preprocess())
                .isEqualTo(new Preprocessing(
                        64, 64, 3, 0.9, Interpolation.BILINEAR, List.of(0.5), List.of(0.2, 0.3, 0.4)));
        ValueRange ratio = new ValueRange(3 / 4.0, 4 / 3.0);
        assertThat(data.augment().transforms())
                .containsExactly(
                        new RandomResizedCrop(List.of(224), new ValueRange(0.1, 1), ratio, Interpolation.NEAREST),
                        new ResizeImage(List.of(20, 30), Interpolation.BICUBIC),
                        new ResizeImage(List.of(64, 64), Interpolation.BICUBIC),
                        new CenterCrop(List.of(28)),
                        new RandomCrop(List.of(), 4, 128),
                        new HorizontalFlip(0.5),
                        new VerticalFlip(0.1),
                        new RandomAffine(10, 0.1, new ValueRange(0.9, 1.1), 5, 0));
        Config config = Config.parse(yaml, "a.yaml");
        DataConfig.read(config.root().section("data"), 64, 64, 3);
        assertThat(read(config.resolved(), 64, 3)).isEqualTo(data);
    }

    @Test
    void defaultPreprocessingDependsOnDatasetAndChannels() {
        assertThat(read("data: {dataset: cifar10, path: x}", 32, 3).preprocess().mean())
                .containsExactly(0.4914, 0.4822, 0.4465);
        assertThat(read("data: {dataset: cifar10, path: x}", 32, 1).preprocess().mean())
                .containsExactly(0.4809);
        assertThat(read("data: {dataset: mnist, path: x}", 32, 3).preprocess().std())
                .containsExactly(0.3081, 0.3081, 0.3081);
        assertThat(read("data: {dataset: image-folder, path: x}", 32, 3)
                        .preprocess()
                        .cropPct())
                .isEqualTo(0.875);
    }

    @Test
    void problemsAreReportedWithLineAndPath() {
        refused("data: {dataset: digitz}", "a.yaml:1: data.dataset: unknown value 'digitz', did you mean 'digits'?");
        refused(
                "data: {dataset: digits, path: x}",
                "a.yaml:1: data: path (x) must be left out for digits, which are in the jar");
        refused(
                "data: {dataset: mnist, path: 's3://bucket/mnist'}",
                "a.yaml:1: data: path (s3://bucket/mnist) must be on this machine for mnist");
        refused(
                "data: {dataset: mnist, path: x, on_corrupt: skip}",
                "a.yaml:1: data.on_corrupt: is for image-folder, webdataset, parquet only, not for mnist");
        refused("data: {dataset: digits, validation: 1.0}", "a.yaml:1: data: validation (1.0) must be in (0, 1)");
        refused("data: {dataset: digits, crop_pct: 0}", "a.yaml:1: data.crop_pct: crop_pct (0.0) must be in (0, 1]");
        refused("data: {dataset: digits, std: 0}", "a.yaml:1: data.std: std ([0.0]) must be positive");
        refused(
                "data:\n  dataset: digits\n  augment:\n    - horizontl_flip",
                "a.yaml:4: data.augment[0].name: unknown value 'horizontl_flip', did you mean 'horizontal_flip'?");
        refused(
                "data:\n  dataset: digits\n  augment:\n    - {name: random_resized_crop, scale: 0.5}",
                "a.yaml:4: data.augment[0].scale: expected [low, high], got [0.5]");
        refused(
                "data:\n  dataset: digits\n  augment:\n    - {name: horizontal_flip, p: 2}",
                "a.yaml:4: data.augment[0]: p (2.0) must be in [0, 1]");
        refused(
                "data:\n  dataset: digits\n  augment:\n    - {name: horizontal_flip, pp: 1}",
                "a.yaml:4: data.augment[0]: unknown key 'pp'; known: name, p");
    }

    private static DataConfig read(String yaml, int size, int channels) {
        Config config = Config.parse(yaml, "a.yaml");
        var data = DataConfig.read(config.root().section("data"), size, size, channels);
        config.finish();
        return data.orElseThrow();
    }

    private static void refused(String yaml, String message) {
        assertThatThrownBy(() -> read(yaml, 32, 1))
                .isInstanceOf(ConfigError.class)
                .hasMessage(message);
    }
}
