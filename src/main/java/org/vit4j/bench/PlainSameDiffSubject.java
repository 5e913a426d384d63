package org.vit4j.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.Mode;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RunningStatistics;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.machine.SuppressedOutput;
import org.vit4j.optim.AdamW;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.Sgd;
import org.vit4j.run.RunConfig;

/**
 * SameDiff without vit4j's planner: the operations of the SameDiff backend, run by {@code SameDiff.output} with ND4J's
 * own session and array cache, then ND4J's updater and weight decay per parameter, as {@code sd.fit} applies them.
 * {@code sd.fit} itself cannot run single steps; its inner loop, {@code TrainingSession.trainingIteration}, was
 * measured separately and takes the same time.
 */
final class PlainSameDiffSubject implements Subject {
    private final BenchNetwork network;
    private final SameDiffGraph lowered;
    private final String loss;
    private final SameDiffGraph inference;
    private final Optimizer optimizer;
    private final SameDiff gradient;
    private final String[] outputs;
    private final Map<String, String> gradientNames = new LinkedHashMap<>();
    private final Map<String, GradientUpdater<?>> updaters = new HashMap<>();
    private Map<String, INDArray> last = Map.of();
    private int lastSize;
    private int steps;

    /** @throws ConfigError if the precision is not float32 */
    static void check(RunConfig config) {
        Precision precision = config.train().backend().precision();
        if (precision != Precision.FP32)
            throw new ConfigError("train.precision " + precision.configName()
                    + " is not available: plain SameDiff computes in fp32; use --only onednn");
    }

    PlainSameDiffSubject(RunConfig config) {
        check(config);
        this.network = new BenchNetwork(config);
        this.optimizer = config.train().optimizer();
        this.lowered = SameDiffLowering.lower(network.graph(), network.parameters(), Mode.TRAINING);
        SameDiff sd = lowered.sd();
        this.loss = network.loss(lowered).name();
        sd.setLossVariables(loss);
        SuppressedOutput.withoutOutput(sd::createGradFunction);
        this.gradient = sd.getFunction("grad");
        List<String> names = new ArrayList<>(List.of(loss));
        for (BatchStatistics norm : lowered.statistics()) names.addAll(List.of(norm.mean(), norm.variance()));
        for (String weight : network.parameters().offsets().keySet()) {
            SDVariable derivative = sd.getVariable(weight).getGradient();
            if (derivative == null) continue; // the loss does not depend on it
            gradientNames.put(weight, derivative.name());
            names.add(derivative.name());
            updaters.put(weight, updater(network.parameters().array(weight).length()));
        }
        this.outputs = names.toArray(String[]::new);
        this.inference = SameDiffLowering.lower(network.graph(), network.parameters(), Mode.INFERENCE);
    }

    private GradientUpdater<?> updater(long length) {
        IUpdater nd4j;
        if (optimizer instanceof AdamW adam) {
            nd4j = new Adam(adam.lr(), adam.beta1(), adam.beta2(), adam.eps());
        } else if (optimizer instanceof Sgd sgd) {
            nd4j = new Nesterovs(sgd.lr(), sgd.momentum());
        } else {
            throw new ConfigError(
                    "bench: plain SameDiff supports the optimizers adamw and sgd; set train.optimizer.name=adamw");
        }
        return nd4j.instantiate(Nd4j.zeros(Nd4j.dataType(), 1, nd4j.stateSize(length)), true);
    }

    @Override
    public double forward(Batch batch) {
        return lowered.sd()
                .output(network.inputs(batch, lowered.masks()), loss)
                .get(loss)
                .getDouble(0);
    }

    @Override
    public double gradient(Batch batch) {
        last = gradient.output(network.inputs(batch, lowered.masks()), outputs);
        lastSize = batch.size();
        return last.get(loss).getDouble(0);
    }

    @Override
    public void update() {
        WeightDecay decay = new WeightDecay(optimizer.weightDecay(), true);
        gradientNames.forEach((weight, name) -> {
            INDArray array = network.parameters().array(weight);
            INDArray derivative = last.get(name);
            updaters.get(weight).applyUpdater(derivative.reshape(1, derivative.length()), steps, 0);
            decay.apply(array, derivative.reshape(array.shape()), optimizer.lr(), steps, 0);
            array.subi(derivative.reshape(array.shape()));
        });
        RunningStatistics.update(network.parameters(), lowered.statistics(), last, lastSize);
        steps++;
    }

    @Override
    public float[][] infer(INDArray images) {
        String logits = inference.output("logits").name();
        return inference
                .sd()
                .output(Map.of(inference.inputs().get(0), images), logits)
                .get(logits)
                .toFloatMatrix();
    }

    /** SameDiff's sessions do not report times per op. */
    @Override
    public List<OpTime> profileTraining(Batch batch, int runs) {
        return List.of();
    }

    @Override
    public List<OpTime> profileInference(INDArray images, int runs) {
        return List.of();
    }

    /** Does nothing: arrays of a SameDiff session are freed by the garbage collector. */
    @Override
    public void close() {}
}
