package org.vit4j.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Tensor;

/**
 * Logits and features of a batch, computed in one pass. The features of an image are the input of the dense layer that
 * computes the logits; for a network with a distillation head, the mean of the inputs of both.
 *
 * @param logits [B, K]
 * @param features [B, D], if requested
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record BatchOutputs(float[][] logits, Optional<float[][]> features) {

    /**
     * Computes the outputs for preprocessed images.
     *
     * @param images [B, H, W, C], as {@link SavedModel#prepare} returns them
     * @throws ConfigError if features are requested and the logits are not computed by dense layers on vectors of one size
     */
    public static BatchOutputs of(SavedModel model, INDArray images, boolean withFeatures) {
        if (!withFeatures) return new BatchOutputs(model.inference().logitValues(images), Optional.empty());
        List<String> sources = featureTensors(model.graph());
        String logits = model.graph().logits().name();
        List<String> names = new ArrayList<>(List.of(logits));
        names.addAll(sources);
        Map<String, INDArray> tensors =
                model.inference().tensors(names, Map.of(model.inference().input(), images));
        try {
            List<float[][]> heads = sources.stream()
                    .map(name -> tensors.get(name).toFloatMatrix())
                    .toList();
            return new BatchOutputs(tensors.get(logits).toFloatMatrix(), Optional.of(mean(heads)));
        } finally {
            tensors.values().forEach(INDArray::close);
        }
    }

    private static float[][] mean(List<float[][]> heads) {
        float[][] mean = heads.get(0);
        for (float[][] other : heads.subList(1, heads.size())) {
            for (int i = 0; i < mean.length; i++) {
                for (int d = 0; d < mean[i].length; d++) mean[i][d] += other[i][d];
            }
        }
        for (float[] row : mean) for (int d = 0; d < row.length; d++) row[d] /= heads.size();
        return mean;
    }

    private static List<String> featureTensors(Graph graph) {
        Set<Tensor> features = new LinkedHashSet<>();
        Deque<Tensor> pending = new ArrayDeque<>(List.of(graph.logits()));
        while (!pending.isEmpty()) {
            Tensor x = pending.pop();
            boolean arithmetic = x.op() instanceof ArithmeticOp.Add
                    || x.op() instanceof ArithmeticOp.Scale
                    || x.op() instanceof LayoutOp.Reshape;
            if (x.op() instanceof LinearOp.Dense) features.add(x.inputs().get(0));
            else if (arithmetic) pending.addAll(x.inputs());
            else throw withoutFeatures();
        }
        boolean vectors = features.stream().map(Tensor::shape).distinct().count() == 1
                && features.iterator().next().shape().dims().size() == 1;
        if (!vectors) throw withoutFeatures();
        return features.stream().map(Tensor::name).toList();
    }

    private static ConfigError withoutFeatures() {
        return new ConfigError("this network has no features: its logits are not computed by dense layers on vectors");
    }
}
