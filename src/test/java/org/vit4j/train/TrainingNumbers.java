package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffGradients;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.data.Batch;
import org.vit4j.data.MixedBatch;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;

/** Numbers of {@code tools/training_numbers.py}, and the training loss of a network that returns its input as logits. */
public final class TrainingNumbers {
    /** PyTorch computes in double, targets are float. */
    private static final double EXACT = 2e-7;

    private TrainingNumbers() {}

    /** Section of the file. */
    public static JsonNode section(String name) {
        try (InputStream in = TrainingNumbers.class.getResourceAsStream("/train/numbers.json")) {
            return new ObjectMapper().readTree(in).path(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static INDArray matrix(JsonNode rows) {
        return Nd4j.createFromArray(flat(rows))
                .reshape(rows.size(), rows.path(0).size());
    }

    private static double[] flat(JsonNode rows) {
        return StreamSupport.stream(rows.spliterator(), false)
                .flatMap(row -> StreamSupport.stream(row.spliterator(), false))
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    /** A batch of 1x1 images with labels. */
    static MixedBatch batch(int... labels) {
        int n = labels.length;
        return MixedBatch.none(new Batch(
                n, 1, 1, 1, new float[n], labels, IntStream.range(0, n).toArray()));
    }

    static int[] ints(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    /** Compares loss and gradient with {@code expected}. */
    static void check(
            Loss loss,
            INDArray targets,
            JsonNode logits,
            Optional<DistillConfig> distill,
            Optional<JsonNode> teacher,
            JsonNode expected) {
        INDArray rows = matrix(logits);
        Graph g = new Graph(Init.PYTORCH);
        g.output("logits", g.addParameter("bias", g.input("x", (int) rows.size(1)), Role.POSITION, Init.ZEROS));
        ParameterStore parameters = new ParameterStore(g.parameters(), DataType.DOUBLE);
        SameDiffGraph lowered = SameDiffLowering.lower(g, parameters, Mode.TRAINING);
        var scalar = TrainingLoss.loss(lowered, loss, distill);
        try (var gradients = new SameDiffGradients(lowered, scalar, List.of(), List.of("x"), Set.of())) {
            Map<String, INDArray> inputs = new HashMap<>();
            inputs.put("x", rows);
            inputs.put(TrainingLoss.TARGETS, targets.castTo(DataType.DOUBLE));
            teacher.ifPresent(node -> inputs.put(TrainingLoss.TEACHER, matrix(node)));
            Map<String, INDArray> out = gradients.run(inputs);
            assertThat(gradients.loss(out)).isCloseTo(expected.path("loss").asDouble(), within(EXACT));
            assertThat(out.get(gradients.gradientName("x")).dup('c').data().asDouble())
                    .containsExactly(flat(expected.path("gradient")), within(EXACT));
        }
    }
}
