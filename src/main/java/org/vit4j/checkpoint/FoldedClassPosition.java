package org.vit4j.checkpoint;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

/**
 * Adapts DINOv2 checkpoints with registers, whose position table has a row for the class token and none for the
 * registers. The model adds positions to patches only; adding that row to the class token gives the same result.
 *
 * <p>Source: huggingface/pytorch-image-models, {@code timm/models/vision_transformer.py}, _convert_dinov2.
 */
final class FoldedClassPosition {
    private final KeyMatch match;
    private final String positions;
    private final int width;

    private FoldedClassPosition(KeyMatch match, String positions, int width) {
        this.match = match;
        this.positions = positions;
        this.width = width;
    }

    /** Returns the adapter, empty for all other checkpoints. */
    static Optional<FoldedClassPosition> of(KeyMatch match) {
        boolean registers = match.names().keySet().stream().anyMatch(name -> name.matches("(.*\\.)?register_tokens"));
        String positions =
                match.scheme().toCheckpoint("pos_embed").checkpointKeys().get(0);
        String name = match.names().get(positions);
        StateDict.StateEntry table =
                name == null ? null : match.dict().entries().get(name);
        if (!registers || table == null || table.shape().size() != 3) return Optional.empty();
        return Optional.of(
                new FoldedClassPosition(match, positions, table.shape().get(2)));
    }

    /**
     * Adds the position to the class token and removes its row from the position table; returns other parameters
     * unchanged.
     */
    PretrainedWeights.FoundWeight adapt(Parameter weight, PretrainedWeights.FoundWeight found) {
        List<Integer> dims = found.shape().map(Shape::dims).orElse(List.of());
        if (weight.name().equals("pos_embed") && dims.size() == 2 && dims.get(0) > 1) {
            return new PretrainedWeights.FoundWeight(
                    found.name(), found.sourceShape(), Optional.of(Shape.of(dims.get(0) - 1, dims.get(1))), () -> {
                        float[] all = found.values().get();
                        return Arrays.copyOfRange(all, width, all.length);
                    });
        }
        if (weight.name().equals("cls_token") && weight.size() == width) {
            return new PretrainedWeights.FoundWeight(found.name(), found.sourceShape(), found.shape(), () -> {
                float[] token = found.values().get();
                float[] table = match.values(positions);
                float[] sum = new float[width];
                for (int i = 0; i < width; i++) sum[i] = token[i] + table[i];
                return sum;
            });
        }
        return found;
    }
}
