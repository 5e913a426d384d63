package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Backend;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.explain.AttentionLayer;
import org.vit4j.explain.Explainer;
import org.vit4j.explain.HeadTable;
import org.vit4j.explain.HeatMap;
import org.vit4j.explain.LayerSimilarity;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Shape;

/** All explanation methods on every architecture and flavor, with the reference's weights. */
class ExplainGoldenTest {
    private Graph graph;
    private GoldenCase golden;
    private GoldenGraph built;
    private Image image;

    private Explainer open(String name, Backend engine) throws IOException {
        golden = GoldenCase.read(GoldenTest.directory().resolve(name));
        built = GoldenConfigs.build(golden);
        graph = built.graph();
        Shape shape = graph.tensors().iterator().next().shape();
        Preprocessing as = new Preprocessing(
                shape.dim(0), shape.dim(1), shape.dim(2), 1, Interpolation.BILINEAR, List.of(0.0), List.of(1.0));
        image = image(shape);
        return Explainer.of(graph, OnnxGoldenTest.parameters(golden, built), as, engine);
    }

    /** First input of the golden as an image, which may have any values. */
    private Image image(Shape shape) {
        float[] all = golden.inGraphLayout("input", shape).data().asFloat();
        float[] first = Arrays.copyOf(all, (int) shape.size());
        for (int i = 0; i < first.length; i++) first[i] *= 255;
        return new Image(shape.dim(0), shape.dim(1), shape.dim(2), first);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vit_o_1", "vit_s_1", "deit_o_1", "deepvit_o_1", "deepvit_s_1", "cait_o_1", "cait_s_1"})
    void attentionMapsAgreeWithTheReference(String name) throws IOException {
        try (Explainer explainer = open(name, Backend.AUTO)) {
            List<String> known = explainer.attentionLayers().stream()
                    .flatMap(layer -> Stream.of(layer.softmax(), layer.applied()))
                    .toList();
            int compared = 0;
            for (Map.Entry<String, String> map : built.evaluated().entrySet()) {
                if (!map.getKey().startsWith("attn")) continue;
                assertThat(known).contains(map.getValue());
                INDArray expected = golden.inGraphLayout(
                        map.getKey(), graph.tensor(map.getValue()).shape());
                INDArray actual = explainer.features(List.of(image), map.getValue());
                long one = actual.length();
                float[] reference = Arrays.copyOf(expected.data().asFloat(), (int) one);
                assertThat(Compare.relative(actual.data().asFloat(), reference)).isLessThan(1e-5);
                compared++;
            }
            assertThat(compared).isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vit_o_1", "vit_s_1", "deepvit_o_1", "deepvit_s_1", "deit_o_1", "deit_s_1", "deit_s_3", "cait_o_1",
                "cait_s_1", "t2t_o_1", "t2t_o_t1", "t2t_s_1", "crossvit_o_1", "crossvit_o_4", "crossvit_s_1", "pit_o_1",
                "pit_o_d1", "pit_s_1", "levit_o_1", "levit_s_1", "cvt_o_1", "cvt_s_1", "ceit_o_1", "ceit_s_1",
                "ceit_s_lca1", "vitae_o_1", "vitae_o_3"
            })
    void everyMethodWorksOnEveryArchitecture(String name) throws IOException {
        try (Explainer explainer = open(name, Backend.AUTO)) {
            double diagonal = Math.hypot(image.height(), image.width());
            assertThat(explainer.saliency(image, OptionalInt.of(1)).max()).isPositive();
            gradCam(explainer);

            HeatMap rollout = explainer.rollout(image);
            double total = sum(rollout);
            assertThat(total).isGreaterThan(0.05).isLessThan(1 + 1e-4);

            HeadTable distance = explainer.distance(List.of(image));
            assertThat(distance.means()).isNotEmpty().allMatch(pixels -> pixels > 0 && pixels < diagonal);

            LayerSimilarity similarity = explainer.similarity(List.of(image));
            for (int i = 0; i < similarity.layers().size(); i++) {
                assertThat(similarity.cosines()[i][i]).isEqualTo(1, within(1e-6));
            }
            for (AttentionLayer layer : explainer.attentionLayers()) attention(explainer, layer);
            String layer = explainer.featureLayer();
            assertThat(explainer.features(List.of(image, image), layer).shape())
                    .isEqualTo(graph.tensor(layer).shape().batched(2));
        }
    }

    @Test
    void methodsOnAttentionMapsFailWithoutAttentionMaps() throws IOException {
        try (Explainer explainer = open("vitae_o_4", Backend.AUTO)) {
            assertThat(explainer.layersWithoutMaps()).isNotEmpty();
            String none = "this network attends by random features only, which have no attention maps";
            assertThatThrownBy(() -> explainer.rollout(image)).hasMessage(none);
            assertThatThrownBy(() -> explainer.distance(List.of(image))).hasMessage(none);
            assertThatThrownBy(explainer::attentionLayer).hasMessage(none);
            assertThat(explainer.saliency(image, OptionalInt.of(1)).max()).isPositive();
            gradCam(explainer);
        }
    }

    private void attention(Explainer explainer, AttentionLayer layer) {
        if (layer.keys().hasGrid()) {
            HeatMap mean = explainer.attention(image, layer.name(), OptionalInt.empty());
            HeatMap last = explainer.attention(image, layer.name(), OptionalInt.of(layer.heads() - 1));
            assertThat(sum(mean)).isBetween(1e-9, 1 + 1e-4);
            assertThat(sum(last)).isBetween(1e-9, 1 + 1e-4);
        } else {
            assertThatThrownBy(() -> explainer.attention(image, layer.name(), OptionalInt.empty()))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining("no position");
        }
    }

    /** Runs Grad-CAM for all classes, because the map may be zero for some of them. */
    private void gradCam(Explainer explainer) {
        int classes = graph.outputs().get("logits").dim(0);
        double largest = 0;
        for (int k = 0; k < classes; k++) {
            HeatMap heat = explainer.gradCam(image, explainer.gradCamLayer(), OptionalInt.of(k));
            assertThat(heat.grid().grid()).isEqualTo(heat.values().length * heat.values()[0].length);
            largest = Math.max(largest, heat.max());
        }
        assertThat(largest).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"vit_o_1", "cvt_o_1", "vitae_o_1", "levit_o_1"})
    void gradCamAgreesBetweenBackends(String name) throws IOException {
        double[][][] maps = new double[2][][];
        for (Backend engine : List.of(Backend.SAMEDIFF, Backend.AUTO)) {
            try (Explainer explainer = open(name, engine)) {
                maps[engine == Backend.AUTO ? 1 : 0] = explainer
                        .gradCam(image, explainer.gradCamLayer(), OptionalInt.of(0))
                        .values();
            }
        }
        double largest =
                Arrays.stream(maps[0]).flatMapToDouble(Arrays::stream).max().orElseThrow();
        for (int i = 0; i < maps[0].length; i++) {
            assertThat(maps[1][i]).containsExactly(maps[0][i], within(1e-4 * largest));
        }
    }

    private static double sum(HeatMap heat) {
        return Arrays.stream(heat.values()).flatMapToDouble(Arrays::stream).sum();
    }
}
