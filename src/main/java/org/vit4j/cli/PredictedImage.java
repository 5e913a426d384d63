package org.vit4j.cli;

import java.util.List;
import java.util.Optional;
import org.vit4j.model.Prediction;

/**
 * Result for one image.
 *
 * @param predictions most likely first
 * @param logits [K], if requested
 * @param features [D], if requested
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PredictedImage(
        String file, List<Prediction> predictions, Optional<float[]> logits, Optional<float[]> features) {}
