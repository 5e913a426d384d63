package org.vit4j.backend.samediff;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Tensor;

/** Attention of several heads [B, H, T, d], with maps [B, H, T, S]. */
final class SameDiffAttention {
    private final SameDiff sd;
    private final DataType type;
    private final SameDiffLayers layers;
    private final Map<String, SDVariable[]> splits = new HashMap<>();
    private final Map<List<Object>, SDVariable> oneHots = new HashMap<>();

    SameDiffAttention(SameDiff sd, DataType type, SameDiffLayers layers) {
        this.sd = sd;
        this.type = type;
        this.layers = layers;
    }

    /** Splits heads, [B * T, parts * H * d] -> [B, H, T, d]; one permutation is shared by all parts (q, k and v). */
    SDVariable splitHeads(Tensor t, LoweredTensor x, LayoutOp.SplitHeads split) {
        long tokens = t.dim(1);
        long width = t.dim(2);
        if (split.parts() == 1) {
            return sd.permute(sd.reshape(x.rows(), -1, tokens, split.heads(), width), 0, 2, 1, 3);
        }
        String key = t.input().name() + "/" + split.heads() + "/" + split.parts();
        return splits.computeIfAbsent(key, any -> {
            SDVariable parts = sd.reshape(x.rows(), -1, tokens, split.parts(), split.heads(), width);
            return sd.unstack(sd.permute(parts, 2, 0, 3, 1, 4), 0, split.parts());
        })[split.part()];
    }

    /** [B, H, T, d] -> [B * T, H * d] */
    SDVariable mergeHeads(SDVariable x, int width) {
        return sd.reshape(sd.permute(x, 0, 2, 1, 3), -1, width);
    }

    SDVariable scores(LoweredTensor q, LoweredTensor k, double scale) {
        // Scaling the queries is cheaper than scaling the scores.
        return sd.mmul(q.tensor().mul(scale), k.tensor(), false, true, false);
    }

    /** [B, H, T, S] -> [B, G, T, S] by a kernel [H, G]. */
    SDVariable mixHeads(Tensor t, LoweredTensor x, SDVariable kernel, Optional<SDVariable> bias) {
        long from = x.shape().dim(0), to = t.dim(0), tokens = t.dim(1), sources = t.dim(2);
        SDVariable rows = sd.reshape(sd.permute(x.tensor(), 0, 2, 3, 1), -1, from);
        SDVariable mixed = sd.mmul(rows, kernel);
        if (bias.isPresent()) mixed = mixed.add(layers.expandRows(bias.get(), to, tokens * sources));
        return sd.permute(sd.reshape(mixed, -1, tokens, sources, to), 0, 3, 1, 2);
    }

    /**
     * Looks up the bias by products with one-hot matrices: ND4J's gather has a wrong gradient. Columns first, then
     * rows, because a one-hot matrix of all positions would be as large as the scores of 1000 examples.
     */
    SDVariable relativeBias(LoweredTensor scores, SDVariable table, AttentionOp.RelativeBias bias) {
        int h = bias.height(), w = bias.width();
        long qh = bias.queriesAlong(h), qw = bias.queriesAlong(w);
        SDVariable flat = sd.reshape(table, -1, w); // [H * h, w]
        SDVariable columns = sd.mmul(flat, oneHot(bias.distances(w), w, 1)); // [H * h, qw * w]
        SDVariable turned = sd.permute(sd.reshape(columns, -1, h, qw * w), 0, 2, 1);
        SDVariable rows =
                sd.mmul(sd.reshape(turned, -1, h), oneHot(bias.distances(h), h, bias.factor())); // [.., qh * h]
        SDVariable places = sd.permute(sd.reshape(rows, -1, qw, w, qh, h), 0, 3, 1, 4, 2); // [H, qh, qw, h, w]
        return scores.tensor().add(sd.reshape(places, scores.shape().batched(1)));
    }

    /** One-hot matrix [cells, n]: {@code factor} at row {@code positions[i]} of column i. */
    private SDVariable oneHot(int[] positions, int cells, double factor) {
        return oneHots.computeIfAbsent(List.of(IntStream.of(positions).boxed().toList(), factor), any -> {
            INDArray matrix = Nd4j.zeros(type, cells, positions.length);
            for (int i = 0; i < positions.length; i++) matrix.putScalar(positions[i], i, factor);
            return sd.constant(matrix);
        });
    }

    /**
     * Query of the last token, keys and values of all tokens: [B, T, D] -> [B, 1 + 2 T, width].
     *
     * @param last the last token, [B, 1, D]
     */
    SDVariable lastTokenQkv(
            LoweredTensor x, SDVariable last, int width, SDVariable kernel, Optional<SDVariable> fusedBias) {
        int tokens = x.shape().dim(0);
        SDVariable[] parts = new SDVariable[3];
        for (int i = 0; i < 3; i++) {
            int count = i == 0 ? 1 : tokens;
            SDVariable rows = i == 0 ? sd.reshape(last, -1, x.shape().last()) : x.rows();
            int[] from = {0, i * width};
            SDVariable y = sd.mmul(rows, sd.slice(kernel, from, -1, width));
            if (fusedBias.isPresent()) {
                SDVariable bias = sd.slice(fusedBias.get(), new int[] {i * width}, width);
                y = y.add(layers.expandRows(bias, width, count));
            }
            parts[i] = sd.reshape(y, -1, count, width);
        }
        return sd.concat(1, parts);
    }
}
