package org.vit4j.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.data.Batch;
import org.vit4j.graph.Graph;
import org.vit4j.samediff.LossInputs;
import org.vit4j.samediff.Lowered;
import org.vit4j.samediff.Parameters;
import org.vit4j.train.Losses;
import org.vit4j.train.Masks;
import org.vit4j.train.RunConfig;
import org.vit4j.train.Targets;

/** What a config describes, ready to be trained: the same for every contender, but each has one of its own. */
final class Network {
    private static final String TARGETS = "targets";

    private final RunConfig config;
    private final Graph graph;
    private final Parameters parameters;
    private long step;

    Network(RunConfig config) {
        this.config = config;
        this.graph = config.model().build();
        this.parameters = new Parameters(graph.weights(), Nd4j.dataType());
        parameters.initialise(config.train().seed());
    }

    Graph graph() {
        return graph;
    }

    Parameters parameters() {
        return parameters;
    }

    /** Of two heads the mean, as timm's networks give it outside of distillation: no teacher's cost is measured. */
    SDVariable loss(LossInputs network) {
        int classes = config.model().classes();
        SDVariable targets = network.sd().placeHolder(TARGETS, Nd4j.dataType(), -1, classes);
        return Losses.crossEntropy(network.sd(), network.output("logits"), targets);
    }

    /** Images, targets and fresh random masks, by placeholder. */
    Map<String, INDArray> inputs(Batch batch, List<Lowered.Mask> masks) {
        Map<String, INDArray> inputs = new HashMap<>();
        inputs.put(graph.tensors().iterator().next().name(), images(batch));
        int classes = config.model().classes();
        inputs.put(
                TARGETS,
                Targets.smoothed(batch.labels(), classes, config.train().loss().labelSmoothing()));
        Masks.draw(masks, config.train().seed(), step++, batch.size(), inputs);
        return inputs;
    }

    /** [B, H, W, C] */
    static INDArray images(Batch batch) {
        return batch.array();
    }
}
