package org.vit4j.train;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
    private int epoch;
    private Optional<float[]> byteTable = Optional.empty();
    private GradientStep step;
    private boolean closed;

    LossGradient(TrainConfig train, Graph graph, DeviceParameters parameters) {
        this.train = train;
        this.graph = graph;
        this.parameters = parameters;
        this.heads = ModelAnatomy.heads(graph);
        this.step = stepWithTensors(List.of(logits()));
    }

    String logits() {
        return graph.logits().name();
    }

    GradientStep step() {
        return step;
    }

    /** Lets all steps from now on normalize image inputs of bytes; see {@link GradientStep#normalizesBytes}. */
    boolean normalizesBytes(float[] table) {
        if (!step.normalizesBytes(table)) return false;
        byteTable = Optional.of(table);
        return true;
    }

    boolean isTrainable(String parameter) {
        return isTrainable(parameter, epoch);
    }

    private boolean isTrainable(String parameter, int inEpoch) {
        return train.freeze().isTrainable(parameter, inEpoch) && (!isHeadOnly(inEpoch) || heads.contains(parameter));
    }

    private boolean isHeadOnly(int inEpoch) {
        return inEpoch < train.headEpochs();
    }

    private Set<String> frozen(int inEpoch) {
        return parameters.store().offsets().keySet().stream()
                .filter(name -> !isTrainable(name, inEpoch))
                .collect(Collectors.toSet());
    }

    /**
     * Selects the trainable parameters of an epoch, counted from 0.
     *
     * @return true if they are others than before
     */
    boolean beginEpoch(int next) {
        boolean changes = changes(epoch, next);
        epoch = next;
        if (!changes) return false;
        step.close();
        step = stepWithTensors(List.of(logits()));
        return true;
    }

    private boolean changes(int before, int after) {
        return isHeadOnly(before) != isHeadOnly(after) || !frozen(before).equals(frozen(after));
    }

    /** First epoch since which the trainable parameters are those of {@code current}. */
    int phaseStart(int current) {
        return IntStream.concat(IntStream.of(train.headEpochs()), train.freeze().boundaries())
                .filter(start -> start > 0 && start <= current && changes(start - 1, start))
                .max()
                .orElse(0);
    }

    /** Builds a gradient step that also returns the values of some tensors. */
    GradientStep stepWithTensors(List<String> tensors) {
        // A frozen body keeps its batch-norm statistics too.
        Mode mode = train.freezeNorm() || isHeadOnly(epoch) ? Mode.FINE_TUNING : Mode.TRAINING;
        GradientStep made = train.backend()
                .step(
                        graph,
                        parameters,
                        mode,
                        new GradientStep.GradientSpec(
                                network -> TrainingLoss.loss(network, train.loss(), train.distill()),
                                tensors,
                                List.of(),
                                frozen(epoch)));
        byteTable.ifPresent(made::normalizesBytes);
        return made;
    }

    @Override
    public void close() {
        if (!closed) step.close();
        closed = true;
    }
}
