package org.vit4j.accelerated;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.engine.OpTime;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.samediff.Inference;
import org.vit4j.samediff.Parameters;

/** Forward passes by the accelerated lowering; the plans last used are kept. */
public final class AcceleratedInference implements Inference {
    private record Key(String tensor, long batch) {}

    private final Graph graph;
    private final Plans<Key> plans;

    public AcceleratedInference(Graph graph, Parameters parameters) {
        this.graph = graph;
        this.plans = new Plans<>(key -> Planner.inference(graph, parameters, key.batch(), List.of(key.tensor())));
    }

    @Override
    public Graph graph() {
        return graph;
    }

    @Override
    public synchronized INDArray tensor(String name, Map<String, INDArray> inputs) {
        long batch = Inference.check(graph, inputs);
        Tensor tensor = graph.tensor(name);
        if (inputs.containsKey(name)) return inputs.get(name).dup('c');
        Plan plan = plans.get(new Key(name, batch));
        inputs.forEach((input, array) -> {
            if (plan.has(input)) plan.set(input, array);
        });
        plan.forward();
        return plan.get(name).reshape('c', tensor.shape().batched(batch));
    }

    @Override
    public synchronized List<OpTime> profile(INDArray images, int runs) {
        String logits = graph.outputs().get("logits").name();
        Plan plan = plans.get(new Key(logits, images.size(0)));
        plan.set(input(), images);
        return plan.profile(() -> {
            for (int i = 0; i < runs; i++) plan.forward();
        });
    }

    @Override
    public synchronized void close() {
        plans.close();
    }
}
