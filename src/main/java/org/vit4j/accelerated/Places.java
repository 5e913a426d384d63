package org.vit4j.accelerated;

import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.samediff.Parameters;

/** Where the gradient of each trained weight has to end up. */
final class Places {
    private Places() {}

    /** @param flat laid out like {@link Parameters#trained} */
    static Map<String, Node.Place> of(Parameters parameters, INDArray flat) {
        Buffer memory = Buffer.outside(flat.length(), flat.data().address());
        Map<String, Node.Place> places = new HashMap<>();
        parameters.offsets().forEach((name, from) -> {
            long[] dims = parameters.weight(name).shape().dims().stream()
                    .mapToLong(Integer::longValue)
                    .toArray();
            places.put(name, new Node.Place(Array.of(memory, from, dims)));
        });
        return places;
    }
}
