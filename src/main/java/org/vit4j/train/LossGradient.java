package org.vit4j.train;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ModelAnatomy;

/** The way to the gradient of a network that learns: which weights do, and how its batch normalizations behave. */
final class LossGradient implements AutoCloseable {
    private final TrainConfig train;
    private final Graph graph;
    private final ParameterStore parameters;
    private final Set<String> heads;
    private boolean headAlone;
    private GradientStep step;
    private boolean closed;

    LossGradient(TrainConfig train, Graph graph, ParameterStore parameters) {
        this.train = train;
        this.graph = graph;
        this.parameters = parameters;
        this.heads = ModelAnatomy.heads(graph);
        this.headAlone = train.headEpochs() > 0;
        this.step = telling(List.of(logits()));
    }

    String logits() {
        return graph.outputs().get("logits").name();
    }

    GradientStep step() {
        return step;
    }

    boolean headAlone() {
        return headAlone;
    }

    boolean learns(String weight) {
        return train.trains(weight) && (!headAlone || heads.contains(weight));
    }

    /** When the epochs of the head are over, all weights learn. */
    void join() {
        headAlone = false;
        step.close();
        step = telling(List.of(logits()));
    }

    /** A way to the gradient that also tells what some tensors are. */
    GradientStep telling(List<String> tensors) {
        // A body that does not learn keeps the statistics of its batch normalizations too.
        SameDiffLowering.Mode mode =
                train.freezeNorm() || headAlone ? SameDiffLowering.Mode.FINE_TUNING : SameDiffLowering.Mode.TRAINING;
        Set<String> frozen = parameters.offsets().keySet().stream()
                .filter(name -> !learns(name))
                .collect(Collectors.toSet());
        return train.backend()
                .step(
                        graph,
                        parameters,
                        mode,
                        new GradientStep.GradientSpec(
                                network -> TrainingLoss.loss(network, train.loss(), train.distill()),
                                tensors,
                                List.of(),
                                frozen));
    }

    @Override
    public void close() {
        if (!closed) step.close();
        closed = true;
    }
}
