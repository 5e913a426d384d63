package org.vit4j.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Parameter;

/**
 * The arrays of a checkpoint on the host. They are views of the arrays in use if training happens there, otherwise copies.
 *
 * @param byName all arrays by their names in checkpoints
 * @param optimizer the arrays of the optimizer by kind, flat
 */
record HostArrays(Map<String, INDArray> byName, Map<String, INDArray> optimizer) {
    static HostArrays of(
            ParameterStore parameters, Map<String, INDArray> optimizer, Iterable<ParameterStore> averages) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        for (Parameter parameter : parameters.parameters())
            arrays.put(parameter.name(), parameters.array(parameter.name()));
        optimizer.forEach((kind, flat) -> parameters
                .offsets()
                .forEach((name, from) -> arrays.put(
                        "optimizer." + kind + "/" + name,
                        ParameterStore.view(
                                flat, from, parameters.parameter(name).shape()))));
        for (ParameterStore average : averages)
            for (Parameter parameter : average.parameters())
                arrays.put("ema/" + parameter.name(), average.array(parameter.name()));
        return new HostArrays(arrays, optimizer);
    }
}
