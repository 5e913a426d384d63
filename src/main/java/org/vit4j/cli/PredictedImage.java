package org.vit4j.cli;

import java.util.List;
import java.util.Optional;
import org.vit4j.model.Prediction;

/**
 * Result for one image.
 *
 * @param predictions most likely first
 * @param labels classes above the threshold, most likely first, if one was given
 * @param logits [K], if requested
 * @param features [D], if requested
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PredictedImage(
        String file,
        List<Prediction> predictions,
        Optional<List<Prediction>> labels,
        Optional<float[]> logits,
        Optional<float[]> features) {
    /** Names of the classes above the threshold. */
    Optional<List<String>> labelNames() {
        return labels.map(all -> all.stream().map(Prediction::label).toList());
    }
}
