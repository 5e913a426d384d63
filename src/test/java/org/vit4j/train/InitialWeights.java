package org.vit4j.train;

import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.ParameterStore;
import org.vit4j.run.RunConfig;

/** Random weights that a run starts with, for tests. */
final class InitialWeights {
    private InitialWeights() {}

    static ParameterStore of(RunConfig config) {
        ParameterStore parameters = new ParameterStore(config.model().graph().parameters(), Nd4j.dataType());
        parameters.initialize(config.train().seed());
        return parameters;
    }
}
