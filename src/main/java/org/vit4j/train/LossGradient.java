package org.vit4j.train;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.graph.Graph;
import org.vit4j.graph.analysis.ModelAnatomy;

/** Computes loss and gradients. Knows which parameters are trainable and the batch-norm mode. */
final class LossGradient implements AutoCloseable {
    private final TrainConfig train;
    private final Graph graph;
    private final DeviceParameters parameters;
    private final Set<String> heads;
    private boolean headOnly;
    private GradientStep step;
    private boolean closed;

    LossGradient(TrainConfig train, Graph graph, DeviceParameters parameters) {
        this.train = train;
        this.graph = graph;
        this.parameters = parameters;
        this.heads = ModelAnatomy.heads(graph);
        this.headOnly = train.headEpochs() > 0;
        this.step = stepWithTensors(List.of(logits()));
    }

    String logits() {
        return graph.logits().name();
    }

    GradientStep step() {
        return step;
    }

    boolean isHeadOnly() {
        return headOnly;
    }

    boolean isTrainable(String parameter) {
        return train.isTrainable(parameter) && (!headOnly || heads.contains(parameter));
    }

    /** Makes all parameters trainable, after the epochs that train only the head. */
    void unfreezeBody() {
        headOnly = false;
        step.close();
        step = stepWithTensors(List.of(logits()));
    }

    /** Builds a gradient step that also returns the values of some tensors. */
    GradientStep stepWithTensors(List<String> tensors) {
        // A frozen body keeps its batch-norm statistics too.
        Mode mode = train.freezeNorm() || headOnly ? Mode.FINE_TUNING : Mode.TRAINING;
        Set<String> frozen = parameters.store().offsets().keySet().stream()
                .filter(name -> !isTrainable(name))
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
