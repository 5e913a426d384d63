package org.vit4j.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.LossInputs;
import org.vit4j.backend.ParameterStore;
import org.vit4j.data.Batch;
import org.vit4j.data.MixedBatch;
import org.vit4j.graph.Graph;
import org.vit4j.run.RunConfig;
import org.vit4j.train.DropoutMasks;
import org.vit4j.train.LossFunctions;

/**
 * The network of a config with loss and inputs for training. Equal for all subjects, each of which has its own
 * instance.
 */
final class BenchNetwork {
    private static final String TARGETS = "targets";

    private final RunConfig config;
    private final Graph graph;
    private final ParameterStore parameters;
    private long step;

    BenchNetwork(RunConfig config) {
        this.config = config;
        this.graph = config.model().graph();
        this.parameters = new ParameterStore(graph.parameters(), Nd4j.dataType());
        parameters.initialize(config.train().seed());
    }

    Graph graph() {
        return graph;
    }

    ParameterStore parameters() {
        return parameters;
    }

    /**
     * Cross entropy of the logits; with two heads their mean, as timm's models return without a distillation teacher.
     */
    SDVariable loss(LossInputs network) {
        int classes = config.model().classes();
        SDVariable targets = network.sd().placeHolder(TARGETS, Nd4j.dataType(), -1, classes);
        return LossFunctions.crossEntropy(network.sd(), network.output(Graph.LOGITS), targets);
    }

    /** Images, targets and new random masks, by placeholder. */
    Map<String, INDArray> inputs(Batch batch, List<DropMask> masks) {
        Map<String, INDArray> inputs = new HashMap<>();
        inputs.put(graph.input().name(), images(batch));
        int classes = config.model().classes();
        inputs.put(TARGETS, config.train().loss().targets(MixedBatch.none(batch), classes));
        DropoutMasks.draw(masks, config.train().seed(), step++, batch.size(), inputs);
        return inputs;
    }

    /** [B, H, W, C] */
    static INDArray images(Batch batch) {
        return batch.array();
    }
}
