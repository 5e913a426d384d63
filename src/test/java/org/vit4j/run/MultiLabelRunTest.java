package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.Dataset;

/** Training on images with several labels, from files to the report. */
@Tag("slow")
class MultiLabelRunTest {
    private static final List<String> CLASSES = List.of("left", "right", "top");
    private static final int IMAGES = 80;

    @TempDir
    Path directory;

    private Path csv;

    /** Image i has label k if bit k of i is set: a bright half of the image. */
    @BeforeEach
    void writeImages() throws IOException {
        Files.createDirectories(directory.resolve("images"));
        StringBuilder lines = new StringBuilder("file,labels,split\r\n");
        for (int i = 0; i < IMAGES; i++) {
            BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
            for (int y = 0; y < 16; y++) {
                for (int x = 0; x < 16; x++) {
                    int value = 20 + i % 7;
                    if ((i & 1) > 0 && x < 8) value += 70;
                    if ((i & 2) > 0 && x >= 8) value += 70;
                    if ((i & 4) > 0 && y < 8) value += 70;
                    image.getRaster().setSample(x, y, 0, value);
                }
            }
            ImageIO.write(
                    image, "png", directory.resolve("images/" + i + ".png").toFile());
            List<String> labels = new ArrayList<>();
            for (int k = 0; k < 3; k++) if ((i >> k & 1) > 0) labels.add(CLASSES.get(k));
            lines.append(
                    "images/" + i + ".png,\"" + String.join(" ", labels) + "\"," + (i < 64 ? "train" : "val") + "\r\n");
        }
        csv = directory.resolve("labels.csv");
        Files.writeString(csv, lines);
    }

    private RunConfig config(String... more) {
        return TestRuns.config(
                "digits-vit",
                List.of(
                        "data={dataset: image-folder, path: " + directory + ", labels: " + csv + "}",
                        "data.validation=null",
                        "data.split_seed=null",
                        "data.augment=[]",
                        "model.classes=3",
                        "model.image.size=16",
                        "model.patch_size=8",
                        "model.dim=16",
                        "model.depth=1",
                        "model.heads=2",
                        "train.loss=null",
                        "train.mixup=null",
                        "train.batch=16",
                        "train.epochs=2",
                        "train.optimizer.lr=0.01",
                        "train.schedule.warmup_epochs=0"),
                more);
    }

    private TrainRun.RunResult run(RunConfig config, String name, boolean resume, int stopAfter) {
        return TestRuns.train(config, directory.resolve(name), resume, stopAfter);
    }

    @Test
    void labelsAreLearnedAndTheBestEpochHasTheHighestMeanAveragePrecision() throws IOException {
        TrainRun.RunResult result = run(config("train.epochs=20", "train.ema={decay: 0.5}"), "run", false, -1);
        assertThat(result.metric().name()).isEqualTo("map");
        assertThat(result.bestValue().orElseThrow()).isGreaterThan(0.75); // 0.5 by chance
        assertThat(result.state().history())
                .allSatisfy(m ->
                        assertThat(m.metrics()).containsOnlyKeys("val_map", "val_f1", "val_ema_map", "val_ema_f1"));
        assertThat(result.toMap()).containsEntry("best_metric", "map");
        assertThat(Files.readString(directory.resolve("run/report.html")))
                .contains("best map")
                .contains("left")
                .doesNotContain("Confusion matrix");
        assertThat(Files.readString(directory.resolve("run/metrics.csv"))).contains("val_map");
    }

    @Test
    void aResumedRunEqualsTheUninterruptedOne() {
        RunConfig config =
                config("train.mixup={mixup: 0.8}", "train.checkpoint_steps=1", "train.loss.class_weights=balanced");
        var all = run(config, "all", false, -1).state().history();
        run(config, "stopped", false, 6);
        var resumed = run(config, "stopped", true, -1).state().history();
        for (int i = 0; i < 2; i++) {
            assertThat(resumed.get(i).metrics()).isEqualTo(all.get(i).metrics());
            assertThat(resumed.get(i).trainLoss()).isEqualTo(all.get(i).trainLoss());
            assertThat(resumed.get(i).trainTop1()).isEqualTo(all.get(i).trainTop1());
        }
    }

    private Dataset train(String content, String... more) throws IOException {
        Files.writeString(csv, content);
        return config(more).data().open().train();
    }

    @Test
    void aColumnPerClassIsReadToo() throws IOException {
        Dataset images = train(
                "file,top,left,is_valid\nimages/0.png,0,0,false\nimages/5.png,1,1,false\nimages/1.png,0,1,true\n");
        assertThat(images.classes()).containsExactly("top", "left");
        assertThat(images.labelLists().orElseThrow().apply(0)).isEmpty();
        assertThat(images.labelLists().orElseThrow().apply(1)).containsExactly(0, 1);
        assertThat(images.label(1)).isZero();
    }

    @Test
    void columnsThatAreNotReadMayHaveAnyName() throws IOException {
        Files.writeString(
                directory.resolve("labels.csv"),
                "file,labels,split,notes,notes,\nimages/1.png,a,train,x,y,\nimages/2.png,a,val,,,\n");
        assertThat(config().data().open().train().classes()).containsExactly("a");
    }

    @Test
    void withoutSplitAShareIsHeldOut() throws IOException {
        String rows = "file,labels\nimages/1.png,a b;c d\nimages/2.png,a b\nimages/3.png,\nimages/4.png,c d\n";
        Dataset images = train(rows, "data.label_separator=;", "data.val_share=0.25");
        assertThat(images.size()).isEqualTo(3);
        assertThat(images.classes()).containsExactly("a b", "c d");
    }

    private void rejected(String content, String message, String... more) {
        assertThatThrownBy(() -> train(content, more))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void badFilesAndValuesAreRejectedWithOneLine() {
        rejected("file,labels,split\nimages/none.png,a,train\nimages/1.png,a,val\n", "labels.csv:2: ");
        rejected(
                "file,labels,split\nimages/1.png,a;b,train\n",
                "labels.csv:2: labels 'a;b' contain ';'; set data.label_separator");
        rejected("file,labels,split\nimages/1.png,a\n", "labels.csv:2: 2 values, but the header has 3 columns");
        rejected("file,labels,split\nimages/1.png,\"a,train\n", "labels.csv:2: missing closing quote");
        rejected("file,labels,split\nimages/1.png,a,holdout\n", "labels.csv:2: split 'holdout'; expected train or val");
        rejected("file,a,b,split\nimages/1.png,1,yes,train\n", "labels.csv:2: column 'b' has 'yes'; expected 0 or 1");
        rejected("file,labels\nimages/1.png,a\n", "has no column split or is_valid; expected one, or data.val_share");
        rejected("file,labels,split\nimages/1.png,a,train\n", "has no images for validation");
        rejected("file,labels,split\n", "has no images below its header");
        rejected(
                "file,labels,split\nimages/1.png,a,train\nimages/2.png,a,val\nimages/1.png,b,val\n",
                "labels.csv:4: images/1.png is in line 2 too; expected one line per image");
        rejected(
                "file,labels,split\nimages/1.png,a,train\n./images/1.png,a,val\n",
                "labels.csv:3: ./images/1.png is in line 2 too");
        rejected(
                "file,labels,split\n../images/1.png,a,train\n",
                "labels.csv:2: ../images/1.png is not below data.path; expected a relative path");
        rejected("file;labels\nimages/1.png;a\n", "labels.csv:1: columns are separated by semicolons; expected commas");
        rejected("file,labels,split\nimages/1.png,,train\nimages/2.png,,val\n", "labels.csv: no image has a label");
        rejected("file,cat,cat,split\nimages/1.png,1,0,train\n", "labels.csv:1: duplicate column 'cat'");
        rejected("file,cat,,split\nimages/1.png,1,0,train\n", "labels.csv:1: a column has no name");
        rejected(
                "file,cat,split,is_valid\nimages/1.png,1,train,0\n",
                "labels.csv:1: columns split and is_valid both divide the images");
        String one = "file,labels,split\nimages/1.png,a,train\nimages/2.png,a,val\n";
        rejected(one, "train.loss.name: must be bce", "train.loss.name=cross_entropy");
        rejected(one, "sampling (balanced) needs one label per image", "data.sampling=balanced");
        rejected(one, "top5 is for images with one label", "train.best.metric=top5");
        rejected(one, "data.on_corrupt: skip is for images with one label", "data.on_corrupt=skip");
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("data.labels=a.csv")))
                .hasMessageContaining("data.labels: is for image-folder only, not for digits");
    }
}
